//! Ids, labels and what refers to them.

use super::Page;
use super::html::Element;

pub(super) fn ids_are_distinct(page: &Page) -> Vec<String> {
    let mut ids = page.values("id");
    ids.sort_unstable();
    ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_owned()).collect()
}

pub(super) fn what_refers_to_an_id_finds_it(page: &Page) -> Vec<String> {
    let ids = page.ids();
    let attributes =
        ["for", "form", "list", "headers", "aria-describedby", "aria-labelledby", "aria-controls"];
    let referred = attributes.into_iter().flat_map(|attribute| page.values(attribute));
    let links = page.values("href").into_iter().filter_map(|href| href.strip_prefix('#'));
    let all = referred.flat_map(str::split_whitespace).chain(links);
    all.filter(|id| !ids.contains(id)).map(str::to_owned).collect()
}

pub(super) fn each_field_has_a_label(page: &Page) -> Vec<String> {
    let fields = page.select("input:not([type=hidden]), select, textarea");
    fields.into_iter().filter(|field| !is_labelled(page, field)).map(|field| field.html()).collect()
}

fn is_labelled(page: &Page, field: &Element) -> bool {
    let is_named = field.attr("aria-label").is_some_and(|label| !label.is_empty());
    let of_field = |label: &&Element| label.attr("for").is_some() && label.attr("for") == field.attr("id");
    is_named || page.select("label").iter().any(|label| of_field(label) && !label.text.trim().is_empty())
}

pub(super) fn links_and_buttons_say_something(page: &Page) -> Vec<String> {
    let is_silent = |element: &&Element| element.text.trim().is_empty();
    let all = page.select("a:not(.brand), button, summary").into_iter();
    let images = page.select("img:not([alt]), img[alt='']").into_iter();
    all.filter(is_silent).chain(images).map(Element::html).collect()
}

/// A field that is wrong says so to those who do not see it, and what is wrong.
pub(super) fn what_is_wrong_is_said_at_the_top_and_beside(page: &Page) -> Vec<String> {
    let has_summary = !page.select(".summary[role=alert][tabindex='-1'][autofocus]").is_empty();
    let wrong = page.select("[aria-invalid=true]").into_iter();
    wrong.filter(|_| !has_summary).map(|field| field.html()).collect()
}

pub(super) fn a_list_holds_its_items_alone(page: &Page) -> Vec<String> {
    let strangers = page.select("ul > :not(li), ol > :not(li), dl > :not(dt):not(dd):not(div)");
    strangers.iter().map(|element| element.html()).collect()
}
