//! The feed's answers on their way from the object to the data plane: a text of lines.
//!
//! The first line has epoch, settled epoch, and `reset` or `since`, with `/` and the number of its
//! format behind it where that is not the first: programs from before there was a number do not
//! read such an answer. Then comes a line for each
//! change (`c` and its JSON) and for each piece of the configuration (`p`, its name, and itself: pieces
//! are not compressed here, and their JSON has no line breaks).

use std::fmt::Write;

use latchkey_published::feed::{FeedReply, FeedRequest, Format};
use latchkey_published::snapshot::PieceId;

/// The text of an answer.
pub fn encode(reply: &FeedReply) -> String {
    let how = if reply.reset { "reset" } else { "since" };
    let mut text = format!("{} {} {how}", reply.epoch, reply.settled);
    if reply.format != Format::default() {
        let _ = write!(text, "/{}", reply.format.0);
    }
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
    let (epoch, settled) = (head.next()?.parse().ok()?, head.next()?.parse().ok()?);
    let how = head.next()?;
    let (how, format) = match how.split_once('/') {
        Some((how, format)) => (how, Format(format.parse().ok()?)),
        None => (how, Format::default()),
    };
    if format.is_newer() {
        return Some(FeedReply::newer(format, epoch));
    }
    let reset = match how {
        "reset" => true,
        "since" => false,
        _ => return None,
    };
    let mut reply = FeedReply { format, epoch, settled, reset, ..FeedReply::default() };
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
    use latchkey_published::feed::Change;
    use latchkey_published::keys::KeyDigest;

    use super::*;

    /// As the first program wrote it; and what is written today it reads.
    #[test]
    fn the_first_text_reads_as_it_was_meant_and_is_written_the_same() {
        let golden = include_str!("../../../core/published/golden/1/feed.txt");
        let reply = decode(golden).unwrap();
        assert_eq!((reply.epoch, reply.settled, reply.reset, reply.format), (7, 3, true, Format(1)));
        let changes = [
            Change { epoch: 6, at_ms: 5, digests: vec![KeyDigest::from_bytes([3; 32])] },
            Change { epoch: 7, at_ms: 5, digests: vec![] },
        ];
        assert_eq!(reply.changes, changes);
        let names: Vec<String> = reply.pieces.iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(names, ["00", "40"]);
        for (_, piece) in &reply.pieces {
            latchkey_published::snapshot::Piece::decode(piece).unwrap();
        }
        assert_eq!(encode(&reply), golden);
    }

    #[test]
    fn answer_reads_back() {
        let changes = vec![
            Change { epoch: 6, at_ms: 5, digests: vec![KeyDigest::from_bytes([7; 32])] },
            Change { epoch: 7, at_ms: 5, digests: vec![] },
        ];
        let pieces = vec![(PieceId::SETTINGS, "\u{6}{\"a\": \"é b\"}".into())];
        let reply = FeedReply { epoch: 7, reset: true, settled: 3, changes, pieces, ..FeedReply::default() };
        assert_eq!(decode(&encode(&reply)), Some(reply));
        let newer = FeedReply::newer(Format(9), 7);
        assert_eq!(decode("7 3 whatever/9\nwhat only a newer program reads"), Some(newer.clone()));
        assert_eq!(decode(&encode(&newer)), Some(newer));
        for rubbish in
            ["7 3 reset/x", "", "rubbish", "7 3 maybe", "7 3 since\nx", "7 3 since\n", "7 3 reset\np40"]
        {
            assert_eq!(decode(rubbish), None, "{rubbish}");
        }
    }
}
