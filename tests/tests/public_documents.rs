//! Specifications that others have published, of many sizes, as pages: within bounds, whole, and with links that
//! lead where they say.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::fs;
use std::time::{Duration, Instant};

use html5ever::tendril::TendrilSink as _;
use latchkey_pages::document::{Described, Document, OperationPage, PAGE_MAX, SpecificationPage};
use latchkey_pages::{Frame, Front, Language, Site, View as _};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options};
use latchkey_tests::public_documents::{FITTING, TOO_LARGE, WITHIN, folder};
use latchkey_tests::raw_http::{Request, Response, exchange};
use markup5ever_rcdom::RcDom;
use serde_json::{Value, json};

/// A page over HTTP takes no longer, by a program that is not optimised on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(10);
/// A document whose operations are rendered one after the other takes no longer for one of them.
const PATIENCE_WITHIN: Duration = Duration::from_secs(2);
/// Operations of a document that are asked for over HTTP, where each reads the document anew.
const ASKED_MAX: usize = 2;
/// Where the service is called, in pages that are rendered without a program.
const ADDRESS: &str = "https://api.example/s";

fn document(name: &str) -> String {
    let path = folder().join(WITHIN).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Methods and paths of the operations, as the document's JSON has them.
fn operations(text: &str) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(text).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "delete", "options", "head", "patch", "trace"] {
            if item[method].is_object() {
                operations.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    operations.sort();
    operations
}

/// A page is of at most so many bytes, and a parser of HTML has nothing to mend.
#[track_caller]
fn whole(of: &str, page: &str) {
    assert!(page.len() <= PAGE_MAX, "{of}: {} bytes", page.len());
    let dom = html5ever::parse_document(RcDom::default(), Default::default()).one(page);
    let errors = dom.errors.borrow();
    assert!(errors.is_empty(), "{of}: {errors:?}\n{page}");
}

/// The values of `href` that begin so, with what is escaped in HTML as it is.
fn links(page: &str, begin: &str) -> Vec<String> {
    let values = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let plain = |value: &str| value.replace("&#38;", "&").replace("&amp;", "&").replace("&#39;", "'");
    values.map(plain).filter(|value| value.starts_with(begin)).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a path is what a template stands for: all that is outside its braces is there, in this order.
fn is_of(template: &str, path: &str) -> bool {
    let Some(mut rest) = path.strip_prefix("/s") else { return false };
    let mut pieces = template.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
    let starts = pieces.next().is_some_and(|piece| match rest.strip_prefix(piece) {
        Some(after) => {
            rest = after;
            true
        }
        None => false,
    });
    starts
        && pieces.all(|piece| match rest.find(piece) {
            Some(at) => {
                rest = &rest[at + piece.len()..];
                true
            }
            None => false,
        })
}

/// The link by which an operation is tried: its method and path are the operation's.
#[track_caller]
fn leads_to(of: &str, page: &str, method: &str, template: &str) {
    let tries = links(page, "/portal/services/s/try?");
    let [link] = tries.as_slice() else { panic!("{of}: {tries:?}") };
    let query = link.split_once('?').unwrap().1;
    let value = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        decoded(pair.unwrap_or_else(|| panic!("{of}: {link}")))
    };
    assert_eq!(value("method"), method, "{of}: {link}");
    assert!(is_of(&decoded(template), &decoded(&value("path"))), "{of}: {template}: {link}");
}

/// All pages of a document, rendered without a program: their number, and how long the slowest took.
fn render(name: &str, text: &str) -> (usize, Duration) {
    let document = Document::read(text).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
    let expected = operations(text);
    let (mut pages, mut slowest) = (0, Duration::ZERO);
    for language in Language::ALL {
        let site = Site { name: "Site", logo: None, style: "/style.css", script: "/script.js" };
        let frame = Frame {
            front: Front::Portal,
            language,
            site,
            caller: None,
            path: "/portal/services/s/specification",
            waiting: None,
            message: None,
        };
        let service = Described { id: "s", name: "S", address: Some(ADDRESS), can_try: true };
        let mut listed = Vec::new();
        for page in 1.. {
            let found = document.find("s", "", page);
            let paging = found.paging();
            let begun = Instant::now();
            let list =
                SpecificationPage { frame: &frame, service, document: &document, found: &found, paging };
            let list = list.html();
            slowest = slowest.max(begun.elapsed());
            whole(&format!("{name}, page {page}"), &list);
            listed.extend(links(&list, "/portal/services/s/specification/"));
            pages += 1;
            if paging.next.is_none() {
                break;
            }
        }
        assert_eq!(listed.len(), expected.len(), "{name}: {listed:?}");
        let mut shown = Vec::new();
        for link in &listed {
            let id = decoded(link.rsplit('/').next().unwrap());
            let operation = document.operation(&id).unwrap_or_else(|| panic!("{name}: no operation {id}"));
            let begun = Instant::now();
            let page = OperationPage { frame: &frame, service, document: &document, operation }.html();
            slowest = slowest.max(begun.elapsed());
            let of = format!("{name}, {id}");
            whole(&of, &page);
            let (method, path) = named(&page);
            leads_to(&of, &page, &method, &path);
            shown.push((method, path));
            pages += 1;
        }
        shown.sort();
        assert_eq!(shown, expected, "{name}");
    }
    assert!(slowest < PATIENCE_WITHIN, "{name}: {slowest:?}");
    (pages, slowest)
}

/// Method and path of an operation, as the page of it is headed.
fn named(page: &str) -> (String, String) {
    let heading = page.split_once("<h1>").unwrap().1.split_once("</h1>").unwrap().0;
    let heading = [("&#38;", "&"), ("&#60;", "<"), ("&#62;", ">"), ("&#39;", "'"), ("&#34;", "\"")]
        .iter()
        .fold(heading.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain));
    let (method, path) = heading.split_once(' ').unwrap();
    (method.to_owned(), path.to_owned())
}

#[test]
#[should_panic(expected = "Unexpected")]
fn a_page_that_needs_mending_is_none_of_ours() {
    whole("a page", "<!DOCTYPE html><html><head><title>x</title></head><body><p><b>x</p></body></html>");
}

#[test]
#[ignore = "a minute, and a large package of npm's: `cargo xtask browser --long`"]
fn every_page_is_whole_and_within_bounds() {
    let (mut all, mut slowest) = (0, (Duration::ZERO, ""));
    for name in FITTING {
        let (pages, time) = render(name, &document(name));
        all += pages;
        slowest = slowest.max((time, name));
    }
    println!("{} documents, {all} pages; the slowest took {:?}: {}", FITTING.len(), slowest.0, slowest.1);
}

fn get(local: &Local, path: &str) -> (Response, Duration) {
    let place = local.doors().control(path);
    let begun = Instant::now();
    let answer = exchange(&place.authority, &Request::get(&place.target)).unwrap();
    (answer, begun.elapsed())
}

fn put(local: &Local, service: &str, text: &str) -> Response {
    let request = local.admin_request("PUT", &format!("/services/{service}/document"));
    let request = request.header("Content-Type", "application/json").body(text);
    let place = local.doors().admin("");
    exchange(&place.authority, &request).unwrap()
}

/// Where the link to the page after this one leads.
fn next_page(page: &str) -> Option<String> {
    let (before, _) = page.split_once("\" rel=\"next\"")?;
    links(&format!("{before}\""), "/portal/services/").pop()
}

/// A service that takes applications, at a path of its name: its id.
fn service(local: &Local, name: &str) -> String {
    let make = |path: &str, entity: Value| {
        let made = local.admin("POST", path, Some(&entity));
        assert_eq!(made.status, 201, "{path}: {}", made.text());
        made.json().unwrap()["id"].as_str().unwrap().to_owned()
    };
    let id = make("/services", json!({"name": name, "host": "upstream.test"}));
    make(&format!("/services/{id}/routes"), json!({"paths": [format!("/{name}")]}));
    let registration = json!({"name": "application-registration", "config": {"display_name": name}});
    make(&format!("/services/{id}/plugins"), registration);
    id
}

#[test]
#[ignore = "a minute, and a large package of npm's: `cargo xtask browser --long`"]
fn they_are_uploaded_listed_and_shown() {
    let local = Local::spawn(Options::in_memory());
    let mut slowest = (Duration::ZERO, String::new());
    for (number, name) in FITTING.into_iter().enumerate() {
        let (text, service) = (document(name), service(&local, &format!("s{number}")));
        let taken = put(&local, &service, &text);
        assert_eq!(taken.status, 200, "{name}: {}", taken.text());
        let specification = format!("/portal/services/{service}/specification");
        let (mut listed, mut next) = (Vec::new(), Some(specification.clone()));
        let mut look = |path: &str| {
            let (answer, time) = get(&local, path);
            assert_eq!(answer.status, 200, "{name}: {path}: {}", answer.text());
            assert!(time < PATIENCE, "{name}: {path}: {time:?}");
            slowest = std::mem::take(&mut slowest).max((time, format!("{name}: {path}")));
            let page = answer.text();
            whole(&format!("{name}: {path}"), &page);
            page
        };
        while let Some(path) = next {
            let page = look(&path);
            listed.extend(links(&page, &format!("{specification}/")));
            next = next_page(&page);
            assert!(listed.len() < 10_000, "{name}: no end at {path}");
        }
        assert_eq!(listed.len(), operations(&text).len(), "{name}");
        let every = listed.len().div_ceil(ASKED_MAX).max(1);
        for path in listed.iter().step_by(every) {
            look(path);
        }
    }
    println!("the slowest page over HTTP took {:?}: {}", slowest.0, slowest.1);
}

#[test]
#[ignore = "a large package of npm's: `cargo xtask browser --long`"]
fn what_is_too_large_is_refused_and_what_is_older_is_for_download() {
    let local = Local::spawn(Options::in_memory());
    let service = service(&local, "s");
    let older =
        json!({"swagger": "2.0", "info": {"title": "Older", "version": "1"}, "paths": {"/a": {"get": {}}}});
    assert_eq!(put(&local, &service, &older.to_string()).status, 200);
    for name in TOO_LARGE {
        let refused = put(&local, &service, &document(name));
        assert_eq!(
            (refused.status, refused.message().as_deref()),
            (413, Some("Request body too large")),
            "{name}"
        );
    }
    let specification = format!("/portal/services/{service}/specification");
    let page = get(&local, &specification).0.text();
    whole("2.0", &page);
    assert!(page.contains("Older") && links(&page, &format!("{specification}/")).is_empty(), "{page}");
    let download = format!("/portal/services/{service}/document");
    assert_eq!(links(&page, &download), std::slice::from_ref(&download));
    assert_eq!(get(&local, &download).0.json(), Some(older));
}
