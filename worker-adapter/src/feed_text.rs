//! The feed's answers on their way from the object to the data plane: JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use latchkey_core::feed::{Change, Epoch, FeedReply, FeedRequest};
use latchkey_core::snapshot::PieceId;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Wire {
    epoch: Epoch,
    reset: bool,
    settled: Epoch,
    changes: Vec<Change>,
    pieces: Vec<(PieceId, String)>,
}

/// The text of an answer.
pub fn encode(reply: FeedReply) -> String {
    let FeedReply { epoch, reset, settled, changes, pieces } = reply;
    let pieces = pieces.into_iter().map(|(id, bytes)| (id, STANDARD.encode(bytes))).collect();
    let wire = Wire { epoch, reset, settled, changes, pieces };
    serde_json::to_string(&wire).expect("the answer has string keys only")
}

/// Reads [`encode`]; `None`: it is not its text.
pub fn decode(text: &str) -> Option<FeedReply> {
    let Wire { epoch, reset, settled, changes, pieces } = serde_json::from_str(text).ok()?;
    let bytes = |(id, text): (PieceId, String)| Some((id, STANDARD.decode(text).ok()?));
    let pieces = pieces.into_iter().map(bytes).collect::<Option<_>>()?;
    Some(FeedReply { epoch, reset, settled, changes, pieces })
}

/// Reads what `since` is in a poll: a number, or anything else for a start.
pub fn request(since: &str) -> FeedRequest {
    FeedRequest { since: since.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_reads_back() {
        let change = Change { epoch: 7, at_ms: 5, digests: vec![] };
        let pieces = vec![(PieceId::SETTINGS, vec![0, 255, 10])];
        let reply = FeedReply { epoch: 7, reset: true, settled: 3, changes: vec![change], pieces };
        assert_eq!(decode(&encode(reply.clone())), Some(reply));
        assert_eq!(decode("rubbish"), None);
    }
}
