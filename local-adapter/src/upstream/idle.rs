//! Idle connections to upstreams, of one thread.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use latchkey_gateway::upstream::Upstream;

use super::link::Link;

/// Shorter than the keep-alive time of common servers (60 s and more), so that we close first.
const IDLE_MAX: Duration = Duration::from_secs(55);
/// For one upstream and thread; more are closed instead of kept.
const LINKS_MAX: usize = 512;

/// Idle connections by upstream.
pub(crate) struct Idle {
    stacks: RefCell<HashMap<ByService, Rc<Stack>, BuildHasherDefault<ServiceHasher>>>,
    /// How many more there may be.
    room: Rc<Cell<usize>>,
}

/// Idle connections to one upstream, the one used last taken first; each with when it became idle.
pub(crate) struct Stack {
    links: RefCell<Vec<(Instant, Box<Link>)>>,
    room: Rc<Cell<usize>>,
}

impl Idle {
    /// Room for so many, to all upstreams together.
    pub(crate) fn new(links_max: usize) -> Self {
        Idle { stacks: RefCell::default(), room: Rc::new(Cell::new(links_max)) }
    }

    /// The connections to `upstream`.
    pub(crate) fn stack(&self, upstream: &Arc<Upstream>) -> Rc<Stack> {
        let mut stacks = self.stacks.borrow_mut();
        let stack = stacks.entry(ByService(Arc::clone(upstream)));
        Rc::clone(
            stack
                .or_insert_with(|| Rc::new(Stack { links: RefCell::default(), room: Rc::clone(&self.room) })),
        )
    }

    /// Closes what was idle too long, and what the upstream has closed. To be called now and then.
    pub(crate) fn sweep(&self) {
        self.stacks.borrow_mut().retain(|_, stack| {
            let is_used = Rc::strong_count(stack) > 1;
            let links = &mut *stack.links.borrow_mut();
            let before = links.len();
            links.retain_mut(|(since, link)| since.elapsed() <= IDLE_MAX && link.is_alive());
            stack.leave(before - links.len());
            is_used || !links.is_empty()
        });
    }

    /// Closes all.
    pub(crate) fn clear(&self) {
        let mut stacks = self.stacks.borrow_mut();
        stacks.values().for_each(|stack| stack.clear());
        stacks.retain(|_, stack| Rc::strong_count(stack) > 1);
    }
}

impl Stack {
    /// A connection that is open, as far as is known.
    pub(crate) fn take(&self, now: Instant) -> Option<Box<Link>> {
        loop {
            let (since, mut link) = self.links.borrow_mut().pop()?;
            self.leave(1);
            if now.saturating_duration_since(since) > IDLE_MAX {
                // Those below have been idle for longer.
                self.clear();
            } else if link.is_alive() {
                return Some(link);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(crate) fn put(&self, link: Box<Link>) {
        let mut links = self.links.borrow_mut();
        if let Some(room) = self.room.get().checked_sub(1)
            && links.len() < LINKS_MAX
        {
            self.room.set(room);
            links.push((Instant::now(), link));
        }
    }

    fn clear(&self) {
        let links = std::mem::take(&mut *self.links.borrow_mut());
        self.leave(links.len());
    }

    fn leave(&self, links: usize) {
        self.room.set(self.room.get() + links);
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
