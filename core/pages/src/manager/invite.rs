//! Invite developers: by mail, or where there is none by links to pass on.

use super::paths;
use super::words::People;
use crate::Frame;
use crate::parts::Field;
use crate::parts::State;
use crate::parts::blocks::{Block, Button, Copied, Look, Main};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::parts::table::{Cell, Table};
use crate::words::Common;

/// Asks whom to invite.
#[derive(Debug)]
pub struct Invite<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The addresses that were typed.
    pub addresses: Typed<'a>,
    /// Whether mail is sent.
    pub has_mail: bool,
    /// Drawn for the form.
    pub nonce: &'a str,
}

impl Invite<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = People::of(self.frame.language);
        let lead = if self.has_mail { words.invite_by_mail } else { words.invite_by_link };
        let addresses = self.addresses.lines("addresses", words.addresses);
        let addresses = with_help(words.addresses_help, Field { is_required: true, ..addresses });
        let common = Common::of(self.frame.language);
        let form = FormBlock::post(common, "invite", paths::INVITE, words.invite, vec![addresses])
            .nonce(self.nonce)
            .cancel(paths::DEVELOPERS);
        Main::new(words.invite).lead(lead).block(Block::Form(form))
    }
}

/// A link for one address.
#[derive(Clone, Copy, Debug)]
pub struct InvitationLink<'a> {
    /// Whom it is for.
    pub address: &'a str,
    /// The link.
    pub link: &'a str,
}

/// Why an address was not invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteFault {
    /// It is none.
    NoAddress,
    /// There is such a developer.
    ThereAlready,
    /// As many mails were sent as may be in an hour.
    TooManyMails,
}

/// The answer that shows a link for a new password, where no mail is sent: the one page that does, and once.
#[derive(Debug)]
pub struct ResetLink<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Id of the developer.
    pub developer: &'a str,
    /// The link, and whose it is.
    pub link: InvitationLink<'a>,
}

impl ResetLink<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let link = Copied {
            id: "link".into(),
            label: (words.link_for)(self.link.address).into(),
            value: self.link.link.to_owned().into(),
            help: common.select_and_copy,
        };
        let back = Button::link(paths::developer(self.developer), self.link.address, Look::Primary);
        Main::new(words.reset_link)
            .lead(words.reset_link_help)
            .block(Block::Copy(link))
            .block(Block::Buttons(vec![back]))
    }
}

/// What came of it. Links are shown here alone, on the answer itself.
#[derive(Debug)]
pub struct Invited<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Whom a mail goes to.
    pub mailed: &'a [&'a str],
    /// Links to pass on.
    pub links: &'a [InvitationLink<'a>],
    /// Who was not invited, and why.
    pub faults: &'a [(&'a str, InviteFault)],
}

impl Invited<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = People::of(self.frame.language);
        let back = Button::link(paths::developers_in(State::Active), words.developers, Look::Primary);
        Main::new(words.invited)
            .blocks(self.mailed_blocks())
            .blocks(self.link_blocks())
            .blocks(self.fault_blocks())
            .block(Block::Buttons(vec![back]))
    }

    fn mailed_blocks(&self) -> Option<Block<'_>> {
        let words = People::of(self.frame.language);
        let row = |address: &&'_ str| vec![Cell::text((*address).to_owned())].into();
        (!self.mailed.is_empty()).then(|| {
            Block::Table(Table {
                caption: words.sent_to.into(),
                columns: vec![words.email],
                rows: self.mailed.iter().map(row).collect(),
                pick: None,
            })
        })
    }

    fn link_blocks(&self) -> Vec<Block<'_>> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        if self.links.is_empty() {
            return Vec::new();
        }
        let copied = |(at, link): (usize, &'_ InvitationLink<'_>)| {
            Block::Copy(Copied {
                id: format!("link-{at}").into(),
                label: (words.link_for)(link.address).into(),
                value: link.link.to_owned().into(),
                help: common.select_and_copy,
            })
        };
        let mut blocks =
            vec![Block::Heading(words.links_to_copy.into()), Block::Paragraph(words.links_help.into())];
        blocks.extend(self.links.iter().enumerate().map(copied));
        blocks
    }

    fn fault_blocks(&self) -> Option<Block<'_>> {
        let (words, common) = (People::of(self.frame.language), Common::of(self.frame.language));
        let sentence = |fault| match fault {
            InviteFault::NoAddress => words.is_no_address,
            InviteFault::ThereAlready => words.is_there_already,
            InviteFault::TooManyMails => words.too_many_mails,
        };
        let row = |(address, fault): &(&'_ str, InviteFault)| {
            vec![Cell::text((*address).to_owned()), Cell::text(sentence(*fault))].into()
        };
        (!self.faults.is_empty()).then(|| {
            Block::Table(Table {
                caption: words.not_invited.into(),
                columns: vec![words.email, common.reason],
                rows: self.faults.iter().map(row).collect(),
                pick: None,
            })
        })
    }
}
