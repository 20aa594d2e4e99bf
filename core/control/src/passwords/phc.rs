//! Hashes as text, as the PHC string format has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{Parameters, PhcString};

/// Length of the salts that are made here, in bytes.
pub(super) const SALT_BYTES: usize = 16;
/// Length of a hash, in bytes.
pub(super) const HASH_BYTES: usize = 32;
/// Lengths of salts that are taken: argon2's least, and the format's most.
const SALT_BYTES_TAKEN: std::ops::RangeInclusive<usize> = 8..=48;
/// Memory and passes that are taken, OWASP's sets and what is stronger: a tenth of a second and 64 MiB.
const MEMORY_KIB_TAKEN: std::ops::RangeInclusive<u32> = 7168..=65_536;
const PASSES_TAKEN: std::ops::RangeInclusive<u32> = 1..=10;

/// A hash of argon2id, version 19, with one lane.
pub(super) struct Phc {
    pub(super) parameters: Parameters,
    pub(super) salt: Vec<u8>,
    pub(super) hash: [u8; HASH_BYTES],
}

impl Phc {
    /// Reads `$argon2id$v=19$m=…,t=…,p=1$salt$hash`, in this order and no other form. `None`: it is none, or
    /// costs more than is taken of the platform, or less than is safe.
    pub(super) fn parse(text: &str, memory_kib_max: u32) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let (memory, rest) = costs.strip_prefix("m=")?.split_once(",t=")?;
        let passes = rest.strip_suffix(",p=1")?;
        let parameters = Parameters { memory_kib: number(memory)?, passes: number(passes)? };
        let is_memory_taken =
            MEMORY_KIB_TAKEN.contains(&parameters.memory_kib) && parameters.memory_kib <= memory_kib_max;
        if !is_memory_taken || !PASSES_TAKEN.contains(&parameters.passes) {
            return None;
        }
        let salt = STANDARD_NO_PAD.decode(salt).ok().filter(|salt| SALT_BYTES_TAKEN.contains(&salt.len()))?;
        let hash = STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?;
        Some(Phc { parameters, salt, hash })
    }

    pub(super) fn to_text(&self) -> PhcString {
        let Parameters { memory_kib, passes } = self.parameters;
        let (salt, hash) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(self.hash));
        PhcString(format!("$argon2id$v=19$m={memory_kib},t={passes},p=1${salt}${hash}"))
    }
}

/// Decimal digits without a sign or a leading nought.
fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "AAECAwQFBgcICQoLDA0ODw";
    const HASH: &str = "VnUYVLk3XP4D4/629HF5dyzlEOPiIVbQCK/qYZaPBDQ";

    #[test]
    fn what_is_read_is_written_again() {
        for costs in ["m=7168,t=5,p=1", "m=19456,t=2,p=1", "m=65536,t=10,p=1", "m=7169,t=1,p=1"] {
            let text = format!("$argon2id$v=19${costs}${SALT}${HASH}");
            assert_eq!(Phc::parse(&text, 65_536).unwrap().to_text().as_str(), text);
        }
    }

    #[test]
    fn what_is_hostile_or_another_form_is_none() {
        let long = "A".repeat(66);
        for text in [
            format!("$argon2id$v=19$m=7167,t=5,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=65537,t=1,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4294967295,t=1,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=4294967296,t=1,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=7168,t=11,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=7168,t=0,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=7168,t=5,p=2${SALT}${HASH}"),
            format!("$argon2id$v=19$m=07168,t=5,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=+7168,t=5,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$t=5,m=7168,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=7168,t=5,p=1,keyid=x${SALT}${HASH}"),
            format!("$argon2id$v=16$m=7168,t=5,p=1${SALT}${HASH}"),
            format!("$argon2i$v=19$m=7168,t=5,p=1${SALT}${HASH}"),
            format!("$argon2id$m=7168,t=5,p=1${SALT}${HASH}"),
            format!("$argon2id$v=19$m=7168,t=5,p=1${SALT}=${HASH}"),
            format!("$argon2id$v=19$m=7168,t=5,p=1$AAEC${HASH}"),
            format!("$argon2id$v=19$m=7168,t=5,p=1${long}${HASH}"),
            format!("$argon2id$v=19$m=7168,t=5,p=1${SALT}${}", &HASH[4..]),
            format!("$argon2id$v=19$m=7168,t=5,p=1${SALT}${HASH}$"),
            format!("$argon2id$v=19$m=7168,t=5,p=1${SALT}"),
            format!(" $argon2id$v=19$m=7168,t=5,p=1${SALT}${HASH}"),
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(),
            String::new(),
        ] {
            assert!(Phc::parse(&text, 65_536).is_none(), "{text}");
        }
        let small = format!("$argon2id$v=19$m=19457,t=1,p=1${SALT}${HASH}");
        assert!(Phc::parse(&small, 65_536).is_some() && Phc::parse(&small, 19_456).is_none());
    }
}
