//! Lists: a page of them, all of them, and those that are searched for.

use crate::http::pages::answered::Answered;
use crate::http::pages::desk::Desk;
use crate::http::pages::listing::{Listed, Named, Part};
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_store::Store;

/// Parts of 1000 that are read of one list, at most.
const PARTS_MAX: usize = 10;

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// All that an endpoint lists, as far as pages read it.
    pub(super) async fn portal_all<T: Answered>(
        &self,
        path: &[&str],
        more: &[(&str, &str)],
    ) -> Result<Vec<T>, Refusal> {
        self.all(path, more, PARTS_MAX).await
    }

    /// The page of a list that is asked for (`?page=`), of those that are searched for (`?q=`). `at`: the path
    /// of the page; `text`: what of a row is searched.
    pub(super) async fn portal_listed<T: Answered>(
        &self,
        path: &[&str],
        more: &[(&str, &str)],
        at: &str,
        text: impl Fn(&T) -> String,
    ) -> Result<Part<T>, Refusal> {
        if self.page.search().is_empty() {
            let listed: Listed<T> = self.list(path, more).await?;
            return Ok(Part::listed(self.page, at, listed));
        }
        let all = self.portal_all(path, more).await?;
        Ok(Part::found(self.page, at, Named::ByRow, all, |one| vec![text(one)]))
    }
}
