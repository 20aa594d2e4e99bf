//! STUB for compiling against; replaced on merge.
use std::sync::Arc;
use crate::{decision::*, feed::*, grant::*, keys::*, request::*};
/// Settings
#[derive(Clone, Debug)]
pub struct GatewaySettings { /** prefix reserved for ourselves */ pub prefix: String, /** */ pub revocation_bound_ms: u64, /** */ pub outage_grace_ms: u64, /** */ pub replica_horizon_ms: u64, /** */ pub body_search_bytes: usize, /** */ pub grant_cache_bytes: usize }
impl Default for GatewaySettings { fn default() -> Self { GatewaySettings { prefix: "/-".into(), revocation_bound_ms: 5000, outage_grace_ms: 60000, replica_horizon_ms: 120000, body_search_bytes: 1 << 20, grant_cache_bytes: 64 << 20 } } }
/// Compiled configuration (immutable, shared by the gateways of a process)
#[derive(Debug)] pub struct Config {}
/// Keeps the pieces and compiles them.
#[derive(Debug, Default)] pub struct ConfigCompiler {}
impl ConfigCompiler { /** Takes the pieces of a reply in (all of them when it is a reset) and compiles; the same Arc again when nothing changed. */ pub fn apply(&mut self, _reply: &FeedReply) -> Result<Arc<Config>, crate::snapshot::UnreadablePiece> { unimplemented!() } }
/// News
#[derive(Clone, Debug)] pub struct FeedNews { /** */ pub epoch: Epoch, /** */ pub reset: bool, /** */ pub changes: Vec<Change>, /** */ pub config: Arc<Config> }
/// Answer of a store to a GrantRequest
#[derive(Clone, Debug)] pub enum GrantAnswer { /** */ Found(Grant), /** */ Missing, /** could not be read */ Failed }
/// A grant found under the previous pepper, to be moved by the control plane.
#[derive(Clone, Copy, Debug)] pub struct Rehash { /** */ pub old: KeyDigest, /** */ pub new: KeyDigest, /** */ pub pepper_id: PepperId }
/// Worth a log line, once.
#[derive(Clone, Debug)] pub enum Event { /** */ OutageBegan, /** */ OutageEnded { /** */ served: u64, /** */ refused: u64, /** */ lasted_ms: u64 } }
/// One per thread/isolate; no locks inside.
pub struct Gateway {}
impl Gateway {
    /** */ pub fn new(_settings: GatewaySettings, _peppers: Peppers) -> Self { Gateway {} }
    /// Call again after each Need was met.
    pub fn decide<H: Headers>(&mut self, _head: &RequestHead<'_, H>, _body: Body<'_>, _now: Now) -> Decision { unimplemented!() }
    /// A poll that is due beside the request (not awaited by it); at most one outstanding.
    pub fn refresh_due(&mut self, _now: Now) -> Option<FeedRequest> { unimplemented!() }
    /// `asked`: the time just before the request for the feed was sent. None: out of reach.
    pub fn learn_feed(&mut self, _asked: Now, _news: Option<FeedNews>) { unimplemented!() }
    /** */ pub fn learn_grant(&mut self, _request: GrantRequest, _answer: GrantAnswer, _now: Now) { unimplemented!() }
    /// Says that the feed has reached this epoch: memory older than it is not decided by.
    pub fn hint_epoch(&mut self, _epoch: Epoch) { unimplemented!() }
    /** */ pub fn epoch(&self) -> Epoch { unimplemented!() }
    /** */ pub fn take_rehash(&mut self) -> Option<Rehash> { unimplemented!() }
    /** */ pub fn take_event(&mut self) -> Option<Event> { unimplemented!() }
}
/// Which part of the program a path belongs to.
#[derive(Debug, PartialEq, Eq)]
pub enum Surface<'a> { /** rest of the path after /-/admin */ Admin(&'a str), /** */ Portal(&'a str), /** */ Manager, /** /-/health */ Health, /** /-/status, needs the admin token */ Status, /** unknown path under the prefix */ Unknown, /** */ Proxy }
/** */ pub fn surface<'a>(_prefix: &str, _path: &'a str) -> Surface<'a> { unimplemented!() }
