//! What holds for every page of both fronts, in every language: each sample is parsed as a browser parses it.

mod html;
mod links;
mod names;
mod typed;

use crate::samples::{Sample, all};
use crate::{Language, assets};
use html::{Element, Html};
use std::collections::BTreeSet;

/// What is typed in all samples: each character that means something in HTML.
const TYPED: &str = "<b class=\"x\">'&amp;</b>";

/// A sample, parsed.
struct Page {
    name: String,
    html: String,
    parsed: Html,
}

impl Page {
    fn of(language: Language, sample: Sample) -> Self {
        let parsed = Html::parse(&sample.html);
        Page { name: format!("{} {}", language.tag(), sample.name), html: sample.html, parsed }
    }

    fn select<'p>(&'p self, selectors: &str) -> Vec<&'p Element> {
        self.parsed.select(selectors)
    }

    fn elements(&self) -> impl Iterator<Item = &Element> {
        self.parsed.elements()
    }

    /// The values of an attribute, wherever it is.
    fn values<'p>(&'p self, attribute: &str) -> Vec<&'p str> {
        self.elements().filter_map(|element| element.attr(attribute)).collect()
    }

    fn ids(&self) -> BTreeSet<&str> {
        self.values("id").into_iter().collect()
    }
}

/// A rule says what is wrong with a page.
type Rule = fn(&Page) -> Vec<String>;

macro_rules! rules {
    ($($rule:path),* $(,)?) => { [$((stringify!($rule), $rule as Rule)),*] };
}

const RULES: [(&str, Rule); 22] = rules![
    a_page_says_its_language_and_its_title,
    every_page_has_one_way_in_and_one_way_to_help,
    headings_skip_no_level,
    a_table_has_a_caption_and_its_headings_have_scopes,
    messages_are_told_once,
    typed::what_people_typed_is_escaped,
    typed::nothing_is_inline,
    typed::a_script_has_no_text,
    typed::a_password_never_comes_back,
    typed::secrets_are_shown_where_they_are_made_and_nowhere_else,
    names::ids_are_distinct,
    names::what_refers_to_an_id_finds_it,
    names::each_field_has_a_label,
    names::links_and_buttons_say_something,
    names::what_is_wrong_is_said_at_the_top_and_beside,
    names::a_list_holds_its_items_alone,
    links::nothing_leads_elsewhere,
    links::a_form_is_sent_to_its_own_front,
    links::questions_do_nothing,
    links::who_is_logged_in_can_log_out_by_post,
    links::no_form_is_within_a_form,
    links::a_page_loads_its_style_and_script,
];

/// Every page with `text` typed.
fn pages_with(language: Language, text: &str) -> impl Iterator<Item = Page> {
    all(language, text).into_iter().map(move |sample| Page::of(language, sample))
}

/// Parses each page once, since that is what takes the time.
fn check(language: Language) {
    let mut faults = Vec::new();
    for page in pages_with(language, TYPED) {
        for (rule, found) in RULES {
            faults.extend(found(&page).into_iter().map(|fault| format!("{} {rule}: {fault}", page.name)));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_rule_holds_for_every_page_in_english() {
    check(Language::En);
}

#[test]
fn every_rule_holds_for_every_page_in_japanese() {
    check(Language::Ja);
}

#[test]
fn names_of_samples_are_distinct_and_fit_for_files() {
    let samples = all(Language::En, "x");
    let names: BTreeSet<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
    assert_eq!(names.len(), samples.len());
    let fits = |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    assert!(names.iter().all(fits), "{names:?}");
}

fn a_page_says_its_language_and_its_title(page: &Page) -> Vec<String> {
    let titles = page.select("title");
    let title = titles.first().map(|title| title.text.as_str()).unwrap_or_default();
    let is_titled = titles.len() == 1 && !title.starts_with(" –");
    let is_of_language = page.values("lang").first() == page.name.split(' ').next().as_ref();
    let faults = [(is_titled, "no title"), (is_of_language, "no language")];
    faults.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault.to_owned()).collect()
}

fn every_page_has_one_way_in_and_one_way_to_help(page: &Page) -> Vec<String> {
    let once = ["body > a.skip[href='#main']", "main#main", "header .brand", "footer a[href$='/help']", "h1"];
    let is_not_once = |selector: &&str| page.select(selector).len() != 1;
    once.into_iter().filter(is_not_once).map(str::to_owned).collect()
}

fn headings_skip_no_level(page: &Page) -> Vec<String> {
    let mut before = 0;
    let mut faults = Vec::new();
    for heading in page.select("h1, h2, h3, h4, h5, h6") {
        let level = heading.name[1..].parse::<u8>().unwrap_or_default();
        if level > before + 1 {
            faults.push(format!("h{level} after h{before}"));
        }
        before = level;
    }
    faults
}

fn a_table_has_a_caption_and_its_headings_have_scopes(page: &Page) -> Vec<String> {
    let captions = page.select("table > caption").len();
    let mut faults: Vec<String> = page.select("th:not([scope])").iter().map(|th| th.html()).collect();
    if captions != page.select("table").len() {
        faults.push("a table without a caption".to_owned());
    }
    faults
}

fn messages_are_told_once(page: &Page) -> Vec<String> {
    let messages = page.select("main [role=status]");
    if messages.len() > 1 { vec!["two messages".to_owned()] } else { Vec::new() }
}

/// The script takes its texts from the page, in the page's language.
#[test]
fn the_script_finds_its_texts_on_the_page() {
    let script = assets::script().body;
    let page = pages_with(Language::Ja, "x").next().expect("there are samples");
    let used: BTreeSet<&str> = script
        .split("texts.")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
        .collect();
    let given: BTreeSet<&str> = page
        .select("body")
        .into_iter()
        .flat_map(|body| body.attributes.keys())
        .filter_map(|name| name.strip_prefix("data-"))
        .collect();
    assert_eq!(used, given);
}
