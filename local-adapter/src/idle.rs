//! Idle connections to upstreams, of one thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use latchkey_core::decision::Upstream;

use crate::link::Link;

/// Shorter than the keep-alive time of common servers (60 s and more), so that we close first.
const IDLE_MAX: Duration = Duration::from_secs(55);
/// For one upstream and thread; more are closed instead of kept.
const LINKS_MAX: usize = 512;

/// Idle connections by upstream, the one used last taken first.
#[derive(Default)]
pub(crate) struct Idle {
    links: RefCell<HashMap<Arc<Upstream>, Stack>>,
}

/// The longest idle first, each with when it became so.
type Stack = Vec<(Instant, Link)>;

impl Idle {
    /// A connection that was open when last looked at.
    pub(crate) fn take(&self, upstream: &Arc<Upstream>) -> Option<Link> {
        let mut links = self.links.borrow_mut();
        let stack = links.get_mut(upstream)?;
        let (since, link) = stack.pop()?;
        if since.elapsed() > IDLE_MAX {
            // Those below have been idle for longer.
            stack.clear();
            return None;
        }
        Some(link)
    }

    /// Keeps a connection for the next request.
    pub(crate) fn put(&self, upstream: &Arc<Upstream>, link: Link) {
        let mut links = self.links.borrow_mut();
        if !links.contains_key(upstream) {
            links.insert(Arc::clone(upstream), Vec::new());
        }
        if let Some(stack) = links.get_mut(upstream).filter(|stack| stack.len() < LINKS_MAX) {
            stack.push((Instant::now(), link));
        }
    }

    /// Closes what was idle too long, and what the upstream has closed. To be called now and then.
    pub(crate) fn sweep(&self) {
        self.links.borrow_mut().retain(|_, stack| {
            stack.retain_mut(|(since, link)| since.elapsed() <= IDLE_MAX && link.is_alive());
            !stack.is_empty()
        });
    }

    /// Closes all.
    pub(crate) fn clear(&self) {
        self.links.borrow_mut().clear();
    }
}
