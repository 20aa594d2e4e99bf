//! When a key ends, as forms ask for it: at one of a few times, or at a time of one's own.

use super::field::{Field, Input};
use super::fields::{Typed, with_help};
use crate::Language;
use crate::words::{Common, of_language};

/// What was typed of an end. The form sends `ends` and `own`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends<'a> {
    /// Of a new key `never`, `30d`, `90d`, `1y` or `own`; of the one that is rotated `now`, `1h`, `24h`, `7d` or
    /// `own`.
    pub ends: Typed<'a>,
    /// The own time, as HTML's `datetime-local` has it, UTC.
    pub own: Typed<'a>,
}

impl<'a> Ends<'a> {
    /// Asks when a new key ends, or a new admin token.
    pub(crate) fn of_new(self, label: &'static str, language: Language) -> [Field<'a>; 2] {
        let (words, common) = (Words::of(language), Common::of(language));
        let choices = vec![
            ("never", common.never),
            ("30d", words.days_30),
            ("90d", words.days_90),
            ("1y", words.one_year),
            ("own", words.own),
        ];
        self.fields(label, choices, words)
    }

    /// Asks when the key ends that is rotated: in a day, unless another time is chosen.
    pub(crate) fn of_old(mut self, language: Language) -> [Field<'a>; 2] {
        let words = Words::of(language);
        let choices = vec![
            ("now", words.now),
            ("1h", words.hour),
            ("24h", words.day),
            ("7d", words.week),
            ("own", words.own),
        ];
        if self.ends.value.is_empty() {
            self.ends.value = "24h";
        }
        self.fields(words.old_ends, choices, words)
    }

    fn fields(
        self,
        label: &'static str,
        choices: Vec<(&'static str, &'static str)>,
        words: &'static Words,
    ) -> [Field<'a>; 2] {
        let ends = Field { input: Input::Choice(choices), ..self.ends.line("ends", label) };
        let own = Field { input: Input::Line("datetime-local"), ..self.own.optional("own", words.own_date) };
        [ends, with_help(words.own_help, own)]
    }
}

#[derive(Debug)]
struct Words {
    days_30: &'static str,
    days_90: &'static str,
    one_year: &'static str,
    old_ends: &'static str,
    now: &'static str,
    hour: &'static str,
    day: &'static str,
    week: &'static str,
    own: &'static str,
    own_date: &'static str,
    own_help: &'static str,
}

of_language!(Words);

const EN: Words = Words {
    days_30: "After 30 days",
    days_90: "After 90 days",
    one_year: "After one year",
    old_ends: "The old key ends",
    now: "Now",
    hour: "In 1 hour",
    day: "In 24 hours",
    week: "In 7 days",
    own: "At a time of my own",
    own_date: "Time of my own, UTC",
    own_help: "Only for a time of your own.",
};

const JA: Words = Words {
    days_30: "30日後",
    days_90: "90日後",
    one_year: "1年後",
    old_ends: "旧キーの失効",
    now: "今すぐ",
    hour: "1時間後",
    day: "24時間後",
    week: "7日後",
    own: "日時を指定する",
    own_date: "指定日時 (UTC)",
    own_help: "日時を指定する場合のみ入力してください。",
};
