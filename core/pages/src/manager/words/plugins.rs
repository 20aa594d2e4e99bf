//! Plugins, their fields and what each does.

/// A field's name in Kong, what people call it, and a sentence.
type Field = (&'static str, &'static str, &'static str);

/// Words of plugins.
#[derive(Debug)]
pub(in crate::manager) struct Plugins {
    pub no_plugins: &'static str,
    pub plugin: &'static str,
    pub add: &'static str,
    pub add_lead: &'static str,
    pub enable: &'static str,
    pub disable: &'static str,
    pub edit: &'static str,
    pub authentication: &'static str,
    pub portal: &'static str,
    pub key_auth: &'static str,
    pub oauth2: &'static str,
    pub registration: &'static str,
    pub enabled: &'static str,
    pub enabled_help: &'static str,
    pub settings: &'static str,
    pub key_in_query: &'static str,
    pub key_in_body: &'static str,
    pub preflight: &'static str,
    pub anonymous: &'static str,
    pub refusal: &'static str,
    pub good_call: &'static str,
    pub waiting: fn(u64) -> String,
    pub waiting_label: &'static str,
    pub leave_waiting: &'static str,
    pub approve_waiting: &'static str,
    pub waiting_help: &'static str,
    pub danger: &'static str,
    pub danger_help: &'static str,
    pub key_auth_fields: &'static [Field],
    pub oauth2_fields: &'static [Field],
    pub registration_fields: &'static [Field],
}

super::of_language!(Plugins);

const EN: Plugins = Plugins {
    no_plugins: "No plugins yet: whoever reaches a route of this service may call it, without a key.",
    plugin: "Plugin",
    add: "Add plugin",
    add_lead: "What a plugin asks for holds for every route of the service.",
    enable: "Enable",
    disable: "Disable",
    edit: "Edit",
    authentication: "Authentication",
    portal: "Developer portal",
    key_auth: "Asks every request for an API key, in a header field, the query or the body.",
    oauth2: "Asks every request for an access token, which applications get with their Client ID and client secret.",
    registration: "Shows the service in the portal: developers request access to it for their applications.",
    enabled: "This plugin is enabled",
    enabled_help: "While it is not, the service is served as if there were no such plugin.",
    settings: "Settings",
    key_in_query: "Keys in the query end up in logs and histories of browsers. A header field is safer.",
    key_in_body: "Bodies are read to find the key, which large requests pay for.",
    preflight: "OPTIONS requests need a key: browsers send them without one, so they cannot call this service from another site.",
    anonymous: "A request without a good key is let through as this consumer.",
    refusal: "A request without a key gets",
    good_call: "A good call",
    waiting: |count| format!("Requests for access that wait: {count}"),
    waiting_label: "Requests that wait",
    leave_waiting: "Leave them waiting",
    approve_waiting: "Approve them all",
    waiting_help: "What becomes of them when new ones are approved at once.",
    danger: "Disable or delete it",
    danger_help: "The service is then served as if there were no such plugin.",
    key_auth_fields: &[
        ("key_names", "Key names", "Under which names a key is looked for, in this order: one a line."),
        ("hide_credentials", "Hide credentials", "The key is cut out of a request before it is sent on."),
        (
            "anonymous",
            "Anonymous",
            "The id or username of the consumer as whom a request without a good key is let through.",
        ),
        ("key_in_header", "Key in header", "A key is looked for in header fields."),
        ("key_in_query", "Key in query", "A key is looked for in the query."),
        ("key_in_body", "Key in body", "A key is looked for in the body: a form, multipart or JSON."),
        (
            "run_on_preflight",
            "Run on preflight",
            "OPTIONS requests, by which browsers ask first, need a key too.",
        ),
        ("realm", "Realm", "The realm that WWW-Authenticate names where a key is refused."),
        (
            "key_in_bearer",
            "Key behind Bearer",
            "A key is looked for in Authorization, behind the word Bearer, as clients of OpenAI's API send it.",
        ),
    ],
    oauth2_fields: &[
        ("scopes", "Scopes", "The scopes that a token may be asked for: one a line."),
        ("mandatory_scope", "Mandatory scope", "A token must be asked for with a scope."),
        (
            "required_scopes",
            "Required scopes",
            "The scopes that a token must have to pass, all of them: one a line.",
        ),
        (
            "token_expiration",
            "Life of a token",
            "In seconds; 0 is without end. A token is never good for longer than its credential. 900 is a good choice.",
        ),
        ("hide_credentials", "Hide credentials", "The token is cut out of a request before it is sent on."),
        (
            "global_credentials",
            "Global credentials",
            "Tokens of every service that has this on are taken at each of them.",
        ),
        (
            "token_in_query",
            "Token in query",
            "A token is looked for in the query as well. URLs end up in logs: better off.",
        ),
        ("auth_header_name", "Header", "The header field that has the token."),
        (
            "anonymous",
            "Anonymous",
            "The id or username of the consumer as whom a request without a good token is let through.",
        ),
        ("realm", "Realm", "The realm that WWW-Authenticate names where a token is refused."),
        (
            "accept_http_if_already_terminated",
            "Accept HTTP behind TLS",
            "Tokens are given over HTTP as well, where a trusted proxy says that TLS ended there.",
        ),
    ],
    registration_fields: &[
        ("display_name", "Display name", "What the service is called in the portal."),
        ("description", "Description", "What the portal says of the service."),
        ("auto_approve", "Auto approve", "New contracts are approved at once."),
        ("show_issuer", "Show issuer", "The portal shows who issues tokens for the service."),
        (
            "enable_proxy_with_consumer_credential",
            "Take keys of consumers",
            "Keys of consumers that are no applications are taken as well.",
        ),
    ],
};

const JA: Plugins = Plugins {
    no_plugins: "プラグインはまだありません。このサービスのルートは、キーなしでだれでも呼び出せます。",
    plugin: "プラグイン",
    add: "プラグインを追加する",
    add_lead: "プラグインの設定は、サービスのすべてのルートに適用されます。",
    enable: "有効にする",
    disable: "無効にする",
    edit: "編集する",
    authentication: "認証",
    portal: "開発者ポータル",
    key_auth: "ヘッダー、クエリ、またはボディのAPIキーを、すべてのリクエストで確認します。",
    oauth2: "アクセストークンを、すべてのリクエストで確認します。アプリケーションはクライアントIDとクライアントシークレットでトークンを取得します。",
    registration: "サービスをポータルに公開します。開発者はアプリケーションごとに利用を申請できます。",
    enabled: "このプラグインを有効にする",
    enabled_help: "無効の間は、このプラグインがない場合と同じように配信されます。",
    settings: "設定",
    key_in_query: "クエリのキーは、ログやブラウザーの履歴に残ります。ヘッダーのほうが安全です。",
    key_in_body: "キーを探すためにボディを読み取ります。大きなリクエストでは負荷がかかります。",
    preflight: "OPTIONSリクエストにもキーが必要です。ブラウザーはキーなしで送信するため、ほかのサイトから呼び出せません。",
    anonymous: "有効なキーのないリクエストは、このコンシューマーとして通過します。",
    refusal: "キーのないリクエストへの応答",
    good_call: "正しい呼び出し",
    waiting: |count| format!("承認待ちの利用申請: {count}件"),
    waiting_label: "承認待ちの申請",
    leave_waiting: "承認待ちのままにする",
    approve_waiting: "すべて承認する",
    waiting_help: "新しい申請を自動で承認する場合に、承認待ちの申請をどうするかを選択します。",
    danger: "無効化と削除",
    danger_help: "このプラグインがないものとして、サービスが配信されます。",
    key_auth_fields: &[
        ("key_names", "キー名", "キーを探す名前です。1行に1つ、この順に探します。"),
        ("hide_credentials", "認証情報を隠す", "転送する前に、リクエストからキーを取り除きます。"),
        (
            "anonymous",
            "匿名",
            "有効なキーのないリクエストを通す場合の、コンシューマーのIDまたはユーザー名です。",
        ),
        ("key_in_header", "ヘッダーのキー", "ヘッダーでキーを探します。"),
        ("key_in_query", "クエリのキー", "クエリでキーを探します。"),
        ("key_in_body", "ボディのキー", "フォーム、マルチパート、JSONのボディでキーを探します。"),
        (
            "run_on_preflight",
            "プリフライトでも確認",
            "ブラウザーが事前に送るOPTIONSリクエストにもキーを必須にします。",
        ),
        ("realm", "レルム", "キーを拒否したときに、WWW-Authenticateで示すレルムです。"),
        (
            "key_in_bearer",
            "Bearerのキー",
            "OpenAI APIのクライアントと同じく、AuthorizationのBearerの後でキーを探します。",
        ),
    ],
    oauth2_fields: &[
        ("scopes", "スコープ", "トークンに指定できるスコープです。1行に1つ入力します。"),
        ("mandatory_scope", "スコープ必須", "トークンの取得時に、スコープの指定を必須にします。"),
        (
            "required_scopes",
            "必要なスコープ",
            "通過に必要なトークンのスコープです。すべて必要です。1行に1つ入力します。",
        ),
        (
            "token_expiration",
            "トークンの有効期間",
            "秒単位です。0は無期限です。トークンは、認証情報より長くは有効になりません。900をおすすめします。",
        ),
        ("hide_credentials", "認証情報を隠す", "転送する前に、リクエストからトークンを取り除きます。"),
        (
            "global_credentials",
            "グローバルな認証情報",
            "これを有効にしたサービスどうしで、互いのトークンを受け付けます。",
        ),
        (
            "token_in_query",
            "クエリのトークン",
            "クエリでもトークンを探します。URLはログに残るため、無効にすることをおすすめします。",
        ),
        ("auth_header_name", "ヘッダー", "トークンを含むヘッダーの名前です。"),
        (
            "anonymous",
            "匿名",
            "有効なトークンのないリクエストを通す場合の、コンシューマーのIDまたはユーザー名です。",
        ),
        ("realm", "レルム", "トークンを拒否したときに、WWW-Authenticateで示すレルムです。"),
        (
            "accept_http_if_already_terminated",
            "TLS終端後のHTTPを許可",
            "信頼するプロキシーがTLSの終端を示している場合、HTTPでもトークンを発行します。",
        ),
    ],
    registration_fields: &[
        ("display_name", "表示名", "ポータルでのサービスの名前です。"),
        ("description", "説明", "ポータルに表示するサービスの説明です。"),
        ("auto_approve", "自動承認", "新しい利用申請を自動で承認します。"),
        ("show_issuer", "発行者を表示", "サービスのトークンの発行者をポータルに表示します。"),
        (
            "enable_proxy_with_consumer_credential",
            "コンシューマーのキーも使用",
            "アプリケーションではないコンシューマーのキーも受け付けます。",
        ),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_name_the_same_fields() {
        let names = |fields: &[Field]| fields.iter().map(|field| field.0).collect::<Vec<_>>();
        assert_eq!(names(EN.key_auth_fields), names(JA.key_auth_fields));
        assert_eq!(names(EN.oauth2_fields), names(JA.oauth2_fields));
        assert_eq!(names(EN.registration_fields), names(JA.registration_fields));
    }
}
