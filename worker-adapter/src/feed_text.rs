//! The feed's answers on their way from the object to the data plane: a text of lines.
//!
//! The first line has epoch, settled epoch, and `reset` or `since`; then comes a line for each
//! change (`c` and its JSON) and for each piece of the configuration (`p`, its name, and itself: pieces
//! are not compressed here, and their JSON has no line breaks).

use std::fmt::Write;

use latchkey_core::feed::{FeedReply, FeedRequest};
use latchkey_core::snapshot::PieceId;

/// The text of an answer.
pub fn encode(reply: &FeedReply) -> String {
    let how = if reply.reset { "reset" } else { "since" };
    let mut text = format!("{} {} {how}", reply.epoch, reply.settled);
    for change in &reply.changes {
        text.push_str("\nc");
        text.push_str(&serde_json::to_string(change).expect("a change has string keys only"));
    }
    for (id, piece) in &reply.pieces {
        let _ = write!(text, "\np{id} ");
        text.push_str(&String::from_utf8_lossy(piece));
    }
    text
}

/// Reads [`encode`]; `None`: it is not its text.
pub fn decode(text: &str) -> Option<FeedReply> {
    let mut lines = text.split('\n');
    let mut head = lines.next()?.split(' ');
    let mut reply = FeedReply {
        epoch: head.next()?.parse().ok()?,
        settled: head.next()?.parse().ok()?,
        reset: match head.next()? {
            "reset" => true,
            "since" => false,
            _ => return None,
        },
        ..FeedReply::default()
    };
    for line in lines {
        match line.split_at_checked(1)? {
            ("c", change) => reply.changes.push(serde_json::from_slice(change.as_bytes()).ok()?),
            ("p", piece) => {
                let (id, piece) = piece.split_once(' ')?;
                reply.pieces.push((PieceId::parse(id)?, piece.as_bytes().to_vec()));
            }
            _ => return None,
        }
    }
    Some(reply)
}

/// Reads what `since` is in a poll: a number, or anything else for a start.
pub fn request(since: &str) -> FeedRequest {
    FeedRequest { since: since.parse().ok() }
}

#[cfg(test)]
mod tests {
    use latchkey_core::feed::Change;
    use latchkey_core::keys::KeyDigest;

    use super::*;

    #[test]
    fn answer_reads_back() {
        let changes = vec![
            Change { epoch: 6, at_ms: 5, digests: vec![KeyDigest::from_bytes([7; 32])] },
            Change { epoch: 7, at_ms: 5, digests: vec![] },
        ];
        let pieces = vec![(PieceId::SETTINGS, "\u{6}{\"a\": \"é b\"}".into())];
        let reply = FeedReply { epoch: 7, reset: true, settled: 3, changes, pieces };
        assert_eq!(decode(&encode(&reply)), Some(reply));
        for rubbish in ["", "rubbish", "7 3 maybe", "7 3 since\nx", "7 3 since\n", "7 3 reset\np40"] {
            assert_eq!(decode(rubbish), None, "{rubbish}");
        }
    }
}
