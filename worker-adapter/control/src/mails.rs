//! Mails on their way to the script that sends them, in texts.

use latchkey_control::mail::MailOutcome;
use latchkey_control::registry::DueMails;

/// When the next one is due, in milliseconds since the Unix epoch (empty: none is known of), and, a line
/// further, those that are to be sent now, a list in JSON.
pub fn due(due: &DueMails) -> String {
    let next = due.next_ms.map_or_else(String::new, |ms| ms.to_string());
    let mails = serde_json::to_string(&due.mails).expect("a mail has string keys only");
    format!("{next}\n{mails}")
}

/// What the script says came of sending.
pub fn outcome(word: &str) -> MailOutcome {
    match word {
        "sent" => MailOutcome::Sent,
        "refused" => MailOutcome::Refused,
        _ => MailOutcome::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_due_is_two_lines_too() {
        assert_eq!(due(&DueMails::default()), "\n[]");
        assert_eq!(due(&DueMails { next_ms: Some(7), ..DueMails::default() }), "7\n[]");
    }

    #[test]
    fn what_is_not_known_is_tried_again() {
        let words = ["sent", "refused", "later", "what"].map(outcome);
        assert_eq!(words, [MailOutcome::Sent, MailOutcome::Refused, MailOutcome::Later, MailOutcome::Later]);
    }
}
