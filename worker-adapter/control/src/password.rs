//! What an answer hangs on, in texts: from the workspace's object to the door's isolate, from there to the
//! object that hashes, and back.

use latchkey_control::log_in::{PasswordAnswer, PasswordNeed};

/// `P`; then, a line each, the name of the object that is to be asked (one of sixteen, by whose password
/// it is, so that attempts at one account meet in one place) and the need, in JSON.
pub fn need(need: &PasswordNeed) -> String {
    let json = serde_json::to_string(need).expect("a need has string keys only");
    format!("P\n{}\n{json}", &need.account.to_hex()[..1])
}

/// What came of it, in JSON; `Some(None)`: it is not known. `None`: it is no such text.
pub fn answer(text: &str) -> Option<Option<PasswordAnswer>> {
    if text.is_empty() {
        return Some(None);
    }
    serde_json::from_slice(text.as_bytes()).ok().map(Some)
}

#[cfg(test)]
mod tests {
    use latchkey_control::log_in::{PasswordOutcome, Work};
    use latchkey_control::passwords::Password;
    use latchkey_published::keys::KeyDigest;

    use super::*;

    #[test]
    fn a_need_names_its_object_and_reads_back() {
        let password = Password::new("correct horse\nbattery staple");
        let asked = PasswordNeed {
            account: KeyDigest::from_bytes([0xb4; 32]),
            address: Some("192.0.2.7".parse().unwrap()),
            known_browser: None,
            work: Work::LogIn { password, stored: None },
            state: Some(7),
        };
        let text = need(&asked);
        let lines: Vec<&str> = text.split('\n').collect();
        let ["P", "b", json] = lines[..] else { panic!("{text}") };
        let read: PasswordNeed = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::to_value(&asked).unwrap());
    }

    #[test]
    fn an_answer_is_read_and_rubbish_is_none() {
        assert!(answer("").unwrap().is_none() && answer("x").is_none());
        let read = answer(r#"{"state":7,"outcome":{"held":{"retry_after_s":3}}}"#).unwrap().unwrap();
        assert_eq!(read.state, Some(7));
        assert!(matches!(read.outcome, PasswordOutcome::Held { retry_after_s: 3 }));
    }
}
