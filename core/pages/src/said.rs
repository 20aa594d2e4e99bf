//! What came of an action, said once on the page after it.

use crate::{Language, Message};

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Something new is there.
    Created,
    /// It was changed.
    Saved,
    /// It is gone.
    Deleted,
    /// A request for access was sent.
    Asked,
    /// A request for access is no more.
    Withdrawn,
    /// What waited was approved.
    Approved,
    /// What waited was rejected.
    Rejected,
    /// Access was taken away.
    Revoked,
    /// It is not served for now.
    Suspended,
    /// It is served again.
    Resumed,
    /// A mail is on its way.
    Mailed,
    /// It belongs to another developer.
    Moved,
    /// It was offered to another developer.
    Offered,
    /// It was another developer's, and is one's own.
    Accepted,
    /// Sessions or keys have ended.
    Ended,
    /// The address is confirmed.
    Confirmed,
    /// The password is set.
    PasswordSet,
    /// The session has ended.
    LoggedOut,
    /// It was done before: nothing was done again.
    AlreadyDone,
    /// Some of what was picked could not be done.
    SomeFailed,
}

impl Said {
    /// All of them.
    pub const ALL: [Said; 20] = [
        Said::Created,
        Said::Saved,
        Said::Deleted,
        Said::Asked,
        Said::Withdrawn,
        Said::Approved,
        Said::Rejected,
        Said::Revoked,
        Said::Suspended,
        Said::Resumed,
        Said::Mailed,
        Said::Moved,
        Said::Offered,
        Said::Accepted,
        Said::Ended,
        Said::Confirmed,
        Said::PasswordSet,
        Said::LoggedOut,
        Said::AlreadyDone,
        Said::SomeFailed,
    ];

    /// As it is carried to the next page: letters and `-`.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// What a code stands for.
    pub fn parse(code: &str) -> Option<Self> {
        Said::ALL.into_iter().find(|said| said.code() == code)
    }

    /// The message of a page.
    pub fn message(self, language: Language) -> Message<'static> {
        let (_, en, ja) = self.words();
        let sentence = match language {
            Language::En => en,
            Language::Ja => ja,
        };
        match self {
            Said::SomeFailed => Message::Failed(sentence),
            _ => Message::Done(sentence),
        }
    }

    /// Code, English, Japanese.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Said::Created => ("created", "Created.", "作成しました。"),
            Said::Saved => ("saved", "Saved.", "保存しました。"),
            Said::Deleted => ("deleted", "Deleted.", "削除しました。"),
            Said::Asked => ("asked", "Access was requested.", "利用を申請しました。"),
            Said::Withdrawn => ("withdrawn", "The request was withdrawn.", "申請を取り下げました。"),
            Said::Approved => ("approved", "Approved.", "承認しました。"),
            Said::Rejected => ("rejected", "Rejected.", "却下しました。"),
            Said::Revoked => (
                "revoked",
                "Access was revoked. Calls are refused within 5 seconds.",
                "利用を取り消しました。5秒以内に反映されます。",
            ),
            Said::Suspended => ("suspended", "Suspended.", "一時停止しました。"),
            Said::Resumed => ("resumed", "Resumed.", "再開しました。"),
            Said::Mailed => ("mailed", "A mail is on its way.", "メールを送信しました。"),
            Said::Moved => ("moved", "It belongs to the other developer now.", "別の開発者に移しました。"),
            Said::Offered => (
                "offered",
                "The offer was mailed. The application is yours until it is accepted.",
                "譲渡の案内をメールで送信しました。承諾されるまでアプリケーションはあなたのものです。",
            ),
            Said::Accepted => {
                ("accepted", "The application is yours now.", "アプリケーションを譲り受けました。")
            }
            Said::Ended => ("ended", "Ended.", "終了しました。"),
            Said::Confirmed => {
                ("confirmed", "The e-mail address is confirmed.", "メールアドレスを確認しました。")
            }
            Said::PasswordSet => (
                "password-set",
                "The password is set. Log in with it.",
                "パスワードを設定しました。ログインしてください。",
            ),
            Said::LoggedOut => ("logged-out", "You are logged out.", "ログアウトしました。"),
            Said::AlreadyDone => (
                "already-done",
                "This was done already; nothing was done again.",
                "すでに処理済みです。再度の処理は行っていません。",
            ),
            Said::SomeFailed => (
                "some-failed",
                "Not all of them could be changed; those that are left are shown.",
                "一部を変更できませんでした。残っているものが表示されています。",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_known_by_its_code_alone() {
        for said in Said::ALL {
            assert_eq!(Said::parse(said.code()), Some(said));
            assert!(said.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
        }
        assert_eq!(Said::parse("<script>"), None);
    }
}
