//! Pages that say one thing.

use super::Said;

/// Words of notices.
#[derive(Debug)]
pub(in crate::portal) struct Notices {
    /// A developer who is not approved yet.
    pub waiting: Said,
    pub cross_site: Said,
    pub not_found: Said,
    pub session_ended: Said,
    /// The same form, sent twice.
    pub already_done: Said,
    /// What was to be changed has changed meanwhile.
    pub conflict: Said,
    pub unread: Said,
    pub wrong_host: Said,
    pub fault: Said,
    pub unavailable: Said,
    /// No mail can be sent.
    pub no_mail: Said,
    /// What was sent.
    pub too_large: Said,
    /// The text is for a time that is not known.
    pub too_many: Said,
    pub try_again: fn(u64) -> String,
}

super::of_language!(Notices);

const EN: Notices = Notices {
    waiting: Said {
        title: "Waiting for approval",
        text: "An administrator has to approve your account first. You get a mail then.",
        link: "Account",
    },
    cross_site: Said {
        title: "Refused",
        text: "The request did not come from a page of the portal. Nothing was changed.",
        link: "Services",
    },
    not_found: Said {
        title: "Not found",
        text: "There is no such page, or it is not yours.",
        link: "Services",
    },
    session_ended: Said {
        title: "Your session has ended",
        text: "Log in again. Nothing was changed.",
        link: "Log in",
    },
    already_done: Said {
        title: "Done already",
        text: "This form was sent before, and what it asks for was done then. Nothing was done twice.",
        link: "My apps",
    },
    conflict: Said {
        title: "Changed meanwhile",
        text: "This was changed while you had it open. Nothing was changed by you: look at it again.",
        link: "My apps",
    },
    unread: Said {
        title: "This could not be read",
        text: "What was sent is not what the form sends. Nothing was changed: go back, and send it again.",
        link: "My apps",
    },
    wrong_host: Said {
        title: "Wrong address",
        text: "The portal does not answer at this host name. Use the address that you were given.",
        link: "Services",
    },
    fault: Said {
        title: "Something went wrong",
        text: "The fault is ours. Look whether your change was made before you try again.",
        link: "Services",
    },
    unavailable: Said {
        title: "Not available now",
        text: "The portal cannot answer now. Try again in a moment.",
        link: "Services",
    },
    no_mail: Said {
        title: "Not available",
        text: "The portal sends no mail. Ask an administrator for a link.",
        link: "Log in",
    },
    too_large: Said {
        title: "Too large",
        text: "What you sent is larger than any form here takes. Nothing was changed.",
        link: "Services",
    },
    too_many: Said { title: "Too many attempts", text: "Try again later.", link: "Log in" },
    try_again: |seconds| format!("Try again in {seconds} s."),
};

const JA: Notices = Notices {
    waiting: Said {
        title: "承認待ち",
        text: "管理者の承認をお待ちください。承認されるとメールが届きます。",
        link: "アカウント",
    },
    cross_site: Said {
        title: "受け付けられませんでした",
        text: "ポータルからのリクエストではありません。何も変更されていません。",
        link: "サービス",
    },
    not_found: Said {
        title: "ページが見つかりません",
        text: "ページが存在しないか、閲覧できません。",
        link: "サービス",
    },
    session_ended: Said {
        title: "セッションが終了しました",
        text: "もう一度ログインしてください。何も変更されていません。",
        link: "ログイン",
    },
    already_done: Said {
        title: "すでに完了しています",
        text: "このフォームは送信済みで、操作は完了しています。二重には実行されていません。",
        link: "マイアプリ",
    },
    conflict: Said {
        title: "途中で変更されました",
        text: "画面を開いている間に変更されました。あなたの変更は反映されていません。内容を確認し直してください。",
        link: "マイアプリ",
    },
    unread: Said {
        title: "送信された内容を読み取れませんでした",
        text: "送信された内容がフォームの形式と異なります。何も変更されていません。前の画面に戻り、もう一度送信してください。",
        link: "マイアプリ",
    },
    wrong_host: Said {
        title: "アドレスが違います",
        text: "このホスト名ではポータルを利用できません。案内されたアドレスを使用してください。",
        link: "サービス",
    },
    fault: Said {
        title: "問題が発生しました",
        text: "こちら側の問題です。再試行の前に、変更が反映されているかご確認ください。",
        link: "サービス",
    },
    unavailable: Said {
        title: "現在利用できません",
        text: "しばらくしてからもう一度お試しください。",
        link: "サービス",
    },
    no_mail: Said {
        title: "利用できません",
        text: "このポータルからメールは送信されません。リンクについては管理者にお問い合わせください。",
        link: "ログイン",
    },
    too_large: Said {
        title: "サイズが大きすぎます",
        text: "送信できるサイズを超えています。何も変更されていません。",
        link: "サービス",
    },
    too_many: Said {
        title: "試行回数が多すぎます",
        text: "しばらくしてからもう一度お試しください。",
        link: "ログイン",
    },
    try_again: |seconds| format!("{seconds}秒後にもう一度お試しください。"),
};
