//! One proxied request: decide, apply the plan, pass on, pass back.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Request, Response, Uri, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use latchkey_gateway::decision::{BodyEdit, Decision, Need, Plan};
use latchkey_gateway::forward::{Latencies, Passage, edit_own_response_headers, edit_response_headers};
use latchkey_gateway::problem::Problem;
use latchkey_gateway::request::Body;
use latchkey_gateway::strip_key::append_without;
use latchkey_request::framing::Misframed;

use crate::body::ResponseBody;
use crate::budget::Kind;
use crate::failure::{ClientGone, Failure};
use crate::hold::{HeldBody, ReadBody, Unheld};
use crate::progress::Progress;
use crate::request_head::{head, says_host};
use crate::system::whole_ms;
use crate::tunnel::Lease;
use crate::upgrade;
use crate::upstream::{Content, RequestBody};
use crate::worker::Worker;

const BAD_REQUEST: Problem = Problem::BadRequest("Bad request");

/// One request on its way through.
struct Exchange<'w> {
    worker: &'w Rc<Worker>,
    peer_ip: IpAddr,
    http_1_0: bool,
    progress: &'w Rc<Progress>,
    started: Instant,
    request_id: u128,
    accept: Option<HeaderValue>,
}

/// Answers a request at the gateway. `misframed`: as [`crate::service::Service::answer`] has it.
pub(crate) async fn proxy(
    worker: &Rc<Worker>,
    peer_ip: IpAddr,
    request: Request<Incoming>,
    misframed: Option<Misframed>,
    progress: &Rc<Progress>,
) -> Result<Response<ResponseBody>, ClientGone> {
    let exchange = Exchange {
        worker,
        peer_ip,
        http_1_0: request.version() < Version::HTTP_11,
        progress,
        started: Instant::now(),
        request_id: worker.request_ids.draw(),
        accept: request.headers().get(header::ACCEPT).cloned(),
    };
    if let Some(fault) = misframed {
        return Ok(exchange.refuse(&fault.into()));
    }
    let (mut request, incoming) = request.into_parts();
    let held = if incoming.is_end_stream() {
        ReadBody::Whole(HeldBody::empty())
    } else {
        ReadBody::Unread(incoming)
    };
    let (decision, held, decided) = match exchange.decide(&request, held).await {
        Ok(decided) => decided,
        Err(failure) => return exchange.fail_to_read(failure),
    };
    match decision {
        Decision::Forward(plan) => exchange.forward(&plan, &mut request, held, decided).await,
        Decision::Respond(response) => Ok(exchange.respond(response)),
        Decision::Need(_) => Ok(exchange.refuse(&Problem::Internal)),
    }
}

impl Exchange<'_> {
    /// Also says when the decision was begun that turned out to be the last.
    async fn decide(
        &self,
        request: &Parts,
        mut held: ReadBody,
    ) -> Result<(Decision, ReadBody, Instant), Failure> {
        // CONNECT and `OPTIONS *` have no path.
        if !request.uri.path().starts_with('/') || !says_host(request.version, &request.headers) {
            return Ok((Decision::Respond(self.refusal(&BAD_REQUEST)), held, self.started));
        }
        let data_plane = &self.worker.data_plane;
        let mut now = data_plane.timer.now(self.started);
        let head = head(&self.worker.clients, request, self.peer_ip, now, self.request_id);
        let client_ip = head.client_ip.unwrap_or(self.peer_ip);
        let mut begun = self.started;
        loop {
            let body = match &held {
                ReadBody::Unread(_) => Body::Unread,
                ReadBody::Whole(body) => Body::Whole(&body.bytes),
                ReadBody::TooLarge => Body::TooLarge,
                ReadBody::Refused(unheld) => {
                    let response = self.refusal(&match unheld {
                        Unheld::TooSlow => Problem::BodyTooSlow,
                        Unheld::TooMuch => Problem::TooMuchHeld,
                    });
                    return Ok((Decision::Respond(response), held, begun));
                }
            };
            match (data_plane.decide(&head, body, now), held) {
                (Decision::Need(Need::Body { bytes_max }), ReadBody::Unread(incoming)) => {
                    let holding = self.worker.clients.holding();
                    let kind = Kind::SearchedBody;
                    held = holding.collect(incoming, bytes_max, kind, client_ip, self.progress).await?;
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
        held: ReadBody,
        decided: Instant,
    ) -> Result<Response<ResponseBody>, ClientGone> {
        let lease = Lease::new(self.worker, plan, request, self.peer_ip, self.request_id);
        let body = match self.edit(plan, request, held) {
            Ok(body) => body,
            Err(problem) => return Ok(self.refuse(&problem)),
        };
        let upstreams = &self.worker.upstreams;
        // Only a request of HTTP/1.1 can be upgraded.
        let tunnel = lease.and_then(|lease| Some((lease, request.extensions.remove::<OnUpgrade>()?)));
        let answer = match tunnel {
            Some((lease, client)) => upgrade::send(upstreams, plan, request, body, client, lease).await,
            None => upstreams.send(plan, request, body, self.progress, decided).await,
        };
        match answer {
            Ok(response) => Ok(self.pass_back(response, decided)),
            Err(failure) => self.fail(failure, plan),
        }
    }

    /// Points the client's request to the upstream. What comes back is the body to be sent.
    fn edit(&self, plan: &Plan, request: &mut Parts, held: ReadBody) -> Result<RequestBody, Problem> {
        request.uri = Uri::from_maybe_shared(plan.target.clone()).map_err(|_| BAD_REQUEST)?;
        match (held, &plan.body) {
            (ReadBody::Whole(body), BodyEdit::Untouched) => Ok(RequestBody::Whole(body.into_bytes())),
            (ReadBody::Whole(body), BodyEdit::Cut(cuts)) => Ok(RequestBody::Whole(body.map(|bytes| {
                let mut kept = Vec::with_capacity(bytes.len());
                append_without(bytes, cuts, &mut kept);
                kept
            }))),
            (ReadBody::Unread(incoming), _) => Ok(RequestBody::stream(incoming, self.progress)),
            (ReadBody::TooLarge | ReadBody::Refused(_), _) => Err(Problem::Internal),
        }
    }

    fn pass_back(&self, response: Response<Content>, sent: Instant) -> Response<ResponseBody> {
        let (mut parts, content) = response.into_parts();
        let passage = Passage {
            request_id: self.request_id,
            upstream_status: parts.status,
            upgraded: parts.status == http::StatusCode::SWITCHING_PROTOCOLS,
        };
        let latencies =
            || Latencies { upstream_ms: whole_ms(sent.elapsed()), proxy_ms: whole_ms(sent - self.started) };
        edit_response_headers(&mut parts.headers, self.worker.response_fields, passage, latencies);
        let body = ResponseBody::new(content, Rc::clone(self.progress));
        parts.version = Version::HTTP_11;
        if self.http_1_0 && body.size_hint().exact().is_none() {
            // To one that does not know chunks the end of the connection is the end of the body.
            parts.version = Version::HTTP_10;
            parts.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Response::from_parts(parts, body)
    }

    fn fail(&self, failure: Failure, plan: &Plan) -> Result<Response<ResponseBody>, ClientGone> {
        if matches!(failure, Failure::Unreadable | Failure::ClientGone) {
            return self.fail_to_read(failure);
        }
        let problem = failure.problem().ok_or(ClientGone)?;
        let request_id = latchkey_gateway::problem::request_id_text(self.request_id);
        tracing::info!(request_id, service_id = %plan.upstream.service_id, ?failure, "upstream failed");
        Ok(self.refuse(&problem))
    }

    /// The client's request could not be read to its end.
    fn fail_to_read(&self, failure: Failure) -> Result<Response<ResponseBody>, ClientGone> {
        let problem = failure.problem().ok_or(ClientGone)?;
        Ok(self.refuse(&problem))
    }

    fn refuse(&self, problem: &Problem) -> Response<ResponseBody> {
        self.respond(self.refusal(problem))
    }

    /// Ends the connection where the problem says so.
    fn refusal(&self, problem: &Problem) -> Response<Bytes> {
        let mut response = problem.respond(self.accept.as_ref().map(HeaderValue::as_bytes), self.request_id);
        if problem.ends_connection() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    fn respond(&self, mut response: Response<Bytes>) -> Response<ResponseBody> {
        let latency_ms = || whole_ms(self.started.elapsed());
        let fields = self.worker.response_fields;
        edit_own_response_headers(response.headers_mut(), fields, self.request_id, latency_ms);
        response.map(|bytes| ResponseBody::new(Content::Whole(bytes), Rc::clone(self.progress)))
    }
}
