//! The portal's cookies (RFC 6265). Over https their names begin with `__Host-`, so that no other host can
//! set them; on plain http and loopback, where that does not work, with `lk_`.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};

use super::site::Site;

/// What a browser is told at a log-out.
pub(in crate::http) const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// Not `cookies`: those of all hosts of the same domain would go.
pub(in crate::http) const CLEAR_CACHE: HeaderValue = HeaderValue::from_static("\"cache\"");

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum OwnCookie {
    /// A developer's session.
    Session,
    /// An administrator's session.
    ManagerSession,
    /// A browser that has logged in before.
    KnownBrowser,
    /// A browser that has asked for a log-in link.
    AskedLink,
    /// What the page after an action says that came of it.
    Said,
    /// The language that was chosen.
    Language,
}

impl OwnCookie {
    pub(in crate::http) fn name(self, site: &Site) -> &'static str {
        match (self, site.is_https) {
            (OwnCookie::Session, true) => "__Host-lk_portal",
            (OwnCookie::Session, false) => "lk_portal",
            (OwnCookie::ManagerSession, true) => "__Host-lk_manager",
            (OwnCookie::ManagerSession, false) => "lk_manager",
            (OwnCookie::Said, true) => "__Host-lk_said",
            (OwnCookie::Said, false) => "lk_said",
            (OwnCookie::Language, true) => "__Host-lk_language",
            (OwnCookie::Language, false) => "lk_language",
            (OwnCookie::KnownBrowser, true) => "__Host-lk_known",
            (OwnCookie::KnownBrowser, false) => "lk_known",
            (OwnCookie::AskedLink, true) => "__Host-lk_try",
            (OwnCookie::AskedLink, false) => "lk_try",
        }
    }

    /// Its value in a request; `None` where it has none, or several: which of them is ours there is no telling,
    /// since whoever may set cookies for a part of the paths is sent first.
    pub(in crate::http) fn value<'h>(self, headers: &'h HeaderMap, site: &Site) -> Option<&'h str> {
        let mut values = self.values(headers, site);
        values.next().filter(|_| values.next().is_none())
    }

    /// Whether a request has it, whatever it says.
    pub(in crate::http) fn is_in(self, headers: &HeaderMap, site: &Site) -> bool {
        self.values(headers, site).next().is_some()
    }

    fn values<'h>(self, headers: &'h HeaderMap, site: &Site) -> impl Iterator<Item = &'h str> {
        let name = self.name(site);
        // HTTP/2 sends one field for each pair, maybe (RFC 9113 §8.2.3).
        let fields =
            headers.get_all(COOKIE).iter().filter_map(|field| std::str::from_utf8(field.as_bytes()).ok());
        let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.split_once('='));
        pairs.filter(move |(found, _)| found.trim() == name).map(|(_, value)| unquoted(value.trim()))
    }

    /// Gives it a value, for the time that the browser is open or so many seconds.
    pub(in crate::http) fn set<B>(
        self,
        response: &mut Response<B>,
        site: &Site,
        value: &str,
        max_age_s: Option<u64>,
    ) {
        let secure = if site.is_https { "; Secure" } else { "" };
        let max_age = max_age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let name = self.name(site);
        // Links from mails and other pages lead to the portal; to the manager another site's do not.
        let same_site = if self == OwnCookie::ManagerSession { "Strict" } else { "Lax" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}{secure}{max_age}");
        let mut field = HeaderValue::try_from(text).expect("our values are letters, digits and dots");
        field.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, field);
    }

    /// Takes it away.
    pub(in crate::http) fn take_away<B>(self, response: &mut Response<B>, site: &Site) {
        self.set(response, site, "", Some(0));
    }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(is_https: bool) -> Site {
        Site { origin: String::new(), is_https }
    }

    #[test]
    fn values_are_found_in_any_spelling_and_once() {
        for (fields, expected) in [
            (&["lk_portal=x"][..], Some("x")),
            (&["a=b; lk_portal=x; c=d"], Some("x")),
            (&["a=b;lk_portal=x"], Some("x")),
            (&["a=b", "lk_portal=x"], Some("x")),
            (&["lk_portal=\"x\""], Some("x")),
            (&[" lk_portal = x "], Some("x")),
            (&["lk_portal=a=b"], Some("a=b")),
            (&["lk_portal="], Some("")),
            (&["lk_portal=x; lk_portal=y"], None),
            (&["lk_portal=x", "lk_portal=x"], None),
            (&["LK_PORTAL=x"], None),
            (&["my_lk_portal=x; lk_portals=y; __Host-lk_portal=z"], None),
            (&["lk_portal"], None),
            (&[""], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(COOKIE, HeaderValue::from_static(field));
            }
            assert_eq!(OwnCookie::Session.value(&headers, &site(false)), expected, "{fields:?}");
        }
        let headers =
            HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("lk_portal=x; __Host-lk_portal=y"))]);
        assert_eq!(OwnCookie::Session.value(&headers, &site(true)), Some("y"));
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("lk_portal=x; lk_portal=y"))]);
        assert!(OwnCookie::Session.is_in(&headers, &site(false)));
        assert!(!OwnCookie::Session.is_in(&headers, &site(true)));
    }

    #[test]
    fn attributes_are_those_of_a_session() {
        let set = |is_https, max_age| {
            let mut response = crate::http::answer::empty(http::StatusCode::OK);
            OwnCookie::Session.set(&mut response, &site(is_https), "x", max_age);
            response.headers()[SET_COOKIE].to_str().unwrap().to_owned()
        };
        assert_eq!(set(true, None), "__Host-lk_portal=x; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(set(false, Some(9)), "lk_portal=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=9");
        let mut response = crate::http::answer::empty(http::StatusCode::OK);
        OwnCookie::ManagerSession.set(&mut response, &site(true), "x", None);
        let strict = "__Host-lk_manager=x; Path=/; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(response.headers()[SET_COOKIE], strict);
    }
}
