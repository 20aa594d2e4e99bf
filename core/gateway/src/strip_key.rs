//! Takes the key out of a request that goes on: out of the header, the query, `Referer` and the body.

use std::ops::Range;
use std::sync::Arc;

use http::header::HeaderName;
use memchr::memchr2;

use crate::bearer::carries_bearer_key;
use crate::places::{Cuts, Names, form};
use crate::request::{Headers, RequestHead};

use latchkey_request::field_name;

/// Header fields that carry a key; empty when keys are not hidden.
#[derive(Clone, Debug, Default)]
pub struct StripNames(pub Option<Arc<[HeaderName]>>);

impl StripNames {
    /// The names, lower case.
    pub fn as_slice(&self) -> &[HeaderName] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether a field carries a key, in whatever spelling.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.as_slice().iter().any(|hidden| field_name::is_same(hidden.as_str(), name.as_str()))
    }
}

/// What is taken out of a request besides [`HiddenCuts`], by the names that it may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hider<'p> {
    /// In queries, also in that of `Referer`.
    pub(crate) names: &'p Names,
    /// Fields.
    pub(crate) strip: &'p StripNames,
    /// The same where `Authorization` carries a key; `None`: no key is looked for there.
    pub(crate) strip_with_bearer: Option<&'p StripNames>,
}

impl<'p> Hider<'p> {
    /// The fields that carry a key in this request.
    #[inline]
    pub(crate) fn strip<H: Headers>(&self, head: &RequestHead<'_, H>) -> &'p StripNames {
        match self.strip_with_bearer {
            Some(with_bearer) if carries_bearer_key(head) => with_bearer,
            _ => self.strip,
        }
    }
}

/// The bytes to delete from a request so that no key goes on.
#[derive(Debug, Default)]
pub(crate) struct HiddenCuts {
    pub(crate) query: Cuts,
    pub(crate) body: Cuts,
}

/// Appends `?` and the query without the `cuts`. When nothing is left there is no `?`; a bare `?`
/// that the client sent stays.
pub(crate) fn append_query(query: Option<&[u8]>, cuts: &Cuts, out: &mut Vec<u8>) {
    let Some(query) = query else { return };
    let cut = cuts.bytes();
    if cut == 0 || cut < query.len() {
        out.push(b'?');
        append_without(query, cuts.iter(), out);
    }
}

/// Appends a URI reference without the pairs of its query that have one of `names`, as
/// [`append_query`] does with a target, and says whether there were any.
///
/// A pair also begins behind any further `?` or `#`: several fields that a platform has joined in one
/// lose their keys, and so does a fragment. It ends at `&` and `#` only: a key may hold a `?`.
pub(crate) fn append_uri_without(uri: &[u8], names: &Names, out: &mut Vec<u8>) -> bool {
    let path_len = memchr2(b'?', b'#', uri).unwrap_or(uri.len());
    let (path, mut rest) = uri.split_at_checked(path_len).unwrap_or_default();
    out.extend_from_slice(path);
    let mut was_found = false;
    // What a pair that was cut stood behind: the next one takes its place there.
    let mut vacant = None;
    // Where the query begins that is being copied.
    let mut query_start = None;
    while let Some((mark, text)) = rest.split_first() {
        let up_to = |ends: &[u8]| {
            let end = text.iter().position(|byte| ends.contains(byte)).unwrap_or(text.len());
            text.split_at_checked(end).unwrap_or_default()
        };
        let mark = if *mark == b'&' { vacant.unwrap_or(b'&') } else { *mark };
        if mark == b'#' {
            drop_bare_mark(query_start.take(), was_found, out);
        }
        if form::find_name(up_to(b"=?&#").0, names).is_some() {
            was_found = true;
            vacant = Some(mark);
            rest = up_to(b"&#").1;
        } else {
            let (kept, behind) = up_to(b"?&#");
            vacant = None;
            out.push(mark);
            if mark == b'?' {
                query_start.get_or_insert(out.len());
            }
            out.extend_from_slice(kept);
            rest = behind;
        }
    }
    drop_bare_mark(query_start, was_found, out);
    was_found
}

/// A `?` behind which nothing is left goes too.
fn drop_bare_mark(query_start: Option<usize>, was_found: bool, out: &mut Vec<u8>) {
    if was_found && query_start == Some(out.len()) {
        out.pop();
    }
}

/// Appends `input` without the `cuts` (ascending, disjoint).
pub fn append_without<'c>(input: &[u8], cuts: impl IntoIterator<Item = &'c Range<usize>>, out: &mut Vec<u8>) {
    let mut from = 0;
    for cut in cuts {
        out.extend_from_slice(input.get(from..cut.start).unwrap_or_default());
        from = from.max(cut.end);
    }
    out.extend_from_slice(input.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn without(uri: &str) -> (String, bool) {
        let mut out = b"before?".to_vec();
        let was_found = append_uri_without(uri.as_bytes(), &Names::new(&["apikey", "k2"]), &mut out);
        let out = String::from_utf8(out).unwrap();
        (out.strip_prefix("before?").unwrap().to_owned(), was_found)
    }

    fn check(uri: &str, left: &str) {
        assert_eq!(without(uri), (left.to_owned(), left != uri), "{uri}");
    }

    #[test]
    fn pairs_of_a_reference_go() {
        check("http://a.test/p?apikey=k", "http://a.test/p");
        check("http://a.test/p?x=1&apikey=k&y=%7e", "http://a.test/p?x=1&y=%7e");
        check("http://a.test/p?apikey=k&x=1", "http://a.test/p?x=1");
        check("http://a.test/p?x=1&api%6Bey=k", "http://a.test/p?x=1");
        check("http://a.test/p?k2=1&x&apikey&y=+", "http://a.test/p?x&y=+");
        check("http://a.test/p?apikey=k?x/y", "http://a.test/p");
        check("http://a.test/p?apikey=k&", "http://a.test/p");
        check("http://a.test/p?&apikey=k", "http://a.test/p");
        check("http://a.test/p?apikey=k#top", "http://a.test/p#top");
        check("http://a.test/p?x=1&apikey=k#top", "http://a.test/p?x=1#top");
        check("http://a.test/#apikey=k", "http://a.test/");
        check("http://a.test/#/view?apikey=k&x=1", "http://a.test/#/view?x=1");
        check("/p?apikey=k", "/p");
        check("?apikey=k", "");
        check("/p?u=http://b.test/?apikey=k&y=1", "/p?u=http://b.test/?y=1");
    }

    #[test]
    fn joined_references_all_lose_their_keys() {
        for joint in [",", ", "] {
            check(
                &format!("http://a.test/?x=1{joint}http://b.test/?apikey=k"),
                &format!("http://a.test/?x=1{joint}http://b.test/"),
            );
            check(&format!("http://a.test/?apikey=k{joint}http://b.test/?apikey=k"), "http://a.test/");
        }
    }

    #[test]
    fn everything_else_stays() {
        for uri in [
            "",
            "about:blank",
            "http://a.test/apikey=k",
            "http://a.test/a&apikey=k",
            "http://a.test/?",
            "http://a.test/?&&#",
            "http://a.test/?APIKEY=k&apikeys=k&apikey[]=k&x=apikey&=apikey#apikeys",
            "http://a.test/?u=http://b.test/?x=1#",
        ] {
            check(uri, uri);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_target(pairs in prop::collection::vec("(apikey|k2|x|%61pikey|)(=[a-z?]{0,3})?", 0..6), query in "[&=a-z0-9%]{0,12}") {
            for query in [pairs.join("&"), query] {
                let cuts = form::scan(query.as_bytes(), &Names::new(&["apikey", "k2"])).into_cuts();
                let mut target = b"/p".to_vec();
                append_query(Some(query.as_bytes()), &cuts, &mut target);
                // A `?` in a value may begin a pair in a reference, and in a target does not.
                prop_assume!(!query.contains("?apikey") && !query.contains("?k2"));
                let (left, was_found) = without(&format!("/p?{query}"));
                prop_assert_eq!(was_found, cuts.bytes() > 0);
                prop_assert_eq!(left.into_bytes(), target);
            }
        }
    }
}
