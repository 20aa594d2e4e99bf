//! The portal's logo: a PNG, of which no more is looked at than that it is one, and its size.

use std::fmt;

use latchkey_published::limits::{LOGO_BYTES_MAX, LOGO_PIXELS_MAX};

/// What every PNG begins with (RFC 2083 §3.1), up to the width in its first chunk, which has 13 bytes.
const BEGIN: &[u8; 16] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// Why something is no logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogoFault {
    TooLong,
    NoPng,
    TooLarge,
}

impl fmt::Display for LogoFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogoFault::TooLong => write!(formatter, "must not exceed {LOGO_BYTES_MAX} bytes"),
            LogoFault::NoPng => formatter.write_str("must be a PNG"),
            LogoFault::TooLarge => write!(formatter, "must be 1 to {LOGO_PIXELS_MAX} pixels wide and high"),
        }
    }
}

/// Width and height, in pixels.
pub(crate) fn check(bytes: &[u8]) -> Result<(u32, u32), LogoFault> {
    if bytes.len() > LOGO_BYTES_MAX {
        return Err(LogoFault::TooLong);
    }
    let sizes = bytes.strip_prefix(BEGIN).and_then(|rest| rest.first_chunk::<8>()).ok_or(LogoFault::NoPng)?;
    let [a, b, c, d, e, f, g, h] = *sizes;
    let (width, height) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    let fits = |pixels: u32| (1..=LOGO_PIXELS_MAX).contains(&pixels);
    if fits(width) && fits(height) { Ok((width, height)) } else { Err(LogoFault::TooLarge) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        [BEGIN.as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat()
    }

    #[test]
    fn a_png_of_a_size_that_fits_is_taken() {
        assert_eq!(check(&png(1, 1024)), Ok((1, 1024)));
        for (bytes, fault) in [
            (png(0, 1), LogoFault::TooLarge),
            (png(1, 1025), LogoFault::TooLarge),
            (png(1, 1)[..23].to_vec(), LogoFault::NoPng),
            (b"GIF89a".to_vec(), LogoFault::NoPng),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), LogoFault::NoPng),
            (Vec::new(), LogoFault::NoPng),
            ([png(1, 1), vec![0; LOGO_BYTES_MAX]].concat(), LogoFault::TooLong),
        ] {
            assert_eq!(check(&bytes), Err(fault));
        }
    }
}
