//! Trying a service: its page makes a call through the gateway, as a credential of the developer's.
//!
//! The call is made by the adapter, between two askings of this page ([`crate::gateway_call`]). No key is there:
//! the call shows a token for that credential alone ([`latchkey_published::try_token`]).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::entities::{Application, Credential, OpenService};
use crate::gateway_call::{Answered, GatewayAnswer, GatewayCall};
use crate::http::pages::answers::html;
use crate::http::pages::desk::Desk;
use crate::http::pages::facts::ServiceFacts;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use crate::registry::{AskedRequest, Error, Step, Try};
use crate::schema::{EntityKind, parse_uuid};
use latchkey_pages::View as _;
use latchkey_pages::calls::{
    self, Answer, AnswerBody, Caller, Method, Outcome, Place, Tried as Called, TryIt, TryItFields, quote,
};
use latchkey_published::limits::{PATTERN_INPUT_BYTES_MAX, TRY_BODY_BYTES_MAX};
use latchkey_published::try_token::{TRIED_FIELD, TRY_TOKEN_FIELD, Tried};
use latchkey_request::field_name::is_same;
use latchkey_router::NormalPath;
use latchkey_store::Store;

/// Lines of header fields, and their bytes together: within what every platform lets through.
const FIELDS_MAX: usize = 50;
const FIELDS_BYTES_MAX: usize = 8 << 10;

/// Fields that a call has of ours, that are about its connection, or that a gateway believes of whom it trusts.
const FILLED_IN: [&str; 15] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "forwarded",
    "x-real-ip",
    "via",
    TRY_TOKEN_FIELD,
    TRIED_FIELD,
];
/// What the rest of these begin with.
const FORWARDED: &str = "x-forwarded-";

/// As curl sends a body of which nothing else is said.
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// A credential that a service can be called as, in the form of the page.
struct Choice {
    value: String,
    label: String,
}

/// What is shown of what was typed, or of what is there before.
struct Typed {
    caller: String,
    method: String,
    path: String,
    query: String,
    headers: String,
    body: String,
    place: String,
}

impl Typed {
    fn fields(&self) -> TryItFields<'_> {
        TryItFields {
            caller: &self.caller,
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
            place: &self.place,
        }
    }
}

/// A call that was typed, as it is sent.
struct Call {
    method: Method,
    path: String,
    query: String,
    /// As they were typed.
    fields: Vec<(String, String)>,
    body: String,
    /// Its URL, without the query.
    url: String,
    /// The route that it comes to.
    route: String,
}

impl Call {
    /// `https://example.com:8000` of its URL.
    fn origin(&self) -> &str {
        let path_at = self.url.match_indices('/').nth(2).map(|(at, _)| at);
        path_at.map_or(&self.url, |at| &self.url[..at])
    }

    fn target(&self) -> String {
        match self.query.as_str() {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    /// Whether there is somebody who makes calls.
    pub(super) fn can_try(&self) -> bool {
        self.control.settings.calls_gateway
    }

    pub(super) async fn portal_try(&self) -> Result<Response<Bytes>, Refusal> {
        let id = self.page.part("service");
        let open = self.open_services().await?;
        let service = open.iter().find(|service| service.id == id).ok_or(Refusal::UnknownPath)?;
        let facts = self.facts(id).await?.filter(|facts| self.can_try() && facts.can_be_tried());
        let facts = facts.ok_or(Refusal::UnknownPath)?;
        let callers = self.callers(id).await?;
        let typed = self.typed_try(&facts).await?;
        let view = TryView { service, facts: &facts, callers: &callers, typed: &typed };
        if !self.page.is_post() {
            return Ok(self.try_page(&view, StatusCode::OK, Outcome::None));
        }
        let call = match self.read_call(&view).await? {
            Ok(call) => call,
            Err(refusal) => return Ok(self.try_refused(&view, refusal)),
        };
        match self.page.called {
            Some(GatewayAnswer::Answered(answered)) => Ok(self.try_answered(&view, &call, answered)),
            Some(GatewayAnswer::Unreachable) => Ok(self.try_refused(&view, calls::Refusal::Unreachable)),
            Some(GatewayAnswer::TooSlow) => Ok(self.try_refused(&view, calls::Refusal::TooSlow)),
            None => match self.make_call(&view, &call).await? {
                Ok(call) => Err(Refusal::NeedsCall(Box::new(call))),
                Err(refusal) => Ok(self.try_refused(&view, refusal)),
            },
        }
    }

    /// The developer's credentials of applications that have asked for access, whatever came of that: what the
    /// gateway says of one without is seen here.
    async fn callers(&self, service: &str) -> Result<Vec<Choice>, Refusal> {
        let mut choices = Vec::new();
        let applications = self.own_applications().await?;
        let has_asked = |application: &&Application| {
            application.application_instances.iter().any(|contract| contract.service.id == service)
        };
        for application in applications.iter().filter(has_asked) {
            let credentials: Vec<Credential> =
                self.portal_all(&["applications", &application.id, "credentials"], &[]).await?;
            choices.extend(credentials.iter().map(|credential| Choice {
                value: format!("{}/{}", application.id, credential.id),
                label: format!("{}: {} ({}…)", application.name, credential.called(), credential.start()),
            }));
        }
        Ok(choices)
    }

    async fn typed_try(&self, facts: &ServiceFacts) -> Result<Typed, Refusal> {
        let page = self.page;
        if page.is_post() {
            let text = |name| page.form.text(name).to_owned();
            // Browsers send every line's end as two characters, whatever was typed.
            let lines = |name| page.form.exact(name).replace("\r\n", "\n");
            return Ok(Typed {
                caller: text("caller"),
                method: text("method"),
                path: text("path"),
                query: text("query"),
                headers: lines("headers"),
                body: lines("body"),
                place: text("place"),
            });
        }
        let asked = |name| page.query.value(name).unwrap_or_default().to_owned();
        let (headers, method, path) = (facts.headers(), asked("method"), asked("path"));
        let shown = facts.facts(&headers);
        let route = match shown.routes {
            calls::Routes::Plain(request) => Some(request),
            calls::Routes::None | calls::Routes::NotPlain => None,
        };
        let example = match page.query.value("operation") {
            Some(operation) => self.operation_body(operation).await?,
            None => None,
        };
        let (media_type, body) = example.unzip();
        let mut lines: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        lines.extend(media_type.map(|media_type| format!("content-type: {media_type}")));
        Ok(Typed {
            caller: String::new(),
            method: if method.is_empty() {
                route.map_or("GET", |of| of.method.name()).to_owned()
            } else {
                method
            },
            path: if path.is_empty() { route.map_or("/", |of| of.path).to_owned() } else { path },
            query: asked("query"),
            headers: lines.join("\n"),
            body: body.unwrap_or_default(),
            place: String::new(),
        })
    }

    /// What was typed as a call that comes to the service.
    async fn read_call(&self, view: &TryView<'_>) -> Result<Result<Call, calls::Refusal>, Refusal> {
        let (facts, typed) = (view.facts, view.typed);
        if !view.callers.iter().any(|choice| choice.value == typed.caller) {
            return Ok(Err(calls::Refusal::Caller));
        }
        let method = Method::of(&typed.method).filter(|method| facts.methods().contains(method));
        let (path, query) = target_of(typed);
        let Some(method) = method.filter(|_| path.starts_with('/')) else {
            return Ok(Err(calls::Refusal::Path));
        };
        if path.len() + query.len() > PATTERN_INPUT_BYTES_MAX {
            return Ok(Err(calls::Refusal::Path));
        }
        let Some((fields, headers)) = read_fields(&typed.headers, facts) else {
            return Ok(Err(calls::Refusal::Headers));
        };
        if typed.body.len() > TRY_BODY_BYTES_MAX {
            return Ok(Err(calls::Refusal::TooLarge));
        }
        // For the gateway as its clients know it, and else for a host that a route asks for.
        let urls = facts.urls(&path);
        let asked = urls.iter().map(|url| AskedRequest {
            method: method.name().to_owned(),
            is_https: url.starts_with("https:"),
            host: authority(url).to_owned(),
            path: path.clone(),
            headers: headers.clone(),
        });
        let asked: Vec<AskedRequest> = asked.collect();
        let service = parse_uuid(&view.service.id).ok_or(Refusal::UnknownPath)?;
        let found = self.control.registry.route_of_service(service, &asked).await.map_err(refusal)?;
        let found = found.and_then(|(at, route)| Some((urls.into_iter().nth(at)?, route)));
        let Some((url, route)) = found else { return Ok(Err(calls::Refusal::Path)) };
        let route = route.name.unwrap_or_else(|| route.id.to_string());
        Ok(Ok(Call { method, path, query, fields, body: typed.body.clone(), url, route }))
    }

    /// The call with its token, if it may be made now.
    async fn make_call(
        &self,
        view: &TryView<'_>,
        call: &Call,
    ) -> Result<Result<GatewayCall, calls::Refusal>, Refusal> {
        let developer = self.page.developer.as_ref().ok_or(Refusal::NoSession)?.developer;
        let registry = &self.control.registry;
        let (application, credential) = view.typed.caller.split_once('/').ok_or(Refusal::UnknownPath)?;
        let developer_key = developer.to_string();
        let path = [
            Step { kind: EntityKind::Developers, key: &developer_key },
            Step { kind: EntityKind::Applications, key: application },
            Step { kind: EntityKind::Oauth2Credentials, key: credential },
        ];
        let place = match registry.grant_place(&path).await {
            Ok(place) => place,
            Err(Error::NotFound) => return Ok(Err(calls::Refusal::Caller)),
            Err(error) => return Err(refusal(error)),
        };
        let nonce = self.page.form.nonce().unwrap_or_else(|| registry.random_id());
        match registry.count_try(developer, nonce, is_safe(call.method)).await.map_err(refusal)? {
            Try::Granted => {}
            Try::Repeated => return Ok(Err(calls::Refusal::Repeated)),
            Try::TooMany { retry_after_s } => return Ok(Err(calls::Refusal::TooMany(retry_after_s))),
        }
        let service_id = parse_uuid(&view.service.id).ok_or(Refusal::UnknownPath)?;
        let normal = NormalPath::new(call.path.as_bytes());
        let tried = Tried { method: call.method.name(), path: &normal, service_id };
        let token = registry.try_token(&place, &tried);
        let mut headers = HeaderMap::new();
        for (name, value) in &call.fields {
            let (name, value) = (HeaderName::try_from(name), HeaderValue::from_str(value));
            headers.append(name.map_err(|_| Refusal::Unreadable)?, value.map_err(|_| Refusal::Unreadable)?);
        }
        if !call.body.is_empty() && !headers.contains_key(CONTENT_TYPE) {
            headers.insert(CONTENT_TYPE, FORM);
        }
        self.add_way(&mut headers, call);
        headers.insert(TRY_TOKEN_FIELD, token);
        let body = Bytes::from(call.body.clone());
        let made = GatewayCall::new(call.method.name(), call.origin(), &call.target(), headers, body);
        Ok(made.ok_or(calls::Refusal::Path))
    }

    /// For whom the call is made, which a gateway believes where it trusts the address that this comes from.
    fn add_way(&self, headers: &mut HeaderMap, call: &Call) {
        let scheme = if call.url.starts_with("https:") { "https" } else { "http" };
        headers.insert("x-forwarded-proto", HeaderValue::from_static(scheme));
        let address = self.page.head.client_ip.map(|address| address.to_string());
        let address = address.and_then(|address| HeaderValue::try_from(address).ok());
        headers.extend(address.map(|address| (HeaderName::from_static("x-forwarded-for"), address)));
    }

    fn try_answered(&self, view: &TryView<'_>, call: &Call, answered: &Answered) -> Response<Bytes> {
        let Answered { response, goes_on, took } = answered;
        let values: Vec<(&str, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let fields: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let sent: Vec<(&str, &str)> =
            call.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let places = view.facts.places();
        let place = Place::ALL.into_iter().find(|place| place.id() == view.typed.place);
        let place = place.filter(|place| places.contains(place)).or(places.first().copied());
        let curl = calls::curl_of_try(&Called {
            method: call.method,
            url: &call.url,
            query: &call.query,
            headers: &sent,
            body: &call.body,
            name: view.facts.key_name(),
            place: place.unwrap_or(Place::Header),
        });
        let answer = Answer {
            status: response.status().as_u16(),
            fields: &fields,
            body: body_of(response, *goes_on),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            route: Some(&call.route),
            curl: &curl,
        };
        self.try_page(view, StatusCode::OK, Outcome::Answered(answer))
    }

    fn try_refused(&self, view: &TryView<'_>, refusal: calls::Refusal) -> Response<Bytes> {
        let status = match refusal {
            calls::Refusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            calls::Refusal::Repeated => StatusCode::CONFLICT,
            calls::Refusal::Unreachable | calls::Refusal::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            calls::Refusal::Caller
            | calls::Refusal::Path
            | calls::Refusal::Headers
            | calls::Refusal::TooLarge => StatusCode::BAD_REQUEST,
        };
        let mut response = self.try_page(view, status, Outcome::Refused(refusal));
        if let calls::Refusal::TooMany(seconds) = refusal {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }

    fn try_page(&self, view: &TryView<'_>, status: StatusCode, outcome: Outcome<'_>) -> Response<Bytes> {
        let path = self.page.path();
        let frame = self.page.portal_frame(&path);
        let callers = view.callers.iter().map(|choice| Caller { value: &choice.value, label: &choice.label });
        let callers: Vec<Caller<'_>> = callers.collect();
        let methods: Vec<&str> = view.facts.methods().iter().map(|method| method.name()).collect();
        // After a call the next one is another.
        let nonce = self.control.registry.random_id().to_string();
        let page = TryIt {
            frame: &frame,
            service_id: &view.service.id,
            service: view.service.called(),
            callers: &callers,
            methods: &methods,
            places: &view.facts.places(),
            fields: view.typed.fields(),
            outcome,
            nonce: &nonce,
        };
        html(status, page.html())
    }
}

/// What the page is about, and what was typed.
struct TryView<'a> {
    service: &'a OpenService,
    facts: &'a ServiceFacts,
    callers: &'a [Choice],
    typed: &'a Typed,
}

fn refusal(error: Error) -> Refusal {
    Refusal::Registry { endpoint: "trying a service", error }
}

/// `example.com:8000` of a URL.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Path and query as they are sent. A query may stand behind the path as well.
fn target_of(typed: &Typed) -> (String, String) {
    let (path, query) = match typed.path.split_once('?') {
        Some((path, query)) if typed.query.is_empty() => (path, query),
        _ => (typed.path.as_str(), typed.query.as_str()),
    };
    (quote::path(path), quote::whole_query(query))
}

/// Whether a call may be made twice without harm (RFC 9110 §9.2.1).
fn is_safe(method: Method) -> bool {
    matches!(method, Method::Get | Method::Head | Method::Options)
}

/// Header fields that were typed, as texts and as they are sent; `None`: a line is none, or is filled in.
fn read_fields(text: &str, facts: &ServiceFacts) -> Option<(Vec<(String, String)>, HeaderMap)> {
    let (mut fields, mut headers) = (Vec::new(), HeaderMap::new());
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.len() > FIELDS_MAX || text.len() > FIELDS_BYTES_MAX {
        return None;
    }
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.trim(), value.trim());
        let is_filled_in = FILLED_IN.iter().any(|filled| is_same(filled, name))
            || name.get(..FORWARDED.len()).is_some_and(|begin| is_same(FORWARDED, begin))
            || facts.key_names().iter().any(|key| is_same(key, name));
        if is_filled_in {
            return None;
        }
        headers.append(HeaderName::try_from(name).ok()?, HeaderValue::from_str(value).ok()?);
        fields.push((name.to_owned(), value.to_owned()));
    }
    Some((fields, headers))
}

fn body_of(response: &Response<Bytes>, goes_on: bool) -> AnswerBody<'_> {
    let body = response.body();
    let declared = response.headers().get(http::header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse().ok());
    let bytes = if goes_on { declared } else { Some(body.len() as u64) };
    if body.is_empty() && !goes_on {
        return AnswerBody::Empty;
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        // What was read may end within a character.
        Err(error) if goes_on && error.error_len().is_none() => body
            .get(..error.valid_up_to())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default(),
        Err(_) => return AnswerBody::Binary(bytes),
    };
    match (text.contains('\0'), goes_on) {
        (true, _) => AnswerBody::Binary(bytes),
        (false, true) => AnswerBody::Cut(text, bytes),
        (false, false) => AnswerBody::Whole(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a gateway's answer")]
    fn a_body_is_shown_as_far_as_it_is_text() {
        let body = |body: &'static [u8], goes_on, declared: Option<u64>| {
            let mut response = Response::new(Bytes::from_static(body));
            let declared = declared.map(|bytes| (http::header::CONTENT_LENGTH, bytes.into()));
            response.headers_mut().extend(declared);
            match body_of(&response, goes_on) {
                AnswerBody::Empty => "empty".to_owned(),
                AnswerBody::Whole(text) => format!("whole {text}"),
                AnswerBody::Cut(text, bytes) => format!("cut {text} {bytes:?}"),
                AnswerBody::Binary(bytes) => format!("binary {bytes:?}"),
            }
        };
        assert_eq!(body(b"", false, Some(7)), "empty", "as the answer to HEAD");
        assert_eq!(body("a\u{e4}".as_bytes(), false, None), "whole a\u{e4}");
        assert_eq!(body(b"ab\xc3", true, None), "cut ab None");
        assert_eq!(body(b"ab", true, Some(9)), "cut ab Some(9)");
        assert_eq!(body(b"ab\xc3", false, None), "binary Some(3)");
        assert_eq!(body(b"a\0b", true, Some(9)), "binary Some(9)");
        assert_eq!(body(b"\xff\xd8", true, None), "binary None");
    }

    #[test]
    fn the_host_of_a_url_is_found() {
        assert_eq!(authority("http://a.test:8000/x/y"), "a.test:8000");
        assert_eq!(authority("https://[::1]/"), "[::1]");
        assert_eq!(authority("https://a.test"), "a.test");
    }
}
