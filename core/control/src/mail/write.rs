//! Letters as mails: words of a language in the one template of text and the one of HTML.

use askama::Template;

use super::facts::Facts;
use super::{Language, Letter, english, japanese};

/// A mail, but for who sends it to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// What both templates say.
struct Words<'a> {
    language: &'a str,
    subject: &'a str,
    paragraph: &'a str,
    named: &'a [String],
    button: &'a str,
    link: &'a str,
    closing: &'a str,
    portal: &'a str,
    origin: &'a str,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Text<'a>(&'a Words<'a>);

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a>(&'a Words<'a>);

/// Writes a letter in a language. `link`: where its link leads to.
pub(crate) fn write(letter: &Letter, language: Language, facts: &Facts, link: &str) -> Written {
    let portal = &facts.portal;
    let (subject, paragraph, button, closing) = match language {
        Language::En => (
            format!("{portal}: {}", english::subject(letter)),
            english::paragraph(letter, facts),
            english::button(letter),
            english::closing(letter),
        ),
        Language::Ja => (
            format!("【{portal}】{}", japanese::subject(letter)),
            japanese::paragraph(letter, facts),
            japanese::button(letter),
            japanese::closing(letter),
        ),
    };
    let words = Words {
        language: language.tag(),
        subject: &subject,
        paragraph: &paragraph,
        named: &facts.named,
        button,
        link,
        closing,
        portal,
        origin: origin_of(link),
    };
    Written { text: rendered(&Text(&words)), html: rendered(&Html(&words)), subject }
}

fn rendered(template: &impl Template) -> String {
    template.render().expect("templates hold texts alone, and a string takes whatever is written to it")
}

/// Scheme and host of a link.
fn origin_of(link: &str) -> &str {
    let host_at = link.find("://").map_or(0, |at| at + 3);
    link[host_at..].find('/').map_or(link, |length| &link[..host_at + length])
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::accounts::TokenSeed;

    const ORIGIN: &str = "https://portal.example";
    const HOSTILE: &str = "<b>\"O'Neil\" & <script>";

    fn letters() -> Vec<Letter> {
        let id = Uuid::from_u128(1);
        let token = TokenSeed { bytes: [1; 20], pepper_id: serde_json::from_str("7").unwrap() };
        vec![
            Letter::Verify { token },
            Letter::AlreadyRegistered,
            Letter::Reset { token },
            Letter::LogInLink { token },
            Letter::Invitation { token },
            Letter::ConfirmAddress { token },
            Letter::AddressChanges { token },
            Letter::PasswordChanged,
            Letter::NewBrowser,
            Letter::AfterFailures { failures: 12 },
            Letter::Waiting,
            Letter::Approved,
            Letter::Rejected,
            Letter::Revoked,
            Letter::TransferOffered { application: id },
            Letter::AccessRequested { contract: id },
            Letter::AccessApproved { contract: id },
            Letter::AccessRejected { contract: id },
            Letter::AccessRevoked { contract: id },
            Letter::KeyEnds { credential: id },
            Letter::DeveloperWaits { developer: id },
            Letter::ContractWaits { contract: id },
            Letter::Digest { day: 1 },
            Letter::Test,
        ]
    }

    fn facts(text: &str) -> Facts {
        Facts {
            portal: text.to_owned(),
            service: text.to_owned(),
            key_start: text.to_owned(),
            ends_ms: 1_796_290_200_000,
            developers: 2,
            contracts: 1,
            named: vec![text.to_owned()],
        }
    }

    fn all(check: impl Fn(&Letter, Language, Written, &str)) {
        for letter in letters() {
            for language in Language::ALL {
                let token = if letter.token().is_some() { "?token=lkm_1" } else { "" };
                let link = format!("{ORIGIN}{}{token}", letter.path());
                let written = write(&letter, language, &facts(HOSTILE), &link);
                check(&letter, language, written, &link);
            }
        }
    }

    #[test]
    fn every_letter_is_written_in_every_language() {
        all(|letter, language, written, link| {
            let name = letter.name();
            assert!(!written.subject.chars().any(char::is_control), "{name} {language:?}: one line");
            let lines: Vec<&str> = written.text.lines().collect();
            assert_eq!(lines.iter().filter(|line| **line == link).count(), 1, "{name}: {}", written.text);
            assert!(lines.contains(&ORIGIN), "the host in clear");
            assert!(!written.text.contains("\n\n\n") && !written.text.starts_with('\n'), "{}", written.text);
            assert_eq!(written.html.matches("<a ").count(), 1, "{name}: one link");
            assert!(written.html.contains(&format!("<a href=\"{link}\">")), "{name}");
            assert!(written.html.contains(&format!("<html lang=\"{}\">", language.tag())));
            let is_japanese = written.text.chars().any(|c| ('ぁ'..='ヿ').contains(&c));
            assert_eq!(is_japanese, language == Language::Ja, "{name}: {}", written.text);
        });
    }

    #[test]
    fn what_was_named_is_text_and_nothing_else() {
        all(|letter, _, written, _| {
            assert!(written.text.contains(HOSTILE), "{}", written.text);
            let html = &written.html;
            assert!(!html.contains("<b>") && !html.contains("<script") && !html.contains("& "), "{html}");
            assert!(!html.contains("'Neil\""), "{html}");
            for foreign in ["<img", "<link", "<style", "src=", "url("] {
                assert!(!html.contains(foreign), "{}: {foreign}", letter.name());
            }
        });
    }

    #[test]
    fn what_a_letter_names_is_in_it() {
        let link = format!("{ORIGIN}/portal/apps");
        let of = |letter: &Letter, language| write(letter, language, &facts("Orders"), &link).text;
        for language in Language::ALL {
            let ends = of(&Letter::KeyEnds { credential: Uuid::nil() }, language);
            assert!(ends.contains("2026-12-03 09:30 UTC") && ends.contains("Orders"), "{ends}");
            assert!(of(&Letter::AfterFailures { failures: 12 }, language).contains("12"));
            let digest = of(&Letter::Digest { day: 1 }, language);
            assert!(digest.contains('2') && digest.contains('1'), "{digest}");
        }
    }

    /// As the outbox keeps them: a name never comes to mean another letter.
    #[test]
    fn the_name_of_a_letter_is_its_tag() {
        for letter in letters() {
            let stored = serde_json::to_value(&letter).unwrap();
            assert_eq!(stored["letter"], letter.name());
            assert_eq!(serde_json::from_value::<Letter>(stored).unwrap(), letter);
        }
    }
}
