//! The ways to the function.

use super::trigger::Trigger;

/// How requests reach the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Through a front of ours.
    Trigger(Trigger),
    /// Through `cargo lambda watch`, which makes events of an HTTP API.
    Watch,
}

impl Way {
    pub fn name(self) -> &'static str {
        match self {
            Self::Trigger(trigger) => trigger.name(),
            Self::Watch => "watch",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        if name == "watch" { Some(Self::Watch) } else { Trigger::named(name).map(Self::Trigger) }
    }

    /// The scheme that its clients are taken to use.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Trigger(trigger) => trigger.scheme(),
            // It says nothing of the scheme, and an HTTP API has no other.
            Self::Watch => "https",
        }
    }
}
