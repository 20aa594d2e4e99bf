//! How a window looks.

/// How a window looks, and what of pages runs in it.
#[derive(Clone, Debug)]
pub struct Look {
    pub has_scripts: bool,
    pub width: u32,
    pub height: u32,
    pub is_dark: bool,
    /// As in `Accept-Language`.
    pub language: &'static str,
}

impl Look {
    /// On a desk, light, in English, with scripts.
    pub const DESK: Look =
        Look { has_scripts: true, width: 1280, height: 900, is_dark: false, language: "en" };
    /// The narrowest that pages must fit.
    pub const PHONE: Look = Look { width: 320, height: 640, ..Self::DESK };
}
