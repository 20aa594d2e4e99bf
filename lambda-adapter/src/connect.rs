//! Connecting to an upstream: name, TCP, TLS, within the time that the service gives it.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiFuture, GaiResolver, Name};
use hyper_util::rt::TokioIo;
use lambda_runtime::Service;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_upstream_tls::Trust;
use tokio::net::TcpStream;

use crate::failure::Failure;

/// Makes connections for hyper's client.
#[derive(Clone)]
pub(crate) struct Connector {
    https: HttpsConnector<HttpConnector<Resolver>>,
    allowed: Arc<UpstreamAddresses>,
    time_to_connect: Duration,
    attempts: Attempts,
}

/// What is known of the attempts to connect, so that the time to read counts from a connection on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts(Arc<Mutex<State>>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    under_way: usize,
    last_ended: Option<Instant>,
}

impl Attempts {
    /// Since when no attempt has been under way; `None`: one is. At the earliest `since`.
    pub(crate) fn idle_since(&self, since: Instant) -> Option<Instant> {
        let state = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (state.under_way == 0).then(|| state.last_ended.map_or(since, |ended| ended.max(since)))
    }

    fn begin(&self) -> Attempt {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).under_way += 1;
        Attempt(self.clone())
    }
}

struct Attempt(Attempts);

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.under_way -= 1;
        state.last_ended = Some(Instant::now());
    }
}

impl Connector {
    /// Connects so, to addresses that are allowed, for services that give so much time to it.
    pub(crate) fn new(
        trust: Trust,
        allowed: Arc<UpstreamAddresses>,
        time_to_connect: Duration,
        attempts: Attempts,
    ) -> io::Result<Connector> {
        let resolver = Resolver { system: GaiResolver::new(), allowed: Arc::clone(&allowed) };
        let mut http = HttpConnector::new_with_resolver(resolver);
        http.enforce_http(false);
        http.set_nodelay(true);
        Ok(Connector {
            https: HttpsConnector::from((http, trust.client_config()?)),
            allowed,
            time_to_connect,
            attempts,
        })
    }
}

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        // An address goes past the resolver.
        if let Some(address) = address(&uri)
            && !is_allowed(&self.allowed, address)
        {
            return Box::pin(async { Err(Failure::Forbidden.into()) });
        }
        let connecting = self.https.call(uri);
        let attempt = self.attempts.begin();
        let time_to_connect = self.time_to_connect;
        Box::pin(async move {
            let _attempt = attempt;
            tokio::time::timeout(time_to_connect, connecting).await.map_err(|_| Failure::TimedOut)?
        })
    }
}

fn address(uri: &Uri) -> Option<IpAddr> {
    let host = uri.host()?;
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
}

fn is_allowed(allowed: &UpstreamAddresses, address: IpAddr) -> bool {
    let judged = allowed.judge(address);
    if let Err(reason) = judged {
        tracing::warn!(%address, %reason, "an upstream may not be at its address");
    }
    judged.is_ok()
}

/// The system's resolver, whose failures can be told from those of connecting. It answers with
/// addresses that are allowed alone; the connector connects to these and resolves nothing again.
#[derive(Clone)]
pub(crate) struct Resolver {
    system: GaiResolver,
    allowed: Arc<UpstreamAddresses>,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::poll_ready(&mut self.system, context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolving: GaiFuture = Service::call(&mut self.system, name);
        let allowed = Arc::clone(&self.allowed);
        Box::pin(async move {
            let resolved = resolving.await.map_err(|_| Failure::Unresolved)?;
            let addresses: Vec<_> = resolved.filter(|found| is_allowed(&allowed, found.ip())).collect();
            if addresses.is_empty() { Err(Failure::Forbidden.into()) } else { Ok(addresses.into_iter()) }
        })
    }
}
