//! Where links of mails lead: pages with one button, since scanners of mails follow links, and so a GET
//! changes nothing.

use super::fields::email;
use super::paths;
use super::words::{Access, Mailed, Said};
use crate::parts::blocks::{Block, Button, Look, Main};
use crate::parts::fields::{FormBlock, Typed};
use crate::words::Common;
use crate::{Frame, Language};

/// What a mailed link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mailing {
    /// Verifies the address of a new account.
    Verify,
    /// Logs in.
    LogIn,
    /// Confirms a new address.
    ConfirmAddress,
    /// Keeps the address of before a change.
    RevertAddress,
    /// Who did not sign up says so.
    NotMe,
}

impl Mailing {
    fn said(self, language: Language) -> &'static Said {
        let words = Mailed::of(language);
        match self {
            Mailing::Verify => &words.verify,
            Mailing::LogIn => &words.log_in,
            Mailing::ConfirmAddress => &words.confirm_address,
            Mailing::RevertAddress => &words.revert_address,
            Mailing::NotMe => &words.not_me,
        }
    }

    fn action(self) -> &'static str {
        match self {
            Mailing::Verify => paths::VERIFY,
            Mailing::LogIn => paths::LOG_IN_LINK,
            Mailing::ConfirmAddress => paths::CONFIRM_ADDRESS,
            Mailing::RevertAddress => paths::REVERT_ADDRESS,
            Mailing::NotMe => paths::NOT_ME,
        }
    }
}

/// A page with one button, which spends the token of a mail.
#[derive(Debug)]
pub struct MailedLink<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The token of the link.
    pub token: &'a str,
    /// What it is for.
    pub mailing: Mailing,
}

impl MailedLink<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let said = self.mailing.said(self.frame.language);
        let common = Common::of(self.frame.language);
        let form = FormBlock::post(common, "mailed", self.mailing.action(), said.link, Vec::new());
        let not_me = (self.mailing == Mailing::Verify).then(|| {
            let text = Mailed::of(self.frame.language).was_not_me;
            Block::Buttons(vec![Button::link(paths::not_me(self.token), text, Look::Ordinary)])
        });
        Main::new(said.title)
            .lead(said.text)
            .block(Block::Form(form.hidden("token", self.token)))
            .blocks(not_me)
    }
}

/// What a link that has ended was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedLink {
    /// What one button does.
    Mailed(Mailing),
    /// Sets a new password.
    Reset,
}

/// A link that was used already, or that is too old: offers another, where there is one.
#[derive(Debug)]
pub struct LinkEnded<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What it was for.
    pub link: EndedLink,
}

impl LinkEnded<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, access) = (Mailed::of(self.frame.language), Access::of(self.frame.language));
        let (text, href, button) = match self.link {
            EndedLink::Mailed(Mailing::Verify) => (words.verify_ended, paths::RESEND, words.resend.link),
            EndedLink::Mailed(Mailing::LogIn) => (words.log_in_ended, paths::LOG_IN, access.log_in),
            EndedLink::Mailed(Mailing::ConfirmAddress) => {
                (words.address_ended, paths::ACCOUNT, words.account)
            }
            EndedLink::Mailed(Mailing::RevertAddress) => (words.revert_ended, paths::LOG_IN, access.log_in),
            EndedLink::Mailed(Mailing::NotMe) => (words.not_me_ended, paths::LOG_IN, access.log_in),
            EndedLink::Reset => (words.reset_ended, paths::FORGOT, access.send_link),
        };
        let button = Button::link(href, button, Look::Primary);
        Main::new(words.ended).lead(text).block(Block::Buttons(vec![button]))
    }
}

/// A mail was sent, or would have been: the same for every address.
#[derive(Debug)]
pub struct LookIntoMail<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
}

impl LookIntoMail<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Mailed::of(self.frame.language);
        let said = &words.look_into_mail;
        let link = Button::link(paths::LOG_IN, said.link, Look::Primary);
        Main::new(said.title).lead(said.text).block(Block::Buttons(vec![link]))
    }
}

/// Another mail to verify an address. The form sends `email`.
#[derive(Debug)]
pub struct ResendVerification<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The address that was typed.
    pub email: Typed<'a>,
}

impl ResendVerification<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (said, words) = (&Mailed::of(self.frame.language).resend, Access::of(self.frame.language));
        let fields = vec![email(self.email, words.email)];
        let common = Common::of(self.frame.language);
        let form = FormBlock::post(common, "resend", paths::RESEND, said.link, fields).cancel(paths::LOG_IN);
        Main::new(said.title).lead(said.text).block(Block::Form(form))
    }
}
