//! The control plane of one workspace: what the Durable Object runs.
//!
//! Its store answers at once, so a request is one synchronous call, and nothing else happens in the
//! object meanwhile. What Workers KV is to hold it names; the script writes it.

#![allow(unreachable_pub, reason = "JavaScript reaches it")]

use latchkey_control::http::{Control, ControlSettings, InternalCause, Step};
use latchkey_control::log_in::FailureReport;
use latchkey_control::ports::{Clock, Random};
use latchkey_control::registry::{Registry, Resealing};
use latchkey_published::feed::Head;
use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;
use latchkey_published::limits::FEED_DIGESTS_MAX;
use latchkey_published::rehash::{MovedSecret, Rehash};
use latchkey_published::replica_mac::ReplicaKeys;
use latchkey_store::feed::{read_bounded_feed, read_feed, read_head};
use latchkey_store::replica::{Progress, Reached, mark_published, mark_signed, next_due};
use latchkey_store::{Batch, Check, Store, StoreError, Write};
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::{State, console_error, console_log};

use latchkey_worker_object::store::{SqlStore, at_once};
use latchkey_worker_object::system::{SystemClock, SystemRandom};
use latchkey_worker_shared::answer::{Aside, respond};
use latchkey_worker_shared::feed_text;

use crate::config::Settings;
use crate::request::Described;
use crate::{call, door, mails, password};

/// Commits that seal anew what is sealed under the previous pepper, before KV gets what they changed:
/// some ten credentials each.
const RESEALED_PARTS_AT_ONCE: usize = 10;

/// Records that KV gets in one step of publication, unless one change has more.
const RECORDS_AT_ONCE: usize = 60;

/// The workspace in an object.
#[wasm_bindgen]
pub struct Workspace {
    control: Control<SqlStore, SystemClock, SystemRandom>,
    horizon_ms: u64,
    replica_keys: ReplicaKeys,
    has_mail: bool,
}

#[wasm_bindgen]
impl Workspace {
    /// Opens the workspace: tables, tag keys, jobs that were interrupted. `calls_gateway`: whether there is
    /// somebody who makes calls at the gateway.
    #[wasm_bindgen(constructor)]
    pub fn open(
        state: DurableObjectState,
        settings: &str,
        calls_gateway: bool,
    ) -> Result<Workspace, JsError> {
        let settings =
            Settings::parse(settings, SystemRandom.uuid()).map_err(|reason| JsError::new(&reason))?;
        let store = SqlStore::open(State::from(state).storage()).map_err(describe)?;
        begin_progress(&store).map_err(describe)?;
        let replica_keys = ReplicaKeys::new(&settings.peppers);
        let registry = at_once(Registry::open(store, SystemClock, SystemRandom, settings.peppers));
        let registry = registry.map_err(|error| JsError::new(&error.to_string()))?;
        for job in at_once(registry.resume_jobs()).map_err(|error| JsError::new(&error.to_string()))? {
            console_error!("{job}: this change was begun by a newer version, which must complete it");
        }
        let has_mail = settings.control.mail_from.is_some();
        let control = Control::new(registry, ControlSettings { calls_gateway, ..settings.control });
        Ok(Workspace { control, horizon_ms: settings.replica_horizon_ms, replica_keys, has_mail })
    }

    /// Answers a request that the door has let in ([`respond`]), once it has judged it again, or says what
    /// of a password ([`password::need`]) or which call ([`call::need`]) it hangs on. `headers`: name and value, a
    /// line each. `body`: whole, as long as the door allows. `answer`: what came of the password; empty: it is
    /// not known.
    pub fn serve(
        &self,
        method: &str,
        url: &str,
        headers: &str,
        client_ip: &str,
        body: &[u8],
        answer: &str,
    ) -> String {
        let described = Described::of(method, url, headers, client_ip);
        let (Some(described), Some(answer)) = (described, password::answer(answer)) else {
            return door::fault("");
        };
        told(at_once(self.control.ask(&described.head(), body, answer.as_ref())))
    }

    /// The same of one that hangs on a call, with what came of that ([`call::answer`]).
    #[wasm_bindgen(js_name = serveCalled)]
    pub fn serve_called(
        &self,
        method: &str,
        url: &str,
        headers: &str,
        client_ip: &str,
        body: &[u8],
        called: &[u8],
    ) -> String {
        let described = Described::of(method, url, headers, client_ip);
        let (Some(described), Some(called)) = (described, call::answer(called)) else {
            return door::fault("");
        };
        told(at_once(self.control.ask_called(&described.head(), body, &called)))
    }

    /// Whether mails are sent at all.
    #[wasm_bindgen(js_name = hasMail)]
    pub fn has_mail(&self) -> bool {
        self.has_mail
    }

    /// Takes what is due of the outbox ([`mails::due`]).
    #[wasm_bindgen(js_name = dueMails)]
    pub fn due_mails(&self) -> Result<String, JsError> {
        let due = at_once(self.control.due_mails()).map_err(|error| JsError::new(&error.to_string()))?;
        Ok(mails::due(&due))
    }

    /// Says what came of sending one: `sent`, `refused` or `later`.
    #[wasm_bindgen(js_name = mailOutcome)]
    pub fn mail_outcome(&self, id: &str, outcome: &str) -> Result<(), JsError> {
        let noted = at_once(self.control.mail_outcome(id, mails::outcome(outcome)));
        noted.map_err(|error| JsError::new(&error.to_string()))
    }

    /// Writes down failed log-ins, as an object that counts them told of them, in JSON.
    #[wasm_bindgen(js_name = noteFailedLogIns)]
    pub fn note_failed_log_ins(&self, reports: &str) -> Result<(), JsError> {
        let reports: Vec<FailureReport> =
            serde_json::from_slice(reports.as_bytes()).map_err(|error| JsError::new(&error.to_string()))?;
        let noted = at_once(self.control.registry().note_failed_log_ins(&reports));
        noted.map_err(|error| JsError::new(&error.to_string()))
    }

    /// Number of the newest change.
    pub fn epoch(&self) -> Result<f64, JsError> {
        let head = at_once(self.store().get(&Head::record_key())).map_err(describe)?;
        let head: Option<Head> = head.and_then(|record| serde_json::from_slice(&record.value).ok());
        Ok(head.map_or(0.0, |head| head.epoch as f64))
    }

    /// Answers a poll of the feed.
    pub fn feed(&self, since: &str) -> Result<String, JsError> {
        let shown = self.progress().map_err(describe)?.shown(self.horizon_ms, SystemClock.unix_ms());
        let reply = match feed_text::request(since) {
            (request, true) => {
                at_once(read_bounded_feed(self.store(), request, Some(shown), FEED_DIGESTS_MAX))
            }
            (request, false) => at_once(read_feed(self.store(), request, Some(shown.settled))),
        };
        Ok(feed_text::encode(&reply.map_err(describe)?))
    }

    /// The grant at a digest; `None`: there is none.
    pub fn grant(&self, digest: &str) -> Result<Option<String>, JsError> {
        let Some(digest) = KeyDigest::from_hex(digest) else { return Ok(None) };
        let record = at_once(self.store().get(&Grant::record_key(&digest))).map_err(describe)?;
        Ok(record.map(|record| String::from_utf8_lossy(&record.value).into_owned()))
    }

    /// Moves a credential to the current pepper, with its client secret where digests of that are given. A
    /// gateway from before gives none.
    pub fn rehash(
        &self,
        old: &str,
        new: &str,
        pepper_id: &str,
        old_secret: Option<String>,
        new_secret: Option<String>,
    ) -> Result<(), JsError> {
        let digest = |hex: Option<String>| KeyDigest::from_hex(&hex?);
        let digests = KeyDigest::from_hex(old).zip(KeyDigest::from_hex(new));
        let pepper_id = pepper_id.parse().ok().map(|number: u32| number.into());
        let (Some((old, new)), Some(pepper_id)) = (digests, pepper_id) else { return Ok(()) };
        let secret = digest(old_secret).zip(digest(new_secret)).map(|(old, new)| MovedSecret { old, new });
        let moved = at_once(self.control.registry().rehash(Rehash { old, new, pepper_id, secret }));
        moved.map_err(|error| JsError::new(&error.to_string()))
    }

    /// Whether something is sealed under the previous pepper, as far as is known.
    #[wasm_bindgen(js_name = isResealDue)]
    pub fn is_reseal_due(&self) -> Result<bool, JsError> {
        at_once(self.control.registry().is_reseal_due()).map_err(|error| JsError::new(&error.to_string()))
    }

    /// Seals some of it anew, under the current pepper.
    pub fn reseal(&self) -> Result<(), JsError> {
        let resealed = at_once(self.control.registry().reseal(RESEALED_PARTS_AT_ONCE));
        if resealed.map_err(|error| JsError::new(&error.to_string()))? == Resealing::Done {
            console_log!("{}", Resealing::DONE);
        }
        Ok(())
    }

    /// What KV gets next: how far it has come with that, two numbers for [`Workspace::mark_published`],
    /// then for each grant three lines, with its digest, its text (empty: to be removed) and its MAC.
    /// Empty: KV has every change.
    pub fn due(&self) -> Result<String, JsError> {
        let due = at_once(next_due(self.store(), RECORDS_AT_ONCE)).map_err(describe)?;
        let Some(due) = due else { return Ok(String::new()) };
        let mut text = format!("{} {}", due.reached.ahead, due.reached.published);
        for (digest, record) in &due.records {
            text.push('\n');
            text.push_str(&digest.to_hex());
            text.push('\n');
            text.push_str(&self.signed_text(digest, record.as_deref().unwrap_or_default()));
        }
        Ok(text)
    }

    /// A grant's text and MAC for KV, a line each; empty: there is none at this name.
    pub fn signed(&self, name: &str) -> Result<String, JsError> {
        let Some(digest) = KeyDigest::from_hex(name) else { return Ok(String::new()) };
        let record = at_once(self.store().get(&Grant::record_key(&digest))).map_err(describe)?;
        Ok(record.map_or_else(String::new, |record| self.signed_text(&digest, &record.value)))
    }

    /// Where in KV's list those are looked for that have no MAC; `None`: all have one.
    #[wasm_bindgen(js_name = unsignedAfter)]
    pub fn unsigned_after(&self) -> Result<Option<String>, JsError> {
        Ok(self.progress().map_err(describe)?.unsigned_after().map(str::to_owned))
    }

    /// All that KV listed up to this cursor has a MAC; `None`: all of it.
    #[wasm_bindgen(js_name = markSigned)]
    pub fn mark_signed(&self, cursor: Option<String>) -> Result<(), JsError> {
        at_once(mark_signed(self.store(), cursor.as_deref())).map_err(describe)
    }

    /// KV took what was due.
    #[wasm_bindgen(js_name = markPublished)]
    pub fn mark_published(&self, ahead: f64, published: f64) -> Result<(), JsError> {
        let now_ms = SystemClock.unix_ms();
        let reached = Reached { ahead: ahead as u64, published: published as u64 };
        let marked = mark_published(self.store(), reached, self.horizon_ms, now_ms);
        at_once(marked).map_err(describe)
    }

    /// Removes some of the records that are no longer kept, of the audit and of imports. Answers whether there are more.
    #[wasm_bindgen(js_name = dropOldRecords)]
    pub fn drop_old_records(&self) -> Result<bool, JsError> {
        at_once(self.control.drop_old_records()).map_err(|error| JsError::new(&error.to_string()))
    }

    /// Whether there is a change that KV does not have, or a record in it without a MAC.
    #[wasm_bindgen(js_name = isBehind)]
    pub fn is_behind(&self) -> Result<bool, JsError> {
        let progress = self.progress().map_err(describe)?;
        let head = at_once(read_head(self.store())).map_err(describe)?;
        // Changes that are no longer kept are not due: while a restore goes on, there are no others.
        Ok(progress.published.max(head.floor) < head.epoch || progress.unsigned_after().is_some())
    }
}

impl Workspace {
    fn store(&self) -> &SqlStore {
        self.control.registry().store()
    }

    /// A record as KV gets it: its text, a line break, its MAC. Records are JSON without line breaks.
    fn signed_text(&self, digest: &KeyDigest, record: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(record).into_owned();
        text.push('\n');
        if !record.is_empty() {
            text.push_str(&self.replica_keys.sign(digest, text.trim_end().as_bytes()));
        }
        text
    }

    fn progress(&self) -> Result<Progress, StoreError> {
        let record = at_once(self.store().get(&Progress::record_key()))?;
        let Some(record) = record else { return Ok(Progress::default()) };
        serde_json::from_slice(&record.value).map_err(|error| StoreError::Failed(error.to_string()))
    }
}

/// How far a request has come, as a text.
fn told(step: Step) -> String {
    match step {
        Step::Password(need) => password::need(&need),
        Step::Call(call) => call::need(*call),
        Step::Answer(response) => {
            if let Some(cause) = response.extensions().get::<InternalCause>() {
                console_error!("a call to the control plane failed: {cause}");
            }
            respond(&response, "", &Aside::default())
        }
    }
}

/// From the first change on, the feed must know how far KV has come.
fn begin_progress(store: &SqlStore) -> Result<(), StoreError> {
    let key = Progress::record_key();
    if at_once(store.get(&key))?.is_none() {
        let value = serde_json::to_vec(&Progress::default()).expect("records have string keys only");
        let batch = Batch { checks: vec![Check::Absent(key.clone())], writes: vec![Write::Put(key, value)] };
        at_once(store.commit(batch))?;
    }
    Ok(())
}

fn describe(error: StoreError) -> JsError {
    JsError::new(&error.to_string())
}
