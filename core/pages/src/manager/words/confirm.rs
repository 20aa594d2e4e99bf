//! Pages that ask before access is taken away.

/// A question: its title with the name of the thing, what follows, and the button.
#[derive(Debug)]
pub(in crate::manager) struct Asked {
    pub title: fn(&str) -> String,
    pub text: &'static str,
    pub button: &'static str,
}

/// Words of those pages.
#[derive(Debug)]
pub(in crate::manager) struct Confirm {
    pub stops: fn(u64) -> String,
    pub stops_none: &'static str,
    pub stops_serving: &'static str,
    pub opens: &'static str,
    pub no_tokens: &'static str,
    pub key_refused: &'static str,
    pub old_key_refused: &'static str,
    pub keys_refused: &'static str,
    pub token_refused: &'static str,
    pub within: fn(u64) -> String,
    pub suspend_service: Asked,
    pub delete_service: Asked,
    pub delete_document: Asked,
    pub delete_route: Asked,
    pub disable_key_auth: Asked,
    pub delete_key_auth: Asked,
    pub disable_oauth2: Asked,
    pub delete_oauth2: Asked,
    pub disable_registration: Asked,
    pub delete_registration: Asked,
    pub revoke_contract: Asked,
    pub revoke_developer: Asked,
    pub delete_developer: Asked,
    pub suspend_application: Asked,
    pub delete_application: Asked,
    pub suspend_consumer: Asked,
    pub delete_consumer: Asked,
    pub suspend_key: Asked,
    pub delete_key: Asked,
    pub end_old_key: Asked,
    pub delete_token: Asked,
}

super::of_language!(Confirm);

const EN: Confirm = Confirm {
    stops: |count| match count {
        1 => "1 application stops".to_owned(),
        count => format!("{count} applications stop"),
    },
    stops_none: "No application stops",
    stops_serving: "It serves no more calls",
    opens: "Calls without a key are let through",
    no_tokens: "Tokens are neither given nor asked for",
    key_refused: "Calls with this key are refused",
    old_key_refused: "Calls with the old key are refused",
    keys_refused: "Calls with its keys are refused",
    token_refused: "Calls with this token are refused",
    within: |seconds| format!("within {seconds} seconds"),
    suspend_service: Asked {
        title: |name| format!("Suspend the service {name}?"),
        text: "Its routes are no longer served, until it is resumed.",
        button: "Suspend",
    },
    delete_service: Asked {
        title: |name| format!("Delete the service {name}?"),
        text: "Its plugins, contracts and document go along. This cannot be undone.",
        button: "Delete",
    },
    delete_document: Asked {
        title: |name| format!("Delete the document of {name}?"),
        text: "Developers no longer see how the service is to be called. Calls go on.",
        button: "Delete",
    },
    delete_route: Asked {
        title: |name| format!("Delete the route {name}?"),
        text: "Requests that it matches go to another route, or get 404. This cannot be undone.",
        button: "Delete",
    },
    disable_key_auth: Asked {
        title: |name| format!("Disable key-auth of {name}?"),
        text: "While it is disabled, the service can be called without a key, by whoever reaches it.",
        button: "Disable",
    },
    delete_key_auth: Asked {
        title: |name| format!("Delete key-auth of {name}?"),
        text: "From then on the service can be called without a key, by whoever reaches it. Keys and contracts stay.",
        button: "Delete",
    },
    disable_oauth2: Asked {
        title: |name| format!("Disable oauth2 of {name}?"),
        text: "While it is disabled, no token is given or asked for: the service can be called without one, unless another plugin asks for a key.",
        button: "Disable",
    },
    delete_oauth2: Asked {
        title: |name| format!("Delete oauth2 of {name}?"),
        text: "From then on no token is given or asked for: the service can be called without one, unless another plugin asks for a key. Credentials and contracts stay.",
        button: "Delete",
    },
    disable_registration: Asked {
        title: |name| format!("Disable application-registration of {name}?"),
        text: "The portal no longer shows the service, and keys of applications are refused while it is disabled. Contracts stay.",
        button: "Disable",
    },
    delete_registration: Asked {
        title: |name| format!("Delete application-registration of {name}?"),
        text: "The portal no longer shows the service, and keys of applications are refused.",
        button: "Delete",
    },
    revoke_contract: Asked {
        title: |name| format!("Revoke the contract of {name}?"),
        text: "Its keys are refused at this service alone. You can approve it again.",
        button: "Revoke",
    },
    revoke_developer: Asked {
        title: |name| format!("Revoke {name}?"),
        text: "The developer is logged out, and keys of all of the developer's applications are refused. You can approve again.",
        button: "Revoke",
    },
    delete_developer: Asked {
        title: |name| format!("Delete {name}?"),
        text: "Account, applications, contracts and keys go. This cannot be undone.",
        button: "Delete",
    },
    suspend_application: Asked {
        title: |name| format!("Suspend the application {name}?"),
        text: "Its keys are refused until it is resumed. Contracts stay.",
        button: "Suspend",
    },
    delete_application: Asked {
        title: |name| format!("Delete the application {name}?"),
        text: "Its contracts and keys go along. This cannot be undone.",
        button: "Delete",
    },
    suspend_consumer: Asked {
        title: |name| format!("Suspend the consumer {name}?"),
        text: "Its keys are refused until it is resumed.",
        button: "Suspend",
    },
    delete_consumer: Asked {
        title: |name| format!("Delete the consumer {name}?"),
        text: "Its keys go along. This cannot be undone.",
        button: "Delete",
    },
    suspend_key: Asked {
        title: |name| format!("Suspend the key {name}?"),
        text: "It is refused until it is resumed, and so is the one before its last rotation.",
        button: "Suspend",
    },
    delete_key: Asked {
        title: |name| format!("Delete the key {name}?"),
        text: "It is refused for ever, and so is the one before its last rotation.",
        button: "Delete",
    },
    end_old_key: Asked {
        title: |name| format!("End the old key of {name}?"),
        text: "The key before the last rotation is refused; the new one stays good.",
        button: "End the old key now",
    },
    delete_token: Asked {
        title: |name| format!("Delete the admin token {name}?"),
        text: "What works with it is refused, and sessions that were begun with it end.",
        button: "Delete",
    },
};

const JA: Confirm = Confirm {
    stops: |count| format!("{count}件のアプリケーションが停止します。"),
    stops_none: "停止するアプリケーションはありません。",
    stops_serving: "呼び出しは配信されなくなります。",
    opens: "キーのない呼び出しも通るようになります。",
    no_tokens: "トークンは発行も確認もされなくなります。",
    key_refused: "このキーによる呼び出しは拒否されます。",
    old_key_refused: "旧キーによる呼び出しは拒否されます。",
    keys_refused: "このコンシューマーのキーによる呼び出しは拒否されます。",
    token_refused: "このトークンによる呼び出しは拒否されます。",
    within: |seconds| format!("{seconds}秒以内に反映されます。"),
    suspend_service: Asked {
        title: |name| format!("サービス{name}を一時停止しますか？"),
        text: "再開するまで、ルートは配信されません。",
        button: "一時停止する",
    },
    delete_service: Asked {
        title: |name| format!("サービス{name}を削除しますか？"),
        text: "プラグイン、サービス契約、ドキュメントも削除されます。元に戻せません。",
        button: "削除する",
    },
    delete_document: Asked {
        title: |name| format!("{name}のドキュメントを削除しますか？"),
        text: "開発者は呼び出し方を閲覧できなくなります。呼び出しは停止しません。",
        button: "削除する",
    },
    delete_route: Asked {
        title: |name| format!("ルート{name}を削除しますか？"),
        text: "一致していたリクエストは別のルートに送られるか、404になります。元に戻せません。",
        button: "削除する",
    },
    disable_key_auth: Asked {
        title: |name| format!("{name}のkey-authを無効にしますか？"),
        text: "無効の間、サービスはキーなしでだれでも呼び出せます。",
        button: "無効にする",
    },
    delete_key_auth: Asked {
        title: |name| format!("{name}のkey-authを削除しますか？"),
        text: "以後、サービスはキーなしでだれでも呼び出せます。キーとサービス契約は残ります。",
        button: "削除する",
    },
    disable_oauth2: Asked {
        title: |name| format!("{name}のoauth2を無効にしますか？"),
        text: "無効の間、トークンは発行も確認もされません。ほかのプラグインがキーを求めない限り、サービスはトークンなしで呼び出せます。",
        button: "無効にする",
    },
    delete_oauth2: Asked {
        title: |name| format!("{name}のoauth2を削除しますか？"),
        text: "以後、トークンは発行も確認もされません。ほかのプラグインがキーを求めない限り、サービスはトークンなしで呼び出せます。認証情報とサービス契約は残ります。",
        button: "削除する",
    },
    disable_registration: Asked {
        title: |name| format!("{name}のapplication-registrationを無効にしますか？"),
        text: "無効の間、サービスはポータルに表示されず、アプリケーションのキーは拒否されます。サービス契約は残ります。",
        button: "無効にする",
    },
    delete_registration: Asked {
        title: |name| format!("{name}のapplication-registrationを削除しますか？"),
        text: "サービスはポータルに表示されなくなり、アプリケーションのキーは拒否されます。",
        button: "削除する",
    },
    revoke_contract: Asked {
        title: |name| format!("{name}のサービス契約を取り消しますか？"),
        text: "このサービスに限り、キーが拒否されます。再承認できます。",
        button: "取り消す",
    },
    revoke_developer: Asked {
        title: |name| format!("{name}の承認を取り消しますか？"),
        text: "開発者はログアウトされ、すべてのアプリケーションのキーが拒否されます。再承認できます。",
        button: "取り消す",
    },
    delete_developer: Asked {
        title: |name| format!("{name}を削除しますか？"),
        text: "アカウント、アプリケーション、サービス契約、キーが削除されます。元に戻せません。",
        button: "削除する",
    },
    suspend_application: Asked {
        title: |name| format!("アプリケーション{name}を一時停止しますか？"),
        text: "再開するまで、キーは拒否されます。サービス契約は残ります。",
        button: "一時停止する",
    },
    delete_application: Asked {
        title: |name| format!("アプリケーション{name}を削除しますか？"),
        text: "サービス契約とキーも削除されます。元に戻せません。",
        button: "削除する",
    },
    suspend_consumer: Asked {
        title: |name| format!("コンシューマー{name}を一時停止しますか？"),
        text: "再開するまで、キーは拒否されます。",
        button: "一時停止する",
    },
    delete_consumer: Asked {
        title: |name| format!("コンシューマー{name}を削除しますか？"),
        text: "キーも削除されます。元に戻せません。",
        button: "削除する",
    },
    suspend_key: Asked {
        title: |name| format!("キー{name}を一時停止しますか？"),
        text: "再開するまで、ローテーション前の旧キーとともに拒否されます。",
        button: "一時停止する",
    },
    delete_key: Asked {
        title: |name| format!("キー{name}を削除しますか？"),
        text: "ローテーション前の旧キーとともに、以後ずっと拒否されます。",
        button: "削除する",
    },
    end_old_key: Asked {
        title: |name| format!("{name}の旧キーを失効させますか？"),
        text: "ローテーション前の旧キーは拒否されます。新しいキーはそのまま使用できます。",
        button: "旧キーを今すぐ失効させる",
    },
    delete_token: Asked {
        title: |name| format!("管理トークン{name}を削除しますか？"),
        text: "このトークンによる操作は拒否され、このトークンで開始したセッションは終了します。",
        button: "削除する",
    },
};
