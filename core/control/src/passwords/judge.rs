//! Which passwords may be set: by their length, and by what everybody would guess first. There are no rules
//! of composition (NIST SP 800-63B-4 §3.1.1.2, ASVS 6.2).

use super::{Password, Refused};
use latchkey_published::limits;

/// Letters and digits that must be left once all that is easily guessed is taken away.
const LEFT_MIN: usize = 8;
/// Different characters of a password, at least.
const DISTINCT_MIN: usize = 5;
/// Neighbours on a row, or the same character again, that count as one easy guess.
const RUN_MIN: usize = 4;
const SAME_MIN: usize = 3;
/// Characters of a word of the context that is looked for: shorter ones are within many words.
const WORD_MIN: usize = 4;

/// Common passwords that are longer than the shortest that may be set by default, in lower case without
/// spaces: what people take when they are asked for a sentence.
const COMMON: &str = include_str!("common.txt");

/// Words that people make passwords of when they are asked for one.
const WORDS: &[&str] = &[
    "password",
    "passwort",
    "passphrase",
    "passwd",
    "kennwort",
    "contrasena",
    "motdepasse",
    "pasuwaado",
    "administrator",
    "admin",
    "developer",
    "portal",
    "welcome",
    "willkommen",
    "bienvenue",
    "letmein",
    "changeme",
    "change",
    "default",
    "temporary",
    "secret",
    "login",
    "master",
    "superman",
    "batman",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "monkey",
    "dragon",
    "shadow",
    "trustno1",
    "hello",
    "test",
    "guest",
    "root",
    "user",
    "qwerty",
    "qwertz",
    "azerty",
    "please",
    "summer",
    "winter",
    "spring",
    "autumn",
    "company",
    "secure",
    "security",
    "account",
    "access",
    "latchkey",
];

/// Rows of keyboards, the alphabet, the digits; read in both directions.
const ROWS: &[&str] = &[
    "1234567890",
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
];

/// Refuses what is too short, too long, common, or made of words of the context: product, portal, address.
///
/// `context` is taken apart into words.
pub fn judge(password: &Password, least_characters: u32, context: &[&str]) -> Result<(), Refused> {
    let text = password.0.as_str();
    let refused = |sentence: &str| Err(Refused(sentence.to_owned()));
    if text.len() > limits::PASSWORD_BYTES_MAX {
        return Err(Refused(format!("length must be at most {} bytes", limits::PASSWORD_BYTES_MAX)));
    }
    if text.chars().filter(|character| !goes_with_another(*character)).count() < least_characters as usize {
        return Err(Refused(format!("length must be at least {least_characters} characters")));
    }
    let characters = characters(text);
    if is_common(&characters) {
        return refused("this password is one of the most common: choose another");
    }
    if distinct(text) < DISTINCT_MIN || period(&characters).is_some_and(|period| period < LEFT_MIN) {
        return refused("must not repeat the same few characters");
    }
    let (left, by_context) = left(&characters, context);
    match (left < LEFT_MIN, by_context) {
        (true, true) => refused("must not be made of your address or of the names of this portal"),
        (true, false) => refused("must not be made of common words and rows of keys alone"),
        (false, _) => Ok(()),
    }
}

/// Whether it is an accent, a voicing mark or a part of a Hangul syllable that is typed as a character of its own,
/// and so is composed with the one before it where the password is hashed.
fn goes_with_another(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{1160}'..='\u{11ff}' | '\u{3099}' | '\u{309a}')
}

/// A letter or a digit, or what stands for one.
struct Character {
    lower: char,
    /// What it stands for: `0` for an o, `$` for an s.
    folded: char,
}

fn characters(text: &str) -> Vec<Character> {
    let lower = text.chars().flat_map(char::to_lowercase);
    let all = lower.map(|lower| Character { lower, folded: folded(lower) });
    all.filter(|character| character.folded.is_alphanumeric()).collect()
}

fn folded(lower: char) -> char {
    match lower {
        '0' => 'o',
        '1' | '!' | '|' | 'l' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn folded_word(word: &str) -> Vec<char> {
    characters(word).iter().map(|character| character.folded).collect()
}

/// Whether it is one of the list, with signs between and digits behind or without.
fn is_common(characters: &[Character]) -> bool {
    let whole: Vec<char> = characters.iter().map(|character| character.folded).collect();
    let plain: Vec<&Character> =
        characters.iter().filter(|character| character.lower.is_alphanumeric()).collect();
    let end = plain.iter().rposition(|character| !character.lower.is_ascii_digit()).map_or(0, |at| at + 1);
    let plain: Vec<char> = plain.iter().map(|character| character.folded).collect();
    let readings = [whole.as_slice(), &plain, &plain[..end]];
    COMMON.lines().map(folded_word).any(|common| readings.contains(&common.as_slice()))
}

fn distinct(text: &str) -> usize {
    let mut characters: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    characters.sort_unstable();
    characters.dedup();
    characters.len()
}

/// After how many characters a text begins again, if it does at least once.
fn period(characters: &[Character]) -> Option<usize> {
    let is_period = |period: &usize| {
        characters.iter().zip(&characters[*period..]).all(|(one, other)| one.folded == other.folded)
    };
    (1..=characters.len() / 2).find(is_period)
}

/// How many letters and digits are left without what is easily guessed, and whether it is for the context's
/// words that so few are. What has nothing of the kind is left whole.
fn left(characters: &[Character], context: &[&str]) -> (usize, bool) {
    let mut gone = vec![false; characters.len()];
    WORDS.iter().for_each(|word| mark_word(characters, &folded_word(word), &mut gone));
    ROWS.iter().for_each(|row| mark_runs(characters, row, &mut gone));
    mark_same(characters, &mut gone);
    let is_left = |gone: &[bool]| {
        let kept = characters
            .iter()
            .zip(gone)
            .filter(|(character, gone)| !**gone && character.lower.is_alphanumeric());
        if gone.contains(&true) { kept.count() } else { usize::MAX }
    };
    let without_context = is_left(&gone);
    for word in context.iter().flat_map(|text| context_words(text)) {
        mark_word(characters, &word, &mut gone);
    }
    (is_left(&gone), without_context >= LEFT_MIN)
}

/// A text of the context and its words, the longest first.
fn context_words(text: &str) -> Vec<Vec<char>> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).chain([text]);
    let mut words: Vec<Vec<char>> = parts.map(folded_word).filter(|word| word.len() >= WORD_MIN).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

fn mark_word(characters: &[Character], word: &[char], gone: &mut [bool]) {
    for at in 0..(characters.len() + 1).saturating_sub(word.len()) {
        let is_here =
            characters[at..].iter().zip(word).all(|(character, letter)| character.folded == *letter);
        if is_here && !word.is_empty() {
            gone[at..at + word.len()].fill(true);
        }
    }
}

/// Marks what goes along a row, forth or back.
fn mark_runs(characters: &[Character], row: &str, gone: &mut [bool]) {
    let row: Vec<char> = row.chars().collect();
    let follows = |one: char, next: char| row.windows(2).any(|two| two == [one, next]);
    for is_forth in [true, false] {
        let mut from = 0;
        for at in 1..=characters.len() {
            let goes_on = at < characters.len() && {
                let (one, next) = (characters[at - 1].lower, characters[at].lower);
                if is_forth { follows(one, next) } else { follows(next, one) }
            };
            if !goes_on {
                if at - from >= RUN_MIN {
                    gone[from..at].fill(true);
                }
                from = at;
            }
        }
    }
}

fn mark_same(characters: &[Character], gone: &mut [bool]) {
    let mut from = 0;
    for at in 1..=characters.len() {
        if at == characters.len() || characters[at].lower != characters[from].lower {
            if at - from >= SAME_MIN {
                gone[from..at].fill(true);
            }
            from = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &[&str] = &["Latchkey", "Acme Developers", "mia.tanaka", "tanaka-software.example"];

    fn verdict(password: &str, least: u32) -> Result<(), String> {
        judge(&Password::new(password), least, CONTEXT).map_err(|refused| refused.0)
    }

    #[test]
    fn length_counts_characters_and_is_bounded_in_bytes() {
        assert_eq!(verdict("violet harbour", 15), Err("length must be at least 15 characters".to_owned()));
        assert_eq!(verdict("violetharbourtu", 15), Ok(()));
        assert_eq!(verdict("x7Gq!2pA", 8), Ok(()));
        assert_eq!(verdict("ひらがなカタカナ漢字の合言葉です", 15), Ok(()));
        assert!(verdict("\u{1f511}\u{1f98a}\u{1f30a}\u{1f341}\u{1f3b2}", 15).is_err());
        // An accent that is typed as a character of its own is none more.
        for decomposed in ["viole\u{301}t harbou", "ひらか\u{3099}なカタカナ漢字合言葉"] {
            assert!(verdict(decomposed, 14).is_err(), "{decomposed}");
        }
        let words = "violet harbour tulip 93 copper lantern meadow 41 ".repeat(30);
        assert_eq!(verdict(&words[..1024], 15), Ok(()));
        assert_eq!(verdict(&words[..1025], 15), Err("length must be at most 1024 bytes".to_owned()));
    }

    #[test]
    fn there_are_no_rules_of_composition() {
        for password in [
            "violet harbour tulip 93",
            " Violet harbour tulip 93 ",
            "copper lantern meadow 41",
            "VIOLETHARBOURTULIP",
            "8302917465820193",
            "what my aunt said about Acme",
            "tanaka buys blue kettles",
        ] {
            assert_eq!(verdict(password, 15), Ok(()), "{password}");
        }
    }

    #[test]
    fn what_everybody_would_guess_is_refused() {
        for password in [
            "correct horse battery staple",
            "CorrectHorseBatteryStaple",
            "c0rrecth0rseb4tterystap1e",
            "May the force be with you!",
            "may the force be with you 2026",
            "passwordpassword",
            "P@ssw0rdP@ssw0rd",
            "Password12345678",
            "my password 12345",
            "adminadminadmin1",
            "qwertyuiopasdfgh",
            "1qaz2wsx3edc4rfv",
            "poiuytrewq098765",
            "abcdefghijklmnop",
            "zyxwvutsrqponmlk",
            "123456789012345",
            "000000000000000",
            "aaaaaaaaaaaaaaab",
            "aaaaabbbbbccccc",
            "abcabcabcabcabc",
            "xk2xk2xk2xk2xk2xk2",
            "latchkeylatchkey",
            "Latchkey-portal-2026!",
            "acmedevelopers1",
            "mia.tanaka.2026",
            "Mia.Tanaka@tanaka-software.example",
            "tanaka-software1",
        ] {
            assert!(verdict(password, 15).is_err(), "{password}");
        }
    }

    #[test]
    fn the_context_is_named_where_it_is_the_reason() {
        let sentence = verdict("mia.tanaka.2026", 15).unwrap_err();
        assert!(sentence.contains("address"), "{sentence}");
        let sentence = verdict("Password12345678", 15).unwrap_err();
        assert!(!sentence.contains("address"), "{sentence}");
    }

    #[test]
    fn the_list_is_of_passwords_that_would_be_long_enough() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() >= 250 && lines.is_sorted());
        for line in lines {
            let is_plain = line.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            assert!(line.len() >= 15 && is_plain, "{line}");
        }
    }

    /// A password of the longest kind is judged at once.
    #[test]
    fn the_longest_password_is_judged_in_little_work() {
        let long = "qwerty tanaka ".repeat(73);
        assert!(verdict(&long[..1022], 15).is_err());
    }
}
