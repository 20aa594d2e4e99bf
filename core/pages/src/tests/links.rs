//! Where pages lead, and where their forms are sent.

use super::Page;
use crate::Front;

/// The front that a page is of: by its link to the start.
fn prefix(page: &Page) -> &'static str {
    let start = page.select("header .brand").first().and_then(|brand| brand.attr("href"));
    if start == Some(Front::Portal.start()) { "/portal/" } else { "/manager/" }
}

/// Nothing is loaded from elsewhere; links elsewhere are text.
pub(super) fn nothing_leads_elsewhere(page: &Page) -> Vec<String> {
    let attributes = ["href", "src", "action", "formaction", "srcset", "poster"];
    let values = attributes.into_iter().flat_map(|attribute| page.values(attribute));
    let is_elsewhere = |value: &&str| {
        let scheme = value.split(['/', '?', '#']).next().unwrap_or_default();
        value.starts_with("//") || value.contains('\\') || scheme.contains(':')
    };
    values.filter(is_elsewhere).map(str::to_owned).collect()
}

pub(super) fn a_form_is_sent_to_its_own_front(page: &Page) -> Vec<String> {
    let prefix = prefix(page);
    let forms = page.select("form").into_iter();
    let is_bad = |form: &&super::html::Element| {
        let method = form.attr("method").unwrap_or_default();
        let action = form.attr("action").unwrap_or_default();
        !["get", "post"].contains(&method) || !action.starts_with(prefix)
    };
    let other = page.values("formaction").into_iter().filter(|action| !action.starts_with(prefix));
    let bad = forms.filter(is_bad).map(|form| form.html());
    bad.chain(other.map(str::to_owned)).collect()
}

/// A GET changes nothing: no form that asks has a button that is sent to where something is done, and what
/// logs out is a POST.
pub(super) fn questions_do_nothing(page: &Page) -> Vec<String> {
    let doing = page.select("form[method=get] [formaction], form[method=get] [type=password]");
    let log_out = page.select("a[href$='/log-out'], form[method=get][action$='/log-out']");
    doing.iter().chain(&log_out).map(|element| element.html()).collect()
}

pub(super) fn who_is_logged_in_can_log_out_by_post(page: &Page) -> Vec<String> {
    let outs = page.select(".who form[method=post][action$='/log-out'] button").len();
    if outs == page.select(".who").len() { Vec::new() } else { vec!["no log-out".to_owned()] }
}

/// A parser drops a form within a form.
pub(super) fn no_form_is_within_a_form(page: &Page) -> Vec<String> {
    let written = page.html.matches("<form").count();
    if page.select("form").len() == written { Vec::new() } else { vec!["a form within a form".to_owned()] }
}

pub(super) fn a_page_loads_its_style_and_script(page: &Page) -> Vec<String> {
    let loaded = [page.select("link[rel=stylesheet]").len(), page.select("script[src][defer]").len()];
    if loaded == [1, 1] { Vec::new() } else { vec![format!("{loaded:?}")] }
}
