//! The Worker beside one on Hono, one that only proxies and one that answers a constant.

use anyhow::Result;

use crate::worker;

pub(super) fn run() -> Result<()> {
    worker::bench()
}
