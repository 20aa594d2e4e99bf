//! Contracts of an application with services.

/// Words of contracts.
#[derive(Debug)]
pub(in crate::portal) struct Contracts {
    pub services: &'static str,
    pub no_services: &'static str,
    pub how_to_call: &'static str,
    pub request_access: &'static str,
    pub ask_again: &'static str,
    pub withdraw: &'static str,
    pub note: &'static str,
    pub note_help: &'static str,
    pub title: fn(&str, &str) -> String,
    pub is_active: &'static str,
    pub is_waiting: &'static str,
    pub is_rejected: &'static str,
    pub is_revoked: &'static str,
    pub is_none: &'static str,
    pub end: &'static str,
    pub end_title: fn(&str, &str) -> String,
    pub end_text: &'static str,
    pub end_stops: fn(u64) -> String,
}

super::of_language!(Contracts);

const EN: Contracts = Contracts {
    services: "Service access",
    no_services: "No services are open yet.",
    how_to_call: "How to call",
    request_access: "Request access",
    ask_again: "Ask again",
    withdraw: "Withdraw",
    note: "Note for the administrator",
    note_help: "What the access is for.",
    title: |application, service| format!("{application}: {service}"),
    is_active: "Keys of the application can be used for this service.",
    is_waiting: "An administrator decides. You get a mail then.",
    is_rejected: "The request was rejected. You can ask again, with another note.",
    is_revoked: "Access was revoked. Only an administrator can give it again.",
    is_none: "The application has no access to this service yet.",
    end: "End access",
    end_title: |application, service| format!("End access of {application} to {service}?"),
    end_text: "Keys stay, and can still be used for other services. For this one you can request access again.",
    end_stops: |seconds| {
        format!("Calls of this application to the service are refused within {seconds} seconds.")
    },
};

const JA: Contracts = Contracts {
    services: "サービス利用",
    no_services: "公開中のサービスはまだありません。",
    how_to_call: "呼び出し方法",
    request_access: "利用を申請する",
    ask_again: "再申請する",
    withdraw: "申請を取り下げる",
    note: "管理者への連絡事項",
    note_help: "利用の目的をご記入ください。",
    title: |application, service| format!("{application}: {service}"),
    is_active: "アプリケーションのキーをこのサービスに使用できます。",
    is_waiting: "管理者の承認をお待ちください。結果はメールで届きます。",
    is_rejected: "申請は却下されました。連絡事項を書き直して再申請できます。",
    is_revoked: "利用は取り消されました。再開できるのは管理者のみです。",
    is_none: "アプリケーションはまだこのサービスを利用できません。",
    end: "利用を終了する",
    end_title: |application, service| format!("{application}による{service}の利用を終了しますか？"),
    end_text: "キーは残り、ほかのサービスには引き続き使用できます。このサービスの利用は再度申請できます。",
    end_stops: |seconds| {
        format!("このアプリケーションからの呼び出しは拒否されます。{seconds}秒以内に反映されます。")
    },
};
