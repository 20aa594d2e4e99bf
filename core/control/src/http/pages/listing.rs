//! Lists: what endpoints answer with, read by the page or whole; what `?page=` and `?q=` say, and the links to
//! the other pages.

use serde_json::Value;

use super::PageAsked;
use super::answered::{Answered, Members};
use super::desk::{Desk, of};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::parts::{Paging, Total};
use latchkey_store::Store;

/// A part of a list, as endpoints answer it.
#[derive(Debug, Default)]
pub(super) struct Listed<T> {
    pub(super) data: Vec<T>,
    /// What to ask the next part with.
    pub(super) offset: Option<String>,
    /// How many there are in all, where that is said.
    pub(super) total: Option<u64>,
}

impl<T: Answered> Answered for Listed<T> {
    fn of(value: Value) -> Option<Self> {
        let mut members = Members::of(value);
        let (data, offset, total) = (members.take("data"), members.take("offset"), members.take("total"));
        members.whole(Listed { data, offset, total })
    }
}

impl<T> Listed<T> {
    /// How many there are in all, of a list that is read whole or says so; or so many at least.
    pub(super) fn count(&self) -> u64 {
        self.total.unwrap_or(self.data.len() as u64)
    }

    /// How many there are, of a list that was read by the page.
    pub(super) fn all(&self) -> Total {
        self.total.map_or(Total::Unknown, Total::All)
    }

    /// The same of one that was searched, where `is_searched`, of so many.
    pub(super) fn found(&self, is_searched: bool, of: Option<u64>) -> Total {
        match self.total {
            Some(found) if is_searched => Total::Found(found, of),
            _ => self.all(),
        }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// The page of an endpoint's list that is asked for (`?page=`), and how many there are, with more pairs of
    /// name and value. An offset that leads nowhere, as of a bookmark, leads to the first.
    pub(super) async fn list<T: Answered>(
        &self,
        path: &[&str],
        more: &[(&str, &str)],
    ) -> Result<Listed<T>, Refusal> {
        let asked = self.page.page_of_list();
        match self.get(path, &list_query(asked, more)).await {
            Err(refusal) if refusal.is_of_no_page() => self.get(path, &list_query(None, more)).await,
            listed => listed,
        }
    }

    /// All that an endpoint lists, of at most so many parts of 1000, with more pairs of name and value.
    pub(super) async fn all<T: Answered>(
        &self,
        path: &[&str],
        more: &[(&str, &str)],
        parts_max: usize,
    ) -> Result<Vec<T>, Refusal> {
        let (mut all, mut offset) = (Vec::new(), None::<String>);
        for _ in 0..parts_max {
            let mut query = vec![("size", "1000")];
            query.extend(more);
            query.extend(offset.iter().map(|offset| ("offset", offset.as_str())));
            let listed: Listed<T> = self.get(path, &encoded(&query)).await?;
            all.extend(listed.data);
            offset = listed.offset;
            if offset.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// How many each of several lists has; those whose lists say no total have as many as `query` asks for at most.
    pub(super) async fn counts(&self, lists: &[Vec<&str>], query: &str) -> Result<Vec<u64>, Refusal> {
        let listed = self.each(lists, query).await?;
        let count = |listed| Ok(of::<Option<Listed<()>>>(listed)?.map_or(0, |listed| listed.count()));
        listed.into_iter().map(count).collect()
    }

    /// What several lists have, each asked with the same query.
    pub(super) async fn all_in<T: Answered>(
        &self,
        lists: &[Vec<&str>],
        query: &str,
    ) -> Result<Vec<T>, Refusal> {
        let mut all = Vec::new();
        for listed in self.each(lists, query).await? {
            all.extend(of::<Option<Listed<T>>>(listed)?.unwrap_or_default().data);
        }
        Ok(all)
    }
}

/// Pairs as a query has them.
pub(super) fn encoded(pairs: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}

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
    /// Of a list at `path`, of which the page after this one is at `next`, with what else its query keeps.
    pub(super) fn of(page: &PageAsked<'_>, path: &str, next: Option<&str>, kept: &[&str]) -> Self {
        Listing::from(page, path, next, None, kept)
    }

    /// The same, of a list that begins at `first`.
    fn from(
        page: &PageAsked<'_>,
        path: &str,
        next: Option<&str>,
        first: Option<&str>,
        kept: &[&str],
    ) -> Self {
        let pairs = ["q"].iter().chain(kept).filter_map(|name| {
            let value = page.query.value(name).filter(|value| !value.is_empty())?;
            Some((*name, value))
        });
        let pairs: Vec<(&str, &str)> = pairs.collect();
        let link = |at: Option<&str>| {
            let all = pairs.iter().copied().chain(at.map(|at| ("page", at)));
            let query = encoded(&all.collect::<Vec<_>>());
            if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
        };
        Listing {
            search: page.search().to_owned(),
            next: next.map(|next| link(Some(next))),
            first: page.page_of_list().filter(|at| Some(*at) != first).map(|_| link(first)),
        }
    }

    /// As it is shown, where there are so many in all.
    pub(super) fn paging(&self, total: Total) -> Paging<'_> {
        Paging { search: &self.search, next: self.next.as_deref(), first: self.first.as_deref(), total }
    }
}

/// How `?page=` names the pages of a list that is read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By their numbers, from 1.
    ByNumber,
    /// By their first rows, from 0.
    ByRow,
}

impl Named {
    /// The first row of a page, from 0.
    fn start(self, name: Option<&str>) -> usize {
        let number = name.and_then(|name| name.parse().ok());
        match self {
            Named::ByNumber => SIZE.saturating_mul(number.unwrap_or(1).max(1) - 1),
            Named::ByRow => number.unwrap_or(0),
        }
    }

    /// The name of the page that begins with a row.
    fn name(self, start: usize) -> String {
        match self {
            Named::ByNumber => (start / SIZE + 1).to_string(),
            Named::ByRow => start.to_string(),
        }
    }
}

/// What a page of a list shows, and where the rest is.
pub(super) struct Part<T> {
    pub(super) rows: Vec<T>,
    listing: Listing,
    total: Total,
}

impl<T> Part<T> {
    /// Of all that there is, those in which one of the texts that `texts` gives contains what is searched for
    /// (`?q=`), in whatever case; of these the ones of this page (`?page=`).
    pub(super) fn found(
        page: &PageAsked<'_>,
        path: &str,
        named: Named,
        all: Vec<T>,
        texts: impl Fn(&T) -> Vec<String>,
    ) -> Self {
        let wanted = page.search().to_lowercase();
        let is_found = |one: &T| texts(one).iter().any(|text| text.to_lowercase().contains(&wanted));
        let whole = all.len();
        let found: Vec<T> = all.into_iter().filter(|one| wanted.is_empty() || is_found(one)).collect();
        let count = found.len();
        let start = within(named.start(page.page_of_list()), count);
        let end = start.saturating_add(SIZE);
        let next = (count > end).then(|| named.name(end));
        let first = (named == Named::ByNumber).then_some("1");
        Part {
            rows: found.into_iter().skip(start).take(SIZE).collect(),
            listing: Listing::from(page, path, next.as_deref(), first, &[]),
            total: match wanted.is_empty() {
                true => Total::All(count as u64),
                false => Total::Found(count as u64, Some(whole as u64)),
            },
        }
    }

    /// What an endpoint has answered for this page ([`Desk::list`]).
    pub(super) fn listed(page: &PageAsked<'_>, path: &str, listed: Listed<T>) -> Self {
        let (total, next) = (listed.all(), listed.offset);
        Part { rows: listed.data, listing: Listing::of(page, path, next.as_deref(), &[]), total }
    }

    pub(super) fn paging(&self) -> Paging<'_> {
        self.listing.paging(self.total)
    }
}

impl PageAsked<'_> {
    /// What is searched for in a list.
    pub(super) fn search(&self) -> &str {
        self.query.value("q").unwrap_or_default().trim()
    }

    /// Which page of a list is asked for; `None`: the first.
    fn page_of_list(&self) -> Option<&str> {
        self.query.value("page").filter(|page| !page.is_empty())
    }
}

/// The query that asks an endpoint for a page of its list, and how many there are, with more pairs of name and
/// value.
pub(super) fn list_query(offset: Option<&str>, more: &[(&str, &str)]) -> String {
    let size = SIZE.to_string();
    let mut pairs = vec![("size", size.as_str()), ("total", "true")];
    pairs.extend(offset.map(|offset| ("offset", offset)));
    pairs.extend(more.iter().copied().filter(|(_, value)| !value.is_empty()));
    encoded(&pairs)
}

/// The first row of a page of a list of so many: of one behind the end, that of the last page.
pub(super) fn within(start: usize, count: usize) -> usize {
    if start < count { start } else { count.saturating_sub(1) / SIZE * SIZE }
}
