//! The pages of developers.
//!
//! A view says what is on a page by blocks ([`crate::parts`]), in the words of its area ([`words`]). Fields of
//! forms are named as the members of the Portal API's calls that they become, so that what is wrong with one
//! stands beside it.

mod access;
mod account;
mod application;
mod applications;
mod contract;
mod fields;
mod key_ends;
mod key_once;
mod keys;
mod list;
mod log_in;
mod mailed;
mod notice;
mod passwords;
pub mod paths;
pub mod samples;
mod service;
mod services;
mod sign_up;
mod transfer;
mod words;

pub use access::{RequestFields, ServiceAccess};
pub use account::{Account, AccountDelete, PasswordFields, Session};
pub use application::{Application, ApplicationDelete, Details};
pub use applications::{
    ApplicationEdit, ApplicationFields, ApplicationNew, ApplicationRow, Applications, Askable,
};
pub use contract::{AccessEnd, Contract};
pub use fields::{MetaField, MetaKind};
pub use key_ends::{EndKey, EndingKey, RotateKey};
pub use key_once::{KeyOnce, KeyShownAlready, RotatedAlready};
pub use keys::{Key, KeyFields, KeyNew, KeyPage};
pub use log_in::{LogIn, LogInAgain, LogInFault, LogInLinkSent, ShowCode};
pub use mailed::{EndedLink, LinkEnded, LookIntoMail, MailedLink, Mailing, ResendVerification};
pub use notice::{Notice, NoticePage};
pub use passwords::{Forgot, Reset};
pub use service::ServicePage;
pub use services::{ServiceRow, Services};
pub use sign_up::SignUp;
pub use transfer::{AcceptTransfer, Transfer};

crate::parts::pages! { AcceptTransfer, AccessEnd, Account, AccountDelete, Application, ApplicationDelete, ApplicationEdit, ApplicationNew, Applications, Contract, EndKey, Forgot, KeyNew, KeyOnce, KeyPage, KeyShownAlready, LinkEnded, LogIn, LogInAgain, LogInLinkSent, LookIntoMail, MailedLink, NoticePage, ResendVerification, Reset, RotateKey, RotatedAlready, ServicePage, Services, ShowCode, SignUp, Transfer }

/// A thing that a page links to: its id, and what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thing<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
}
