//! Latchkey core

pub mod limits;
pub mod places;
