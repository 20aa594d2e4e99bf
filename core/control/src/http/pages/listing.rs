//! Lists by the page: what `?page=` and `?q=` say, and the links to the other pages.

use super::PageAsked;
use latchkey_pages::parts::Paging;

/// How many a page has.
pub(super) const SIZE: usize = 50;

/// Where a page of a list stands.
#[derive(Debug)]
pub(super) struct Listing {
    search: String,
    next: Option<String>,
    first: Option<String>,
}

impl Listing {
    /// Of a list at `path`, of which the page after this one is at `offset`, with what else its query keeps.
    pub(super) fn of(page: &PageAsked<'_>, path: &str, offset: Option<&str>, kept: &[&str]) -> Self {
        let search = page.query.value("q").unwrap_or_default().trim().to_owned();
        let pairs = ["q"].iter().chain(kept).filter_map(|name| {
            let value = page.query.value(name).filter(|value| !value.is_empty())?;
            Some((*name, value))
        });
        let pairs: Vec<(&str, &str)> = pairs.collect();
        let link = |offset: Option<&str>| {
            let all = pairs.iter().copied().chain(offset.map(|offset| ("page", offset)));
            let query = serde_urlencoded::to_string(all.collect::<Vec<_>>()).unwrap_or_default();
            if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
        };
        let is_first = page.query.value("page").is_none_or(str::is_empty);
        Listing {
            search,
            next: offset.map(|offset| link(Some(offset))),
            first: (!is_first).then(|| link(None)),
        }
    }

    /// As it is shown, where there are so many in all.
    pub(super) fn paging(&self, total: u64) -> Paging<'_> {
        Paging { search: &self.search, next: self.next.as_deref(), first: self.first.as_deref(), total }
    }
}

impl PageAsked<'_> {
    /// The query that asks an endpoint for this page of its list, with more pairs of name and value.
    pub(super) fn list_query(&self, more: &[(&str, &str)]) -> String {
        let size = SIZE.to_string();
        let offset = self.query.value("page").filter(|offset| !offset.is_empty());
        let mut pairs = vec![("size", size.as_str())];
        pairs.extend(offset.map(|offset| ("offset", offset)));
        pairs.extend(more.iter().copied().filter(|(_, value)| !value.is_empty()));
        serde_urlencoded::to_string(pairs).unwrap_or_default()
    }
}
