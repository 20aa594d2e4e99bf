//! Sign-up, log-in and passwords.

/// Words of sign-up, log-in and passwords.
#[derive(Debug)]
pub(in crate::portal) struct Access {
    pub sign_up: &'static str,
    pub sign_up_button: &'static str,
    pub has_account: &'static str,
    pub has_no_account: &'static str,
    pub log_in: &'static str,
    pub log_in_button: &'static str,
    /// What a new installation asks for.
    pub full_name: &'static str,
    pub email: &'static str,
    pub password: &'static str,
    pub password_help: fn(u64) -> String,
    /// For every log-in that fails.
    pub wrong: &'static str,
    /// For one that is asked again.
    pub wrong_password: &'static str,
    pub try_again: fn(u64) -> String,
    pub forgot: &'static str,
    pub forgot_lead: &'static str,
    pub send_link: &'static str,
    pub by_link: &'static str,
    pub by_link_text: &'static str,
    pub link_sent: &'static str,
    pub link_sent_text: &'static str,
    pub code: &'static str,
    pub code_help: &'static str,
    pub reset: &'static str,
    pub reset_lead: &'static str,
    pub new_password: &'static str,
    pub again: &'static str,
    pub set_password: &'static str,
    pub not_verified: &'static str,
    /// Before what is asked for with a log-in of lately.
    pub log_in_again: &'static str,
    pub log_in_again_text: &'static str,
}

super::of_language!(Access);

const EN: Access = Access {
    sign_up: "Sign up",
    sign_up_button: "Sign up",
    has_account: "I have an account",
    has_no_account: "Sign up",
    log_in: "Log in",
    log_in_button: "Log in",
    full_name: "Full name",
    email: "E-mail address",
    password: "Password",
    password_help: |least| {
        format!(
            "A password has at least {least} characters: any, blanks too. A password manager can make one."
        )
    },
    wrong: "E-mail address and password do not belong together, or the account cannot be used.",
    wrong_password: "This is not your password.",
    try_again: |seconds| format!("Too many attempts. Try again in {seconds} s."),
    forgot: "Forgot your password?",
    forgot_lead: "A link to set another is sent to your e-mail address.",
    send_link: "Send a link",
    by_link: "Log in by link",
    by_link_text: "Without a password: a link is sent to your e-mail address.",
    link_sent: "Look into your mail",
    link_sent_text: "If somebody has the address, a mail with a link is on its way. Open it in this browser, and you are logged in. Opened in another, it shows a code: type it here.",
    code: "Code",
    code_help: "Six digits, from the page that the link led to.",
    reset: "Set a new password",
    reset_lead: "All sessions that were begun with the previous password end.",
    new_password: "New password",
    again: "New password once more",
    set_password: "Set password",
    not_verified: "No mail to verify your address?",
    log_in_again: "Log in again",
    log_in_again_text: "This needs a log-in within the last 10 minutes. You are led back then.",
};

const JA: Access = Access {
    sign_up: "新規登録",
    sign_up_button: "新規登録する",
    has_account: "アカウントをお持ちの場合",
    has_no_account: "新規登録",
    log_in: "ログイン",
    log_in_button: "ログインする",
    full_name: "氏名",
    email: "メールアドレス",
    password: "パスワード",
    password_help: |least| {
        format!(
            "パスワードは{least}文字以上です。空白を含め、どの文字でも使用できます。パスワードマネージャーでの作成をおすすめします。"
        )
    },
    wrong: "メールアドレスとパスワードの組み合わせが正しくないか、アカウントを使用できません。",
    wrong_password: "パスワードが違います。",
    try_again: |seconds| format!("試行回数が多すぎます。{seconds}秒後にもう一度お試しください。"),
    forgot: "パスワードをお忘れの場合",
    forgot_lead: "新しいパスワードを設定するためのリンクがメールで届きます。",
    send_link: "リンクを送信する",
    by_link: "リンクでログイン",
    by_link_text: "パスワードは不要です。リンクを記載したメールが届きます。",
    link_sent: "メールをご確認ください",
    link_sent_text: "登録済みのメールアドレスであれば、リンクを記載したメールが届きます。このブラウザーで開くとログインできます。別のブラウザーで開くと確認コードが表示されるので、ここに入力してください。",
    code: "確認コード",
    code_help: "リンク先のページに表示された6桁の数字です。",
    reset: "新しいパスワードの設定",
    reset_lead: "以前のパスワードによるセッションはすべて終了します。",
    new_password: "新しいパスワード",
    again: "新しいパスワード (確認)",
    set_password: "パスワードを設定する",
    not_verified: "確認メールが届かない場合",
    log_in_again: "再ログイン",
    log_in_again_text: "この操作には、10分以内のログインが必要です。ログイン後、元のページに戻ります。",
};
