//! What holds for pages of any document, a hostile one too.

use std::collections::BTreeSet;

use super::node::{BYTES_MAX, Unreadable};
use super::{Described, Document, OperationPage, PAGE_MAX, Refused, SpecificationPage};
use crate::sample::Sample;
use crate::{Frame, Front, Language, Site, View as _};

/// The pages of a document: the first of the list, and those of its first operations.
fn pages(document: &Document, operations: usize) -> Vec<String> {
    let site = Site { name: "Site", logo: None, style: "/style.css", script: "/script.js" };
    let frame = Frame {
        front: Front::Portal,
        language: Language::En,
        site,
        caller: None,
        path: "/portal/services/s/specification",
        waiting: None,
        message: None,
    };
    let service = Described { id: "s", name: "S", address: Some("https://api.example/s"), can_try: true };
    let found = document.find("s", "", 1);
    let paging = found.paging();
    let list = SpecificationPage { frame: &frame, service, document, found: &found, paging };
    let mut pages = vec![list.html()];
    for operation in document.operations().into_iter().take(operations) {
        pages.push(OperationPage { frame: &frame, service, document, operation }.html());
    }
    assert!(document.problems().len() <= 51);
    pages
}

/// Reads a text, and looks at its pages.
fn bounded(name: &str, text: &str) -> Vec<String> {
    assert!(text.len() <= BYTES_MAX, "{name}: {} bytes", text.len());
    let document = Document::read(text).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
    let pages = pages(&document, 3);
    for page in &pages {
        assert!(page.len() <= PAGE_MAX, "{name}: {} bytes", page.len());
        whole(name, page);
    }
    pages
}

/// Elements end as they begin, and ids are distinct.
fn whole(name: &str, page: &str) {
    for element in ["ul", "ol", "li", "p", "div", "a", "table", "tr", "td", "pre", "h1", "h2", "h3", "code"] {
        let starts =
            page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
        assert_eq!(starts, page.matches(&format!("</{element}>")).count(), "{name}: {element}");
    }
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name}");
    for to in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&to), "{name}: {to}");
    }
}

/// A document with an operation that sends this schema, and with these components.
fn sends(schema: &str, components: &str) -> String {
    format!(
        r#"{{"openapi": "3.0.0", "paths": {{"/a": {{"post": {{"requestBody": {{"content": {{"a/b": {{"schema": {schema}}}}}}}}}}}}},
        "components": {{"schemas": {{{components}}}}}}}"#
    )
}

#[test]
fn samples_are_there_whole_and_escaped() {
    for language in Language::ALL {
        let samples = super::samples::all(language, "<i>\"'&");
        let names: BTreeSet<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
        assert_eq!((samples.len(), names.len()), (8, 8), "{names:?}");
        for Sample { name, html } in &samples {
            assert!(!html.contains("<i>") && !html.contains("\"'&") && !html.contains("'&<"), "{name}");
            assert!(html.len() < PAGE_MAX && html.matches("<h1>").count() == 1, "{name}");
            whole(name, html);
        }
    }
}

#[test]
fn headings_leave_no_level_out() {
    for Sample { name, html } in super::samples::all(Language::En, "x") {
        let levels = html.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10));
        let mut last = 0;
        for level in levels {
            assert!(level <= last + 1, "{name}: {last} {level}");
            last = level;
        }
    }
}

#[test]
fn an_operation_shows_what_is_sent_and_answered() {
    let samples = super::samples::all(Language::En, "x");
    let page = samples.iter().find(|sample| sample.name == "portal-operation").map(|sample| &sample.html);
    let page = page.unwrap();
    for part in [
        "<h1>PUT /pets/{id}</h1>",
        "https://api.example.com/pets/pets/{id}",
        "key (apiKey header x) and other",
        "Pet: object",
        "array&#60;Pet&#62;",
        "<a href=\"#schema-1\">Pet</a>",
        "elsewhere.json",
        "/try?method=PUT&#38;path=%2Fpets%2Fpets%2Fp-1&#38;query=x%3Dx%26dry%3Dx&#38;operation=",
        "<a class=\"button\" href=\"/portal/services/pets\">How to call",
    ] {
        let is_elsewhere = part == "elsewhere.json";
        assert!(page.contains(part) != is_elsewhere, "{part}: {page}");
    }
}

#[test]
fn json_and_yaml_of_each_version_are_shown() {
    for version in ["3.0.3", "3.1.0", "4.0.0"] {
        let yaml =
            format!("openapi: {version}\ninfo: {{title: Pets}}\npaths: {{/a: {{get: {{summary: All}}}}}}");
        let json = format!(
            r#"{{"openapi": "{version}", "info": {{"title": "Pets"}}, "paths": {{"/a": {{"get": {{"summary": "All"}}}}}}}}"#
        );
        assert_eq!(bounded("yaml", &yaml), bounded("json", &json));
        let pages = bounded("yaml", &yaml);
        assert!(pages.len() == 2 && pages.iter().all(|page| page.contains("All")));
    }
    let pages = bounded("2.0", "swagger: '2.0'\ninfo: {title: Old}\npaths: {/a: {get: {}}}");
    assert!(
        pages.len() == 1 && pages.iter().all(|page| page.contains("OpenAPI 2.0") && !page.contains("/a<"))
    );
}

#[test]
fn a_call_is_filled_in_with_what_the_document_shows() {
    let text = "openapi: 3.1.0\npaths: {'/a/{id}/{at}/{name}': {post: {operationId: make, parameters: [
        {name: id, in: path, schema: {type: integer}}, {name: at, in: path, schema: {type: string, format: date}},
        {name: name, in: path, schema: {type: string}}],
        requestBody: {content: {text/plain: {example: x}, application/json: {example: {name: n}}}}}}}";
    let document = Document::read(text).unwrap();
    let operation = document.operation("make").unwrap();
    let (media_type, body) = operation.body_example(&document).unwrap();
    assert_eq!((media_type.as_str(), body.as_str()), ("application/json", "{\n  \"name\": \"n\"\n}"));
    let page = &pages(&document, 1)[1];
    assert!(page.contains("path=%2Fs%2Fa%2F1%2F2000-01-01%2F%7Bname%7D"), "{page}");
    let bare = Document::read("openapi: 3.1.0\npaths: {/a: {post: {operationId: make}}}").unwrap();
    assert!(bare.operation("make").unwrap().body_example(&bare).is_none());
}

#[test]
fn what_is_too_deep_is_refused() {
    let deep = |open: &str, close: &str| {
        let text = sends(&format!("{}1{}", open.repeat(10_000), close.repeat(10_000)), "");
        Document::read(&text).err()
    };
    assert_eq!(deep(r#"{"items":"#, "}"), Some(Refused::Unreadable(Unreadable::Depth)));
    assert_eq!(deep("[", "]"), Some(Refused::Unreadable(Unreadable::Depth)));
    for yaml in ["[", "- ", "? "] {
        let yaml = format!("openapi: 3.0.0\npaths:\n {}", yaml.repeat(10_000));
        assert!(matches!(Document::read(&yaml), Err(Refused::Unreadable(_))));
    }
}

#[test]
fn references_in_circles_end_in_links() {
    let tree = bounded(
        "tree",
        &sends(
            r##"{"$ref": "#/components/schemas/A"}"##,
            r##""A": {"properties": {"a": {"$ref": "#/components/schemas/A"}, "b": {"$ref": "#/components/schemas/B"}}},
            "B": {"allOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]}"##,
        ),
    );
    assert_eq!(tree[1].matches("href=\"#schema-1\"").count(), 2);
    assert_eq!(tree[1].matches("href=\"#schema-2\"").count(), 1);
    let circle = r##""A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}"##;
    bounded("circle", &sends(r##"{"$ref": "#/components/schemas/A"}"##, circle));
    bounded("root", &sends(r##"{"$ref": "#"}"##, ""));
    bounded(
        "path",
        r##"{"openapi": "3.0.0", "paths": {"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}}}"##,
    );
}

#[test]
fn what_refers_to_much_is_shown_once() {
    let fan = |at: usize| {
        let parts = vec![format!(r##"{{"$ref": "#/components/schemas/S{}"}}"##, at + 1); 100].join(",");
        format!(r#""S{at}": {{"oneOf": [{parts}]}}"#)
    };
    let components = (0..40).map(fan).collect::<Vec<_>>().join(",");
    bounded("fans", &sends(r##"{"$ref": "#/components/schemas/S0"}"##, &components));
    let within = (0..90).fold("1".to_owned(), |within, _| format!(r#"{{"items": {within}}}"#));
    let page = bounded("levels", &sends(&within, ""));
    assert!(page[1].contains("is not shown here"));
}

#[test]
fn long_lists_are_shown_in_part() {
    let list = |number: usize, of: &str| vec![of; number].join(",");
    let page = bounded("values", &sends(&format!(r#"{{"enum": [{}]}}"#, list(100_000, "\"a\"")), ""));
    assert!(page[1].contains("99980 more"));
    let properties = |value: &str| {
        let number = 1_000_000 / (value.len() + 11);
        (0..number).map(|at| format!(r#""p{at}":{value}"#)).collect::<Vec<_>>().join(",")
    };
    let page = bounded("properties", &sends(&format!(r#"{{"properties": {{{}}}}}"#, properties("1")), ""));
    assert!(page[1].contains("Not shown here:"));
    let said = format!(r#"{{"description": "{}", "enum": ["<<<<"]}}"#, "<&\\\"".repeat(200));
    bounded("said", &sends(&format!(r#"{{"properties": {{{}}}}}"#, properties(&said)), ""));
    let operations = |value: &str| format!(r#"{{"openapi": "3.0.0", "paths": {{{}}}}}"#, properties(value));
    bounded("operations", &operations(r#"{"get":{}}"#));
    bounded("tags", &operations(&format!(r#"{{"get":{{"tags":["{}"]}}}}"#, "<".repeat(3_000))));
    let answers =
        format!(r#"{{"get":{{"responses":{{{}}}}}}}"#, properties(r#"{"content":{"a":{},"b":{}}}"#));
    bounded("answers", &format!(r#"{{"openapi": "3.0.0", "paths": {{"/a": {answers}}}}}"#));
    let parameters = list(10_000, r#"{"name":"<","in":"query","description":"'''''''''''''''''''''''''''"}"#);
    let parameters = parameters.replace("\"<\"", "\"<<<<<<<<<<<<<<<<\"");
    bounded(
        "parameters",
        &format!(r#"{{"openapi": "3.0.0", "paths": {{"/a": {{"get": {{"parameters": [{parameters}]}}}}}}}}"#),
    );
}

#[test]
fn one_long_string_anywhere_is_cut() {
    let long = |of: &str| of.repeat((1 << 20) / of.len() - 400);
    for of in ["a", "<", "日本", "# ", "> ", "- ", "[", "*a "] {
        let text = long(of);
        for pattern in [
            r#"{"openapi":"3.0.0","info":{"description":"$"},"paths":{"/a":{"get":{}}}}"#,
            r#"{"openapi":"3.0.0","info":{"title":"$"},"paths":{"/a":{"get":{}}}}"#,
            r#"{"openapi":"3.0.0","paths":{"/$":{"get":{}}}}"#,
            r#"{"openapi":"3.0.0","paths":{"/a":{"get":{"summary":"$"}}}}"#,
            r#"{"openapi":"3.0.0","paths":{"/a":{"get":{"operationId":"$","tags":["$"]}}}}"#,
            r#"{"openapi":"3.0.0","paths":{"/a":{"get":{"description":"$","parameters":[{"name":"$","in":"$","example":"$"}]}}}}"#,
            r#"{"openapi":"3.0.0","paths":{"/{a}":{"get":{"parameters":[{"name":"a","in":"path","example":"$"},{"name":"b","in":"query","example":"$"}]}}}}"#,
            r#"{"openapi":"3.0.0","paths":{"/a":{"get":{"security":[{"$":[]}],"responses":{"$":{"description":"$"}}}}}}"#,
            r#"{"openapi":"3.0.0","paths":{"/a":{"get":{"responses":{"200":{"content":{"$":{"example":"$","schema":{"type":"$","format":"$","pattern":"$","default":"$"}}}}}}}}}"#,
        ] {
            let times = pattern.matches('$').count();
            let part = text.get(..text.floor_char_boundary(text.len() / times)).unwrap_or_default();
            bounded(pattern, &pattern.replace('$', part));
        }
    }
}

#[test]
fn html_is_text_wherever_it_stands() {
    let html = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    for Sample { name, html } in super::samples::all(Language::En, html) {
        assert!(html.matches("<script").count() == 1 && !html.contains("<img"), "{name}");
    }
    let link = "[a](javascript:alert(1)) <a href=\"javascript:b\">";
    for Sample { name, html } in super::samples::all(Language::En, link) {
        assert!(!html.contains("href=\"javascript"), "{name}");
    }
}

#[test]
fn anchors_are_followed_within_bounds() {
    let pages =
        bounded("anchors", "openapi: 3.0.0\nx: &x {get: {summary: Shared}}\npaths:\n /a: *x\n /b: *x");
    assert!(pages.len() == 3 && pages[0].matches("Shared").count() == 2);
    let laughs = "openapi: 3.0.0\nx: &x [*x]\npaths: {}";
    assert_eq!(Document::read(laughs).err(), Some(Refused::Unreadable(Unreadable::Aliases)));
}
