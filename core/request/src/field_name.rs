//! When two names of header fields are the same.
//!
//! Servers turn names into variables (RFC 3875 §4.1.18: `HTTP_X_CONSUMER_ID`), and the common ones
//! put the same character for `-`, `_`, `.` and whatever else is no letter or digit. A field that
//! must not come from a client must not come in any of those spellings.

/// Whether two names are the same: equal once every character that is no letter or digit is `-`,
/// in letters of either case.
pub fn is_same(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left.bytes().zip(right.bytes()).all(|(left, right)| fold(left) == fold(right))
}

/// The spelling that all names have in common that are the same.
pub fn folded(name: &str) -> String {
    name.bytes().map(|byte| char::from(fold(byte))).collect()
}

const fn fold(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' }
}

/// Names known beforehand; most others are told from them by their first letter and length.
#[derive(Debug)]
pub struct FieldNames<const N: usize> {
    names: [&'static str; N],
    /// For each first letter a bit for each name that begins so.
    by_letter: [u64; 26],
    /// The same for each length of a name, in bytes.
    by_length: [u64; 64],
}

impl<const N: usize> FieldNames<N> {
    /// The names of all lists, as [`folded`] has them, each beginning with a letter and shorter than
    /// 64 bytes; others, more than 64, or another number of them, do not compile where the set is
    /// constant.
    pub const fn new(lists: &[&[&'static str]]) -> Self {
        let mut set = FieldNames { names: [""; N], by_letter: [0; 26], by_length: [0; 64] };
        let (mut count, mut list) = (0, 0);
        while list < lists.len() {
            let mut at = 0;
            while at < lists[list].len() {
                let name = lists[list][at].as_bytes();
                assert!(name[0].is_ascii_lowercase() && name.len() < 64, "such a name cannot be told");
                set.by_letter[(name[0] - b'a') as usize] |= 1 << count;
                set.by_length[name.len()] |= 1 << count;
                set.names[count] = lists[list][at];
                count += 1;
                at += 1;
            }
            list += 1;
        }
        assert!(count == N, "the number of names is another");
        set
    }

    /// Whether a name is the same as one of these.
    #[inline]
    pub fn contains(&self, name: &str) -> bool {
        let Some(first) = name.bytes().next() else { return false };
        let letter = usize::from((first | 0x20).wrapping_sub(b'a'));
        let (Some(alike), Some(as_long)) = (self.by_letter.get(letter), self.by_length.get(name.len()))
        else {
            return false;
        };
        let mut candidates = alike & as_long;
        while candidates != 0 {
            if is_same(self.names[candidates.trailing_zeros() as usize], name) {
                return true;
            }
            candidates &= candidates - 1;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a name may have in it besides letters and digits (RFC 9110 §5.6.2).
    const OTHERS: &str = "!#$%&'*+-.^_`|~";

    #[test]
    fn whatever_is_no_letter_or_digit_is_the_same() {
        for other in OTHERS.chars() {
            let name = format!("X{other}Real{other}Ip");
            assert!(is_same(&name, "x-real-ip") && is_same("x-real-ip", &name), "{name}");
            assert_eq!(folded(&name), "x-real-ip");
        }
        for name in
            ["x-real-i", "x-real-ip-", "xx-real-ip", "x--real-ip", "xareal-ip", "x0real-ip", "xrealip", ""]
        {
            assert!(!is_same(name, "x-real-ip"), "{name}");
        }
    }

    #[test]
    fn a_set_has_its_names_in_every_spelling_and_no_others() {
        const NAMES: FieldNames<3> = FieldNames::new(&[&["te"], &["x-real-ip", "x-forwarded-for"]]);
        for name in ["te", "TE", "x-real-ip", "X_Real.IP", "X~Forwarded-For"] {
            assert!(NAMES.contains(name), "{name}");
        }
        for name in
            ["", "t", "tea", "x-real-iq", "x-forwarded", "-real-ip-", "[-real-ip", &"x".repeat(79), "é"]
        {
            assert!(!NAMES.contains(name), "{name}");
        }
    }
}
