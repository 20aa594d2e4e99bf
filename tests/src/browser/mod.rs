//! Headless Chromium, driven by its own chromedriver, and what it meets: a local program with mails and a service
//! behind it.

mod look;

mod driver;
mod window;

mod axe;
mod world;

pub use axe::{AXE_VARIABLE, Axe};
pub use driver::DRIVER_VARIABLE;
pub use look::Look;
pub use window::{ENTER, TAB, Window};
pub use world::{Place, World};

/// Names the folder that screenshots are drawn into.
pub const GALLERY_VARIABLE: &str = "LATCHKEY_SCREENSHOTS";
const SET_UP: &str = "`cargo xtask browser` gets it and runs these tests with it";
