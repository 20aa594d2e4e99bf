//! Names of the pages of administrators.

use super::{HousePage, PeoplePage, ServicesPage};

/// A page of administrators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagerPage {
    /// What waits, and the first steps.
    Start,
    /// Log in with an admin token.
    LogIn,
    /// Log in by the link that the local program prints.
    LogInLink,
    /// Log out.
    LogOut,
    /// What the words mean.
    Help,
    /// Of services, with routes and plugins.
    Services(ServicesPage),
    /// Of who asks for access: contracts, developers, applications.
    People(PeoplePage),
    /// Of the rest: consumers, the audit, settings, tokens.
    House(HousePage),
}
