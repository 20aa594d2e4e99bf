//! What a snippet says. That each does it is shown where a gateway runs.

use std::process::Command;

use super::*;
use crate::calls::facts::{KeyAuth, Request, Routes};
use crate::calls::quote::{self, Literal};

/// Needs quoting in every language; stands in queries and bodies alone.
const NAME: &str = "a'k\"$`\\é鍵 &=%+#!";
/// Needs quoting, and may be the name of a field.
const TOKEN: &str = "x'$`!#%&*^|~y";
const VALUE: &str = "a \"b\" $HOME `id` \\ %41 'c'";
const URL: &str = "http://gateway.test:8000/it's/%C3%A9%20$HOME/%60id%60/%2F";

fn facts<'a>(method: Method, name: &'a str) -> Facts<'a> {
    let request = Request {
        method,
        method_with_body: Some(Method::Post),
        host: None,
        path: "/it's/é $HOME/`id`/%2F",
        headers: &[("X-It's", VALUE)],
    };
    let key_auth = KeyAuth {
        name,
        is_in_header: true,
        is_in_bearer: true,
        is_in_query: true,
        is_in_body: true,
        refuses_preflights: false,
    };
    let gateway = "http://gateway.test:8000";
    let routes = Routes::Plain(request);
    Facts { gateway, is_enabled: true, routes, key_auth: Some(key_auth), oauth2: None }
}

/// The words that curl is given by a shell in which `API_KEY` is `key 1`.
#[expect(clippy::disallowed_methods, reason = "a shell alone knows how it reads a line")]
fn words(line: &str) -> Vec<String> {
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{line}");
    let output = Command::new("sh").args(["-c", &script]).env(VARIABLE, "key 1").output();
    let output = output.expect("there is a shell");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("is text");
    text.split_terminator('\0').map(str::to_owned).collect()
}

fn curl_words(method: Method, name: &str, place: Place, key: Key<'_>) -> Vec<String> {
    let snippet = snippets(&facts(method, name), place, key).next().expect("is shown");
    assert_eq!(snippet.language, CodeLanguage::Curl);
    words(&snippet.text)
}

#[test]
fn a_shell_reads_what_was_meant() {
    let field = format!("X-It's: {VALUE}");
    let encoded = quote::query(NAME);
    for (key, text) in [(Key::Variable, "key 1"), (Key::Shown("it's $HOME"), "it's $HOME")] {
        let name = format!("{TOKEN}: {text}");
        let header = ["--include", "--header", &field, "--header", &name, URL];
        assert_eq!(curl_words(Method::Get, TOKEN, Place::Header, key), header);
        let bearer = format!("Authorization: Bearer {text}");
        let authorization = ["--include", "--header", &field, "--header", &bearer, URL];
        assert_eq!(curl_words(Method::Get, NAME, Place::Bearer, key), authorization);
        let pair = format!("{encoded}={text}");
        let query = ["--include", "--header", &field, "--get", "--data-urlencode", &pair, URL];
        assert_eq!(curl_words(Method::Get, NAME, Place::Query, key), query);
        let body = ["--include", "--header", &field, "--data-urlencode", &pair, URL];
        assert_eq!(curl_words(Method::Get, NAME, Place::Body, key), body);
    }
}

#[test]
fn curl_is_told_the_method_where_it_would_take_another() {
    for (method, argument) in [
        (Method::Get, None),
        (Method::Post, Some("--request POST")),
        (Method::Delete, Some("--request DELETE")),
        (Method::Head, Some("--head")),
    ] {
        let line = curl(&facts(method, "apikey"), Key::Variable).expect("is shown");
        let said = line.lines().nth(1).map(|line| line.trim().trim_end_matches(" \\"));
        assert_eq!(said.filter(|line| !line.starts_with("--header")), argument, "{line}");
        assert!(line.contains("--header \"apikey: $API_KEY\""), "{line}");
    }
}

#[test]
fn every_language_quotes_what_it_calls() {
    for (place, name) in [(Place::Header, TOKEN), (Place::Query, NAME), (Place::Body, NAME)] {
        for snippet in snippets(&facts(Method::Get, name), place, Key::Variable).skip(1) {
            let literal = |text: &str| quote::literal(text, Literal::Common);
            let is_encoded = place == Place::Query && snippet.language != CodeLanguage::Rust
                || place == Place::Body && snippet.language == CodeLanguage::Java;
            let written = if is_encoded { format!("{}=\"", quote::query(name)) } else { literal(name) };
            assert!(snippet.text.contains(&written), "{place:?} {written}: {}", snippet.text);
            assert!(snippet.text.contains(&literal(VALUE)), "{}", snippet.text);
            assert!(snippet.text.contains(&literal(URL)[..URL.len()]), "{}", snippet.text);
            assert!(snippet.text.contains("\"API_KEY\"") || snippet.text.contains("env.API_KEY"));
        }
    }
}

#[test]
fn the_key_is_in_no_line_but_curls() {
    for place in Place::ALL {
        let snippets: Vec<_> = snippets(&facts(Method::Get, "apikey"), place, Key::Shown("lk_1")).collect();
        let languages: Vec<_> = snippets.iter().map(|snippet| snippet.language).collect();
        assert_eq!(languages, CodeLanguage::ALL);
        let with_key = snippets.iter().filter(|snippet| snippet.text.contains("lk_1"));
        assert!(with_key.map(|snippet| snippet.language).eq([CodeLanguage::Curl]));
    }
}

#[test]
fn where_the_key_cannot_stand_nothing_is_shown() {
    let facts = facts(Method::Get, NAME);
    assert_eq!(snippets(&facts, Place::Header, Key::Variable).count(), 0, "no name of a field");
    for facts in [Facts { key_auth: None, ..facts }, Facts { routes: Routes::NotPlain, ..facts }] {
        assert_eq!(curl(&facts, Key::Variable), None);
    }
}

#[test]
fn a_try_is_the_same_by_curl() {
    let tried = Tried {
        method: Method::Put,
        url: URL,
        query: "a=b c&d=%20'",
        headers: &[("X-It's", VALUE)],
        body: "it's\n$HOME",
        name: "apikey",
        place: Place::Query,
    };
    let url = format!("{URL}?a=b%20c&d=%20'");
    let with_key = format!("{url}&apikey=key 1");
    let field = format!("X-It's: {VALUE}");
    let before = ["--include", "--request", "PUT", "--header", &field];
    let check = |tried: &Tried<'_>, after: &[&str]| {
        assert_eq!(words(&curl_of_try(tried)), [&before[..], after].concat());
    };
    check(&tried, &["--data-raw", tried.body, &with_key]);
    let in_body = Tried { place: Place::Body, ..tried };
    check(&in_body, &["--data-raw", tried.body, "--data-urlencode", "apikey=key 1", &url]);
    let in_header = Tried { place: Place::Header, body: "", ..tried };
    check(&in_header, &["--header", "apikey: key 1", &url]);
    let bare = Tried { body: "", ..tried };
    check(&bare, &["--get", "--data-urlencode", "apikey=key 1", &url]);
    let first = Tried { query: "", ..tried };
    check(&first, &["--data-raw", tried.body, &format!("{URL}?apikey=key 1")]);
}
