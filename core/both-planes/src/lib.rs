//! Tests alone: each plane has its own crate and does not know the other.
