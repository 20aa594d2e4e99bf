//! Decides about many contracts at once, as the endpoint for it answers.

use serde_json::{Value, json};

use super::read::{state, status};
use crate::http::pages::answered::{Answered, answered};
use crate::http::pages::desk::{Desk, object, read};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::parts::State;
use latchkey_published::limits::DECIDED_MAX;
use latchkey_store::Store;

/// What became of a contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http::pages::manager) enum Became {
    Done,
    /// It was so before.
    Already,
    /// It is in another state, in which this cannot be decided.
    Left,
    #[default]
    Gone,
    NotReached,
}

impl Answered for Became {
    fn of(value: Value) -> Option<Self> {
        Some(match value.as_str()? {
            "done" => Became::Done,
            "already" => Became::Already,
            "left" => Became::Left,
            "gone" => Became::Gone,
            "not_reached" => Became::NotReached,
            _ => return None,
        })
    }
}

answered! {
    struct Decisions {
        data: Vec<Decided>,
    }

    pub(in crate::http::pages::manager) struct Decided {
        pub(super) id: String,
        pub(in crate::http::pages::manager) became: Became,
        status: Option<u8>,
    }
}

impl Decided {
    /// Whether it is not as was decided.
    pub(in crate::http::pages::manager) fn is_left(&self) -> bool {
        !matches!(self.became, Became::Done | Became::Already)
    }

    /// Its state, where that is known.
    pub(super) fn state(&self) -> Option<State> {
        self.status.map(state)
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// Decides about contracts, by their ids: what became of each, in their order.
    pub(in crate::http::pages::manager) async fn decide(
        &self,
        ids: &[&str],
        to: State,
        reason: Value,
    ) -> Result<Vec<Decided>, Refusal> {
        let mut decided = Vec::with_capacity(ids.len());
        for some in ids.chunks(DECIDED_MAX) {
            let sent =
                [("contracts", json!(some)), ("status", json!(status(to))), ("reason", reason.clone())];
            let answer = self.post(&["application_instances", "decide"], object(sent)).await?;
            decided.extend(read::<Decisions>(&answer)?.data);
        }
        Ok(decided)
    }
}
