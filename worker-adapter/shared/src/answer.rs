//! A response made here, as one text for the scripts; `infra/cloudflare/shared/src/answer.js` reads it.
//!
//! ```text
//! R
//! what is to be done beside it, with `;` between; `-`: nothing
//! its request id, or `-`
//! its status, and `b` where the body is no text: then each of its characters stands for a byte
//! for each field its name, then its value, a line each
//! an empty line
//! the body
//! ```

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderName, Response};

/// What is to be done beside the request, as `name=value`.
#[derive(Debug, Default)]
pub struct Aside(String);

impl Aside {
    /// Something is to be logged.
    pub fn log(&mut self, line: &str) {
        self.add("log", line);
    }

    /// Something else; neither has a `;` in it.
    pub fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push(';');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(value);
    }

    /// Its line.
    pub fn line(&self) -> &str {
        mark(&self.0)
    }
}

/// The text of a response; `request_id` may be empty.
pub fn respond(response: &Response<Bytes>, request_id: &str, aside: &Aside) -> String {
    let mut text = String::with_capacity(512);
    let (status, body) = (response.status().as_u16(), std::str::from_utf8(response.body()));
    let binary = if body.is_err() { "b" } else { "" };
    let _ = write!(text, "R\n{}\n{}\n{status}{binary}", aside.line(), mark(request_id));
    for (name, value) in response.headers() {
        push_field(&mut text, name, value.as_bytes());
    }
    text.push_str("\n\n");
    match body {
        Ok(body) => text.push_str(body),
        Err(_) => text.extend(response.body().iter().map(|byte| char::from(*byte))),
    }
    text
}

/// No line of a head is empty: that is how its end is found.
fn mark(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// Two lines. The platform's header values are texts: what is not UTF-8 becomes U+FFFD, as it does there.
pub fn push_field(text: &mut String, name: &HeaderName, value: &[u8]) {
    text.push('\n');
    text.push_str(name.as_str());
    text.push('\n');
    match std::str::from_utf8(value) {
        Ok(value) => text.push_str(value),
        Err(_) => text.push_str(&String::from_utf8_lossy(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_has_no_empty_line() {
        let mut response = Response::new(Bytes::from_static(b"a\n\nb"));
        response.headers_mut().insert("x-a", http::HeaderValue::from_bytes(b"caf\xe9").unwrap());
        let mut aside = Aside::default();
        assert_eq!(respond(&response, "", &aside), "R\n-\n-\n200\nx-a\ncaf\u{fffd}\n\na\n\nb");
        aside.log("one");
        aside.add("poll", "7");
        assert!(respond(&response, "1f", &aside).starts_with("R\nlog=one;poll=7\n1f\n200\n"));
        *response.body_mut() = Bytes::from_static(b"\x89PNG\xff");
        assert_eq!(
            respond(&response, "", &Aside::default()),
            "R\n-\n-\n200b\nx-a\ncaf\u{fffd}\n\n\u{89}PNG\u{ff}"
        );
    }
}
