//! The start page.

/// Words of what waits, and of the first steps.
#[derive(Debug)]
pub(in crate::manager) struct Start {
    pub title: &'static str,
    pub nothing_waits: &'static str,
    pub requests_wait: fn(u64) -> String,
    pub developers_wait: fn(u64) -> String,
    pub look: &'static str,
    pub ending: &'static str,
    pub owner: &'static str,
    pub whose_key: &'static str,
    pub first_run: &'static str,
    pub first_run_lead: &'static str,
    pub done: &'static str,
    pub service: &'static str,
    pub route: &'static str,
    pub key_auth: &'static str,
    pub add_service: &'static str,
    pub add_route: &'static str,
    pub path_help: &'static str,
    pub enable: &'static str,
    pub curl: &'static str,
    pub curl_help: &'static str,
}

super::of_language!(Start);

const EN: Start = Start {
    title: "What waits",
    nothing_waits: "Nothing waits.",
    requests_wait: |count| format!("Requests for access that wait: {count}"),
    developers_wait: |count| format!("Developers who wait for approval: {count}"),
    look: "Look at them",
    ending: "Keys that end this week",
    owner: "Whose it is",
    whose_key: "Whose key is this?",
    first_run: "Welcome: three steps to the first call",
    first_run_lead: "A service says where requests go, a route which requests go there, and key-auth asks for a key.",
    done: "Done",
    service: "Add a service",
    route: "Add a route to it",
    key_auth: "Ask for keys",
    add_service: "Add service",
    add_route: "Add route",
    path_help: "What the paths of its requests begin with, for example /orders.",
    enable: "Enable key-auth and make a first key",
    curl: "Call it",
    curl_help: "Put the key that was shown to you in the place of $API_KEY.",
};

const JA: Start = Start {
    title: "対応が必要な項目",
    nothing_waits: "対応が必要な項目はありません。",
    requests_wait: |count| format!("承認待ちの利用申請: {count}件"),
    developers_wait: |count| format!("承認待ちの開発者: {count}人"),
    look: "確認する",
    ending: "今週有効期限を迎えるキー",
    owner: "所有者",
    whose_key: "キーの所有者を調べる",
    first_run: "ようこそ: 最初の呼び出しまでの3ステップ",
    first_run_lead: "サービスはリクエストの送信先、ルートは対象となるリクエスト、key-authはキーの確認を設定します。",
    done: "完了",
    service: "サービスを追加する",
    route: "ルートを追加する",
    key_auth: "キーを必須にする",
    add_service: "サービスを追加する",
    add_route: "ルートを追加する",
    path_help: "対象となるリクエストのパスの先頭部分です。例: /orders",
    enable: "key-authを有効にして最初のキーを発行する",
    curl: "呼び出してみる",
    curl_help: "$API_KEYを、表示されたキーに置き換えてください。",
};
