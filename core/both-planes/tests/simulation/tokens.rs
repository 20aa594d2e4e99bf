//! Access tokens in the world: clients get them from instances, and use them as others use keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use latchkey_published::grant::{ClientSecret, OAuth2Client};
use latchkey_published::keys::Peppers;
use latchkey_published::snapshot::PieceId;
use latchkey_published::token::{TokenBuffer, TokenId, TokenKeys};
use litemap::LiteMap;
use serde_json::Value;

use super::World;
use crate::auditor::{History, Outcome, Shown, TokenState};

/// Every client has it.
const SECRET: &str = "the secret of every client of the simulation";
/// How long tokens are good, in seconds.
pub(super) const LIFETIME_S: u64 = 60;
/// Tokens that clients use at a time.
const TOKENS_MAX: usize = 30;
/// How far ahead of the clock all tokens of a client are taken back.
const SKEW_MS: u64 = 5_000;

/// What a request shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Key,
    /// The token at this place.
    Token(usize),
    /// The secret, for a token.
    Secret,
}

/// A token that a client has got.
pub(super) struct Token {
    text: String,
    key: usize,
    id: TokenId,
    said: TokenState,
    denied: History<bool>,
}

/// What is taken of a token by whoever audits.
pub(super) fn shown(tokens: &[Token], shows: Shows) -> Shown<'_> {
    match shows {
        Shows::Token(at) => Shown::Token(tokens[at].said, &tokens[at].denied),
        Shows::Key | Shows::Secret => Shown::Key,
    }
}

/// What every client is, with the time before which its tokens are taken back.
pub(super) fn client(peppers: &Peppers, tokens_not_before_ms: Option<u64>) -> OAuth2Client {
    let pepper = &peppers.current;
    let secret = ClientSecret { digest: pepper.digest(SECRET.as_bytes()), pepper_id: pepper.id() };
    OAuth2Client { secret: Some(secret), tokens_not_before_ms, ..OAuth2Client::default() }
}

impl World {
    /// Which key, and what of it is shown.
    pub(super) fn any_showing(&mut self) -> (usize, Shows) {
        match self.dice.below(10) {
            0 | 1 => (self.dice.below(self.life.plain_keys() as u64) as usize, Shows::Secret),
            2..=5 if !self.tokens.is_empty() => {
                let at = self.any_token();
                (self.tokens[at].key, Shows::Token(at))
            }
            _ => (self.any_key(), Shows::Key),
        }
    }

    /// One of those that clients use now.
    fn any_token(&self) -> usize {
        let recent = self.tokens.len().saturating_sub(TOKENS_MAX);
        recent + self.dice.below((self.tokens.len() - recent) as u64) as usize
    }

    /// The fields of a request, its path and its body.
    pub(super) fn dressed(&self, key: usize, shows: Shows) -> (HeaderMap, &'static [u8], &'static [u8]) {
        let mut headers = HeaderMap::new();
        let plain = self.keys[key].plain.reveal();
        match shows {
            Shows::Key => {
                headers.insert("apikey", plain.parse().unwrap());
                (headers, b"/", b"")
            }
            Shows::Token(at) => {
                let token = format!("Bearer {}", self.tokens[at].text);
                headers.insert("authorization", token.parse().unwrap());
                (headers, b"/t", b"")
            }
            Shows::Secret => {
                let basic = format!("Basic {}", STANDARD.encode(format!("{plain}:{SECRET}")));
                headers.insert("authorization", basic.parse().unwrap());
                headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
                (headers, b"/t/oauth2/token", b"grant_type=client_credentials")
            }
        }
    }

    /// A client takes the token that it got.
    pub(super) fn take_token(&mut self, key: usize, answer: &[u8]) -> Outcome {
        let answer: Value = serde_json::from_slice(answer).unwrap();
        let text = answer["access_token"].as_str().unwrap().to_owned();
        let mut buffer = TokenBuffer::default();
        let said = TokenKeys::new(&self.peppers).open(text.as_bytes(), &mut buffer).unwrap();
        let ends_at_ms = said.ends_at_s.unwrap() * 1_000;
        let (id, credential_id) = (said.id, said.credential_id);
        let said = TokenState { credential_id, issued_at_ms: said.issued_at_s * 1_000, ends_at_ms };
        self.tokens.push(Token { text, key, id, said, denied: History::new(false) });
        self.counts.tokens_issued += 1;
        Outcome::Accepted(credential_id)
    }

    pub(super) fn count_token(&mut self, shows: Shows, outcome: Outcome) {
        let Shows::Token(at) = shows else { return };
        let denied = self.tokens[at].denied.now();
        self.counts.tokens_accepted += u64::from(matches!(outcome, Outcome::Accepted(_)));
        self.counts.tokens_denied += u64::from(denied && outcome == Outcome::Refused);
    }

    /// Takes one token back. Those that have ended leave the list.
    pub(super) fn deny_token(&mut self) {
        let now_ms = self.now_ms.get();
        if self.tokens.is_empty() {
            return;
        }
        let at = self.any_token();
        let id = self.tokens[at].id;
        let acknowledged_ms = now_ms + self.dice.latency_ms();
        self.tokens[at].denied.change(now_ms, acknowledged_ms, true);
        let piece = PieceId::of_denied(id);
        let is_listed = |token: &&Token| {
            token.denied.now() && now_ms < token.said.ends_at_ms && PieceId::of_denied(token.id) == piece
        };
        let listed = self.tokens.iter().filter(is_listed);
        let denied: LiteMap<TokenId, u64> =
            listed.map(|token| (token.id, token.said.ends_at_ms / 1_000)).collect();
        self.commit(|transaction, _| transaction.publish_denied(piece, denied));
        self.note(format!("token {at} is denied, acknowledged at {acknowledged_ms}"));
    }

    /// Up to when all tokens of a client are taken back now.
    pub(super) fn not_before_ms(&self) -> Option<u64> {
        Some(self.now_ms.get() + SKEW_MS)
    }
}
