//! Words of how to call a service, and of trying it.

mod calling;
mod trying;

pub(super) use calling::Calling;
pub(super) use trying::Trying;

use crate::words::of_language;
