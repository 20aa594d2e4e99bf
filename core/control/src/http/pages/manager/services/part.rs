//! Lists that are read whole: those that are searched for, 50 a page.

use crate::http::pages::PageAsked;
use latchkey_pages::parts::Paging;

/// How many a page has.
const PAGE: usize = 50;

/// What a page of a list shows, and where the rest is.
pub(super) struct Part<T> {
    pub(super) rows: Vec<T>,
    search: String,
    next: Option<String>,
    first: Option<String>,
    total: usize,
}

impl<T> Part<T> {
    /// Of all that there is, those in which one of the texts that `texts` gives contains what is searched for
    /// (`?q=`), in whatever case; of these the ones of this page (`?page=`, from 1).
    pub(super) fn of(
        page: &PageAsked<'_>,
        path: &str,
        all: Vec<T>,
        texts: impl Fn(&T) -> Vec<String>,
    ) -> Self {
        let search = page.query.value("q").unwrap_or_default().trim().to_owned();
        let wanted = search.to_lowercase();
        let is_found = |one: &T| texts(one).iter().any(|text| text.to_lowercase().contains(&wanted));
        let found: Vec<T> = all.into_iter().filter(|one| wanted.is_empty() || is_found(one)).collect();
        let total = found.len();
        let number = page.query.value("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
        let before = PAGE.saturating_mul(number - 1);
        let link = |number: usize| {
            let number = number.to_string();
            let mut pairs = Vec::new();
            pairs.extend((!search.is_empty()).then_some(("q", search.as_str())));
            pairs.push(("page", number.as_str()));
            format!("{path}?{}", serde_urlencoded::to_string(pairs).unwrap_or_default())
        };
        Part {
            next: (total > before.saturating_add(PAGE)).then(|| link(number + 1)),
            first: (number > 1).then(|| link(1)),
            rows: found.into_iter().skip(before).take(PAGE).collect(),
            search,
            total,
        }
    }

    pub(super) fn paging(&self) -> Paging<'_> {
        Paging {
            search: &self.search,
            next: self.next.as_deref(),
            first: self.first.as_deref(),
            total: self.total as u64,
        }
    }
}
