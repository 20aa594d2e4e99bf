//! Log-in, by password or by a mailed link, and again before what needs a log-in of lately.

use super::fields::{current, email};
use super::paths;
use super::words::{Access, Mailed};
use crate::Frame;
use crate::parts::Field;
use crate::parts::blocks::{Block, Button, Look, Main};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::Cell;
use crate::words::Common;

/// Why a log-in failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogInFault {
    /// Whatever is wrong with it: all are answered alike.
    Wrong,
    /// Too many attempts: seconds to wait.
    TooMany(u64),
}

impl LogInFault {
    fn sentence(self, words: &'static Access) -> String {
        match self {
            LogInFault::Wrong => words.wrong.to_owned(),
            LogInFault::TooMany(seconds) => (words.try_again)(seconds),
        }
    }
}

/// Log in. The form sends `email` and `password`, another below it `email` alone.
#[derive(Debug)]
pub struct LogIn<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The address that was typed.
    pub email: &'a str,
    /// What came of the last attempt.
    pub fault: Option<LogInFault>,
    /// The address that a link was asked for with.
    pub link: Typed<'a>,
    /// Path of the portal that was asked for, to go on to.
    pub return_to: Option<&'a str>,
    /// Whether mails can be sent.
    pub has_mail: bool,
    /// Whether log-in by a mailed link is open.
    pub has_links: bool,
}

impl LogIn<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Access::of(self.frame.language);
        let address = Typed { value: self.email, fault: None };
        let fields = vec![email(address, words.email), current("password", words.password, None)];
        let common = Common::of(self.frame.language);
        let form = FormBlock::post(common, "log-in", paths::LOG_IN, words.log_in_button, fields)
            .fault(self.fault.map(|fault| fault.sentence(words)));
        let mut others = vec![Button::link(paths::SIGN_UP, words.has_no_account, Look::Ordinary)];
        if self.has_mail {
            others.push(Button::link(paths::FORGOT, words.forgot, Look::Ordinary));
            others.push(Button::link(paths::RESEND, words.not_verified, Look::Ordinary));
        }
        Main::new(words.log_in)
            .block(Block::Form(returning(form, self.return_to)))
            .blocks(self.has_links.then(|| self.by_link()).into_iter().flatten())
            .block(Block::Buttons(others))
    }

    fn by_link(&self) -> [Block<'_>; 3] {
        let words = Access::of(self.frame.language);
        let fields = vec![email(self.link, words.email)];
        let common = Common::of(self.frame.language);
        let form = FormBlock::post(common, "link", paths::LOG_IN_ASK_LINK, words.send_link, fields);
        [
            Block::Heading(words.by_link.into()),
            Block::Paragraph(words.by_link_text.into()),
            Block::Form(returning(form, self.return_to)),
        ]
    }
}

/// Goes on to what was asked for.
fn returning<'a>(form: FormBlock<'a>, return_to: Option<&'a str>) -> FormBlock<'a> {
    match return_to {
        Some(path) => form.hidden("return_to", path),
        None => form,
    }
}

/// After a link was asked for, in the browser that asked: opened elsewhere, the link shows a code, which is
/// typed here. The form sends `code`.
#[derive(Debug)]
pub struct LogInLinkSent<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The code that was typed.
    pub code: Typed<'a>,
    /// Path of the portal that was asked for, to go on to.
    pub return_to: Option<&'a str>,
}

impl LogInLinkSent<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Access::of(self.frame.language);
        let code = Field { autocomplete: Some("one-time-code"), ..self.code.line("code", words.code) };
        let fields = vec![with_help(words.code_help, code)];
        let common = Common::of(self.frame.language);
        let form = FormBlock::post(common, "code", paths::LOG_IN_CODE, words.log_in_button, fields);
        Main::new(words.link_sent)
            .lead(words.link_sent_text)
            .block(Block::Form(returning(form, self.return_to)))
    }
}

/// The code of a link that was opened in another browser than asked for it.
#[derive(Debug)]
pub struct ShowCode<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Six digits.
    pub code: &'a str,
}

impl ShowCode<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Mailed::of(self.frame.language);
        let code = (words.the_code.into(), Cell::Code(self.code.into()));
        let link = Button::link(paths::SERVICES, words.code.link, Look::Ordinary);
        Main::new(words.code.title)
            .lead(words.code.text)
            .block(Block::Facts(vec![code]))
            .block(Block::Buttons(vec![link]))
    }
}

/// Asks for the password again, before what needs a log-in within ten minutes. The form sends `password`.
#[derive(Debug)]
pub struct LogInAgain<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The address of the account.
    pub email: &'a str,
    /// Path of the page to go back to.
    pub return_to: &'a str,
    /// What came of the last attempt.
    pub fault: Option<LogInFault>,
    /// Whether log-in by a mailed link is open.
    pub has_links: bool,
}

impl LogInAgain<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Access::of(self.frame.language);
        let common = Common::of(self.frame.language);
        let wrong = (self.fault == Some(LogInFault::Wrong)).then_some(words.wrong_password);
        let held = self.fault.filter(|fault| *fault != LogInFault::Wrong);
        let fields = vec![current("password", words.password, wrong)];
        let form = FormBlock::post(common, "log-in", paths::LOG_IN_AGAIN, words.log_in_button, fields)
            .hidden("return_to", self.return_to)
            .fault(held.map(|fault| fault.sentence(words)))
            .cancel(self.return_to);
        let link = || {
            let form = FormBlock::post(common, "link", paths::LOG_IN_ASK_LINK, words.send_link, Vec::new());
            let form = form.hidden("email", self.email).hidden("return_to", self.return_to);
            [Block::Heading(words.by_link.into()), Block::Form(form)]
        };
        Main::new(words.log_in_again)
            .lead(words.log_in_again_text)
            .block(Block::Form(form))
            .blocks(self.has_links.then(link).into_iter().flatten())
    }
}
