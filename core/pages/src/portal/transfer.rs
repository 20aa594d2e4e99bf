//! An application that changes hands.

use super::fields::email;
use super::words::Applications as Words;
use super::{Thing, paths};
use crate::Frame;
use crate::parts::Field;
use crate::parts::blocks::{Block, Main};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::words::Common;

/// Offers an application to another developer. The form sends `email`; the answer is the same whether or
/// not somebody has the address.
#[derive(Debug)]
pub struct Transfer<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The application.
    pub application: Thing<'a>,
    /// The address that was typed.
    pub email: Typed<'a>,
}

impl Transfer<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let id = self.application.id;
        // Somebody else's address: browsers are not to fill in the developer's own.
        let other = Field { autocomplete: Some("off"), ..email(self.email, words.transfer_to) };
        let fields = vec![with_help(words.transfer_help, other)];
        let form = FormBlock::post(common, "transfer", paths::transfer(id), words.offer, fields)
            .cancel(paths::application(id));
        Main::new((words.transfer_title)(self.application.name))
            .lead(words.transfer_text)
            .block(Block::Form(form))
    }
}

/// Accepts an application that another developer offers.
#[derive(Debug)]
pub struct AcceptTransfer<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The application.
    pub application: Thing<'a>,
}

impl AcceptTransfer<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let action = paths::accept_transfer(self.application.id);
        let form =
            FormBlock::post(common, "accept", action, words.accept, Vec::new()).cancel(paths::APPLICATIONS);
        Main::new((words.accept_title)(self.application.name))
            .lead(words.accept_text)
            .block(Block::Form(form))
    }
}
