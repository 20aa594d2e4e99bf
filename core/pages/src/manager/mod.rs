//! The pages of administrators.
//!
//! A view says what is on a page by blocks ([`blocks`]), in the words of its area ([`words`]); the few
//! templates are of blocks, and what people typed is escaped there alone.

mod applications;
mod audit;
mod audited;
mod confirm;
mod consumers;
mod contracts;
mod developers;
mod find_key;
mod invite;
mod keys;
mod log_in;
mod matching;
mod notice;
pub mod paths;
mod plugins;
mod requests;
mod routes;
pub mod samples;
mod service;
mod services;
mod settings;
mod start;
mod tokens;
mod words;

pub use applications::{Application, ApplicationRow, Applications, HeldKey, MoveApplication};
pub use audit::{Audit, AuditFilter, Change, Record, Who, no_day};
pub use audited::{Did, Kind};
pub use confirm::{Confirm, Impact, Taking};
pub use consumers::{Consumer, ConsumerFields, ConsumerNew, ConsumerRow, Consumers};
pub use contracts::{ContractFilter, ContractRow, Contracts};
pub use developers::{Developer, DeveloperRow, Developers};
pub use find_key::{FindKey, FoundKey, KeyFault, Owner};
pub use invite::{InvitationLink, Invite, InviteFault, Invited, ResetLink};
pub use keys::{ConsumerKey, KeyFields, KeyNew, KeyShown, RotateKey};
pub use log_in::{AskAgain, Continue, LogIn, LogInFault, LogInLink};
pub use matching::{AskedRequest, Candidate, Looked, MatchRequest, Miss};
pub use notice::{KeyShownAlready, Notice, NoticePage};
pub use plugins::{Plugin, PluginCards, PluginForm, Preview, Warning, plugin_field};
pub use requests::{PartlyDone, Request, Requests, Undecided};
pub use routes::{RouteFields, RouteNew, RoutePage, RouteRow, Routes};
pub use service::{
    Document, PluginRow, Service, ServiceContracts, ServiceDetails, ServiceDocument, ServicePlugins,
    ServiceRoutes,
};
pub use services::{ServiceFields, ServiceNew, ServiceRow, Services};
pub use settings::{LookFields, MailFields, RegistrationField, RegistrationKind, SettingsPage};
pub use start::{EndingKey, FirstRun, Start};
pub use tokens::{TokenNew, TokenRow, TokenShown, TokenShownAlready, Tokens};

crate::parts::pages! { Application, Applications, AskAgain, Audit, Confirm, Consumer, ConsumerNew, Consumers, Continue, Contracts, Developer, Developers, FindKey, FoundKey, Invite, Invited, KeyNew, KeyShown, KeyShownAlready, LogIn, LogInLink, MatchRequest, MoveApplication, NoticePage, PluginCards, PluginForm, Requests, ResetLink, RotateKey, RouteNew, RoutePage, Routes, ServiceContracts, ServiceDetails, ServiceDocument, ServiceNew, ServicePlugins, ServiceRoutes, Services, SettingsPage, Start, TokenNew, TokenShown, TokenShownAlready, Tokens }

/// A thing that a page links to: its id, and what it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thing<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name, or its id where it has none.
    pub name: &'a str,
}
