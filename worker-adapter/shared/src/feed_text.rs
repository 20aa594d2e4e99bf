//! The feed's answers on their way from the object to the data plane: a text of lines.
//!
//! The first line has epoch, settled epoch, and `reset` or `since`, with `/` and the number of its
//! format behind it where that is not the first: programs from before there was a number do not
//! read such an answer. Two words more are for who asked so that it may be told of the newest changes
//! alone: up to which epoch none is listed, and [`Shown::current`]. Then comes a line for each
//! change (`c` and its JSON) and for each piece of the configuration (`p`, its name, and itself: pieces
//! are not compressed here, and their JSON has no line breaks).
//!
//! A poll is the number of the newest change that is known, or no number at a start. Who knows of
//! changes that are not listed puts a `+` before it, which is a number to programs from before, too.

use std::fmt::Write;

use latchkey_published::feed::{FeedReply, FeedRequest, Format, Shown};
use latchkey_published::snapshot::PieceId;

/// The text of an answer.
pub fn encode(reply: &FeedReply) -> String {
    let how = if reply.reset { "reset" } else { "since" };
    let FeedReply { unlisted, shown: Shown { settled, current }, .. } = *reply;
    let mut text = format!("{} {settled} {how}", reply.epoch);
    if reply.format != Format::default() {
        let _ = write!(text, "/{}", reply.format.0);
    }
    if unlisted > 0 || current > settled {
        let _ = write!(text, " {unlisted} {current}");
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
    let mut number = |absent| head.next().map_or(Some(absent), |number| number.parse().ok());
    let (unlisted, current) = (number(0)?, number(settled)?);
    let shown = Shown { settled, current };
    let mut reply = FeedReply { format, epoch, shown, reset, unlisted, ..FeedReply::default() };
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

/// What `since` is in a poll of this version.
pub fn since(request: FeedRequest) -> String {
    request.since.map_or_else(|| "+".to_owned(), |since| format!("+{since}"))
}

/// Reads what `since` is in a poll: a number, or anything else for a start; and whether who asks knows
/// of changes that are not listed.
pub fn request(since: &str) -> (FeedRequest, bool) {
    let number = since.strip_prefix('+');
    (FeedRequest { since: number.unwrap_or(since).parse().ok() }, number.is_some())
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
        assert_eq!((reply.epoch, reply.reset, reply.format), (7, true, Format(1)));
        assert_eq!((reply.shown, reply.unlisted), (Shown::all(3), 0));
        let changes = [
            Change { epoch: 6, at_ms: 5, digests: vec![KeyDigest::from_bytes([3; 32])], made: 0 },
            Change { epoch: 7, at_ms: 5, digests: vec![], made: 0 },
        ];
        assert_eq!(reply.changes, changes);
        let names: Vec<String> = reply.pieces.iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(names, ["00", "40"]);
        for (_, piece) in &reply.pieces {
            latchkey_published::snapshot::Piece::decode(piece).unwrap();
        }
        assert_eq!(encode(&reply), golden);
    }

    /// The text for who knows of changes that are not listed.
    #[test]
    fn the_text_of_a_bounded_answer_reads_as_it_was_meant_and_is_written_the_same() {
        let golden = include_str!("../../../core/published/golden/1/feed-bounded.txt");
        let reply = decode(golden).unwrap();
        assert_eq!((reply.epoch, reply.reset, reply.format), (90, false, Format(1)));
        assert_eq!((reply.unlisted, reply.shown), (88, Shown { settled: 3, current: 70 }));
        let digests = [3, 4, 5].map(|byte| KeyDigest::from_bytes([byte; 32])).to_vec();
        let changes = [
            Change { epoch: 89, at_ms: 5, digests, made: 2 },
            Change { epoch: 90, at_ms: 6, digests: vec![], made: 0 },
        ];
        assert_eq!(reply.changes, changes);
        assert_eq!(encode(&reply), golden);
    }

    #[test]
    fn a_poll_is_a_number_to_programs_from_before() {
        let read_before = |text: &str| text.parse::<u64>().ok();
        for known in [None, Some(0), Some(12)] {
            let poll = since(FeedRequest { since: known });
            assert_eq!(request(&poll), (FeedRequest { since: known }, true));
            assert_eq!(read_before(&poll), known);
        }
        for (from_before, since) in [("start", None), ("", None), ("12", Some(12)), ("-1", None)] {
            assert_eq!(request(from_before), (FeedRequest { since }, false));
        }
    }

    #[test]
    fn answer_reads_back() {
        let changes = vec![
            Change { epoch: 6, at_ms: 5, digests: vec![KeyDigest::from_bytes([7; 32])], made: 1 },
            Change { epoch: 7, at_ms: 5, ..Change::default() },
        ];
        let pieces = vec![(PieceId::SETTINGS, "\u{6}{\"a\": \"é b\"}".into())];
        let shown = Shown { settled: 3, current: 5 };
        let reply = FeedReply { epoch: 7, reset: true, shown, changes, pieces, ..FeedReply::default() };
        for reply in [FeedReply { unlisted: 4, ..reply.clone() }, reply] {
            assert_eq!(decode(&encode(&reply)), Some(reply));
        }
        let newer = FeedReply::newer(Format(9), 7);
        assert_eq!(decode("7 3 whatever/9\nwhat only a newer program reads"), Some(newer.clone()));
        assert_eq!(decode(&encode(&newer)), Some(newer));
        for rubbish in [
            "7 3 reset/x",
            "7 3 since x 3",
            "7 3 since 1 x",
            "",
            "rubbish",
            "7 3 maybe",
            "7 3 since\nx",
            "7 3 since\n",
            "7 3 reset\np40",
        ] {
            assert_eq!(decode(rubbish), None, "{rubbish}");
        }
    }
}
