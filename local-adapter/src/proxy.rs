//! One proxied request: decide, apply the plan, pass on, pass back.

use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Request, Response, Uri, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use latchkey_core::decision::{BodyEdit, Decision, Need, Plan};
use latchkey_core::forward::{Passage, edit_own_response_headers, edit_response_headers};
use latchkey_core::problem::Problem;
use latchkey_core::request::{Body, RequestHead, Scheme};
use latchkey_core::strip_key::append_without;

use crate::body::{Content, RequestBody, ResponseBody};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::system::elapsed_ms;
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
    client_ip: IpAddr,
    request: Request<Incoming>,
    progress: &Rc<Progress>,
) -> Result<Response<ResponseBody>, Abandoned> {
    let passing = Passing {
        worker,
        progress,
        started: Instant::now(),
        request_id: worker.request_ids.next(),
        accept: request.headers().get(header::ACCEPT).cloned(),
    };
    let (parts, incoming) = request.into_parts();
    if !parts.uri.path().starts_with('/') {
        // CONNECT, and `OPTIONS *`.
        return Ok(passing.refuse(Problem::BadRequest("Bad request")));
    }
    let held = if incoming.is_end_stream() { Held::Whole(Bytes::new()) } else { Held::Unread(incoming) };
    match passing.decide(&parts, client_ip, held).await? {
        (Decision::Forward(plan), held) => passing.forward(*plan, parts, held).await,
        (Decision::Respond(response), _) => Ok(passing.respond(response)),
        (Decision::Need(_), _) => Ok(passing.refuse(Problem::Internal)),
    }
}

impl Passing<'_> {
    async fn decide(
        &self,
        parts: &Parts,
        client_ip: IpAddr,
        mut held: Held,
    ) -> Result<(Decision, Held), Abandoned> {
        let head = RequestHead {
            method: parts.method.as_str(),
            scheme: Scheme::Http,
            host: host(parts),
            path: parts.uri.path().as_bytes(),
            query: parts.uri.query().map(str::as_bytes),
            headers: &parts.headers,
            client_ip: Some(client_ip),
            server_port: self.worker.server_port,
            request_id: self.request_id,
        };
        loop {
            let body = match &held {
                Held::Unread(_) => Body::Unread,
                Held::Whole(bytes) => Body::Whole(bytes),
                Held::TooLarge => Body::TooLarge,
            };
            match (self.worker.data_plane.decide(&head, body, self.worker.data_plane.timer.now()), held) {
                (Decision::Need(Need::Body { bytes_max }), Held::Unread(incoming)) => {
                    held = collect(incoming, bytes_max, self.progress).await?;
                }
                (Decision::Need(Need::Wait { ms }), unchanged) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    held = unchanged;
                }
                decided => return Ok(decided),
            }
        }
    }

    async fn forward(
        &self,
        plan: Plan,
        mut parts: Parts,
        held: Held,
    ) -> Result<Response<ResponseBody>, Abandoned> {
        let Ok(target) = Uri::from_maybe_shared(plan.target.clone()) else {
            return Ok(self.refuse(Problem::BadRequest("Bad request")));
        };
        let body = match (held, &plan.body) {
            (Held::Whole(bytes), BodyEdit::Untouched) => RequestBody::Whole(bytes),
            (Held::Whole(bytes), BodyEdit::Cut(cuts)) => {
                let mut kept = Vec::with_capacity(bytes.len());
                append_without(&bytes, cuts, &mut kept);
                RequestBody::Whole(kept.into())
            }
            (Held::Unread(incoming), _) => RequestBody::stream(incoming, self.progress),
            (Held::TooLarge, _) => return Ok(self.refuse(Problem::Internal)),
        };
        edit_framing(&mut parts, &body);
        plan.edit_headers(&mut parts.headers);
        parts.uri = target;
        parts.version = Version::HTTP_11;
        let upgrade = plan.upgrade.then(|| parts.extensions.remove()).flatten();
        let sent = Instant::now();
        let request = Request::from_parts(parts, body);
        let upstreams = &self.worker.upstreams;
        let answer = match upgrade {
            Some(client) => upgrade::send(upstreams, &plan.upstream, request, client).await,
            None => {
                let answer = upstreams.send(&plan.upstream, request, self.progress).await;
                answer.map(|response| response.map(Content::Link))
            }
        };
        match answer {
            Ok(response) => Ok(self.pass_back(response, sent)),
            Err(failure) => self.fail(failure, &plan),
        }
    }

    fn pass_back(&self, response: Response<Content>, sent: Instant) -> Response<ResponseBody> {
        let (mut parts, content) = response.into_parts();
        let upstream_latency_ms = elapsed_ms(sent);
        let passage = Passage {
            request_id: self.request_id,
            upstream_latency_ms,
            proxy_latency_ms: elapsed_ms(self.started).saturating_sub(upstream_latency_ms),
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

    fn respond(&self, mut response: Response<Bytes>) -> Response<ResponseBody> {
        edit_own_response_headers(response.headers_mut(), elapsed_ms(self.started));
        response.map(|bytes| ResponseBody::new(Content::Whole(bytes), Rc::clone(self.progress)))
    }
}

/// What the client calls us: the authority of an absolute target, else `Host` (RFC 9112 §3.2.2).
fn host(parts: &Parts) -> &[u8] {
    let authority = parts.uri.authority().map(|authority| authority.as_str().as_bytes());
    let field = || parts.headers.get(header::HOST).map(HeaderValue::as_bytes);
    authority.or_else(field).unwrap_or_default()
}

/// Fields that say how the body is framed, where it is no longer as the client framed it.
fn edit_framing(parts: &mut Parts, body: &RequestBody) {
    // Answered here: the server sends `100 Continue` as soon as the body is asked for.
    parts.headers.remove(header::EXPECT);
    let was_chunked = parts.headers.contains_key(header::TRANSFER_ENCODING);
    match body {
        RequestBody::Whole(bytes) if was_chunked || parts.headers.contains_key(header::CONTENT_LENGTH) => {
            parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
        }
        // A length beside chunks is not to be trusted (RFC 9112 §6.1).
        RequestBody::Stream { .. } if was_chunked => {
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        _ => {}
    }
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
