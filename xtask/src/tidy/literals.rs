//! Adapters hold no path, no text of an answer and no reason phrase: core answers whatever is
//! Latchkey's own. Looked through are the adapters' sources and the scripts under `infra`, without
//! tests.

use std::path::Path;

use anyhow::Result;

use super::finding::{Exception, Finding, Offence, sift};
use super::rust_source::{each_string, parse};
use super::tree::Tree;
use super::{modules, script_source};

/// Paths at either door begin so.
const PATHS: [&str; 6] = ["/-", "/admin", "/portal", "/manager", "/health", "/openapi.json"];

/// RFC 9110 §15, those that an answer of ours could have.
const REASONS: [&str; 21] = [
    "Moved Permanently",
    "See Other",
    "Not Modified",
    "Temporary Redirect",
    "Permanent Redirect",
    "Bad Request",
    "Unauthorized",
    "Forbidden",
    "Not Found",
    "Method Not Allowed",
    "Request Timeout",
    "Conflict",
    "Precondition Failed",
    "Content Too Large",
    "Payload Too Large",
    "Misdirected Request",
    "Too Many Requests",
    "Internal Server Error",
    "Bad Gateway",
    "Service Unavailable",
    "Gateway Timeout",
];

/// `place` is the file, `subject` the literal.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        place: "lambda-adapter/src/authorizer.rs",
        subject: "Unauthorized",
        reason: "the word by which an authorizer tells API Gateway to answer 401",
    },
    Exception {
        place: "lambda-adapter/src/handler.rs",
        subject: "Bad request",
        reason: "core does not answer what is no request yet",
    },
    Exception {
        place: "local-adapter/src/admin_client.rs",
        subject: "message",
        reason: "read, from the Admin API's answer",
    },
    Exception {
        place: "local-adapter/src/client_stream.rs",
        subject: "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json; charset=utf-8\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 75\r\n\r\n{\"message\":\"The gateway holds too much for others, please try again later\"}",
        reason: "sent before there is a request that core could answer",
    },
    Exception {
        place: "local-adapter/src/client_stream.rs",
        subject: "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\ncontent-length: 48\r\n\r\n{\"message\":\"The request's head came too slowly\"}",
        reason: "sent before there is a request that core could answer",
    },
    Exception {
        place: "local-adapter/src/demo.rs",
        subject: "message",
        reason: "read, from the Admin API's answer",
    },
    Exception {
        place: "local-adapter/src/demo.rs",
        subject: "/admin{path}",
        reason: "the demo is a client of the Admin API",
    },
    Exception {
        place: "local-adapter/src/import.rs",
        subject: "message",
        reason: "read, from the Admin API's answer",
    },
    Exception {
        place: "local-adapter/src/message.rs",
        subject: "{admin} {control}/admin/services",
        reason: "a line to paste, shown at the terminal",
    },
    Exception {
        place: "local-adapter/src/message.rs",
        subject: "{admin} -X POST {control}/admin",
        reason: "a line to paste, shown at the terminal",
    },
    Exception {
        place: "local-adapter/src/proxy.rs",
        subject: "Bad request",
        reason: "core does not answer what is no request yet",
    },
    Exception {
        place: "infra/cloudflare/shared/src/answer.js",
        subject: "message",
        reason: "Wasm itself has failed, and so has no word for it",
    },
];

/// `roots` are the roots of all crates; those of adapters are looked through.
pub(super) fn check(tree: &Tree, roots: &[String]) -> Result<Vec<Finding>> {
    Ok(sift(offences(tree, roots)?, EXCEPTIONS))
}

fn offences(tree: &Tree, roots: &[String]) -> Result<Vec<Offence>> {
    let mut offences = Vec::new();
    let adapters: Vec<String> = roots.iter().filter(|root| is_adapter_source(root)).cloned().collect();
    for (_, read) in modules::read_all(tree, &adapters)? {
        for file in read.files() {
            each_string(parse(file, &tree.read(file)?)?, &mut |line, text| {
                offences.extend(fault_of(text).map(|fault| offence(file, line, text, fault)));
            });
        }
    }
    for file in tree.paths().filter(|path| is_script(path)) {
        for found in script_source::scan(&tree.read(file)?) {
            let fault = if found.is_property {
                (found.text == "message").then_some(MESSAGE)
            } else {
                fault_of(&found.text)
            };
            offences.extend(fault.map(|fault| offence(file, found.line, &found.text, fault)));
        }
    }
    Ok(offences)
}

const MESSAGE: &str = "a message of an answer";

fn offence(file: &str, line: usize, text: &str, fault: &str) -> Offence {
    let finding = Finding::new(format!("{file}:{line}"), format!("{fault} in an adapter: {text:?}"));
    Offence { place: file.to_owned(), subject: text.to_owned(), finding }
}

/// `x-adapter/src/…` or `x-adapter/y/src/…`.
fn is_adapter_source(path: &str) -> bool {
    path.split_once('/').is_some_and(|(top, rest)| {
        top.ends_with("-adapter") && (rest.starts_with("src/") || rest.contains("/src/"))
    })
}

fn is_script(path: &str) -> bool {
    let kinds = ["js", "mjs", "ts"];
    let kind = Path::new(path).extension().and_then(|kind| kind.to_str());
    path.starts_with("infra/") && path.contains("/src/") && kind.is_some_and(|kind| kinds.contains(&kind))
}

fn fault_of(text: &str) -> Option<&'static str> {
    let is_message = text == "message" || text.contains("\"message\"") || text.contains("'message'");
    if PATHS.iter().any(|path| has_path(text, path)) {
        Some("a path of Latchkey's own")
    } else if is_message {
        Some(MESSAGE)
    } else if REASONS.iter().any(|reason| is_reason(text, reason)) {
        Some("a reason phrase")
    } else {
        None
    }
}

/// Whether a text is a reason phrase, or has one of several words as an answer's head would write it.
fn is_reason(text: &str, reason: &str) -> bool {
    text.eq_ignore_ascii_case(reason) || (reason.contains(' ') && text.contains(reason))
}

/// Whether a text has that path, whole or with more below it, wherever in it.
fn has_path(text: &str, path: &str) -> bool {
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_' | '.');
    text.match_indices(path).any(|(at, _)| !text[at + path.len()..].starts_with(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_offences(file: &str, source: &str, expected: &[&str]) {
        let tree = Tree::of(&[(file, source)]);
        let roots = if file.ends_with(".rs") { vec![file.to_owned()] } else { vec![] };
        let found = offences(&tree, &roots).unwrap();
        let faults: Vec<&str> = found
            .iter()
            .map(|offence| offence.finding.what.split(" in an adapter").next().unwrap_or_default())
            .collect();
        assert_eq!(faults, expected, "{source}");
    }

    const PATH: &str = "a path of Latchkey's own";
    const REASON: &str = "a reason phrase";

    #[test]
    fn paths_messages_and_reasons_in_rust() {
        let check =
            |source: &str, expected: &[&str]| check_offences("a-adapter/src/lib.rs", source, expected);
        check("const A: &str = \"/-\";", &[PATH]);
        check("fn a() { format!(\"http://{b}/-/admin/{c}\") }", &[PATH]);
        check("const A: &str = \"/admin/consumers\"; const B: &[u8] = b\"/portal\";", &[PATH, PATH]);
        check("const A: &str = \"{\\\"message\\\":\\\"x\\\"}\";", &[MESSAGE]);
        check("fn a() { json!({ \"message\": b }) }", &[MESSAGE]);
        check(
            "const A: &str = \"HTTP/1.1 502 Bad Gateway\\r\\n\"; const B: &str = \"unauthorized\";",
            &[REASON, REASON],
        );
        check("const A: &str = \"/administrators and /-x, /healthy: not found, ConflictError\";", &[]);
        check("/// `\"/admin\"`\nfn a() {} #[cfg(test)] mod tests { const A: &str = \"/admin\"; }", &[]);
    }

    #[test]
    fn also_in_a_crate_below_an_adapter_and_not_elsewhere() {
        let source = "const A: &str = \"/admin\";";
        check_offences("worker-adapter/control/src/lib.rs", source, &[PATH]);
        check_offences("core/control/src/lib.rs", source, &[]);
    }

    #[test]
    fn paths_messages_and_reasons_in_scripts() {
        let check = |source: &str, expected: &[&str]| check_offences("infra/c/d/src/a.js", source, expected);
        check("if (path.startsWith('/admin/')) f(`${base}/-/health`);", &[PATH, PATH]);
        check("return Response.json({ message: 'no', other: error.message });", &[MESSAGE]);
        check("new Response('', { statusText: 'Not Found' });", &[REASON]);
        check("// '/admin'\nconst a = 'b/administrators';", &[]);
        check_offences("infra/c/tests/a.js", "f('/admin')", &[]);
    }
}
