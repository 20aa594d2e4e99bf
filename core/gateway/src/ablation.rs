//! Rules of the revocation protocol left out, to show that each is needed.

/// The rules that are left out: none by default, and never outside the simulation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ablation {
    /// A fill overtaken by a change is thrown away.
    pub generation_stamp: bool,
    /// A replica's record older than the change the feed told of is not used.
    pub epoch_comparison: bool,
    /// Changes are remembered for as long as a replica may be stale.
    pub horizon: bool,
    /// Memory stops serving when an outage outlasts the grace.
    pub grace: bool,
    /// Tunnels are asked about again.
    pub tunnels_asked_again: bool,
    /// What a tunnel is kept open by is new enough for the time until it is asked about again.
    pub tunnels_look_ahead: bool,
    /// What is found by the SHA-256 of a key is remembered where it was found, since changes name no
    /// other place.
    pub imported_place: bool,
    /// A replica's record is used only with our MAC beside it.
    pub replica_mac: bool,
    /// The end of a key, which is that of its grace after a rotation, is compared with the clock on every
    /// request.
    pub expiry: bool,
    /// A replica's record is not used that may be older than a change which the feed did not list.
    pub unlisted_records: bool,
    /// A replica's "not found" is not used while the feed did not list which keys were made.
    pub unlisted_misses: bool,
    /// What is remembered is forgotten when the feed does not list what of it has changed.
    pub unlisted_forgotten: bool,
    /// A change that is no longer remembered, since there are too many, counts as one that was not
    /// listed.
    pub folding: bool,
    /// A replica's "not found" is not used while it lacks keys that were made.
    pub awaiting_made: bool,
    /// A token is good only for the credential that it was issued to: not for one that was made anew with the
    /// same Client ID.
    pub token_credential: bool,
    /// Tokens are refused that were issued before all of their credential's were taken back.
    pub tokens_not_before: bool,
    /// Tokens are refused that were taken back one by one.
    pub denied_tokens: bool,
    /// Only keys at which there was no grant before are written to the replica behind other changes: a
    /// rule of the authority, which the simulation plays.
    pub made_alone_waits: bool,
}
