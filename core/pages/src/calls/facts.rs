//! What there is to know of calling a service.

use super::quote;

/// How a service is called, as its routes and key-auth say.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The gateway's origin: `https://api.example.com`, without a path.
    pub gateway: &'a str,
    /// Whether the service is enabled: one that is not refuses all calls.
    pub is_enabled: bool,
    /// How it is reached.
    pub routes: Routes<'a>,
    /// How keys are asked for; `None`: not at all, and anybody may call.
    pub key_auth: Option<KeyAuth<'a>>,
    /// How access tokens are asked for; `None`: not at all.
    pub oauth2: Option<OAuth2<'a>>,
}

/// How a service is reached.
#[derive(Clone, Copy, Debug)]
pub enum Routes<'a> {
    /// By no route.
    None,
    /// By no request that can be shown: its routes have regular expressions, wildcards before hosts, or
    /// expressions for header fields.
    NotPlain,
    /// By this request: the first route that has one.
    Plain(Request<'a>),
}

/// A request that a route matches.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Its method: the first of [`Method::ALL`] that the route takes.
    pub method: Method,
    /// The first of [`Method::ALL`] that the route takes and that may have a body.
    pub method_with_body: Option<Method>,
    /// The route's host; `None`: it asks for none, and the gateway's is shown. Without a port, the gateway's
    /// port is.
    pub host: Option<&'a str>,
    /// A path that the route matches, as a request has it: escapes stay.
    pub path: &'a str,
    /// Header fields that the route asks for, with one of the values that it takes.
    pub headers: &'a [(&'a str, &'a str)],
}

/// Methods of requests that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called as in RFC 9110 §9.3 and RFC 5789")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    Options,
}

/// What key-auth asks for.
#[derive(Clone, Copy, Debug)]
pub struct KeyAuth<'a> {
    /// The first of its key names.
    pub name: &'a str,
    /// `key_in_header`.
    pub is_in_header: bool,
    /// `key_in_bearer`.
    pub is_in_bearer: bool,
    /// `key_in_query`.
    pub is_in_query: bool,
    /// `key_in_body`.
    pub is_in_body: bool,
    /// Whether preflights of browsers are refused: `run_on_preflight` is on, and there is no cors plugin that
    /// answers them before.
    pub refuses_preflights: bool,
}

/// What oauth2 asks for.
#[derive(Clone, Copy, Debug)]
pub struct OAuth2<'a> {
    /// `auth_header_name`.
    pub header: &'a str,
    /// What a token must be asked for, with blanks between; `None`: nothing.
    pub scope: Option<&'a str>,
    /// Whether a token does not do without a key, nor a key without a token.
    pub is_beside_key: bool,
}

/// The field of keys behind `Bearer` (RFC 6750 §2.1).
pub(super) const AUTHORIZATION: &str = "Authorization";

/// Where a key stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a header field of the key's name.
    Header,
    /// In `Authorization`, behind `Bearer`.
    Bearer,
    /// In the query.
    Query,
    /// In a body of a form.
    Body,
}

impl Method {
    /// All of them, the ones to show first.
    pub const ALL: [Method; 7] = [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Patch,
        Method::Delete,
        Method::Head,
        Method::Options,
    ];

    /// As it is sent.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Head => "HEAD",
            Method::Options => "OPTIONS",
        }
    }

    /// The one that is sent so.
    pub fn of(name: &str) -> Option<Self> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether every client lets it have a body.
    pub fn may_have_body(self) -> bool {
        matches!(self, Method::Post | Method::Put | Method::Patch)
    }
}

impl Place {
    /// All of them, the best first.
    pub const ALL: [Place; 4] = [Place::Header, Place::Bearer, Place::Query, Place::Body];

    /// In ids of pages and values of forms.
    pub fn id(self) -> &'static str {
        match self {
            Place::Header => "header",
            Place::Bearer => "bearer",
            Place::Query => "query",
            Place::Body => "body",
        }
    }
}

impl<'a> Facts<'a> {
    /// The request to show, unless some client could not send it.
    pub(super) fn request(&self) -> Option<Request<'a>> {
        match self.routes {
            Routes::Plain(request) if request.is_plain() => Some(request),
            _ => None,
        }
    }

    /// The places that are on and that a request can have, in the order in which they are shown.
    pub fn places(&self) -> impl Iterator<Item = Place> + use<'a> {
        let (request, key_auth) = (self.request(), self.key_auth);
        Place::ALL.into_iter().filter(move |place| {
            let (Some(request), Some(key_auth)) = (request, key_auth) else { return false };
            match place {
                Place::Header => key_auth.is_in_header && is_token(key_auth.name),
                Place::Bearer => key_auth.is_in_bearer && !request.has(AUTHORIZATION),
                Place::Query => key_auth.is_in_query,
                Place::Body => key_auth.is_in_body && request.method_with_body.is_some(),
            }
        })
    }

    /// URL of a request, without a query.
    pub fn url(&self, request: &Request<'_>) -> String {
        let path = quote::path(request.path);
        let (scheme, authority) = self.gateway.split_once("://").unwrap_or(("https", self.gateway));
        let Some(host) = request.host else { return format!("{scheme}://{authority}{path}") };
        let port = if port(host).is_empty() { port(authority) } else { "" };
        format!("{scheme}://{host}{port}{path}")
    }
}

impl Request<'_> {
    /// Whether a route asks for that field.
    fn has(&self, field: &str) -> bool {
        self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(field))
    }

    /// Whether every client sends it as it is: fields of printable ASCII, and a path without what some escape
    /// and others do not, or what ends it.
    fn is_plain(&self) -> bool {
        let is_field = |(name, value): &(&str, &str)| {
            is_token(name) && !value.is_empty() && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        };
        self.headers.iter().all(is_field) && !self.path.contains(['?', '#', '[', ']'])
    }
}

/// A name of a field (RFC 9110 §5.6.2).
fn is_token(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_allowed)
}

/// `:8000` of `example.com:8000` and `[::1]:8000`; empty where there is none.
fn port(authority: &str) -> &str {
    let after_address = authority.rfind(']').map_or(0, |at| at + 1);
    authority[after_address..].find(':').map_or("", |at| &authority[after_address + at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Request<'_> = Request {
        method: Method::Get,
        method_with_body: Some(Method::Post),
        host: None,
        path: "/orders",
        headers: &[],
    };
    const KEY_AUTH: KeyAuth<'_> = KeyAuth {
        name: "apikey",
        is_in_header: true,
        is_in_bearer: true,
        is_in_query: true,
        is_in_body: true,
        refuses_preflights: false,
    };

    fn facts<'a>(request: Request<'a>, key_auth: KeyAuth<'a>) -> Facts<'a> {
        let (gateway, routes) = ("http://gateway.test:8000", Routes::Plain(request));
        Facts { gateway, is_enabled: true, routes, key_auth: Some(key_auth), oauth2: None }
    }

    #[test]
    fn the_hosts_of_routes_go_before_the_gateways() {
        for (host, url) in [
            (None, "http://gateway.test:8000/orders"),
            (Some("api.test"), "http://api.test:8000/orders"),
            (Some("api.test:81"), "http://api.test:81/orders"),
            (Some("[::1]"), "http://[::1]:8000/orders"),
        ] {
            let request = Request { host, ..REQUEST };
            assert_eq!(facts(request, KEY_AUTH).url(&request), url);
        }
    }

    #[test]
    fn only_places_that_a_request_can_have_are_shown() {
        let places = |request, key_auth| facts(request, key_auth).places().collect::<Vec<_>>();
        assert_eq!(places(REQUEST, KEY_AUTH), Place::ALL);
        let no_body = Request { method_with_body: None, ..REQUEST };
        assert_eq!(places(no_body, KEY_AUTH), [Place::Header, Place::Bearer, Place::Query]);
        let no_field = KeyAuth { name: "a key", is_in_bearer: false, ..KEY_AUTH };
        assert_eq!(places(REQUEST, no_field), [Place::Query, Place::Body]);
        let no_query = KeyAuth { is_in_query: false, ..KEY_AUTH };
        assert_eq!(places(REQUEST, no_query), [Place::Header, Place::Bearer, Place::Body]);
        let taken = Request { headers: &[("authorization", "Basic YTpi")], ..REQUEST };
        assert_eq!(places(taken, KEY_AUTH), [Place::Header, Place::Query, Place::Body]);
        for request in [
            Request { path: "/a[b]", ..REQUEST },
            Request { headers: &[("a", "é")], ..REQUEST },
            Request { headers: &[("a b", "c")], ..REQUEST },
        ] {
            assert_eq!(places(request, KEY_AUTH), [], "{request:?}");
        }
    }
}
