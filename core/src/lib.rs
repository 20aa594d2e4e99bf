//! Latchkey core
