//! WebSocket frames (RFC 6455 §5.2), as far as it takes to know where one ends.

/// Length of a frame's head at most, in bytes.
const HEAD_BYTES_MAX: usize = 14;

/// One direction of a tunnel. Costs something for each frame, nothing for the bytes in it.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    head: [u8; HEAD_BYTES_MAX],
    head_length: usize,
    /// Bytes of the frame's content still to come.
    left: u64,
}

impl Frames {
    /// Takes in what has passed.
    pub(crate) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let skipped = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            self.head[self.head_length] = bytes[0];
            self.head_length += 1;
            bytes = &bytes[1..];
            if self.head_length >= 2 && self.head_length == head_length(self.head[1]) {
                self.left = content_length(&self.head);
                self.head_length = 0;
            }
        }
    }

    /// Whether another frame can begin here.
    pub(crate) fn is_between(&self) -> bool {
        self.left == 0 && self.head_length == 0
    }
}

/// By its second byte.
fn head_length(second: u8) -> usize {
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + length + mask
}

fn content_length(head: &[u8; HEAD_BYTES_MAX]) -> u64 {
    match head[1] & 0x7f {
        126 => u64::from(u16::from_be_bytes([head[2], head[3]])),
        127 => head[2..10].iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        short => u64::from(short),
    }
}

/// Closes a tunnel: policy violation (RFC 6455 §7.4.1). What a server sends is not masked.
pub(crate) const CLOSE: [u8; 4] = [0x88, 2, 0x03, 0xf0];

/// The same as a client sends it, masked.
pub(crate) fn masked_close(mask: [u8; 4]) -> [u8; 8] {
    let [first, length, high, low] = CLOSE;
    let [a, b, c, d] = mask;
    [first, length | 0x80, a, b, c, d, high ^ a, low ^ b]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: usize, is_masked: bool) -> Vec<u8> {
        let mask = if is_masked { 0x80 } else { 0 };
        let mut frame = vec![0x82];
        match length {
            0..126 => frame.push(mask | length as u8),
            126..0x1_0000 => {
                frame.push(mask | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(if is_masked { &[1, 2, 3, 4][..] } else { &[] });
        frame.resize(frame.len() + length, 0xff);
        frame
    }

    #[test]
    fn ends_of_frames_are_known_however_they_come() {
        for is_masked in [false, true] {
            for length in [0, 1, 125, 126, 127, 0xffff, 0x1_0000] {
                let frame = frame(length, is_masked);
                for piece in [1, 3, frame.len()] {
                    let mut frames = Frames::default();
                    let mut passed = 0;
                    for bytes in frame.chunks(piece) {
                        frames.pass(bytes);
                        passed += bytes.len();
                        assert_eq!(frames.is_between(), passed == frame.len(), "{length} {passed}");
                    }
                    frames.pass(&[&frame[..], &frame[..]].concat());
                    assert!(frames.is_between());
                }
            }
        }
    }

    #[test]
    fn what_is_no_frame_is_passed_all_the_same() {
        let mut frames = Frames::default();
        frames.pass(&[0xff; 100_000]);
        assert!(!frames.is_between());
    }

    #[test]
    fn a_close_frame_says_1008() {
        assert_eq!(u16::from_be_bytes([CLOSE[2], CLOSE[3]]), 1008);
        let [first, second, a, b, _, _, high, low] = masked_close([9, 8, 7, 6]);
        assert_eq!((first, second, [high ^ a, low ^ b]), (0x88, 0x82, [CLOSE[2], CLOSE[3]]));
    }
}
