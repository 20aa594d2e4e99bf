//! A forgotten password, and a new one.

use super::fields::{email, new, password_rule};
use super::paths;
use super::words::Access;
use crate::Frame;
use crate::parts::blocks::{Block, Main};
use crate::parts::fields::{FormBlock, Typed};
use crate::words::Common;

/// Asks for a link to set a new password. The form sends `email`; the answer is the same for every address.
#[derive(Debug)]
pub struct Forgot<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The address that was typed.
    pub email: Typed<'a>,
}

impl Forgot<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Access::of(self.frame.language);
        let fields = vec![email(self.email, words.email)];
        let common = Common::of(self.frame.language);
        let form =
            FormBlock::post(common, "forgot", paths::FORGOT, words.send_link, fields).cancel(paths::LOG_IN);
        Main::new(words.forgot).lead(words.forgot_lead).block(Block::Form(form))
    }
}

/// Sets a new password by the token of a mail. The form sends `password`, and `again` the same.
#[derive(Debug)]
pub struct Reset<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The token of the link.
    pub token: &'a str,
    /// What is wrong with the password.
    pub password_fault: Option<&'a str>,
    /// What is wrong with it once more.
    pub again_fault: Option<&'a str>,
    /// Characters of a password, at least.
    pub password_min: u64,
}

impl Reset<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Access::of(self.frame.language);
        let fields = vec![
            new("password", words.new_password, self.password_fault),
            new("again", words.again, self.again_fault),
        ];
        let common = Common::of(self.frame.language);
        let form = FormBlock::post(common, "reset", paths::RESET, words.set_password, fields)
            .hidden("token", self.token);
        Main::new(words.reset)
            .lead(words.reset_lead)
            .block(Block::Paragraph(password_rule(self.frame, self.password_min).into()))
            .block(Block::Form(form))
    }
}
