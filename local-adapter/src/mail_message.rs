//! A mail as it travels: RFC 5322, text and HTML beside each other.

use std::time::SystemTime;

use latchkey_control::mail::OutgoingMail;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

/// Tells programs that answer mails that nobody reads here (RFC 3834 §5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// A mail, whom it goes to, and what it is called where it lies or travels.
#[derive(Debug)]
pub(crate) struct MailMessage {
    /// The same at each try, and safe as the name of a file.
    pub(crate) name: String,
    /// From one to one.
    pub(crate) envelope: Envelope,
    /// Lines end with CR LF; ASCII, unless an address is not.
    pub(crate) bytes: Vec<u8>,
}

impl MailMessage {
    /// Why it cannot be written, in words that have no address.
    pub(crate) fn new(mail: &OutgoingMail, now: SystemTime) -> Result<Self, String> {
        let name = mail.message_id.to_string();
        let from: Mailbox = mail.from.parse().map_err(|error| format!("the sender: {error}"))?;
        let to: Address = mail.to.parse().map_err(|error| format!("the recipient: {error}"))?;
        let message_id = format!("<{name}@{}>", from.email.domain());
        let message = Message::builder()
            .from(from)
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .date(now)
            .message_id(Some(message_id))
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
            .multipart(
                MultiPart::alternative()
                    .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
                    .singlepart(part(ContentType::TEXT_HTML, &mail.html)),
            );
        let message = message.map_err(|error| error.to_string())?;
        Ok(MailMessage { name, envelope: message.envelope().clone(), bytes: message.formatted() })
    }
}

/// Longest line that goes unencoded, without its end (RFC 5322 §2.1.1).
const LINE_BYTES_MAX: usize = 998;

/// ASCII goes as it is, so that a link can be read and copied out of a file; all else is encoded.
fn part(content_type: ContentType, text: &str) -> SinglePart {
    let is_plain = |line: &str| line.len() <= LINE_BYTES_MAX && line.is_ascii() && !line.contains('\0');
    let body = if text.lines().all(is_plain) {
        let lines: String = text.lines().flat_map(|line| [line, "\r\n"]).collect();
        Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text.to_owned())
    };
    SinglePart::builder().header(content_type).body(body)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    fn mail() -> OutgoingMail {
        OutgoingMail {
            id: "000".to_owned(),
            message_id: Uuid::from_u128(1),
            from: "Portal <portal@example.com>".to_owned(),
            to: "Dee@example.org".to_owned(),
            subject: "確認: your address".to_owned(),
            text: format!("Hello\n{LINK}\n"),
            html: "<p>Hello</p>\n".to_owned(),
        }
    }

    const LINK: &str =
        "https://keys.example.com/portal/verify?token=lkm_0123456789abcdefghijklmnopqrstuvwxyzABCDEF";

    fn render(mail: &OutgoingMail) -> Result<String, String> {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        MailMessage::new(mail, time).map(|message| String::from_utf8(message.bytes).unwrap())
    }

    #[test]
    fn it_has_what_a_mail_needs_and_no_more() {
        let text = render(&mail()).unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        let mut names: Vec<_> =
            head.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name).collect();
        names.sort_unstable();
        let expected =
            ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"];
        assert_eq!(names, expected, "{text}");
        for line in [
            "From: Portal <portal@example.com>",
            "To: Dee@example.org",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000",
            "Message-ID: <00000000-0000-0000-0000-000000000001@example.com>",
        ] {
            assert!(head.lines().any(|found| found == line), "{line} is not in {text}");
        }
        assert!(
            text.contains("multipart/alternative")
                && text.contains("text/plain")
                && text.contains("text/html")
        );
        assert!(text.is_ascii() && text.replace("\r\n", "").lines().count() == 1, "{text}");
        assert!(text.lines().any(|line| line == LINK), "{text}");
        let japanese = OutgoingMail { text: "確認\n".to_owned(), ..mail() };
        assert!(render(&japanese).unwrap().is_ascii());
        assert!(text.find("text/plain") < text.find("text/html"), "the last is shown where it can be");
    }

    #[test]
    fn nobody_is_added_and_no_line_either() {
        let message = MailMessage::new(&mail(), SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(
            message.envelope.to().iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["Dee@example.org"]
        );
        let subject = "x\r\nBcc: all@example.org".to_owned();
        let text = render(&OutgoingMail { subject, ..mail() }).unwrap();
        assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
        for to in [
            "",
            "dee",
            "a@example.org,b@example.org",
            "a@example.org\r\nRCPT TO:<b@example.org>",
            "<a@example.org>",
        ] {
            let error = render(&OutgoingMail { to: to.to_owned(), ..mail() }).unwrap_err();
            assert!(error.starts_with("the recipient: ") && !error.contains("example"), "{error}");
        }
    }
}
