//! Which requests of a browser another site may have caused (OWASP's cheat sheet on cross-site request forgery;
//! Fetch Metadata). No form has a token: that two tabs and the back button work costs nothing so.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH: &str = "sec-fetch-";

/// A header field, of which there should be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent<'h> {
    Absent,
    Once(&'h [u8]),
    Several,
}

impl<'h> Sent<'h> {
    fn of(headers: &'h HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Sent::Absent,
            (Some(value), None) => Sent::Once(value.as_bytes()),
            (Some(_), Some(_)) => Sent::Several,
        }
    }
}

/// Whether a page of another site led here: the browser then keeps back a cookie that is for our own alone
/// (`SameSite=Strict`).
pub(in crate::http) fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    matches!(Sent::of(headers, &SEC_FETCH_SITE), Sent::Once(b"cross-site"))
}

/// What a request is judged by.
pub(in crate::http) struct Judged<'h> {
    pub(in crate::http) method: &'h str,
    /// Whether it logs in, which a GET may do.
    pub(in crate::http) logs_in: bool,
    pub(in crate::http) headers: &'h HeaderMap,
    /// Our own origin.
    pub(in crate::http) own: &'h str,
    /// Whether a session's cookie came along, good or not.
    pub(in crate::http) has_cookie: bool,
    /// Whether a page of the origin that it says may call.
    pub(in crate::http) is_listed: bool,
}

impl Judged<'_> {
    /// Whether it goes on; otherwise 403.
    pub(in crate::http) fn passes(&self) -> bool {
        let is_reading = matches!(self.method, "GET" | "HEAD" | "OPTIONS");
        if (is_reading && !(self.logs_in && self.method != "OPTIONS")) || self.is_by_hand() {
            return true;
        }
        let site = Sent::of(self.headers, &SEC_FETCH_SITE);
        let origin = Sent::of(self.headers, &ORIGIN);
        match (site, origin) {
            (Sent::Several, _) | (_, Sent::Several) => false,
            // `none`: only the browser's own interface makes it.
            (Sent::Once(b"same-origin" | b"none"), _) => true,
            (_, Sent::Once(_)) if self.is_listed => true,
            (Sent::Once(_), _) => false,
            (Sent::Absent, Sent::Once(origin)) => origin == self.own.as_bytes(),
            // No browser of today: there is nothing to ride on but a cookie.
            (Sent::Absent, Sent::Absent) => !self.has_cookie,
        }
    }

    /// Whether it shows a password in a header field, and no browser sent it, which may have kept that.
    fn is_by_hand(&self) -> bool {
        let shown = self.headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().get(..6));
        let is_basic = shown.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic "));
        is_basic && !self.headers.keys().any(|name| name.as_str().starts_with(SEC_FETCH))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const OWN: &str = "https://portal.example.com";
    const LISTED: &str = "https://pages.example.com";

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Credential {
        None,
        Cookie,
        Basic,
        Token,
    }

    const CREDENTIALS: [Credential; 4] =
        [Credential::None, Credential::Cookie, Credential::Basic, Credential::Token];
    const SITES: [&[&str]; 8] = [
        &[],
        &["same-origin"],
        &["none"],
        &["same-site"],
        &["cross-site"],
        &["Same-Origin"],
        &["same-origin", "same-origin"],
        &[""],
    ];
    const ORIGINS: [&[&str]; 6] = [&[], &[OWN], &["https://evil.example"], &["null"], &[OWN, OWN], &[LISTED]];
    const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

    /// The rule in words, once more: a row of the table is what was sent, its cell whether it passes.
    fn expected(method: &str, logs_in: bool, site: &[&str], origin: &[&str], credential: Credential) -> bool {
        let changes = match method {
            "GET" | "HEAD" => logs_in,
            "OPTIONS" => false,
            _ => true,
        };
        if !changes {
            return true;
        }
        if credential == Credential::Basic && site.is_empty() {
            return true;
        }
        match (site, origin) {
            ([_, _], _) | (_, [_, _]) => false,
            (["same-origin"] | ["none"], _) => true,
            (_, [LISTED]) => true,
            ([_], _) => false,
            ([], [OWN]) => true,
            ([], [_]) => false,
            ([], []) => credential != Credential::Cookie,
            _ => unreachable!(),
        }
    }

    fn headers(site: &[&str], origin: &[&str], credential: Credential) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in site {
            headers.append(SEC_FETCH_SITE, HeaderValue::from_str(value).unwrap());
        }
        for value in origin {
            headers.append(ORIGIN, HeaderValue::from_str(value).unwrap());
        }
        match credential {
            Credential::None => {}
            Credential::Cookie => drop(headers.append("cookie", HeaderValue::from_static("lk_portal=x"))),
            Credential::Basic => drop(headers.append(AUTHORIZATION, HeaderValue::from_static("bAsic eDp5"))),
            Credential::Token => drop(headers.append("kong-admin-token", HeaderValue::from_static("x"))),
        }
        headers
    }

    #[test]
    fn every_cell_of_the_table_is_as_the_rule_says() {
        let mut cells = 0;
        for method in METHODS {
            for (logs_in, site) in [false, true].into_iter().flat_map(|l| SITES.map(|site| (l, site))) {
                for (origin, credential) in
                    ORIGINS.into_iter().flat_map(|origin| CREDENTIALS.map(|credential| (origin, credential)))
                {
                    let headers = headers(site, origin, credential);
                    let judged = Judged {
                        method,
                        logs_in,
                        headers: &headers,
                        own: OWN,
                        has_cookie: credential == Credential::Cookie,
                        is_listed: origin == [LISTED],
                    };
                    let expected = expected(method, logs_in, site, origin, credential);
                    let cell = (method, logs_in, site, origin, credential);
                    assert_eq!(judged.passes(), expected, "{cell:?}");
                    cells += 1;
                }
            }
        }
        assert_eq!(cells, 7 * 2 * 8 * 6 * 4);
    }

    /// What a browser sends besides: any of its fields says that it was one.
    #[test]
    fn a_password_that_a_browser_kept_is_no_excuse() {
        let mut headers = headers(&[], &["https://evil.example"], Credential::Basic);
        headers.insert("cookie", HeaderValue::from_static("lk_portal=x"));
        let passes = |headers: &HeaderMap| {
            let (method, own) = ("GET", OWN);
            Judged { method, logs_in: true, headers, own, has_cookie: true, is_listed: false }.passes()
        };
        assert!(passes(&headers));
        headers.insert("sec-fetch-mode", HeaderValue::from_static("cors"));
        assert!(!passes(&headers));
    }
}
