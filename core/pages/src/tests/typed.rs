//! What people typed is text, and nothing of it is code; no code or style is in a page at all.

use super::{Page, TYPED, pages_with};
use std::collections::BTreeSet;

/// Samples that show what is to be stored, by the ends of their names.
const SHOW_A_SECRET: [&str; 7] = [
    "invited-by-link",
    "key-shown",
    "key-shown-after-rotation",
    "key-shown-no-access",
    "key-rotated",
    "reset-link",
    "token-shown",
];

/// Were one character of it not escaped, the page would have another element, or the text would be another.
pub(super) fn what_people_typed_is_escaped(page: &Page) -> Vec<String> {
    let mut faults: Vec<String> = page.select("b, .x").iter().map(|element| element.html()).collect();
    if page.html.contains(TYPED) || page.html.contains("\"x\"") {
        faults.push("typed text as it is".to_owned());
    }
    faults
}

/// It makes no element and no attribute: the same page with other text has the same ones.
#[test]
fn other_text_makes_the_same_page() {
    for language in crate::Language::ALL {
        for (typed, plain) in pages_with(language, TYPED).zip(pages_with(language, "x")) {
            assert_eq!(shape(&typed), shape(&plain), "{}", typed.name);
        }
    }
}

/// The elements of a page with the names of their attributes.
fn shape(page: &Page) -> Vec<(&str, BTreeSet<&str>)> {
    page.elements()
        .map(|one| (one.name.as_str(), one.attributes.keys().map(String::as_str).collect()))
        .collect()
}

pub(super) fn nothing_is_inline(page: &Page) -> Vec<String> {
    let inline =
        page.select("[style], style, script:not([src]), iframe, object, embed, base, meta[http-equiv]");
    let attributes = page.select("*").into_iter().flat_map(|element| element.attributes.keys());
    let handlers = attributes.filter(|name| name.starts_with("on"));
    inline.iter().map(|element| element.html()).chain(handlers.cloned()).collect()
}

pub(super) fn a_script_has_no_text(page: &Page) -> Vec<String> {
    let scripts = page.select("script").into_iter();
    scripts.map(|script| script.text.clone()).filter(|text| !text.is_empty()).collect()
}

pub(super) fn a_password_never_comes_back(page: &Page) -> Vec<String> {
    let fields = page.select("input[type=password][value], input[name=admin_token][value]");
    fields.iter().map(|field| field.html()).collect()
}

/// What is stored as a digest alone can be read on no other page.
pub(super) fn secrets_are_shown_where_they_are_made_and_nowhere_else(page: &Page) -> Vec<String> {
    let is_one = SHOW_A_SECRET.iter().any(|name| page.name.ends_with(name));
    if page.select(".secret").is_empty() == is_one {
        vec![format!("shows a secret: {}", !is_one)]
    } else {
        Vec::new()
    }
}
