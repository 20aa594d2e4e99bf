//! What of a service's specification is looked at when it is uploaded: whether it is one at all.

use latchkey_pages::Language;
use latchkey_pages::document::Document;

/// The two forms that a document is stored in, as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/json`
    Json,
    /// `application/yaml` (RFC 9512)
    Yaml,
}

impl Form {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Form::Json => "application/json",
            Form::Yaml => "application/yaml",
        }
    }

    /// YAML takes every object of JSON too: what begins with a brace is read as JSON.
    fn of(text: &str) -> Self {
        if text.trim_start().starts_with('{') { Form::Json } else { Form::Yaml }
    }

    pub(crate) fn parse(media_type: &str) -> Self {
        if media_type == Form::Json.media_type() { Form::Json } else { Form::Yaml }
    }
}

/// What was found in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How it is stored.
    pub form: Form,
    /// Its title (`info.title`).
    pub title: Option<String>,
    /// Its own version (`info.version`).
    pub version: Option<String>,
    /// The version of OpenAPI or Swagger that it says.
    pub format: Option<String>,
    /// What is wrong with it all the same, each in a sentence.
    pub problems: Vec<String>,
}

/// Looks at a document; `Err`: why it is none, in a sentence.
pub fn check(bytes: &[u8]) -> Result<Checked, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "must be a text in UTF-8".to_owned())?;
    let document = Document::read(text).map_err(|refused| refused.sentence(Language::En))?;
    let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let problems = document.problems().iter().map(|problem| problem.sentence(Language::En)).collect();
    Ok(Checked {
        form: Form::of(text),
        title: told(document.title()),
        version: told(document.release()),
        format: told(document.format()),
        problems,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_document_is_told() {
        for bytes in [
            &b"\xff"[..],
            b"{",
            b"{}",
            br#"{"openapi":"3.0.0","paths":[]}"#,
            b"",
            b"paths: {}\n",
            b"openapi: [\n",
        ] {
            let fault = check(bytes).unwrap_err();
            assert!(fault.len() > 10, "{bytes:?}: {fault}");
        }
    }

    #[test]
    fn title_and_versions_are_read() {
        let text = br#" {"swagger":"2.0","info":{"title":"Pets","version":"7"},"paths":{}}"#;
        let checked = check(text).unwrap();
        assert_eq!((checked.form, checked.format.as_deref()), (Form::Json, Some("2.0")));
        assert_eq!((checked.title.as_deref(), checked.version.as_deref()), (Some("Pets"), Some("7")));
        assert_eq!(check(b"openapi: 3.1.0\npaths: {}\n").unwrap().form, Form::Yaml);
        assert_eq!(check(br#"{"openapi":"3.1.0","webhooks":{}}"#).unwrap().version, None);
    }
}
