//! One proxied request: decide, apply the plan, pass on, pass back.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Response};
use latchkey_gateway::config::HeaderNames;
use latchkey_gateway::decision::{BodyEdit, Decision, Plan};
use latchkey_gateway::forward::{Latencies, Passage, edit_own_response_headers, edit_response_headers};
use latchkey_gateway::problem::{Problem, request_id_text};
use latchkey_gateway::request::{Body, Now};
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::strip_key::append_without;
use latchkey_request::framing;

use crate::body::{Content, UpstreamBody};
use crate::environment::GatewayEnvironment;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::request::Request;
use crate::upstream::Outgoing;

/// One request on its way through.
struct Exchange<'p> {
    environment: &'p GatewayEnvironment,
    started: Now,
    refusals: Refusals,
}

/// What a refusal of a request is made of.
#[derive(Clone, Debug)]
pub(crate) struct Refusals {
    accept: Option<HeaderValue>,
    request_id: u128,
    fields: ResponseFields,
}

impl Refusals {
    /// Of a request with these headers; `fields`: what responses are added.
    pub(crate) fn new(headers: &HeaderMap, request_id: u128, fields: ResponseFields) -> Self {
        Refusals { accept: headers.get(header::ACCEPT).cloned(), request_id, fields }
    }

    /// The response, `latency_ms` after the request came.
    pub(crate) fn refuse(&self, problem: &Problem, latency_ms: u64) -> Response<Content> {
        let response = problem.respond(self.accept.as_ref().map(HeaderValue::as_bytes), self.request_id);
        self.respond(response, || latency_ms)
    }

    /// A response made here.
    fn respond(&self, mut response: Response<Bytes>, latency_ms: impl FnOnce() -> u64) -> Response<Content> {
        edit_own_response_headers(response.headers_mut(), self.fields, self.request_id, latency_ms);
        response.map(Content::Whole)
    }
}

/// Answers a request that belongs to an upstream; `bytes_max`: longest body that can be returned,
/// `None` when it is passed on as it comes.
pub(crate) async fn proxy(
    environment: &GatewayEnvironment,
    request: Request,
    refusals: Refusals,
    bytes_max: Option<usize>,
) -> Response<Content> {
    let exchange = Exchange { environment, started: environment.timer.now(), refusals };
    match exchange.decide(&request).await {
        Ok(Decision::Forward(plan)) => environment.beside(exchange.forward(&plan, request, bytes_max)).await,
        Ok(Decision::Respond(response)) => {
            environment.beside(async { exchange.refusals.respond(response, || exchange.passed_ms()) }).await
        }
        Ok(Decision::Need(_)) => exchange.refuse(&Problem::Internal),
        Err(problem) => exchange.refuse(&problem),
    }
}

impl Exchange<'_> {
    async fn decide(&self, request: &Request) -> Result<Decision, Problem> {
        let data_plane = &self.environment.data_plane;
        let body = match request.body.len() <= data_plane.body_search_bytes() {
            true => Body::Whole(&request.body),
            false => Body::TooLarge,
        };
        let ask = |gateway: &mut latchkey_gateway::gateway::Gateway, names: &HeaderNames, now| {
            let fields = Fields::new(&request.headers, request.is_joined.then_some(names));
            let head = request.head(&fields, self.started, self.refusals.request_id);
            match gateway.decide(&head, body, now) {
                Decision::Need(need) => Err(need),
                decision => Ok(decision),
            }
        };
        data_plane.decide(self.started, ask).await
    }

    async fn forward(&self, plan: &Plan, request: Request, bytes_max: Option<usize>) -> Response<Content> {
        if plan.upgrade.is_some() {
            return self.refuse(&Problem::NoUpgrade);
        }
        let outgoing = apply(plan, request);
        let sent = self.environment.timer.now();
        let is_head = outgoing.method == http::Method::HEAD;
        let answer = self.environment.upstreams.send(plan, outgoing, &self.environment.timer).await;
        let response = match answer {
            Ok(response) => response,
            Err(failure) => return self.fail(plan, failure),
        };
        let (mut parts, incoming) = response.into_parts();
        // hyper undoes `chunked` and hands on what else there is, as plain.
        if framing::judge_codings(&parts.headers).is_err() {
            return self.fail(plan, Failure::Invalid);
        }
        let passage =
            Passage { request_id: self.refusals.request_id, upstream_status: parts.status, upgraded: false };
        let latencies = || {
            let proxy_ms = sent.monotonic_ms - self.started.monotonic_ms;
            Latencies { upstream_ms: self.passed_ms().saturating_sub(proxy_ms), proxy_ms }
        };
        edit_response_headers(&mut parts.headers, self.refusals.fields, passage, latencies);
        if !is_head {
            // The platform frames anew.
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        let body = UpstreamBody::new(incoming, Duration::from_millis(plan.upstream.read_timeout_ms));
        let content = match bytes_max {
            None => Content::Upstream(body),
            Some(bytes_max) => match body.collect(bytes_max).await {
                Ok(bytes) => Content::Whole(bytes),
                Err(failure) => return self.fail(plan, failure),
            },
        };
        Response::from_parts(parts, content)
    }

    fn fail(&self, plan: &Plan, failure: Failure) -> Response<Content> {
        let request_id = request_id_text(self.refusals.request_id);
        tracing::info!(request_id, service_id = %plan.upstream.service_id, %failure, "upstream failed");
        self.refuse(&failure.problem())
    }

    fn refuse(&self, problem: &Problem) -> Response<Content> {
        self.refusals.refuse(problem, self.passed_ms())
    }

    fn passed_ms(&self) -> u64 {
        self.environment.timer.now().monotonic_ms.saturating_sub(self.started.monotonic_ms)
    }
}

/// Edits the client's request for the upstream.
fn apply(plan: &Plan, request: Request) -> Outgoing {
    let Request { method, mut headers, body, .. } = request;
    plan.edit_headers(&mut headers);
    let had_length = headers.remove(header::CONTENT_LENGTH).is_some();
    // The platform has sent 100 itself.
    headers.remove(HeaderName::from_static("expect"));
    let body = match &plan.body {
        BodyEdit::Untouched => body,
        BodyEdit::Cut(cuts) => {
            let mut kept = Vec::with_capacity(body.len());
            append_without(&body, cuts, &mut kept);
            kept.into()
        }
    };
    // A body of which nothing is left still has a length (RFC 9110 §8.6).
    if had_length || plan.body != BodyEdit::Untouched {
        headers.insert(header::CONTENT_LENGTH, body.len().into());
    }
    Outgoing { method, headers, body }
}
