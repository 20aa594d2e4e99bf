//! The control plane of one workspace: what the Durable Object runs.
//!
//! Its store answers at once, so a call of the Admin API is one synchronous call, and nothing else
//! happens in the object meanwhile. Only Workers KV is waited for.

#![allow(unreachable_pub, reason = "JavaScript reaches it")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{HeaderMap, HeaderName, HeaderValue};
use latchkey_core::admin::{Admin, AdminRequest, AdminSettings, InternalCause};
use latchkey_core::feed::{Head, read_feed};
use latchkey_core::grant::Grant;
use latchkey_core::keys::KeyDigest;
use latchkey_core::ports::{Clock, Random};
use latchkey_core::registry::Registry;
use latchkey_core::replica::{Progress, Published, publish_next};
use latchkey_core::store::{Batch, Check, Store, StoreError, Write};
use latchkey_core::surface::{Surface, surface};
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;
use worker::{Env, State, console_error};

use crate::answer::{self, Aside};
use crate::config::Settings;
use crate::data_plane::PREFIX;
use crate::feed_text;
use crate::replica::KvReplica;
use crate::store::SqlStore;
use crate::system::{SystemClock, SystemRandom};

/// Version of Kong whose conventions are kept.
const KONG_VERSION: &str = "3.9.1";
/// Binding of the KV namespace.
const GRANTS: &str = "GRANTS";

/// The workspace in an object.
#[wasm_bindgen]
pub struct Workspace {
    admin: Admin<SqlStore, SystemClock, SystemRandom>,
    replica: KvReplica,
    horizon_ms: u64,
}

#[wasm_bindgen]
impl Workspace {
    /// Opens the workspace: tables, tag keys, jobs that were interrupted.
    #[wasm_bindgen(constructor)]
    pub fn open(state: DurableObjectState, env: Env, settings: &str) -> Result<Workspace, JsError> {
        let settings = Settings::parse(settings).map_err(|reason| JsError::new(&reason))?;
        let store = SqlStore::open(State::from(state).storage()).map_err(describe)?;
        let replica = KvReplica::new(env.kv(GRANTS).map_err(|error| JsError::new(&error.to_string()))?);
        at_once(begin_progress(&store)).map_err(describe)?;
        let registry = at_once(Registry::open(store, SystemClock, SystemRandom, settings.peppers));
        let registry = registry.map_err(|error| JsError::new(&error.to_string()))?;
        at_once(registry.resume_jobs()).map_err(|error| JsError::new(&error.to_string()))?;
        let admin_settings = AdminSettings {
            token: settings.admin_token,
            version: KONG_VERSION.to_owned(),
            hostname: "worker".to_owned(),
            node_id: SystemRandom.uuid(),
        };
        let admin = Admin::new(registry, admin_settings);
        Ok(Workspace { admin, replica, horizon_ms: settings.replica_horizon_ms })
    }

    /// Answers a request to the Admin API, in the words of [`answer`].
    /// `headers`: name and value, a line each.
    pub fn admin(&self, method: &str, url: &str, headers: &str, body: &[u8]) -> String {
        let target = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
        let target = target.unwrap_or("/");
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let path = match surface(PREFIX, path) {
            Surface::Admin(path) => path,
            Surface::Status => "/status",
            _ => "/nothing",
        };
        let headers = header_map(headers);
        let request = AdminRequest { method, path, query, headers: &headers, body };
        let response = at_once(self.admin.handle(request));
        if let Some(cause) = response.extensions().get::<InternalCause>() {
            console_error!("{method} {path}: {cause}");
        }
        answer::respond(&response, "", &Aside::default())
    }

    /// Number of the newest change.
    pub fn epoch(&self) -> Result<f64, JsError> {
        let head = at_once(self.store().get(&Head::record_key())).map_err(describe)?;
        let head: Option<Head> = head.and_then(|record| serde_json::from_slice(&record.value).ok());
        Ok(head.map_or(0.0, |head| head.epoch as f64))
    }

    /// Answers a poll of the feed.
    pub fn feed(&self, since: &str) -> Result<String, JsError> {
        let settled = self.progress().map_err(describe)?.settled(self.horizon_ms, SystemClock.unix_ms());
        let reply = at_once(read_feed(self.store(), feed_text::request(since), Some(settled)));
        Ok(feed_text::encode(reply.map_err(describe)?))
    }

    /// The grant at a digest; `None`: there is none.
    pub fn grant(&self, digest: &str) -> Result<Option<String>, JsError> {
        let Some(digest) = KeyDigest::from_hex(digest) else { return Ok(None) };
        let record = at_once(self.store().get(&Grant::record_key(&digest))).map_err(describe)?;
        Ok(record.map(|record| String::from_utf8_lossy(&record.value).into_owned()))
    }

    /// Moves a credential to the current pepper.
    pub fn rehash(&self, old: &str, new: &str, pepper_id: &str) -> Result<(), JsError> {
        let digests = KeyDigest::from_hex(old).zip(KeyDigest::from_hex(new));
        let pepper_id = serde_json::from_str(pepper_id).ok();
        let (Some((old, new)), Some(pepper_id)) = (digests, pepper_id) else { return Ok(()) };
        at_once(self.admin.registry().rehash(old, new, pepper_id))
            .map_err(|error| JsError::new(&error.to_string()))
    }

    /// Publishes the next change to KV. Whether there was one.
    pub async fn publish(&self) -> Result<bool, JsError> {
        let now_ms = || SystemClock.unix_ms();
        let published = publish_next(self.store(), &self.replica, self.horizon_ms, now_ms).await;
        match published {
            Ok(Published::One(_)) => Ok(true),
            Ok(Published::Nothing) => Ok(false),
            Err(error) => Err(JsError::new(&error.to_string())),
        }
    }

    /// Whether there is a change that KV does not have.
    #[wasm_bindgen(js_name = isBehind)]
    pub fn is_behind(&self) -> Result<bool, JsError> {
        let published = self.progress().map_err(describe)?.published;
        Ok((published as f64) < self.epoch()?)
    }
}

impl Workspace {
    fn store(&self) -> &SqlStore {
        self.admin.registry().store()
    }

    fn progress(&self) -> Result<Progress, StoreError> {
        let record = at_once(self.store().get(&Progress::record_key()))?;
        let Some(record) = record else { return Ok(Progress::default()) };
        serde_json::from_slice(&record.value).map_err(|error| StoreError::Failed(error.to_string()))
    }
}

/// From the first change on, the feed must know how far KV has come.
async fn begin_progress(store: &SqlStore) -> Result<(), StoreError> {
    let key = Progress::record_key();
    if store.get(&key).await?.is_none() {
        let value = serde_json::to_vec(&Progress::default()).expect("records have string keys only");
        let batch = Batch { checks: vec![Check::Absent(key.clone())], writes: vec![Write::Put(key, value)] };
        store.commit(batch).await?;
    }
    Ok(())
}

/// Runs a future that waits for nothing but the object's own store.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the object's store answers at once"),
    }
}

fn describe(error: StoreError) -> JsError {
    JsError::new(&error.to_string())
}

/// Fields that cannot stand in a request are left out.
fn header_map(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut lines = text.split('\n');
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes()))
        {
            headers.append(name, value);
        }
    }
    headers
}
