//! Sending a request to an upstream, by hyper's client, whose connections outlive an invocation.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, Method, Request, Response, Uri, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use latchkey_gateway::decision::Plan;
use latchkey_gateway::request::Scheme;
use latchkey_gateway::upstream::Upstream;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::limits::{HEAD_BYTES_MAX, HYPER_FIELDS_MAX};
use latchkey_upstream_tls::Trust;

use crate::connect::{Attempts, Connector};
use crate::failure::Failure;
use crate::system::Timer;

/// Idle connections are kept for so long: somewhat less than servers usually keep theirs.
const IDLE_MAX: Duration = Duration::from_secs(55);
/// Idle connections kept for one upstream; there is one request at a time.
const IDLE_CONNECTIONS_MAX: usize = 4;
/// Clients kept; past it all are made anew. Only services with times to connect of their own, or
/// without verification, need more than two.
const CLIENTS_MAX: usize = 64;

type UpstreamClient = Client<Connector, Full<Bytes>>;

/// The connections of this environment to all upstreams.
pub(crate) struct Upstreams {
    /// By what is spoken, and the time to connect in milliseconds.
    clients: RefCell<HashMap<(Trust, u64), UpstreamClient>>,
    attempts: Attempts,
    allowed: Arc<UpstreamAddresses>,
    /// When the last request was sent, on the clock that goes on while the environment is frozen.
    last_sent_ms: RefCell<u64>,
}

/// A request without what the plan says.
pub(crate) struct Outgoing {
    /// Method.
    pub(crate) method: Method,
    /// Edited already.
    pub(crate) headers: HeaderMap,
    /// Whole, cut already.
    pub(crate) body: Bytes,
}

impl Upstreams {
    /// No connections yet, and none but to addresses that are allowed.
    pub(crate) fn new(allowed: UpstreamAddresses) -> Self {
        Upstreams {
            allowed: Arc::new(allowed),
            clients: RefCell::default(),
            attempts: Attempts::default(),
            last_sent_ms: RefCell::default(),
        }
    }

    /// Sends a request as planned and waits for the head of the response.
    ///
    /// Connecting is tried `retries` + 1 times; a request that was sent over an idle connection that
    /// turned out to be closed is sent again if it may be (RFC 9110 §9.2.2).
    pub(crate) async fn send(
        &self,
        plan: &Plan,
        outgoing: Outgoing,
        timer: &Timer,
    ) -> Result<Response<Incoming>, Failure> {
        self.send_to(&plan.upstream, &plan.target, outgoing, timer).await
    }

    /// The same of a request that goes as it is.
    pub(crate) async fn send_to(
        &self,
        upstream: &Upstream,
        target: &Bytes,
        outgoing: Outgoing,
        timer: &Timer,
    ) -> Result<Response<Incoming>, Failure> {
        let uri = uri(upstream, target)?;
        self.drop_stale(timer);
        let client = self.client(upstream)?;
        // What happened while the environment was frozen is seen first, connections closed above all.
        tokio::task::yield_now().await;
        let mut attempts_left = upstream.retries;
        let mut may_repeat = outgoing.method.is_idempotent();
        loop {
            let mut request = Request::new(Full::new(outgoing.body.clone()));
            *request.method_mut() = outgoing.method.clone();
            *request.uri_mut() = uri.clone();
            *request.version_mut() = Version::HTTP_11;
            *request.headers_mut() = outgoing.headers.clone();
            let failure = match self.exchange(&client, request, upstream).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            match failure {
                Broken::Connecting(failure @ (Failure::Unresolved | Failure::Forbidden)) => {
                    return Err(failure);
                }
                Broken::Connecting(_) if attempts_left > 0 => attempts_left -= 1,
                Broken::Closed if may_repeat => may_repeat = false,
                Broken::Connecting(failure) | Broken::Other(failure) => return Err(failure),
                Broken::Closed => return Err(Failure::Invalid),
            }
        }
    }

    async fn exchange(
        &self,
        client: &UpstreamClient,
        request: Request<Full<Bytes>>,
        upstream: &Upstream,
    ) -> Result<Response<Incoming>, Broken> {
        let sent = Instant::now();
        let response = client.request(request);
        let response = self.in_time(response, sent, Duration::from_millis(upstream.read_timeout_ms));
        match response.await {
            Some(Ok(response)) if response.status().is_informational() => {
                Err(Broken::Other(Failure::Invalid))
            }
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) => {
                let is_fresh = self.attempts.idle_since(sent) != Some(sent);
                match Broken::new(&error, upstream) {
                    Broken::Closed if is_fresh => Err(Broken::Other(Failure::Invalid)),
                    broken => Err(broken),
                }
            }
            None => Err(Broken::Other(Failure::TimedOut)),
        }
    }

    /// Waits for a response, from the time on when there was a connection; `None`: in vain.
    async fn in_time<T>(
        &self,
        response: impl Future<Output = T>,
        sent: Instant,
        time_to_read: Duration,
    ) -> Option<T> {
        let mut response = std::pin::pin!(response);
        loop {
            let now = Instant::now();
            let deadline = match self.attempts.idle_since(sent) {
                Some(since) => since.checked_add(time_to_read).unwrap_or(now + IDLE_MAX),
                // The connector gives up by itself.
                None => now + time_to_read,
            };
            if deadline <= now {
                return None;
            }
            if let Ok(response) = tokio::time::timeout_at(deadline.into(), &mut response).await {
                return Some(response);
            }
        }
    }

    /// Connections that may have been closed in a long freeze are not used; the pool's own clock may
    /// have stood still.
    fn drop_stale(&self, timer: &Timer) {
        let now_ms = timer.now().monotonic_ms;
        let last_ms = self.last_sent_ms.replace(now_ms);
        let is_stale = Duration::from_millis(now_ms.saturating_sub(last_ms)) > IDLE_MAX;
        let mut clients = self.clients.borrow_mut();
        if is_stale || clients.len() > CLIENTS_MAX {
            clients.clear();
        }
    }

    fn client(&self, upstream: &Upstream) -> Result<UpstreamClient, Failure> {
        let trust = match (upstream.scheme, upstream.tls_verify) {
            (Scheme::Http, _) => Trust::Nobody,
            (Scheme::Https, true) => Trust::Authorities,
            (Scheme::Https, false) => Trust::Anyone,
        };
        let key = (trust, upstream.connect_timeout_ms);
        if let Some(client) = self.clients.borrow().get(&key) {
            return Ok(client.clone());
        }
        let time_to_connect = Duration::from_millis(upstream.connect_timeout_ms);
        let (allowed, attempts) = (Arc::clone(&self.allowed), self.attempts.clone());
        let connector = Connector::new(trust, allowed, time_to_connect, attempts).map_err(|error| {
            tracing::error!(%error, "TLS cannot be set up");
            Failure::Refused
        })?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .http1_max_headers(HYPER_FIELDS_MAX)
            .build(connector);
        self.clients.borrow_mut().insert(key, client.clone());
        Ok(client)
    }
}

fn uri(upstream: &Upstream, target: &Bytes) -> Result<Uri, Failure> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(match upstream.scheme {
        Scheme::Http => http::uri::Scheme::HTTP,
        Scheme::Https => http::uri::Scheme::HTTPS,
    });
    let authority = Authority::try_from(upstream.authority.as_bytes());
    let target = PathAndQuery::from_maybe_shared(target.clone());
    parts.authority = Some(authority.map_err(|_| Failure::Unresolved)?);
    parts.path_and_query = Some(target.map_err(|_| Failure::Invalid)?);
    Uri::from_parts(parts).map_err(|_| Failure::Invalid)
}

/// How an exchange failed, and so whether there is another attempt.
enum Broken {
    /// Nothing was sent.
    Connecting(Failure),
    /// The connection was closed before a response came.
    Closed,
    Other(Failure),
}

impl Broken {
    fn new(error: &Error, upstream: &Upstream) -> Self {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            causes.push(error);
            cause = error.source();
        }
        let failure = causes.iter().find_map(|cause| cause.downcast_ref::<Failure>()).copied();
        let last = causes.last().map(ToString::to_string).unwrap_or_default();
        tracing::info!(service_id = %upstream.service_id, cause = last, "the exchange with an upstream failed");
        let is_hyper = |test: fn(&hyper::Error) -> bool| {
            causes.iter().any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(test))
        };
        let is_closed = |kind| {
            use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
            matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset)
        };
        let io = causes.iter().find_map(|cause| cause.downcast_ref::<std::io::Error>());
        match error.is_connect() {
            true => Broken::Connecting(failure.unwrap_or(Failure::Refused)),
            false
                if is_hyper(hyper::Error::is_incomplete_message)
                    || is_hyper(hyper::Error::is_canceled)
                    || io.is_some_and(|io| is_closed(io.kind())) =>
            {
                Broken::Closed
            }
            false => Broken::Other(Failure::Invalid),
        }
    }
}
