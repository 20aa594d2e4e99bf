//! Names of the pages, by which the table of rows says what a path shows.

mod house;
mod manager;
mod people;
mod portal;
mod services;

pub use house::HousePage;
pub use manager::ManagerPage;
pub use people::PeoplePage;
pub use portal::{
    AccountPage, ApplicationPage, ContractPage, KeyPage, LogInPage, MailedPage, PortalPage,
    SpecificationPage, VisitorPage,
};
pub use services::ServicesPage;

/// A page, of one path or of several that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Of developers.
    Portal(PortalPage),
    /// Of administrators.
    Manager(ManagerPage),
}
