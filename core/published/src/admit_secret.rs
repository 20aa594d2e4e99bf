//! Admits the secrets that an installation sets: by one rule, wherever they are kept.
//!
//! Set but empty counts as unset. White space around a token is not a part of it: no header
//! field could carry it. A pepper is taken byte for byte, since with any other one no stored key is
//! found; white space around it does not count for its length.

use crate::limits::SECRET_BYTES_MIN;

/// What an installation keeps secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSetting {
    /// Token of the Admin API.
    AdminToken,
    /// What keys are digested with.
    Pepper,
    /// The pepper before. It may be short: an installation whose pepper is must be able to move off it.
    PepperPrevious,
    /// Token of whoever asks a gateway whether a key is good; it may do nothing else.
    VerifyToken,
}

impl SecretSetting {
    /// All there are.
    pub const ALL: [SecretSetting; 4] = [
        SecretSetting::Pepper,
        SecretSetting::PepperPrevious,
        SecretSetting::AdminToken,
        SecretSetting::VerifyToken,
    ];

    /// Name of its variable.
    pub const fn name(self) -> &'static str {
        match self {
            SecretSetting::AdminToken => "LATCHKEY_ADMIN_TOKEN",
            SecretSetting::Pepper => "LATCHKEY_PEPPER",
            SecretSetting::PepperPrevious => "LATCHKEY_PEPPER_PREVIOUS",
            SecretSetting::VerifyToken => "LATCHKEY_VERIFY_TOKEN",
        }
    }

    /// Takes the value that was set; `None`: there is none. The error is for whoever starts the
    /// program, and shows nothing of the value.
    pub fn admit(self, value: &[u8]) -> Result<Option<&str>, String> {
        self.admit_from(self.name(), value)
    }

    /// The same for a value that is kept elsewhere: the error calls that place `place`.
    pub fn admit_from<'v>(self, place: &str, value: &'v [u8]) -> Result<Option<&'v str>, String> {
        if value.is_empty() {
            return Ok(None);
        }
        let text = std::str::from_utf8(value).map_err(|_| self.refusal(place, "is not UTF-8"))?;
        let core = text.trim_ascii();
        match self {
            SecretSetting::PepperPrevious => Ok(Some(text)),
            _ if core.len() < SECRET_BYTES_MIN => {
                Err(self.refusal(place, &format!("is shorter than {SECRET_BYTES_MIN} bytes")))
            }
            SecretSetting::AdminToken | SecretSetting::VerifyToken
                if core.bytes().any(|byte| byte.is_ascii_control()) =>
            {
                Err(self.refusal(place, "has a control character, which no header field can carry"))
            }
            SecretSetting::VerifyToken if core.bytes().any(|byte| byte == b' ') => {
                Err(self.refusal(place, "has a space, which ends a token behind Bearer"))
            }
            SecretSetting::AdminToken | SecretSetting::VerifyToken => Ok(Some(core)),
            SecretSetting::Pepper => Ok(Some(text)),
        }
    }

    fn refusal(self, place: &str, fault: &str) -> String {
        let hint = match self {
            SecretSetting::Pepper => {
                ", and set the old one as LATCHKEY_PEPPER_PREVIOUS until keys have moved"
            }
            SecretSetting::AdminToken | SecretSetting::PepperPrevious | SecretSetting::VerifyToken => "",
        };
        format!("{place} {fault}: make one with `openssl rand -hex 32`{hint}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SecretSetting::{AdminToken, Pepper, PepperPrevious, VerifyToken};

    const LONG: &str = "0123456789abcdef0123456789abcdef";

    fn check(setting: SecretSetting, value: &[u8], expected: Result<Option<&str>, &str>) {
        let admitted = setting.admit(value);
        let what = String::from_utf8_lossy(value);
        match expected {
            Ok(expected) => assert_eq!(admitted, Ok(expected), "{setting:?} {what:?}"),
            Err(fault) => {
                let error = admitted.unwrap_err();
                assert!(error.starts_with(setting.name()) && error.contains(fault), "{error}");
                assert!(error.contains("openssl rand -hex 32"), "{error}");
                let shown = !what.trim().is_empty() && error.contains(what.trim());
                assert!(!shown || what.trim().len() < 3, "the error shows the value: {error}");
            }
        }
    }

    #[test]
    fn what_is_long_enough_and_text_is_taken() {
        for setting in [AdminToken, Pepper, PepperPrevious] {
            check(setting, b"", Ok(None));
            check(setting, LONG.as_bytes(), Ok(Some(LONG)));
            let umlauts = "ü".repeat(16);
            check(setting, umlauts.as_bytes(), Ok(Some(&umlauts)));
            check(
                setting,
                b"with spaces and $igns, 32 bytes +",
                Ok(Some("with spaces and $igns, 32 bytes +")),
            );
            let very_long = "x".repeat(4096);
            check(setting, very_long.as_bytes(), Ok(Some(&very_long)));
        }
    }

    #[test]
    fn what_is_short_is_refused_but_for_the_pepper_before() {
        for short in [&b"a"[..], b"p", b" ", b"\n", &LONG.as_bytes()[1..], "ü".repeat(15).as_bytes()] {
            check(AdminToken, short, Err("shorter than 32 bytes"));
            check(Pepper, short, Err("shorter than 32 bytes"));
            check(PepperPrevious, short, Ok(Some(std::str::from_utf8(short).unwrap())));
        }
        // White space does not make a secret longer.
        let padded = format!("  {}\r\n", &LONG[1..]);
        check(AdminToken, padded.as_bytes(), Err("shorter than 32 bytes"));
        check(Pepper, padded.as_bytes(), Err("shorter than 32 bytes"));
    }

    #[test]
    fn what_is_not_text_is_an_error_and_not_unset() {
        let mut latin1 = LONG.as_bytes().to_vec();
        latin1.push(0xfc);
        for setting in SecretSetting::ALL {
            check(setting, &latin1, Err("not UTF-8"));
            check(setting, b"\xff", Err("not UTF-8"));
        }
    }

    #[test]
    fn white_space_around_is_of_a_pepper_and_not_of_a_token() {
        let with_line_end = format!("{LONG}\n");
        check(AdminToken, with_line_end.as_bytes(), Ok(Some(LONG)));
        check(Pepper, with_line_end.as_bytes(), Ok(Some(&with_line_end)));
        check(PepperPrevious, with_line_end.as_bytes(), Ok(Some(&with_line_end)));
        check(AdminToken, format!("{LONG}\n{LONG}").as_bytes(), Err("control character"));
        check(AdminToken, format!("{LONG}\0").as_bytes(), Err("control character"));
        check(VerifyToken, with_line_end.as_bytes(), Ok(Some(LONG)));
        check(VerifyToken, format!("{LONG}\n{LONG}").as_bytes(), Err("control character"));
        check(VerifyToken, format!("{LONG} {LONG}").as_bytes(), Err("a space"));
        check(VerifyToken, &LONG.as_bytes()[1..], Err("shorter than 32 bytes"));
    }

    #[test]
    fn the_error_names_the_place_and_how_to_move_on() {
        let error = Pepper.admit_from("/data/pepper", b"p").unwrap_err();
        assert!(
            error.starts_with("/data/pepper is shorter") && error.contains("LATCHKEY_PEPPER_PREVIOUS"),
            "{error}"
        );
    }
}
