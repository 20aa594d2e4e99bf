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

/// Set to anything, all cases run behind every way.
pub const EVERYWHERE_VARIABLE: &str = "LATCHKEY_TEST_EVERYWHERE";

impl Way {
    /// Behind one way all cases run; behind the others those that the way can make a difference to.
    pub fn runs_all(self) -> bool {
        self == Self::Trigger(Trigger::FunctionUrl) || std::env::var_os(EVERYWHERE_VARIABLE).is_some()
    }

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
