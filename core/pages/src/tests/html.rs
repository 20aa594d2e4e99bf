//! A page as a browser parses it, and the few selectors that the rules need.

use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use std::collections::BTreeMap;

/// An element.
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
    /// All text within.
    pub(super) text: String,
    /// Where its parent is in the page.
    parent: Option<usize>,
}

impl Element {
    pub(super) fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// For those who read of a fault.
    pub(super) fn html(&self) -> String {
        format!("<{} {:?}> {}", self.name, self.attributes, self.text.trim())
    }
}

/// The elements of a page, in the order of their beginnings.
pub(super) struct Html(Vec<Element>);

impl Html {
    pub(super) fn parse(html: &str) -> Self {
        let dom = html5ever::parse_document(RcDom::default(), Default::default()).one(html);
        let mut page = Html(Vec::new());
        page.add(&dom.document, None);
        page
    }

    fn add(&mut self, node: &Handle, parent: Option<usize>) {
        let mut of_children = parent;
        match &node.data {
            NodeData::Element { name, attrs, .. } => {
                let pair = |a: &html5ever::Attribute| (a.name.local.to_string(), a.value.to_string());
                let attributes = attrs.borrow().iter().map(pair).collect();
                let element =
                    Element { name: name.local.to_string(), attributes, text: String::new(), parent };
                of_children = Some(self.0.len());
                self.0.push(element);
            }
            NodeData::Text { contents } => self.add_text(&contents.borrow(), parent),
            _ => {}
        }
        for child in node.children.borrow().iter() {
            self.add(child, of_children);
        }
    }

    fn add_text(&mut self, text: &str, mut within: Option<usize>) {
        while let Some(at) = within {
            self.0[at].text.push_str(text);
            within = self.0[at].parent;
        }
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.0.iter()
    }

    /// Those of any of several selectors, parted by commas. A selector is of names, `#id`, `.class`,
    /// `[attribute]`, `[attribute=value]`, `[attribute$=end]` and `:not(…)` of one of these, and of blanks
    /// and `>` between.
    pub(super) fn select(&self, selectors: &str) -> Vec<&Element> {
        let chains: Vec<Vec<&str>> =
            selectors.split(',').map(|one| one.split_whitespace().collect()).collect();
        let is_chosen = |at: &usize| chains.iter().any(|chain| self.is_of_chain(Some(*at), chain));
        (0..self.0.len()).filter(is_chosen).map(|at| &self.0[at]).collect()
    }

    fn is_of_chain(&self, at: Option<usize>, chain: &[&str]) -> bool {
        let (Some(at), Some((last, before))) = (at, chain.split_last()) else {
            return chain.is_empty();
        };
        let element = &self.0[at];
        is_of(element, last)
            && match before.split_last() {
                None => true,
                Some((&">", before)) => element.parent.is_some() && self.is_of_chain(element.parent, before),
                Some(_) => self.ancestors(at).any(|ancestor| self.is_of_chain(Some(ancestor), before)),
            }
    }

    fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.0[at].parent, |at| self.0[*at].parent)
    }
}

/// Whether an element is of a selector without blanks.
fn is_of(element: &Element, selector: &str) -> bool {
    let end = selector.find(['#', '.', '[', ':']).unwrap_or(selector.len());
    let (name, mut rest) = selector.split_at(end);
    if !name.is_empty() && name != "*" && element.name != name {
        return false;
    }
    while !rest.is_empty() {
        let (one, after) = first_of(rest);
        if !is_of_one(element, one) {
            return false;
        }
        rest = after;
    }
    true
}

/// The first of several conditions, and the others.
fn first_of(conditions: &str) -> (&str, &str) {
    let end = match conditions.as_bytes()[0] {
        b'[' => conditions.find(']').map(|at| at + 1),
        b':' => conditions.find(')').map(|at| at + 1),
        _ => conditions[1..].find(['#', '.', '[', ':']).map(|at| at + 1),
    };
    conditions.split_at(end.unwrap_or(conditions.len()))
}

fn is_of_one(element: &Element, condition: &str) -> bool {
    if let Some(other) = condition.strip_prefix(":not(") {
        return !is_of(element, other.trim_end_matches(')'));
    }
    if let Some(id) = condition.strip_prefix('#') {
        return element.attr("id") == Some(id);
    }
    if let Some(class) = condition.strip_prefix('.') {
        return element.attr("class").is_some_and(|classes| classes.split(' ').any(|one| one == class));
    }
    let inner = condition.trim_start_matches('[').trim_end_matches(']');
    let unquoted = |value: &str| value.trim_matches('\'').to_owned();
    match inner.split_once("$=").or(inner.split_once('=')) {
        None => element.attr(inner).is_some(),
        Some((name, value)) if inner.contains("$=") => {
            element.attr(name).is_some_and(|held| held.ends_with(&unquoted(value)))
        }
        Some((name, value)) => element.attr(name) == Some(&unquoted(value)),
    }
}

#[test]
fn selectors_choose_what_they_say() {
    let page = Html::parse(
        "<ul id=a class='x y'><li>1<li lang=en><b>2</b></ul><form action='/p/out'><i></i></form>",
    );
    for (selector, expected) in [
        ("li", 2),
        ("ul li b", 1),
        ("ul > b", 0),
        ("ul#a.y > li[lang=en]", 1),
        ("li:not([lang])", 1),
        ("ul > :not(li)", 0),
        ("form[action$='/out'] i, b", 2),
        ("[lang], .z, p", 1),
        ("body *", 6),
    ] {
        assert_eq!(page.select(selector).len(), expected, "{selector}");
    }
    assert_eq!(page.select("ul")[0].text, "12");
}
