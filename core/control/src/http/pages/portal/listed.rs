//! Lists: a page of them, all of them, and those that are searched for.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::pages::desk::Desk;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::parts::Paging;
use latchkey_store::Store;

/// Rows of a page.
const ROWS: usize = 50;
/// Pages of 1000 that are read of one list, at most.
const READ_MAX: usize = 10;

/// What an endpoint answers with that lists.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub(super) struct Answered<T> {
    pub(super) data: Vec<T>,
    offset: Option<String>,
    #[serde(default)]
    pub(super) total: u64,
}

/// A page of a list.
pub(super) struct Listed<T> {
    pub(super) data: Vec<T>,
    search: String,
    next: Option<String>,
    first: Option<String>,
    total: u64,
}

impl<T> Listed<T> {
    pub(super) fn paging(&self) -> Paging<'_> {
        let (next, first) = (self.next.as_deref(), self.first.as_deref());
        Paging { search: &self.search, next, first, total: self.total }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// All that an endpoint lists, as far as pages read it.
    pub(super) async fn portal_all<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &str,
    ) -> Result<Vec<T>, Refusal> {
        let (mut all, mut asked) = (Vec::new(), format!("size=1000{query}"));
        for _ in 0..READ_MAX {
            let Answered { data, offset, .. } = self.get::<Answered<T>>(path, &asked).await?;
            all.extend(data);
            let Some(offset) = offset else { break };
            asked = format!("size=1000{query}&{}", encoded(&[("offset", &offset)]));
        }
        Ok(all)
    }

    /// The page of a list that is asked for (`?page=`), of those that are searched for (`?q=`). `at`: the path
    /// of the page; `text`: what of a row is searched.
    pub(super) async fn portal_listed<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &str,
        at: &str,
        text: impl Fn(&T) -> String,
    ) -> Result<Listed<T>, Refusal> {
        let asked = &self.page.query;
        let search = asked.value("q").unwrap_or_default().trim().to_owned();
        let page = asked.value("page").filter(|page| !page.is_empty());
        let first = page.map(|_| match search.is_empty() {
            true => at.to_owned(),
            false => format!("{at}?{}", encoded(&[("q", &search)])),
        });
        if search.is_empty() {
            let offset = page.map(|page| format!("&{}", encoded(&[("offset", page)]))).unwrap_or_default();
            let found: Answered<T> = self.get(path, &format!("size={ROWS}{query}{offset}")).await?;
            let next = found.offset.map(|offset| format!("{at}?{}", encoded(&[("page", &offset)])));
            return Ok(Listed { data: found.data, search, next, first, total: found.total });
        }
        let (wanted, start) =
            (search.to_lowercase(), page.and_then(|page| page.parse().ok()).unwrap_or(0_usize));
        let mut found: Vec<T> = self.portal_all(path, query).await?;
        found.retain(|one| text(one).to_lowercase().contains(&wanted));
        let (total, end) = (found.len(), start.saturating_add(ROWS));
        let next =
            (end < total).then(|| format!("{at}?{}", encoded(&[("q", &search), ("page", &end.to_string())])));
        let data = found.into_iter().skip(start).take(ROWS).collect();
        Ok(Listed { data, search, next, first, total: total as u64 })
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}
