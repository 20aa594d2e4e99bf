//! What letters name.

/// What a letter names, read when it is sent. Names are those that an administrator gave, but for
/// [`Facts::named`], which an administrator has asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// What the portal is called.
    pub(crate) portal: String,
    /// What the service of a contract is called.
    pub(crate) service: String,
    /// The first characters of a key.
    pub(crate) key_start: String,
    /// When it ends, in milliseconds since the Unix epoch.
    pub(crate) ends_ms: u64,
    /// Developers that wait.
    pub(crate) developers: u32,
    /// Contracts that wait.
    pub(crate) contracts: u32,
    /// Addresses of developers.
    pub(crate) named: Vec<String>,
}
