//! The configuration as the data plane reads it: services, routes, plugins and anonymous
//! consumers, in pieces, compressed where the feature `deflate` is on.
//!
//! An entity is in the piece its id falls into, so that a change rewrites one small piece and no
//! piece nears a store's cap on a value (DynamoDB: 400 KB).

use std::fmt;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::stored::Member;
use crate::token::TokenId;

/// Number of pieces that hold entities.
const ENTITY_PIECES: u8 = 64;
/// The first of the pieces that hold denied tokens, and how many there are.
const DENIED_FIRST: u8 = ENTITY_PIECES + 1;
const DENIED_PIECES: u8 = 16;

/// Names a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PieceId(u8);

impl PieceId {
    /// The piece with the settings of the workspace.
    pub const SETTINGS: PieceId = PieceId(ENTITY_PIECES);

    /// The piece an entity belongs in.
    pub fn of(id: Uuid) -> Self {
        PieceId(id.as_bytes()[0] % ENTITY_PIECES)
    }

    /// The piece a denied token belongs in.
    pub fn of_denied(id: TokenId) -> Self {
        PieceId(DENIED_FIRST + id.as_bytes()[0] % DENIED_PIECES)
    }

    /// How many pieces hold denied tokens.
    pub const DENIED: usize = DENIED_PIECES as usize;

    /// Every piece that may hold denied tokens.
    pub fn all_of_denied() -> impl Iterator<Item = Self> {
        (DENIED_FIRST..DENIED_FIRST + DENIED_PIECES).map(PieceId)
    }
}

impl PieceId {
    /// Reads what `Display` writes. A newer program may have more pieces than this one fills.
    pub fn parse(text: &str) -> Option<Self> {
        u8::from_str_radix(text, 16).ok().map(PieceId)
    }
}

impl fmt::Display for PieceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

/// What kind of entity a piece holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigKind {
    /// Upstream services.
    Services,
    /// Routes to them.
    Routes,
    /// Enabled and disabled plugins.
    Plugins,
    /// Consumers that some plugin names as its anonymous one.
    Consumers,
}

impl ConfigKind {
    /// Every kind.
    pub const ALL: [ConfigKind; 4] =
        [ConfigKind::Services, ConfigKind::Routes, ConfigKind::Plugins, ConfigKind::Consumers];

    /// Its name in a piece.
    pub fn name(self) -> &'static str {
        match self {
            ConfigKind::Services => "services",
            ConfigKind::Routes => "routes",
            ConfigKind::Plugins => "plugins",
            ConfigKind::Consumers => "consumers",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        ConfigKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Settings of the workspace that the data plane needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkspaceSettings {
    /// Tag keys of every pepper that was ever in use, as lower-case hex.
    pub tag_keys: Vec<String>,
    /// Whether keys that were not made here may exist; while `false` they are refused unread.
    pub has_imported_keys: bool,
    /// Whether keys may exist of which only the SHA-256 was brought; while `false` none is looked for.
    /// Gateways from before this know no such key.
    pub has_digest_keys: bool,
    /// Number of the change that published what was restored from a back-up, where there is a replica:
    /// records of it that have a lower one are not believed, nor that it has none. 0: nothing was restored.
    pub restored_at: u64,
}

/// A piece, decoded: entities by kind and id, in the form the Admin API stores them.
///
/// What a newer program put there is kept, and written back with the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
    /// Entities.
    pub entities: LiteMap<ConfigKind, LiteMap<Uuid, Value>>,
    /// In [`PieceId::SETTINGS`] only.
    pub settings: Option<WorkspaceSettings>,
    /// Access tokens that are refused although they are good, each with its end in seconds since the Unix
    /// epoch, from when on it is as if it were not there. In pieces of [`PieceId::of_denied`] only.
    /// It is stored among settings: what gateways from before do not know there they pass over, and these
    /// take no tokens.
    pub denied_tokens: LiteMap<TokenId, u64>,
    /// Entities of kinds that this program does not know, by kind and id.
    pub unknown_kinds: Map<String, Value>,
    /// Settings that it does not know.
    pub unknown_settings: Map<String, Value>,
    /// Members that it does not know.
    pub unknown_members: Map<String, Value>,
}

/// A piece that does not decode.
#[derive(Debug, thiserror::Error)]
pub enum UnreadablePiece {
    /// Broken compression, or compressed where this build has none, or larger than
    /// [`limits::PIECE_BYTES_MAX`] when unpacked.
    #[error("piece does not unpack")]
    Compression,
    /// Shorter than its number.
    #[error("piece is cut off")]
    Truncated,
    /// Not the JSON of a piece.
    #[error("piece does not parse: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON, but not of a piece.
    #[error("piece does not parse: '{0}' is not what it must be")]
    Shape(String),
}

/// Members of a piece and of its settings.
const ENTITIES: &str = "entities";
const SETTINGS: &str = "settings";
const TAG_KEYS: &str = "tag_keys";
const HAS_IMPORTED_KEYS: &str = "has_imported_keys";
/// There only where it is `true`.
const RESTORED_AT: &str = "restored_at";
const HAS_DIGEST_KEYS: &str = "has_digest_keys";
const DENIED_TOKENS: &str = "denied_tokens";

/// First byte of a piece that is not compressed. No deflate stream begins with it: its block type
/// is the reserved one (RFC 1951 §3.2.3).
const PLAIN: u8 = 0x06;

#[cfg(feature = "deflate")]
mod packing {
    use std::io::Read;

    use flate2::Compression;
    use flate2::read::{DeflateDecoder, DeflateEncoder};

    use super::UnreadablePiece;
    use crate::limits;

    pub(super) fn pack(json: Vec<u8>) -> Vec<u8> {
        let mut packed = Vec::new();
        DeflateEncoder::new(json.as_slice(), Compression::default())
            .read_to_end(&mut packed)
            .expect("reading from memory cannot fail");
        packed
    }

    pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, UnreadablePiece> {
        let mut json = Vec::new();
        let unpacked = DeflateDecoder::new(packed).take(limits::PIECE_BYTES_MAX).read_to_end(&mut json);
        unpacked.map(|_| json).map_err(|_| UnreadablePiece::Compression)
    }
}

#[cfg(not(feature = "deflate"))]
mod packing {
    use super::{PLAIN, UnreadablePiece};

    pub(super) fn pack(mut json: Vec<u8>) -> Vec<u8> {
        json.insert(0, PLAIN);
        json
    }

    pub(super) fn unpack(_: &[u8]) -> Result<Vec<u8>, UnreadablePiece> {
        Err(UnreadablePiece::Compression)
    }
}

impl Piece {
    /// JSON, compressed or behind [`PLAIN`].
    pub fn encode(&self) -> Vec<u8> {
        packing::pack(serde_json::to_vec(&self.to_json()).expect("a piece has string keys only"))
    }

    /// The form without compression, wherever this runs.
    pub fn encode_plain(&self) -> Vec<u8> {
        let mut plain = vec![PLAIN];
        plain.extend(serde_json::to_vec(&self.to_json()).expect("a piece has string keys only"));
        plain
    }

    /// Reads [`Piece::encode`] in either form.
    pub fn decode(packed: &[u8]) -> Result<Self, UnreadablePiece> {
        match packed.split_first() {
            Some((&PLAIN, json)) => Piece::parse(json),
            _ => Piece::parse(&packing::unpack(packed)?),
        }
    }

    fn parse(json: &[u8]) -> Result<Self, UnreadablePiece> {
        match serde_json::from_slice(json)? {
            Value::Object(members) => Piece::from_json(members),
            _ => Err(UnreadablePiece::Shape("the piece".to_owned())),
        }
    }

    fn from_json(mut members: Map<String, Value>) -> Result<Self, UnreadablePiece> {
        let mut piece = Piece::default();
        for (name, of_kind) in taken_object(&mut members, ENTITIES)? {
            match ConfigKind::parse(&name) {
                Some(kind) => {
                    piece.entities.insert(kind, entities_by_id(&name, of_kind)?);
                }
                None => {
                    piece.unknown_kinds.insert(name, of_kind);
                }
            }
        }
        if members.contains_key(SETTINGS) {
            let mut settings = taken_object(&mut members, SETTINGS)?;
            piece.denied_tokens = denied_tokens(taken_object(&mut settings, DENIED_TOKENS)?)?;
            if piece.denied_tokens.is_empty() || settings.contains_key(TAG_KEYS) {
                piece.settings = Some(WorkspaceSettings::take_from(&mut settings)?);
            }
            piece.unknown_settings = settings;
        }
        piece.unknown_members = members;
        Ok(piece)
    }

    fn to_json(&self) -> Map<String, Value> {
        let mut members = self.unknown_members.clone();
        let mut entities = self.unknown_kinds.clone();
        for (kind, of_kind) in &self.entities {
            let of_kind = of_kind.iter().map(|(id, entity)| (id.to_string(), entity.clone())).collect();
            entities.insert(kind.name().to_owned(), Value::Object(of_kind));
        }
        if !entities.is_empty() {
            members.insert(ENTITIES.to_owned(), Value::Object(entities));
        }
        let mut settings = self.unknown_settings.clone();
        if let Some(known) = &self.settings {
            known.put_into(&mut settings);
        }
        if !self.denied_tokens.is_empty() {
            let denied = self.denied_tokens.iter().map(|(id, end)| (id.to_text(), Value::from(*end)));
            settings.insert(DENIED_TOKENS.to_owned(), Value::Object(denied.collect()));
        }
        if self.settings.is_some() || !settings.is_empty() {
            members.insert(SETTINGS.to_owned(), Value::Object(settings));
        }
        members
    }

    /// What only a newer program can read: its kind, its id where it has one, and itself.
    pub fn unknown_entities(&self) -> impl Iterator<Item = (&str, Uuid, &Value)> {
        let of_kinds = self.unknown_kinds.iter().flat_map(|(kind, entities)| match entities {
            Value::Object(entities) => {
                entities.iter().map(|(id, entity)| (&**kind, id_of(id), entity)).collect()
            }
            other => vec![(&**kind, Uuid::nil(), other)],
        });
        of_kinds.chain(self.unknown_members.iter().map(|(name, value)| (&**name, Uuid::nil(), value)))
    }

    /// Whether another says the same of all but denied tokens.
    pub fn is_same_but_for_denied_tokens(&self, other: &Piece) -> bool {
        let Piece { entities, settings, denied_tokens: _, unknown_kinds, unknown_settings, unknown_members } =
            self;
        *entities == other.entities
            && *settings == other.settings
            && *unknown_kinds == other.unknown_kinds
            && *unknown_settings == other.unknown_settings
            && *unknown_members == other.unknown_members
    }

    /// Puts the settings in.
    pub fn set_settings(&mut self, settings: WorkspaceSettings) {
        self.settings = Some(settings);
    }

    /// Puts an entity in, or takes it out with `None`.
    pub fn set(&mut self, kind: ConfigKind, id: Uuid, entity: Option<Value>) {
        let entities = self.entities.entry(kind).or_default();
        match entity {
            Some(entity) => {
                entities.insert(id, entity);
            }
            None => {
                entities.remove(&id);
            }
        }
        if entities.is_empty() {
            self.entities.remove(&kind);
        }
    }
}

impl WorkspaceSettings {
    fn take_from(members: &mut Map<String, Value>) -> Result<Self, UnreadablePiece> {
        let wrong = |name: &str| UnreadablePiece::Shape(name.to_owned());
        let tag_keys = members.remove(TAG_KEYS).unwrap_or_else(|| Value::Array(Vec::new()));
        let restored_at = match members.remove(RESTORED_AT) {
            None => 0,
            Some(value) => value.as_u64().ok_or_else(|| wrong(RESTORED_AT))?,
        };
        let mut flag = |name: &str| match members.remove(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| wrong(name)),
        };
        Ok(WorkspaceSettings {
            tag_keys: Member::read(&tag_keys).ok_or_else(|| wrong(TAG_KEYS))?,
            has_imported_keys: flag(HAS_IMPORTED_KEYS)?,
            has_digest_keys: flag(HAS_DIGEST_KEYS)?,
            restored_at,
        })
    }

    fn put_into(&self, members: &mut Map<String, Value>) {
        members.insert(TAG_KEYS.to_owned(), self.tag_keys.clone().into());
        members.insert(HAS_IMPORTED_KEYS.to_owned(), self.has_imported_keys.into());
        if self.has_digest_keys {
            members.insert(HAS_DIGEST_KEYS.to_owned(), true.into());
        }
        if self.restored_at > 0 {
            members.insert(RESTORED_AT.to_owned(), self.restored_at.into());
        }
    }
}

/// Takes an object out of another; absent, it is empty.
fn taken_object(members: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, UnreadablePiece> {
    match members.remove(name) {
        None => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(UnreadablePiece::Shape(name.to_owned())),
    }
}

fn entities_by_id(kind: &str, of_kind: Value) -> Result<LiteMap<Uuid, Value>, UnreadablePiece> {
    let Value::Object(of_kind) = of_kind else { return Err(UnreadablePiece::Shape(kind.to_owned())) };
    let by_id = |(id, entity): (String, Value)| match Uuid::try_parse(&id) {
        Ok(id) => Ok((id, entity)),
        Err(_) => Err(UnreadablePiece::Shape(id)),
    };
    of_kind.into_iter().map(by_id).collect()
}

fn denied_tokens(members: Map<String, Value>) -> Result<LiteMap<TokenId, u64>, UnreadablePiece> {
    let read = |(id, end): (String, Value)| match (TokenId::parse(&id), end.as_u64()) {
        (Some(id), Some(end)) => Ok((id, end)),
        _ => Err(UnreadablePiece::Shape(id)),
    };
    members.into_iter().map(read).collect()
}

fn id_of(text: &str) -> Uuid {
    Uuid::try_parse(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn piece_reads_back() {
        let mut piece = Piece::default();
        piece.set(ConfigKind::Routes, Uuid::from_u128(1), Some(serde_json::json!({"name": "r"})));
        piece.set(ConfigKind::Services, Uuid::from_u128(2), Some(serde_json::json!({"name": "s"})));
        piece.set(ConfigKind::Services, Uuid::from_u128(2), None);
        assert_eq!(Piece::decode(&piece.encode()).unwrap(), piece);
        assert_eq!(Piece::decode(&piece.encode_plain()).unwrap(), piece);
        assert!(!piece.entities.contains_key(&ConfigKind::Services));
    }

    /// As stored: `golden/1/piece-digest-keys.json`.
    #[test]
    fn keys_brought_as_digests_are_told_of_where_there_are_some() {
        let golden = include_bytes!("../golden/1/piece-digest-keys.json").trim_ascii();
        let piece = Piece::decode(&[&[PLAIN], golden].concat()).unwrap();
        let settings = piece.settings.clone().unwrap();
        assert!(settings.has_digest_keys && !settings.has_imported_keys);
        assert_eq!(piece.encode_plain()[1..], *golden);
        let mut without = piece;
        without.set_settings(WorkspaceSettings { has_digest_keys: false, ..settings });
        let stored = String::from_utf8(without.encode_plain()).unwrap();
        assert!(!stored.contains("has_digest_keys"), "{stored}");
    }

    /// As stored: `golden/1/piece-denied-tokens.json`.
    #[test]
    fn denied_tokens_read_back() {
        let golden = include_bytes!("../golden/1/piece-denied-tokens.json").trim_ascii();
        let piece = Piece::decode(&[&[PLAIN], golden].concat()).unwrap();
        let (a, b) = (TokenId::from_bytes([1; 12]), TokenId::from_bytes([17; 12]));
        assert_eq!(PieceId::of_denied(a), PieceId::of_denied(b));
        assert!(PieceId::all_of_denied().any(|id| id == PieceId::of_denied(a)));
        let denied = [(a, 1_700_000_000), (b, 1_700_000_900)];
        assert_eq!(piece, Piece { denied_tokens: denied.into_iter().collect(), ..Piece::default() });
        assert_eq!(piece.encode_plain()[1..], *golden);
        // Programs from before pass over what they do not know there.
        assert_eq!(piece.unknown_entities().count(), 0);
        let emptied = Piece { denied_tokens: LiteMap::new(), ..piece };
        assert_eq!(emptied.encode_plain()[1..], *b"{}");
    }

    #[test]
    fn names_of_pieces_read_back() {
        let denied = PieceId::of_denied(TokenId::from_bytes([255; 12]));
        for piece in [PieceId(0), PieceId::of(Uuid::from_u128(7 << 120)), PieceId::SETTINGS, denied] {
            assert_eq!(PieceId::parse(&piece.to_string()), Some(piece));
        }
        assert_eq!(PieceId::parse("x"), None);
    }

    #[test]
    fn what_a_newer_program_put_there_is_written_back() {
        let newer = serde_json::json!({
            "entities": {"quotas": {"00000000-0000-0000-0000-000000000007": {"limit": 1}},
                "routes": {"00000000-0000-0000-0000-000000000001": {"name": "r", "query": ["a"]}}},
            "settings": {"tag_keys": ["00"], "has_imported_keys": true, "has_sealed_keys": true},
            "rules": [1],
        });
        let encoded = |value: &Value| [&[PLAIN], serde_json::to_vec(value).unwrap().as_slice()].concat();
        let mut piece = Piece::decode(&encoded(&newer)).unwrap();
        piece.set(ConfigKind::Services, Uuid::from_u128(2), Some(serde_json::json!({"name": "s"})));
        piece.set_settings(WorkspaceSettings { has_imported_keys: true, ..WorkspaceSettings::default() });
        let mut expected = newer;
        expected["entities"]["services"] =
            serde_json::json!({"00000000-0000-0000-0000-000000000002": {"name": "s"}});
        expected["settings"]["tag_keys"] = serde_json::json!([]);
        assert_eq!(Value::Object(piece.to_json()), expected);
        let unknown: Vec<(&str, u128)> =
            piece.unknown_entities().map(|(kind, id, _)| (kind, id.as_u128())).collect();
        assert_eq!(unknown, [("quotas", 7), ("rules", 0)]);
    }

    #[test]
    fn rubbish_is_an_error() {
        for broken in [
            "[]",
            "{\"entities\":1}",
            "{\"entities\":{\"routes\":[]}}",
            "{\"settings\":1}",
            "{\"settings\":{\"tag_keys\":1}}",
            "{\"settings\":{\"has_digest_keys\":1}}",
            "{\"settings\":{\"restored_at\":true}}",
            "{\"settings\":{\"denied_tokens\":[]}}",
            "{\"settings\":{\"denied_tokens\":{\"AQ\":1}}}",
            "{\"settings\":{\"denied_tokens\":{\"AQEBAQEBAQEBAQEB\":-1}}}",
            "{\"entities\":{\"routes\":{\"x\":{}}}}",
        ] {
            assert!(Piece::decode(&[&[PLAIN], broken.as_bytes()].concat()).is_err(), "{broken}");
        }
        assert!(Piece::decode(b"rubbish").is_err());
        assert!(Piece::decode(b"").is_err());
    }
}
