//! The configuration as the data plane reads it: services, routes, plugins and anonymous
//! consumers, in pieces, compressed where the feature `deflate` is on.
//!
//! An entity is in the piece its id falls into, so that a change rewrites one small piece and no
//! piece nears a store's cap on a value (DynamoDB: 400 KB).

use std::fmt;

use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Number of pieces that hold entities.
const ENTITY_PIECES: u8 = 64;

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
}

impl PieceId {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let number = u8::from_str_radix(text, 16).ok()?;
        (number <= ENTITY_PIECES).then_some(PieceId(number))
    }
}

impl fmt::Display for PieceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

/// What kind of entity a piece holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Settings of the workspace that the data plane needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceSettings {
    /// Tag keys of every pepper that was ever in use, as lower-case hex.
    #[serde(default)]
    pub tag_keys: Vec<String>,
    /// Whether keys that were not made here may exist; while `false` they are refused unread.
    #[serde(default)]
    pub has_imported_keys: bool,
}

/// A piece, decoded: entities by kind and id, in the form the Admin API stores them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Entities.
    #[serde(default, skip_serializing_if = "LiteMap::is_empty")]
    pub entities: LiteMap<ConfigKind, LiteMap<Uuid, Value>>,
    /// In [`PieceId::SETTINGS`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<WorkspaceSettings>,
}

/// A piece that does not decode.
#[derive(Debug, thiserror::Error)]
pub enum UnreadablePiece {
    /// Broken compression, or compressed where this build has none, or larger than
    /// [`limits::PIECE_BYTES_MAX`] when unpacked.
    #[error("piece does not unpack")]
    Compression,
    /// Not the JSON of a piece.
    #[error("piece does not parse: {0}")]
    Json(#[from] serde_json::Error),
}

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
        packing::pack(serde_json::to_vec(self).expect("a piece has string keys only"))
    }

    /// Reads [`Piece::encode`] in either form.
    pub fn decode(packed: &[u8]) -> Result<Self, UnreadablePiece> {
        match packed.split_first() {
            Some((&PLAIN, json)) => Ok(serde_json::from_slice(json)?),
            _ => Ok(serde_json::from_slice(&packing::unpack(packed)?)?),
        }
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
        let plain = [&[PLAIN], serde_json::to_vec(&piece).unwrap().as_slice()].concat();
        assert_eq!(Piece::decode(&plain).unwrap(), piece);
        assert!(!piece.entities.contains_key(&ConfigKind::Services));
    }

    #[test]
    fn names_of_pieces_read_back() {
        for piece in [PieceId(0), PieceId::of(Uuid::from_u128(7 << 120)), PieceId::SETTINGS] {
            assert_eq!(PieceId::parse(&piece.to_string()), Some(piece));
        }
        assert_eq!(PieceId::parse("ff"), None);
    }

    #[test]
    fn rubbish_is_an_error() {
        assert!(Piece::decode(b"rubbish").is_err());
        assert!(Piece::decode(b"").is_err());
    }
}
