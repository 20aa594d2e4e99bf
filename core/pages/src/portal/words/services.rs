//! The list of services, and a service.

/// Words of services.
#[derive(Debug)]
pub(in crate::portal) struct Services {
    pub services: &'static str,
    /// Caption of the list.
    pub open: &'static str,
    pub no_services: &'static str,
    pub none_found: &'static str,
    pub steps: &'static str,
    /// The steps, in order.
    pub step: [&'static str; 3],
    pub document: &'static str,
    pub try_it: &'static str,
    pub your_access: &'static str,
    pub your_applications: &'static str,
    pub log_in_first: &'static str,
    pub no_applications: &'static str,
    pub choose_application: &'static str,
    pub all_asked: &'static str,
}

super::of_language!(Services);

const EN: Services = Services {
    services: "Services",
    open: "Open for registration",
    no_services: "No services are open yet.",
    none_found: "Nothing is found by these words.",
    steps: "Three steps to the first call",
    step: [
        "Sign up and make an application.",
        "Request access to a service.",
        "Generate a credential and call it.",
    ],
    document: "Specification",
    try_it: "Try it",
    your_access: "Service access",
    your_applications: "Your applications",
    log_in_first: "To call this service you need an account, an application and access.",
    no_applications: "You have no applications yet.",
    choose_application: "Application",
    all_asked: "No application of yours can request access: each has it, waits, or was revoked.",
};

const JA: Services = Services {
    services: "サービス",
    open: "利用を申請できるサービス",
    no_services: "公開中のサービスはまだありません。",
    none_found: "該当する項目はありません。",
    steps: "最初の呼び出しまでの3ステップ",
    step: [
        "新規登録してアプリケーションを作成します。",
        "サービスの利用を申請します。",
        "認証情報を発行して呼び出します。",
    ],
    document: "仕様",
    try_it: "試してみる",
    your_access: "サービス利用",
    your_applications: "あなたのアプリケーション",
    log_in_first: "このサービスを呼び出すには、アカウント、アプリケーション、利用の承認が必要です。",
    no_applications: "アプリケーションはまだありません。",
    choose_application: "アプリケーション",
    all_asked: "申請できるアプリケーションはありません。いずれも利用中、承認待ち、または取り消し済みです。",
};
