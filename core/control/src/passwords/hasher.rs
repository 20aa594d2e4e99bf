//! argon2id, in one block of memory that is kept.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::phc::{HASH_BYTES, Phc, SALT_BYTES};
use super::{Hashed, Parameters, Password, PhcString, Work};

/// Hashes one password at a time, in one block of memory that is kept and wiped.
pub struct Hasher {
    parameters: Parameters,
    memory: Vec<Block>,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

impl Hasher {
    /// Hashes with these parameters, and checks what was hashed with others within bounds.
    pub fn new(parameters: Parameters) -> Self {
        Hasher { parameters, memory: Vec::new() }
    }

    /// Does the work: tens of milliseconds of a core. `salt`: drawn for this.
    ///
    /// As much is worked where there is nothing to check, or what is stored is no hash that is taken.
    pub fn work(&mut self, work: &Work, salt: [u8; SALT_BYTES]) -> Hashed {
        match work {
            Work::LogIn { password, stored } => match self.check(password, stored.as_ref()) {
                None => Hashed::Wrong,
                Some(parameters) if parameters == self.parameters => Hashed::Right { renewed: None },
                Some(_) => Hashed::Right { renewed: Some(self.make(password, salt)) },
            },
            Work::SignUp { password, .. } | Work::Set { password } => Hashed::Made(self.make(password, salt)),
            Work::Change { old, stored, new } => match self.check(old, stored.as_ref()) {
                None => Hashed::Wrong,
                Some(_) => Hashed::Made(self.make(new, salt)),
            },
        }
    }

    /// What the right password was hashed with; `None`: it is not the right one.
    fn check(&mut self, password: &Password, stored: Option<&PhcString>) -> Option<Parameters> {
        let known = stored.and_then(|stored| Phc::parse(stored.as_str(), self.parameters.memory_kib_max()));
        let is_known = known.is_some();
        let none = || Phc { parameters: self.parameters, salt: vec![0; SALT_BYTES], hash: [0; HASH_BYTES] };
        let phc = known.unwrap_or_else(none);
        let hash = self.hash(password, &phc.salt, phc.parameters);
        let is_same: bool = hash.ct_eq(&phc.hash).into();
        (is_same && is_known).then_some(phc.parameters)
    }

    fn make(&mut self, password: &Password, salt: [u8; SALT_BYTES]) -> PhcString {
        let (parameters, hash) = (self.parameters, self.hash(password, &salt, self.parameters));
        Phc { parameters, salt: salt.to_vec(), hash }.to_text()
    }

    fn hash(&mut self, password: &Password, salt: &[u8], parameters: Parameters) -> [u8; HASH_BYTES] {
        let Parameters { memory_kib, passes } = parameters;
        let params = Params::new(memory_kib, passes, 1, Some(HASH_BYTES)).expect("parameters within bounds");
        let blocks = params.block_count();
        if self.memory.len() < blocks {
            self.grow(blocks);
        }
        let memory = &mut self.memory[..blocks];
        let mut hash = [0; HASH_BYTES];
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hashed = argon2.hash_password_into_with_memory(
            composed(password).as_bytes(),
            salt,
            &mut hash,
            &mut *memory,
        );
        hashed.expect("a salt of 8 bytes at least, and memory for all blocks");
        memory.fill(Block::default());
        hash
    }

    /// Wasm's memory never shrinks, and a larger block leaves the smaller one behind: there are two at most,
    /// one for what is made, and one for all that is checked.
    fn grow(&mut self, blocks: usize) {
        let own = self.parameters.memory_kib as usize;
        let blocks = if blocks <= own { own } else { self.parameters.memory_kib_max() as usize };
        self.memory = Vec::new();
        self.memory = vec![Block::default(); blocks];
    }
}

/// What looks the same is made the same (NFC, as NIST SP 800-63B-4 §3.1.1.2 allows): here alone, so that the
/// tables of Unicode are where passwords are hashed.
fn composed(password: &Password) -> Zeroizing<String> {
    // Composed forms are at most three times as long (Unicode Standard Annex 15): no buffer is left behind.
    let mut composed = Zeroizing::new(String::with_capacity(password.0.len() * 3));
    composed.extend(password.0.nfc());
    composed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_in(password: &str, stored: Option<&str>) -> Work {
        let stored = stored.map(|stored| PhcString::new(stored.to_owned()));
        Work::LogIn { password: Password::new(password), stored }
    }

    fn is_right(hasher: &mut Hasher, password: &str, stored: &str) -> bool {
        matches!(hasher.work(&log_in(password, Some(stored)), [9; 16]), Hashed::Right { .. })
    }

    /// Of the reference implementation's test.c (version 19), as far as they are within bounds; the others
    /// are of its library, by argon2-cffi.
    const KNOWN: &[(&str, &str)] = &[
        (
            "password",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ),
        (
            "password",
            "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$9qWtwbpyPd3vm1rB1GThgPzZ3/ydHL92zKL+15XZypg",
        ),
        (
            "password",
            "$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$kCXUjmjvc5XMqQedpMTsOv+zyJEf5PhtGiUghW9jFyw",
        ),
        (
            "differentpassword",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$C4TWUs9rDEvq7w3+J4umqA32aWKB1+DSiRuBfYxFj94",
        ),
        (
            "password",
            "$argon2id$v=19$m=65536,t=2,p=1$ZGlmZnNhbHQ$vfMrBczELrFdWP0ZsfhWsRPaHppYdP3MVEMIVlqoFBw",
        ),
        (
            VIOLET,
            "$argon2id$v=19$m=7168,t=5,p=1$AAECAwQFBgcICQoLDA0ODw$VnUYVLk3XP4D4/629HF5dyzlEOPiIVbQCK/qYZaPBDQ",
        ),
        (
            VIOLET,
            "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$IDio9mZAzsgOrUNqd4BHMhRs0h4OoW9DpotpUnlTJZI",
        ),
        (
            VIOLET,
            "$argon2id$v=19$m=9216,t=4,p=1$AAECAwQFBgcICQoLDA0ODw$wK0yrycPhJKAvG/RFlK3Elb/i46R8DFfUnPP1vP+KEk",
        ),
        (
            VIOLET,
            "$argon2id$v=19$m=12288,t=3,p=1$AAECAwQFBgcICQoLDA0ODw$QzGss3apG5yzcHmFBtIjNOmUqeeIkzXtSX51yWeGUfI",
        ),
    ];
    const VIOLET: &str = "violet harbour tulip 93";

    #[test]
    fn known_hashes_verify_and_others_do_not() {
        let mut hasher = Hasher::new(Parameters::LARGE);
        for (password, stored) in KNOWN {
            assert!(is_right(&mut hasher, password, stored), "{stored}");
            assert!(!is_right(&mut hasher, &password[1..], stored), "{stored}");
        }
    }

    /// A store may move from one platform to another: each checks what the other makes, and makes it anew.
    #[test]
    fn each_platform_checks_what_the_other_made() {
        let made = |hasher: &mut Hasher| match hasher
            .work(&Work::Set { password: Password::new(VIOLET) }, [1; 16])
        {
            Hashed::Made(phc) => phc,
            other => panic!("{other:?}"),
        };
        let (mut small, mut large) = (Hasher::new(Parameters::SMALL), Hasher::new(Parameters::LARGE));
        let (of_small, of_large) = (made(&mut small), made(&mut large));
        assert!(of_small.as_str().starts_with("$argon2id$v=19$m=7168,t=5,p=1$"));
        assert!(of_large.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        for hasher in [&mut small, &mut large] {
            for stored in [&of_small, &of_large] {
                let own = Phc::parse(stored.as_str(), 65_536)
                    .is_some_and(|phc| phc.parameters == hasher.parameters);
                match hasher.work(&log_in(VIOLET, Some(stored.as_str())), [2; 16]) {
                    Hashed::Right { renewed: None } if own => {}
                    Hashed::Right { renewed: Some(new) } if !own => {
                        assert!(is_right(hasher, VIOLET, new.as_str()))
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        // More memory than a Worker's isolate has room for.
        assert!(!is_right(&mut small, "password", KNOWN[0].1));
    }

    #[test]
    fn nothing_is_right_where_there_is_no_hash() {
        let mut hasher = Hasher::new(Parameters::SMALL);
        let hostile =
            "$argon2id$v=19$m=4000000,t=10,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        // The fixed hash that is compared with is nobody's password.
        for stored in [None, Some(""), Some(hostile)] {
            assert!(matches!(hasher.work(&log_in(VIOLET, stored), [1; 16]), Hashed::Wrong));
        }
    }

    #[test]
    fn a_change_takes_the_old_password() {
        let mut hasher = Hasher::new(Parameters::SMALL);
        let change = |old: &str| Work::Change {
            old: Password::new(old),
            stored: Some(PhcString::new(KNOWN[5].1.to_owned())),
            new: Password::new("copper lantern meadow 41"),
        };
        assert!(matches!(hasher.work(&change("violet"), [1; 16]), Hashed::Wrong));
        let Hashed::Made(made) = hasher.work(&change(VIOLET), [1; 16]) else { panic!("it is right") };
        assert!(is_right(&mut hasher, "copper lantern meadow 41", made.as_str()));
        let Hashed::Made(other) = hasher.work(&change(VIOLET), [2; 16]) else { panic!("it is right") };
        assert_ne!(made, other, "another salt");
    }

    /// NFC: ü typed on two systems is one password; nothing else is made alike.
    #[test]
    fn a_password_is_used_as_it_was_sent() {
        let mut hasher = Hasher::new(Parameters::SMALL);
        let Hashed::Made(made) = hasher.work(&Work::Set { password: Password::new(" Zürich ") }, [1; 16])
        else {
            panic!("a hash is made")
        };
        for (password, expected) in [
            (" Zu\u{308}rich ", true),
            (" Zürich ", true),
            ("Zürich ", false),
            (" Zürich", false),
            (" zürich ", false),
            (" Zürich \0", false),
            (" Ｚürich ", false),
        ] {
            assert_eq!(is_right(&mut hasher, password, made.as_str()), expected, "{password:?}");
        }
    }

    #[test]
    fn the_block_is_wiped() {
        let mut hasher = Hasher::new(Parameters::SMALL);
        hasher.work(&log_in(VIOLET, None), [1; 16]);
        assert!(hasher.memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }
}
