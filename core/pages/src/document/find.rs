//! Operations by tag, searched and by the page.

use std::collections::HashMap;

use super::openapi::Document;
use super::operations::Operation;
use crate::parts::{Paging, Total};
use crate::portal::paths;

/// Operations on a page.
const OPERATIONS: usize = 50;
/// Bytes of a search, at most: the rest is not looked for.
const SEARCH_MAX: usize = 200;

/// Operations of a page.
#[derive(Clone, Debug)]
pub struct Found<'d> {
    /// Those of the page, by tag.
    pub(super) operations: Vec<Operation<'d>>,
    search: &'d str,
    next: Option<String>,
    first: Option<String>,
    total: u64,
    whole: u64,
}

impl Document {
    /// The operations of a page (from 1) whose path, summary or `operationId` has what is searched for in
    /// it, whichever the letters' case; all of them, where nothing is.
    pub fn find<'d>(&'d self, service: &str, search: &'d str, page: usize) -> Found<'d> {
        let search = search.get(..search.floor_char_boundary(SEARCH_MAX)).unwrap_or_default().trim();
        let mut operations = self.operations();
        let whole = operations.len() as u64;
        if !search.is_empty() {
            let search = search.to_lowercase();
            operations.retain(|operation| has(operation, &search));
        }
        self.sort_by_tag(&mut operations);
        let (total, page) = (operations.len(), page.max(1));
        let start = (page - 1).saturating_mul(OPERATIONS);
        let at = |page| paths::specification_page(service, search, page);
        Found {
            operations: operations.into_iter().skip(start).take(OPERATIONS).collect(),
            search,
            next: (start.saturating_add(OPERATIONS) < total).then(|| at(page + 1)),
            first: (page > 1).then(|| at(1)),
            total: total as u64,
            whole,
        }
    }

    /// In the order of the document's tags, then of tags as operations name them; last those without.
    fn sort_by_tag(&self, operations: &mut [Operation<'_>]) {
        let mut order = HashMap::new();
        let used = operations.iter().filter_map(Operation::tag);
        for tag in self.tags().map(|(name, _)| name).chain(used) {
            let next = order.len();
            order.entry(tag.to_owned()).or_insert(next);
        }
        operations.sort_by_key(|operation| {
            operation.tag().and_then(|tag| order.get(tag)).copied().unwrap_or(usize::MAX)
        });
    }
}

impl Found<'_> {
    /// Where the others are.
    pub fn paging(&self) -> Paging<'_> {
        Paging {
            search: self.search,
            next: self.next.as_deref(),
            first: self.first.as_deref(),
            total: match self.search.is_empty() {
                true => Total::All(self.total),
                false => Total::Found(self.total, Some(self.whole)),
            },
        }
    }
}

fn has(operation: &Operation<'_>, search: &str) -> bool {
    let texts = [operation.path, operation.text("summary"), operation.text("operationId")];
    texts.into_iter().any(|text| text.to_lowercase().contains(search))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_by_tag_and_by_the_page() {
        let mut text = "openapi: 3.1.0\ntags: [{name: b}]\npaths:\n".to_owned();
        for at in 0..60 {
            text += &format!(
                " /{at}: {{get: {{tags: [{}], summary: No. {at}}}}}\n",
                if at < 30 { "a" } else { "b" }
            );
        }
        let document = Document::read(&(text + " /last: {put: {operationId: Put}}")).unwrap();
        let first = document.find("s", "", 1);
        assert_eq!(first.operations[0].path, "/30");
        assert_eq!((first.operations.len(), first.total), (50, 61));
        assert_eq!(first.paging().next, Some("/portal/services/s/specification?q=&page=2"));
        let last = document.find("s", "", 2);
        assert_eq!(last.operations.last().map(|found| found.path), Some("/last"));
        assert_eq!((last.paging().next, last.paging().first.is_some()), (None, true));
        for (search, expected) in [("NO. 1", 11), ("put", 1), ("/last", 1), ("none", 0)] {
            assert_eq!(document.find("s", search, 1).total, expected, "{search}");
        }
        assert!(document.find("s", "", usize::MAX).operations.is_empty());
    }
}
