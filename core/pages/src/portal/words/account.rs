//! The own account.

/// Words of the account.
#[derive(Debug)]
pub(in crate::portal) struct Account {
    pub account: &'static str,
    pub personal: &'static str,
    pub email: &'static str,
    pub current_email: &'static str,
    pub new_email: &'static str,
    pub new_email_help: &'static str,
    pub change_email: &'static str,
    pub password: &'static str,
    pub old_password: &'static str,
    pub new_password: &'static str,
    pub change_password: &'static str,
    pub change_password_lead: &'static str,
    pub sessions: &'static str,
    pub logged_in: &'static str,
    pub browser: &'static str,
    pub unknown_browser: &'static str,
    pub last_seen: &'static str,
    pub this_one: &'static str,
    pub end_session: &'static str,
    pub end_others: &'static str,
    pub delete: &'static str,
    pub delete_danger: &'static str,
    pub delete_title: &'static str,
    pub delete_text: &'static str,
    pub delete_stops: fn(u64, u64) -> String,
}

super::of_language!(Account);

const EN: Account = Account {
    account: "Account",
    personal: "About you",
    email: "E-mail address",
    current_email: "Current address",
    new_email: "New e-mail address",
    new_email_help: "A mail with a link is sent there; until you confirm it, the current one stays.",
    change_email: "Change address",
    password: "Password",
    old_password: "Current password",
    new_password: "New password",
    change_password: "Change password",
    change_password_lead: "All other sessions end with the change.",
    sessions: "Sessions",
    logged_in: "Where you are logged in",
    browser: "Browser",
    unknown_browser: "Unknown",
    last_seen: "Last seen",
    this_one: "This one",
    end_session: "End",
    end_others: "End the others",
    delete: "Delete account",
    delete_danger: "Your applications, their keys and their access to services go along.",
    delete_title: "Delete your account?",
    delete_text: "Your account, your applications, their keys and their access to services go. This cannot be undone.",
    delete_stops: |applications, seconds| match applications {
        0 => format!("You have no applications. You are logged out everywhere, within {seconds} seconds."),
        1 => format!("1 application stops: calls with its keys are refused within {seconds} seconds."),
        count => {
            format!("{count} applications stop: calls with their keys are refused within {seconds} seconds.")
        }
    },
};

const JA: Account = Account {
    account: "アカウント",
    personal: "登録情報",
    email: "メールアドレス",
    current_email: "現在のメールアドレス",
    new_email: "新しいメールアドレス",
    new_email_help: "リンクを記載したメールが届きます。確認するまでは、現在のメールアドレスが使用されます。",
    change_email: "メールアドレスを変更する",
    password: "パスワード",
    old_password: "現在のパスワード",
    new_password: "新しいパスワード",
    change_password: "パスワードを変更する",
    change_password_lead: "変更すると、ほかのセッションはすべて終了します。",
    sessions: "セッション",
    logged_in: "ログイン中のブラウザー",
    browser: "ブラウザー",
    unknown_browser: "不明",
    last_seen: "最終アクセス",
    this_one: "このセッション",
    end_session: "終了する",
    end_others: "ほかのセッションを終了する",
    delete: "アカウントを削除する",
    delete_danger: "アプリケーション、キー、サービス利用も削除されます。",
    delete_title: "アカウントを削除しますか？",
    delete_text: "アカウント、アプリケーション、キー、サービス利用が削除されます。元に戻すことはできません。",
    delete_stops: |applications, seconds| match applications {
        0 => format!(
            "アプリケーションはありません。すべてのブラウザーからログアウトします。{seconds}秒以内に反映されます。"
        ),
        count => format!(
            "{count}件のアプリケーションが停止し、キーによる呼び出しは拒否されます。{seconds}秒以内に反映されます。"
        ),
    },
};
