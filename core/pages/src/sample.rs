//! A page that was rendered to be looked at.

/// A page as it was rendered, and a name for its file.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Letters, digits and `-`: `portal-services-empty`.
    pub name: String,
    /// The page.
    pub html: String,
}
