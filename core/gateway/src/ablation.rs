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
}
