//! Log-in, and pages that say one thing.

/// A page's title, what it says, and what its link or button says.
#[derive(Debug)]
pub(in crate::manager) struct Said {
    pub title: &'static str,
    pub text: &'static str,
    pub link: &'static str,
}

/// Words of log-in and of notices.
#[derive(Debug)]
pub(in crate::manager) struct Access {
    pub log_in: Said,
    pub token: &'static str,
    pub token_help: &'static str,
    /// For every log-in that fails.
    pub wrong: &'static str,
    pub try_again: fn(u64) -> String,
    /// By the link that the local program prints.
    pub link: Said,
    /// Of such a link that is good no more.
    pub link_ended: &'static str,
    /// An arrival from another site.
    pub arrival: Said,
    /// Before what is asked for with a token shown lately.
    pub ask_again: Said,
    pub read_only: Said,
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
    /// What was sent.
    pub too_large: Said,
    pub too_many: Said,
}

super::of_language!(Access);

const EN: Access = Access {
    log_in: Said {
        title: "Log in",
        text: "For administrators, with an admin token. Developers log in to the portal.",
        link: "Log in",
    },
    token: "Admin token",
    token_help: "The installation's token or a named one. It is not stored by this page.",
    wrong: "This token is not known here.",
    try_again: |seconds| format!("Too many attempts. Try again in {seconds} s."),
    link: Said {
        title: "Log in by link",
        text: "This link logs you in to the manager once.",
        link: "Log in",
    },
    link_ended: "The link was used already, or it has ended. Latchkey prints a new one at each start.",
    arrival: Said {
        title: "Continue to the manager",
        text: "You came here from another site. Your session is used from the next page on.",
        link: "Continue",
    },
    ask_again: Said {
        title: "Show your token again",
        text: "This needs a token shown within the last 10 minutes. What you typed is kept.",
        link: "Go on",
    },
    read_only: Said {
        title: "This token may only read",
        text: "Nothing was changed. Log in with a token that may change things.",
        link: "Back to the start",
    },
    cross_site: Said {
        title: "Refused",
        text: "The request did not come from a page of the manager. Nothing was changed.",
        link: "Back to the start",
    },
    not_found: Said {
        title: "Not found",
        text: "There is no such page, or what it showed was deleted.",
        link: "Back to the start",
    },
    session_ended: Said {
        title: "Your session has ended",
        text: "Log in again. Nothing was changed.",
        link: "Log in",
    },
    already_done: Said {
        title: "Done already",
        text: "This form was sent before, and what it asks for was done then. Nothing was done twice.",
        link: "Back to the start",
    },
    conflict: Said {
        title: "Changed meanwhile",
        text: "Somebody else changed this while you had it open. Nothing was changed by you: look at it again.",
        link: "Back to the start",
    },
    unread: Said {
        title: "This could not be read",
        text: "What was sent is not what the form sends. Nothing was changed: go back, and send it again.",
        link: "Back to the start",
    },
    wrong_host: Said {
        title: "Wrong address",
        text: "The manager does not answer at this host name. Use the address that you were given.",
        link: "Back to the start",
    },
    fault: Said {
        title: "Something went wrong",
        text: "The fault is ours. Look whether your change was made before you try again.",
        link: "Back to the start",
    },
    unavailable: Said {
        title: "Not available now",
        text: "The manager cannot answer now. Try again in a moment.",
        link: "Back to the start",
    },
    too_large: Said {
        title: "Too large",
        text: "What you sent is larger than any form here takes. Nothing was changed.",
        link: "Back to the start",
    },
    too_many: Said { title: "Too many attempts", text: "Try again later.", link: "Log in" },
};

const JA: Access = Access {
    log_in: Said {
        title: "ログイン",
        text: "管理者用です。管理トークンでログインしてください。開発者はポータルにログインしてください。",
        link: "ログインする",
    },
    token: "管理トークン",
    token_help: "インストール全体のトークン、または名前付きのトークンです。この画面には保存されません。",
    wrong: "このトークンは登録されていません。",
    try_again: |seconds| format!("試行回数が多すぎます。{seconds}秒後にもう一度お試しください。"),
    link: Said {
        title: "リンクでログイン",
        text: "このリンクで一度だけ管理画面にログインできます。",
        link: "ログインする",
    },
    link_ended: "このリンクは使用済みか、期限切れです。新しいリンクはLatchkeyの起動時に表示されます。",
    arrival: Said {
        title: "管理画面に進む",
        text: "別のサイトから移動しました。次のページからセッションが使用されます。",
        link: "続ける",
    },
    ask_again: Said {
        title: "トークンの再入力",
        text: "この操作には、10分以内に入力されたトークンが必要です。入力内容は保持されています。",
        link: "続ける",
    },
    read_only: Said {
        title: "このトークンは読み取り専用です",
        text: "何も変更されていません。変更できるトークンでログインしてください。",
        link: "最初のページに戻る",
    },
    cross_site: Said {
        title: "受け付けられませんでした",
        text: "管理画面からのリクエストではありません。何も変更されていません。",
        link: "最初のページに戻る",
    },
    not_found: Said {
        title: "ページが見つかりません",
        text: "ページが存在しないか、対象が削除されています。",
        link: "最初のページに戻る",
    },
    session_ended: Said {
        title: "セッションが終了しました",
        text: "もう一度ログインしてください。何も変更されていません。",
        link: "ログイン",
    },
    already_done: Said {
        title: "すでに完了しています",
        text: "このフォームは送信済みで、操作は完了しています。二重には実行されていません。",
        link: "最初のページに戻る",
    },
    conflict: Said {
        title: "途中で変更されました",
        text: "画面を開いている間に、ほかの管理者が変更しました。あなたの変更は反映されていません。内容を確認し直してください。",
        link: "最初のページに戻る",
    },
    unread: Said {
        title: "送信された内容を読み取れませんでした",
        text: "送信された内容がフォームの形式と異なります。何も変更されていません。前の画面に戻り、もう一度送信してください。",
        link: "最初のページに戻る",
    },
    wrong_host: Said {
        title: "アドレスが違います",
        text: "このホスト名では管理画面を利用できません。案内されたアドレスを使用してください。",
        link: "最初のページに戻る",
    },
    fault: Said {
        title: "問題が発生しました",
        text: "こちら側の問題です。再試行の前に、変更が反映されているかご確認ください。",
        link: "最初のページに戻る",
    },
    unavailable: Said {
        title: "現在利用できません",
        text: "しばらくしてからもう一度お試しください。",
        link: "最初のページに戻る",
    },
    too_large: Said {
        title: "サイズが大きすぎます",
        text: "送信できるサイズを超えています。何も変更されていません。",
        link: "最初のページに戻る",
    },
    too_many: Said {
        title: "試行回数が多すぎます",
        text: "しばらくしてからもう一度お試しください。",
        link: "ログイン",
    },
};
