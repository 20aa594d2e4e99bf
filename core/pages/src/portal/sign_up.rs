//! Sign-up.

use super::fields::{MetaField, email, new, password_rule};
use super::paths;
use super::words::Access;
use crate::Frame;
use crate::parts::blocks::{Block, Button, Look, Main};
use crate::parts::fields::{FormBlock, Typed};
use crate::words::Common;

/// A new account. The form sends `email`, `password` and the administrator's fields. Sent twice it makes one
/// account, by its address, so that it has no nonce.
#[derive(Debug)]
pub struct SignUp<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What administrators ask for, the name first.
    pub meta: &'a [MetaField<'a>],
    /// The address that was typed.
    pub email: Typed<'a>,
    /// What is wrong with the password, which never comes back.
    pub password_fault: Option<&'a str>,
    /// Characters of a password, at least.
    pub password_min: u64,
    /// Too many sign-ups: seconds to wait.
    pub wait: Option<u64>,
}

impl SignUp<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Access::of(self.frame.language);
        let mut fields: Vec<_> = self.meta.iter().map(|field| field.field(self.frame.language)).collect();
        fields.push(email(self.email, words.email));
        fields.push(new("password", words.password, self.password_fault));
        let common = Common::of(self.frame.language);
        let form = FormBlock::post(common, "sign-up", paths::SIGN_UP, words.sign_up_button, fields)
            .fault(self.wait.map(words.try_again));
        let log_in = Button::link(paths::LOG_IN, words.has_account, Look::Ordinary);
        Main::new(words.sign_up)
            .lead(password_rule(self.frame, self.password_min))
            .block(Block::Form(form))
            .block(Block::Buttons(vec![log_in]))
    }
}
