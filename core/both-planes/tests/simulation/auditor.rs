//! Knows the true history of every key and of the configuration, and judges each decision by it.

use uuid::Uuid;

/// What a key is good for, as committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyState {
    pub(crate) credential_id: Uuid,
    pub(crate) enabled: bool,
    pub(crate) contract: bool,
    pub(crate) expires_at_ms: Option<u64>,
    /// Tokens issued before are taken back.
    pub(crate) tokens_not_before_ms: Option<u64>,
}

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TokenState {
    pub(crate) credential_id: Uuid,
    pub(crate) issued_at_ms: u64,
    pub(crate) ends_at_ms: u64,
}

/// What a request shows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown<'h> {
    /// The key itself.
    Key,
    /// A token, and whether it is denied.
    Token(TokenState, &'h History<bool>),
}

impl Shown<'_> {
    /// What may be expected of it in each state that may decide.
    fn tokens(self, start_ms: u64, end_ms: u64, limit_ms: u64) -> Vec<Option<(TokenState, bool)>> {
        match self {
            Shown::Key => vec![None],
            Shown::Token(said, denied) => {
                denied.permitted(start_ms, end_ms, limit_ms).map(|denied| Some((said, denied))).collect()
            }
        }
    }
}

/// How the one route is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConfigState {
    /// Whether key-auth is on; off, everybody passes.
    pub(crate) authenticates: bool,
    /// Whether application-registration is on; off, an application's key is unknown.
    pub(crate) registers: bool,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Sent on as this credential.
    Accepted(Uuid),
    /// Sent on as nobody.
    Open,
    /// 401.
    Refused,
    /// 503.
    Unavailable,
}

/// One state of something, from its commit on.
#[derive(Clone, Copy, Debug)]
struct Era<T> {
    committed_ms: u64,
    acknowledged_ms: u64,
    state: T,
}

/// States in the order committed.
#[derive(Debug)]
pub(crate) struct History<T>(Vec<Era<T>>);

impl<T: Copy> History<T> {
    pub(crate) fn new(state: T) -> Self {
        History(vec![Era { committed_ms: 0, acknowledged_ms: 0, state }])
    }

    pub(crate) fn now(&self) -> T {
        self.0[self.0.len() - 1].state
    }

    pub(crate) fn change(&mut self, committed_ms: u64, acknowledged_ms: u64, state: T) {
        self.0.push(Era { committed_ms, acknowledged_ms, state });
    }

    /// States that may decide a request which started at `start_ms` and was decided at `end_ms`:
    /// those not followed by one that was acknowledged more than `limit_ms` before the start.
    fn permitted(&self, start_ms: u64, end_ms: u64, limit_ms: u64) -> impl Iterator<Item = T> {
        let ended = |at: usize| self.0.get(at + 1).map(|next: &Era<T>| next.acknowledged_ms);
        let fresh = move |at: usize| ended(at).is_none_or(|acknowledged| start_ms <= acknowledged + limit_ms);
        let eras = self.0.iter().enumerate();
        eras.filter(move |(at, era)| era.committed_ms <= end_ms && fresh(*at)).map(|(_, era)| era.state)
    }
}

/// A decision, with what bears on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided {
    pub(crate) start_ms: u64,
    pub(crate) end_ms: u64,
    pub(crate) outcome: Outcome,
    /// The instance's last poll of the feed failed.
    pub(crate) feed_failing: bool,
    /// When the last poll that succeeded was sent.
    pub(crate) feed_answered_ms: Option<u64>,
    /// The authority could not be read for this request.
    pub(crate) authority_failed: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    pub(crate) bound_ms: u64,
    pub(crate) grace_ms: u64,
}

impl Promise {
    /// `Err`: how a decision breaks the promise.
    pub(crate) fn audit(
        &self,
        key: &History<Option<KeyState>>,
        config: &History<ConfigState>,
        shown: Shown<'_>,
        decided: Decided,
    ) -> Result<(), String> {
        let limit_ms = if decided.feed_failing { self.bound_ms + self.grace_ms } else { self.bound_ms };
        if decided.outcome == Outcome::Unavailable {
            return self.audit_unavailable(decided, limit_ms);
        }
        let Decided { start_ms, end_ms, .. } = decided;
        let tokens = shown.tokens(start_ms, end_ms, limit_ms);
        let permitted = config.permitted(start_ms, end_ms, limit_ms).any(|config| {
            key.permitted(start_ms, end_ms, limit_ms).any(|key| {
                tokens.iter().any(|token| {
                    // A key may expire while its request is being decided.
                    let mut times = [start_ms, end_ms].into_iter();
                    times.any(|now_ms| expected(config, key, *token, now_ms) == decided.outcome)
                })
            })
        });
        permitted.then_some(()).ok_or_else(|| format!("{decided:?} by a state past {limit_ms} ms"))
    }

    /// `Err`: a tunnel that is open at `now_ms`, opened as `opened`, breaks the promise. `was_failing`:
    /// the feed was out of reach when it was last said to stand, or is.
    pub(crate) fn audit_tunnel(
        &self,
        key: &History<Option<KeyState>>,
        config: &History<ConfigState>,
        (shown, opened): (Shown<'_>, Outcome),
        now_ms: u64,
        was_failing: bool,
    ) -> Result<(), String> {
        let limit_ms = if was_failing { self.bound_ms + self.grace_ms } else { self.bound_ms };
        let tokens = shown.tokens(now_ms, now_ms, limit_ms);
        let stands = |expected: Outcome| match expected {
            Outcome::Accepted(_) if opened == Outcome::Open => true,
            Outcome::Open => true,
            outcome => outcome == opened,
        };
        let permitted = config.permitted(now_ms, now_ms, limit_ms).any(|config| {
            key.permitted(now_ms, now_ms, limit_ms)
                .any(|key| tokens.iter().any(|token| stands(expected(config, key, *token, now_ms))))
        });
        permitted.then_some(()).ok_or_else(|| format!("opened as {opened:?}, open past {limit_ms} ms"))
    }

    fn audit_unavailable(&self, decided: Decided, limit_ms: u64) -> Result<(), String> {
        let in_time = |answered: u64| decided.start_ms <= answered + limit_ms;
        let fresh = decided.feed_answered_ms.is_some_and(in_time);
        let excused = decided.authority_failed || (decided.feed_failing && !fresh);
        excused.then_some(()).ok_or_else(|| format!("{decided:?} without need"))
    }
}

fn expected(
    config: ConfigState,
    key: Option<KeyState>,
    token: Option<(TokenState, bool)>,
    now_ms: u64,
) -> Outcome {
    if !config.authenticates {
        return Outcome::Open;
    }
    let valid = |key: &KeyState| {
        let alive = key.expires_at_ms.is_none_or(|at| now_ms < at);
        let token = token.is_none_or(|(token, denied)| {
            let is_taken_back = key.tokens_not_before_ms.is_some_and(|time| token.issued_at_ms < time);
            !denied && !is_taken_back && now_ms < token.ends_at_ms && key.credential_id == token.credential_id
        });
        alive && key.enabled && key.contract && config.registers && token
    };
    key.filter(valid).map_or(Outcome::Refused, |key| Outcome::Accepted(key.credential_id))
}
