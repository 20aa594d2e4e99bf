//! How to call a service.

use crate::calls::facts::Place;

/// Words of snippets.
#[derive(Debug)]
pub(in crate::calls) struct Calling {
    in_header: &'static str,
    in_bearer: &'static str,
    in_query: &'static str,
    in_body: &'static str,
    /// Beside keys in the query.
    pub query_in_logs: &'static str,
    /// What stands for the key.
    pub variable: &'static str,
    /// The same, where curl's line has the key itself.
    pub shown: &'static str,
    /// Of JavaScript.
    pub in_browsers: &'static str,
    pub no_preflights: &'static str,
    pub suspended: &'static str,
    pub no_route: &'static str,
    pub not_plain: &'static str,
    pub anybody: &'static str,
    pub no_place: &'static str,
    /// Above the tabs of calls with a token.
    pub with_token: &'static str,
    /// What a token is, and what stands for the credential.
    pub token: &'static str,
    pub token_beside_key: &'static str,
    pub no_token: &'static str,
}

super::of_language!(Calling);

impl Calling {
    pub(in crate::calls) fn place(&self, place: Place) -> &'static str {
        match place {
            Place::Header => self.in_header,
            Place::Bearer => self.in_bearer,
            Place::Query => self.in_query,
            Place::Body => self.in_body,
        }
    }
}

const EN: Calling = Calling {
    in_header: "Key in a header field",
    in_bearer: "Key in Authorization, as a bearer token",
    in_query: "Key in the query",
    in_body: "Key in the body",
    query_in_logs: "URLs are kept in logs and histories, and the key with them. A header field is better.",
    variable: "Set the environment variable API_KEY to your key.",
    shown: "The curl line has your key and works at once. The other examples read it from the environment variable API_KEY.",
    in_browsers: "For Node.js 18 or later. In a browser, put your own way to get the key in place of process.env.",
    no_preflights: "Pages of other sites cannot call this service: before such a call the browser sends an OPTIONS request without a key, and the gateway refuses it because it asks for the key there too.",
    suspended: "This service is suspended: calls are refused for now.",
    no_route: "This service cannot be called yet: no route leads to it.",
    not_plain: "No example can be shown: the routes of this service match by patterns. Ask the administrator how to call it.",
    anybody: "This service asks for no key: anybody may call it.",
    no_place: "No example can be shown: the routes of this service take no request that could carry the key.",
    with_token: "Access token",
    token: "An access token (OAuth2, client credentials) is good for a while: get one with your Client ID and client secret, from the environment variables CLIENT_ID and CLIENT_SECRET, and send it with each call. Get another when a call is refused with 401.",
    token_beside_key: "This service asks for both: a token, and the key beside it.",
    no_token: "No example can be shown: the routes of this service take no POST request to the token endpoint. Ask the administrator how to get a token.",
};

const JA: Calling = Calling {
    in_header: "ヘッダーでキーを送る",
    in_bearer: "Authorizationヘッダーでキーをベアラートークンとして送る",
    in_query: "クエリでキーを送る",
    in_body: "ボディでキーを送る",
    query_in_logs: "URLはログや履歴に残るため、キーも一緒に残ります。ヘッダーの使用をおすすめします。",
    variable: "環境変数API_KEYにキーを設定してください。",
    shown: "curlのコマンドにはキーが含まれており、そのまま実行できます。ほかの例では環境変数API_KEYからキーを読み込みます。",
    in_browsers: "Node.js 18以降用です。ブラウザーではprocess.envの代わりに、独自の方法でキーを取得してください。",
    no_preflights: "ほかのサイトのページからこのサービスを呼び出すことはできません。ブラウザーは呼び出しの前にキーなしのOPTIONSリクエストを送りますが、ゲートウェイはこのリクエストにもキーを求めるため、拒否されます。",
    suspended: "このサービスは一時停止中です。現在、呼び出しは拒否されます。",
    no_route: "このサービスにはルートがないため、まだ呼び出せません。",
    not_plain: "このサービスのルートはパターンで一致を判定するため、例を表示できません。呼び出し方法は管理者にお問い合わせください。",
    anybody: "このサービスではキーは不要です。誰でも呼び出せます。",
    no_place: "このサービスのルートではキーを送れるリクエストを受け付けていないため、例を表示できません。",
    with_token: "アクセストークンを使う",
    token: "アクセストークン(OAuth2のクライアントクレデンシャル)は一定時間有効です。環境変数CLIENT_IDとCLIENT_SECRETのクライアントIDとクライアントシークレットで取得し、呼び出しごとに送ってください。呼び出しが401で拒否されたら、取得し直してください。",
    token_beside_key: "このサービスではトークンとキーの両方が必要です。",
    no_token: "このサービスのルートではトークンエンドポイントへのPOSTリクエストを受け付けていないため、例を表示できません。トークンの取得方法は管理者にお問い合わせください。",
};
