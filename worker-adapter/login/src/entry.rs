//! What JavaScript calls.

#![allow(unreachable_pub, reason = "JavaScript reaches it")]

use std::cell::RefCell;

use latchkey_control::log_in::Room;
use latchkey_control::passwords::{Hasher, Parameters};
use latchkey_control::ports::Random as _;
use wasm_bindgen::prelude::*;
use worker::State;
use worker::worker_sys::DurableObjectState;

use latchkey_worker_object::store::{SqlStore, at_once};
use latchkey_worker_object::system::{SystemClock, SystemRandom};

use crate::attempts::{self, Attempts, Failed};

thread_local! {
    /// One for all objects of an isolate: each has its block of memory, which an isolate has little of.
    static HASHER: RefCell<Hasher> = RefCell::new(Hasher::new(Parameters::SMALL));
}

/// The attempts of an object.
#[wasm_bindgen]
pub struct LogIns(Attempts<SqlStore, SystemClock>);

#[wasm_bindgen]
impl LogIns {
    /// Over the object's SQLite.
    #[wasm_bindgen(constructor)]
    pub fn open(state: DurableObjectState) -> Result<LogIns, JsError> {
        let store = SqlStore::open(State::from(state).storage());
        let store = store.map_err(|error| JsError::new(&error.to_string()))?;
        Ok(LogIns(Attempts::new(Room::new(store, SystemClock))))
    }

    /// Counts an attempt ([`Attempts::admit`]).
    pub fn admit(&mut self, need: &str) -> Result<String, JsError> {
        at_once(self.0.admit(need)).map_err(thrown)
    }

    /// Works one that was admitted ([`Attempts::work`]).
    pub fn work(&mut self, number: u32) -> Result<String, JsError> {
        let mut salt = [0; 16];
        SystemRandom.fill(&mut salt);
        HASHER.with_borrow_mut(|hasher| at_once(self.0.work(number, hasher, salt))).map_err(thrown)
    }

    /// Sums of failures that are due for the audit, in JSON, taken away.
    pub fn reports(&self) -> Result<String, JsError> {
        at_once(self.0.reports()).map_err(thrown)
    }

    /// Removes counters that no longer count. Whether there are more.
    #[wasm_bindgen(js_name = dropOld)]
    pub fn drop_old(&self) -> Result<bool, JsError> {
        at_once(self.0.drop_old()).map_err(thrown)
    }
}

/// The answer to an attempt that comes while as many as may wait already.
#[wasm_bindgen]
pub fn busy(need: &str) -> Result<String, JsError> {
    attempts::busy(need).map_err(thrown)
}

fn thrown(Failed(reason): Failed) -> JsError {
    JsError::new(&reason)
}
