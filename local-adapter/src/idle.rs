//! Idle connections to upstreams, of one thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use latchkey_core::decision::Upstream;

use crate::link::Link;

/// Shorter than the keep-alive time of common servers (60 s and more), so that we close first.
const IDLE_MAX: Duration = Duration::from_secs(55);
/// For one upstream and thread; more are closed instead of kept.
const LINKS_MAX: usize = 512;

/// Idle connections by upstream.
#[derive(Default)]
pub(crate) struct Idle {
    stacks: RefCell<HashMap<ByService, Rc<Stack>, BuildHasherDefault<ServiceHasher>>>,
}

/// Idle connections to one upstream, the one used last taken first; each with when it became idle.
#[derive(Default)]
pub(crate) struct Stack(RefCell<Vec<(Instant, Box<Link>)>>);

impl Idle {
    /// The connections to `upstream`.
    pub(crate) fn stack(&self, upstream: &Arc<Upstream>) -> Rc<Stack> {
        let mut stacks = self.stacks.borrow_mut();
        Rc::clone(stacks.entry(ByService(Arc::clone(upstream))).or_default())
    }

    /// Closes what was idle too long, and what the upstream has closed. To be called now and then.
    pub(crate) fn sweep(&self) {
        self.stacks.borrow_mut().retain(|_, stack| {
            let is_used = Rc::strong_count(stack) > 1;
            let links = &mut *stack.0.borrow_mut();
            links.retain_mut(|(since, link)| since.elapsed() <= IDLE_MAX && link.is_alive());
            is_used || !links.is_empty()
        });
    }

    /// Closes all.
    pub(crate) fn clear(&self) {
        self.stacks.borrow_mut().clear();
    }
}

impl Stack {
    /// A connection that is open, as far as is known.
    pub(crate) fn take(&self, now: Instant) -> Option<Box<Link>> {
        let mut links = self.0.borrow_mut();
        while let Some((since, mut link)) = links.pop() {
            if now.saturating_duration_since(since) > IDLE_MAX {
                // Those below have been idle for longer.
                links.clear();
            } else if link.is_alive() {
                return Some(link);
            }
        }
        None
    }

    /// Keeps a connection for the next request.
    pub(crate) fn put(&self, link: Box<Link>) {
        let mut links = self.0.borrow_mut();
        if links.len() < LINKS_MAX {
            links.push((Instant::now(), link));
        }
    }
}

/// An upstream, hashed by its service's id: an upstream that was changed is another one, but there
/// are never many of the same service.
#[derive(PartialEq, Eq)]
struct ByService(Arc<Upstream>);

impl Hash for ByService {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (high, low) = self.0.service_id.as_u64_pair();
        state.write_u64(high ^ low);
    }
}

/// Spreads one number over all bits; ids come from administrators, not from callers.
#[derive(Default)]
struct ServiceHasher(u64);

impl Hasher for ServiceHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
