//! What came of an action, said once on the page after it.

use std::borrow::Cow;

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

    /// The sentence of a page.
    fn sentence(self, language: Language) -> &'static str {
        let (_, en, ja) = self.words();
        match language {
            Language::En => en,
            Language::Ja => ja,
        }
    }

    /// The same of several requests for access.
    fn sentence_of(self, count: u16, language: Language) -> Option<String> {
        match (self, language) {
            (Said::Approved, Language::En) => Some(format!("{count} requests were approved.")),
            (Said::Approved, Language::Ja) => Some(format!("{count}件の申請を承認しました。")),
            (Said::Rejected, Language::En) => Some(format!("{count} requests were rejected.")),
            (Said::Rejected, Language::Ja) => Some(format!("{count}件の申請を却下しました。")),
            _ => None,
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

/// What came of an action, and of how many, where it was of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    said: Said,
    count: Option<u16>,
}

impl From<Said> for Told {
    fn from(said: Said) -> Self {
        Told { said, count: None }
    }
}

impl Told {
    /// Of so many.
    pub fn of(said: Said, count: usize) -> Self {
        Told { said, count: (count > 1).then(|| count.try_into().unwrap_or(u16::MAX)) }
    }

    /// As it is carried to the next page: letters, digits, `-` and `.`.
    pub fn code(self) -> String {
        let count = self.count.map(|count| format!(".{count}")).unwrap_or_default();
        format!("{}{count}", self.said.code())
    }

    /// What a code stands for.
    pub fn parse(code: &str) -> Option<Self> {
        let Some((said, count)) = code.split_once('.') else { return Said::parse(code).map(Told::from) };
        let count = count.parse().ok().filter(|count| *count > 1)?;
        Some(Told { said: Said::parse(said)?, count: Some(count) })
    }

    /// The sentence of a page.
    pub fn sentence(self, language: Language) -> Cow<'static, str> {
        let of_several = self.count.and_then(|count| self.said.sentence_of(count, language));
        of_several.map_or(Cow::Borrowed(self.said.sentence(language)), Cow::Owned)
    }

    /// The message of a page, of that sentence.
    pub fn message(self, sentence: &str) -> Message<'_> {
        match self.said {
            Said::SomeFailed => Message::Failed(sentence),
            _ => Message::Done(sentence),
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

    #[test]
    fn what_is_told_of_several_says_how_many() {
        for (told, code, en) in [
            (Told::of(Said::Approved, 500), "approved.500", "500 requests were approved."),
            (Told::of(Said::Rejected, 2), "rejected.2", "2 requests were rejected."),
            (Told::of(Said::Approved, 1), "approved", "Approved."),
            (Said::Saved.into(), "saved", "Saved."),
        ] {
            assert_eq!((told.code().as_str(), Told::parse(code)), (code, Some(told)));
            assert_eq!(told.sentence(Language::En), en);
        }
        assert_eq!(Told::of(Said::Approved, 500).sentence(Language::Ja), "500件の申請を承認しました。");
        for code in ["approved.", "approved.1", "approved.-2", "approved.99999", "approved.2.2", "<script>.2"]
        {
            assert_eq!(Told::parse(code), None, "{code}");
        }
    }
}
