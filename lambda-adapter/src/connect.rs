//! Connecting to an upstream: name, TCP, TLS, within the time that the service gives it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiFuture, GaiResolver, Name};
use hyper_util::rt::TokioIo;
use lambda_runtime::Service;
use latchkey_upstream_tls::Trust;
use tokio::net::TcpStream;

use crate::failure::Failure;

/// Makes connections for hyper's client.
#[derive(Clone)]
pub(crate) struct Connector {
    https: HttpsConnector<HttpConnector<Resolver>>,
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
    /// Connects so, for services that give so much time to it.
    pub(crate) fn new(trust: Trust, time_to_connect: Duration, attempts: Attempts) -> io::Result<Connector> {
        let mut http = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        http.enforce_http(false);
        http.set_nodelay(true);
        Ok(Connector {
            https: HttpsConnector::from((http, trust.client_config()?)),
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
        let connecting = self.https.call(uri);
        let attempt = self.attempts.begin();
        let time_to_connect = self.time_to_connect;
        Box::pin(async move {
            let _attempt = attempt;
            tokio::time::timeout(time_to_connect, connecting).await.map_err(|_| Failure::TimedOut)?
        })
    }
}

/// The system's resolver, whose failures can be told from those of connecting.
#[derive(Clone)]
pub(crate) struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<GaiAddrs, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::poll_ready(&mut self.0, context).map_err(Into::into)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolving: GaiFuture = Service::call(&mut self.0, name);
        Box::pin(async move { resolving.await.map_err(|_| Failure::Unresolved.into()) })
    }
}
