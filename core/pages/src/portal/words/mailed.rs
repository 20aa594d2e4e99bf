//! Pages that links of mails lead to.

use super::Said;

/// Words of pages with one button, and of links that have ended.
#[derive(Debug)]
pub(in crate::portal) struct Mailed {
    pub verify: Said,
    pub log_in: Said,
    pub confirm_address: Said,
    pub revert_address: Said,
    pub not_me: Said,
    /// Leads from verifying to the page for who did not sign up.
    pub was_not_me: &'static str,
    pub ended: &'static str,
    pub verify_ended: &'static str,
    pub log_in_ended: &'static str,
    pub reset_ended: &'static str,
    pub address_ended: &'static str,
    pub revert_ended: &'static str,
    pub not_me_ended: &'static str,
    pub account: &'static str,
    /// A new link that verifies an address.
    pub resend: Said,
    /// A mail was sent, or would have been: the same for every address.
    pub look_into_mail: Said,
    /// The code of a link that was opened elsewhere.
    pub code: Said,
    pub the_code: &'static str,
}

super::of_language!(Mailed);

const EN: Mailed = Mailed {
    verify: Said {
        title: "Verify e-mail",
        text: "Press the button to verify your e-mail address.",
        link: "Verify e-mail",
    },
    log_in: Said { title: "Log in by link", text: "This link logs you in once.", link: "Log in" },
    confirm_address: Said {
        title: "Confirm your new e-mail address",
        text: "Press the button to use this address from now on. You log in with it then.",
        link: "Confirm new address",
    },
    revert_address: Said {
        title: "Go back to your previous e-mail address",
        text: "If you did not change it, press the button: the previous address is used again, and all sessions end.",
        link: "Use the previous address",
    },
    not_me: Said {
        title: "It was not you",
        text: "Somebody signed up with your e-mail address. Press the button, and the address is not verified by this mail.",
        link: "I did not sign up",
    },
    was_not_me: "I did not sign up",
    ended: "This link has ended",
    verify_ended: "It was used already, or it is too old. If you cannot log in, ask for another.",
    log_in_ended: "It was used already, or it is too old. Ask for another, or log in with your password.",
    reset_ended: "It was used already, or it is too old. Ask for another.",
    address_ended: "It was used already, or it is too old. Change your address again at your account.",
    revert_ended: "It was used already, or it is too old. Ask an administrator if you cannot log in.",
    not_me_ended: "It was used already, or it is too old. Nothing is left to do.",
    account: "Account",
    resend: Said {
        title: "Another mail to verify your address",
        text: "If the address waits to be verified, a mail with a link is sent to it.",
        link: "Send another",
    },
    look_into_mail: Said {
        title: "Look into your mail",
        text: "If the address can be used, a mail with a link is on its way.",
        link: "Log in",
    },
    code: Said {
        title: "Your code",
        text: "You asked for the link in another browser. Type this code there, and you are logged in there.",
        link: "Services",
    },
    the_code: "Code",
};

const JA: Mailed = Mailed {
    verify: Said {
        title: "メールアドレスの確認",
        text: "ボタンを押してメールアドレスを確認してください。",
        link: "メールアドレスを確認する",
    },
    log_in: Said {
        title: "リンクでログイン",
        text: "このリンクで一度だけログインできます。",
        link: "ログインする",
    },
    confirm_address: Said {
        title: "新しいメールアドレスの確認",
        text: "ボタンを押すと、このメールアドレスが使用されます。以後はこのアドレスでログインしてください。",
        link: "新しいメールアドレスを確認する",
    },
    revert_address: Said {
        title: "以前のメールアドレスに戻す",
        text: "変更した覚えがない場合は、ボタンを押してください。以前のメールアドレスに戻り、すべてのセッションが終了します。",
        link: "以前のメールアドレスに戻す",
    },
    not_me: Said {
        title: "登録した覚えがない場合",
        text: "あなたのメールアドレスで新規登録されました。ボタンを押すと、このメールではアドレスが確認されなくなります。",
        link: "登録を無効にする",
    },
    was_not_me: "登録した覚えがない",
    ended: "このリンクは使用できません",
    verify_ended: "使用済みか、有効期限が切れています。ログインできない場合は、新しいリンクを受け取ってください。",
    log_in_ended: "使用済みか、有効期限が切れています。新しいリンクを受け取るか、パスワードでログインしてください。",
    reset_ended: "使用済みか、有効期限が切れています。新しいリンクを受け取ってください。",
    address_ended: "使用済みか、有効期限が切れています。アカウントでもう一度変更してください。",
    revert_ended: "使用済みか、有効期限が切れています。ログインできない場合は、管理者にお問い合わせください。",
    not_me_ended: "使用済みか、有効期限が切れています。必要な操作はありません。",
    account: "アカウント",
    resend: Said {
        title: "確認メールの再送信",
        text: "確認待ちのメールアドレスであれば、リンクを記載したメールが届きます。",
        link: "再送信する",
    },
    look_into_mail: Said {
        title: "メールをご確認ください",
        text: "使用できるメールアドレスであれば、リンクを記載したメールが届きます。",
        link: "ログイン",
    },
    code: Said {
        title: "確認コード",
        text: "リンクは別のブラウザーで申し込まれました。そのブラウザーでこのコードを入力すると、ログインできます。",
        link: "サービス",
    },
    the_code: "確認コード",
};
