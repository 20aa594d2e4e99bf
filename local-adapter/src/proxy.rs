//! One proxied request: decide, apply the plan, pass on, pass back.

use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Request, Response, Uri, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use latchkey_core::decision::{BodyEdit, Decision, Need, Plan};
use latchkey_core::forward::{Passage, edit_own_response_headers, edit_response_headers};
use latchkey_core::problem::Problem;
use latchkey_core::request::{Body, RequestHead};
use latchkey_core::strip_key::append_without;

use crate::body::{Content, RequestBody, ResponseBody};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::system::whole_ms;
use crate::upgrade;
use crate::worker::Worker;

/// A request that nobody is left to answer: its connection is closed.
#[derive(Debug)]
pub(crate) struct Abandoned;

impl std::fmt::Display for Abandoned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the client went away")
    }
}

impl std::error::Error for Abandoned {}

/// As much of the body as was read for the decision.
enum Held {
    Unread(Incoming),
    Whole(Bytes),
    TooLarge,
}

/// One request on its way through.
struct Passing<'w> {
    worker: &'w Worker,
    progress: &'w Rc<Progress>,
    started: Instant,
    request_id: u128,
    accept: Option<HeaderValue>,
}

/// Answers a request that belongs to an upstream.
pub(crate) async fn proxy(
    worker: &Worker,
    peer_ip: IpAddr,
    request: Request<Incoming>,
    progress: &Rc<Progress>,
) -> Result<Response<ResponseBody>, Abandoned> {
    let passing = Passing {
        worker,
        progress,
        started: Instant::now(),
        request_id: worker.request_ids.draw(),
        accept: request.headers().get(header::ACCEPT).cloned(),
    };
    let (mut request, incoming) = request.into_parts();
    let held = if incoming.is_end_stream() { Held::Whole(Bytes::new()) } else { Held::Unread(incoming) };
    let (decision, held, decided) = passing.decide(&request, peer_ip, held).await?;
    match decision {
        Decision::Forward(plan) => passing.forward(&plan, &mut request, held, decided).await,
        Decision::Respond(response) => Ok(passing.respond(response)),
        Decision::Need(_) => Ok(passing.refuse(Problem::Internal)),
    }
}

impl Passing<'_> {
    /// Also says when the decision was begun that turned out to be the last.
    async fn decide(
        &self,
        request: &Parts,
        peer_ip: IpAddr,
        mut held: Held,
    ) -> Result<(Decision, Held, Instant), Abandoned> {
        // CONNECT and `OPTIONS *` have no path.
        if !request.uri.path().starts_with('/') || !says_host(request.version, &request.headers) {
            return Ok((Decision::Respond(self.bad_request()), held, self.started));
        }
        let client = self.worker.client(peer_ip, &request.headers);
        let data_plane = &self.worker.data_plane;
        let mut now = data_plane.timer.now(self.started);
        let head = RequestHead {
            method: request.method.as_str(),
            scheme: client.scheme,
            host: named(&request.uri, &request.headers),
            path: request.uri.path().as_bytes(),
            query: request.uri.query().map(str::as_bytes),
            headers: &request.headers,
            client_ip: Some(client.ip),
            server_port: client.port,
            forwarded: client.forwarded,
            started: now,
            request_id: self.request_id,
        };
        let mut begun = self.started;
        loop {
            let body = match &held {
                Held::Unread(_) => Body::Unread,
                Held::Whole(bytes) => Body::Whole(bytes),
                Held::TooLarge => Body::TooLarge,
            };
            match (data_plane.decide(&head, body, now), held) {
                (Decision::Need(Need::Body { bytes_max }), Held::Unread(incoming)) => {
                    held = collect(incoming, bytes_max, self.progress).await?;
                }
                (Decision::Need(Need::Wait { ms }), unchanged) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    held = unchanged;
                }
                (decision, held) => return Ok((decision, held, begun)),
            }
            begun = Instant::now();
            now = data_plane.timer.now(begun);
        }
    }

    async fn forward(
        &self,
        plan: &Plan,
        request: &mut Parts,
        held: Held,
        decided: Instant,
    ) -> Result<Response<ResponseBody>, Abandoned> {
        let body = match self.edit(plan, request, held) {
            Ok(body) => body,
            Err(problem) => return Ok(self.refuse(problem)),
        };
        let upstreams = &self.worker.upstreams;
        let client = plan.upgrade.then(|| request.extensions.remove::<OnUpgrade>()).flatten();
        let answer = match client {
            Some(client) => upgrade::send(upstreams, plan, request, body, client).await,
            None => upstreams.send(plan, request, body, self.progress, decided).await,
        };
        match answer {
            Ok(response) => Ok(self.pass_back(response, decided)),
            Err(failure) => self.fail(failure, plan),
        }
    }

    /// Points the client's request to the upstream. What comes back is the body to be sent.
    fn edit(&self, plan: &Plan, request: &mut Parts, held: Held) -> Result<RequestBody, Problem> {
        request.uri =
            Uri::from_maybe_shared(plan.target.clone()).map_err(|_| Problem::BadRequest("Bad request"))?;
        match (held, &plan.body) {
            (Held::Whole(bytes), BodyEdit::Untouched) => Ok(RequestBody::Whole(bytes)),
            (Held::Whole(bytes), BodyEdit::Cut(cuts)) => {
                let mut kept = Vec::with_capacity(bytes.len());
                append_without(&bytes, cuts, &mut kept);
                Ok(RequestBody::Whole(kept.into()))
            }
            (Held::Unread(incoming), _) => Ok(RequestBody::stream(incoming, self.progress)),
            (Held::TooLarge, _) => Err(Problem::Internal),
        }
    }

    fn pass_back(&self, response: Response<Content>, sent: Instant) -> Response<ResponseBody> {
        let (mut parts, content) = response.into_parts();
        let passage = Passage {
            request_id: self.request_id,
            upstream_latency_ms: whole_ms(sent.elapsed()),
            proxy_latency_ms: whole_ms(sent - self.started),
            upgraded: parts.status == http::StatusCode::SWITCHING_PROTOCOLS,
        };
        edit_response_headers(&mut parts.headers, passage);
        parts.version = Version::HTTP_11;
        Response::from_parts(parts, ResponseBody::new(content, Rc::clone(self.progress)))
    }

    fn fail(&self, failure: Failure, plan: &Plan) -> Result<Response<ResponseBody>, Abandoned> {
        let problem = failure.problem().ok_or(Abandoned)?;
        let request_id = latchkey_core::problem::request_id_text(self.request_id);
        tracing::info!(request_id, service_id = %plan.upstream.service_id, ?failure, "upstream failed");
        Ok(self.refuse(problem))
    }

    fn refuse(&self, problem: Problem) -> Response<ResponseBody> {
        self.respond(problem.respond(self.accept.as_ref().map(HeaderValue::as_bytes), self.request_id))
    }

    fn bad_request(&self) -> Response<Bytes> {
        let accept = self.accept.as_ref().map(HeaderValue::as_bytes);
        let mut response = Problem::BadRequest("Bad request").respond(accept, self.request_id);
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }

    fn respond(&self, mut response: Response<Bytes>) -> Response<ResponseBody> {
        edit_own_response_headers(response.headers_mut(), whole_ms(self.started.elapsed()));
        response.map(|bytes| ResponseBody::new(Content::Whole(bytes), Rc::clone(self.progress)))
    }
}

/// In HTTP/1.1 a request says whom it is for (RFC 9112 §3.2); what it says is core's to judge.
pub(crate) fn says_host(version: Version, headers: &HeaderMap) -> bool {
    version != Version::HTTP_11 || headers.contains_key(header::HOST)
}

/// What the client calls us: the authority of an absolute target, else `Host` (RFC 9112 §3.2.2).
pub(crate) fn named<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> &'r [u8] {
    let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
    let field = || headers.get(header::HOST).map(HeaderValue::as_bytes);
    authority.or_else(field).unwrap_or_default()
}

/// Reads a body whole, unless it is longer than the bound.
async fn collect(mut body: Incoming, bytes_max: usize, progress: &Progress) -> Result<Held, Abandoned> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Ok(Held::TooLarge);
    }
    progress.turn_to_client();
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(bytes) = frame.map_err(|_| Abandoned)?.into_data() else { continue };
        progress.turn_to_client();
        if first.len() + whole.len() + bytes.len() > bytes_max {
            return Ok(Held::TooLarge);
        }
        if first.is_empty() && whole.is_empty() {
            first = bytes;
            continue;
        }
        whole.extend_from_slice(&std::mem::take(&mut first));
        whole.extend_from_slice(&bytes);
    }
    progress.turn_to_upstream();
    // A short body comes in one piece, which is used as it is.
    Ok(Held::Whole(if whole.is_empty() { first } else { whole.freeze() }))
}

/// Reads the body of a request to ourselves; `None`: it is longer than the bound.
pub(crate) async fn collect_own(
    body: Incoming,
    bytes_max: usize,
    progress: &Progress,
) -> Result<Option<Bytes>, Abandoned> {
    match collect(body, bytes_max, progress).await? {
        Held::Whole(bytes) => Ok(Some(bytes)),
        Held::TooLarge | Held::Unread(_) => Ok(None),
    }
}
