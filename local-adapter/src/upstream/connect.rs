//! Connecting to an upstream: name, TCP, TLS.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use latchkey_gateway::request::Scheme;
use latchkey_gateway::upstream::Upstream;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::tls;
use crate::failure::Failure;

/// How long an answer of the resolver is used.
const ADDRESSES_KEPT: Duration = Duration::from_secs(5);
/// Names remembered; past it all are forgotten.
const NAMES_MAX: usize = 1024;

/// Connects, remembering addresses for a moment.
#[derive(Default)]
pub(crate) struct Connector {
    allowed: UpstreamAddresses,
    addresses: RefCell<HashMap<String, Resolved>>,
}

/// An answer of the resolver, and when it came.
type Resolved = (Instant, Rc<[IpAddr]>);

impl Connector {
    /// Connects to addresses that are allowed, and to no others.
    pub(crate) fn new(allowed: UpstreamAddresses) -> Self {
        Connector { allowed, addresses: RefCell::default() }
    }

    /// A connection; on failure tries again as often as the service says, going round the addresses.
    pub(crate) async fn connect(&self, upstream: &Upstream) -> Result<Stream, Failure> {
        let addresses = self.allowed(&self.resolve(&upstream.host).await?, upstream)?;
        let attempts = addresses.len().max(upstream.retries as usize + 1);
        let time_to_connect = Duration::from_millis(upstream.connect_timeout_ms);
        let mut failure = Failure::Refused;
        for address in addresses.iter().cycle().take(attempts) {
            let attempt = connect_once(SocketAddr::new(*address, upstream.port), upstream);
            failure = match timeout(time_to_connect, attempt).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) if is_out_of_handles(&error) => {
                    tracing::warn!(%error, "no connection to an upstream");
                    return Err(Failure::NoHandle);
                }
                Ok(Err(error)) => {
                    tracing::info!(service_id = %upstream.service_id, %error, "upstream does not connect");
                    Failure::Refused
                }
                Err(_) => Failure::TimedOut,
            };
        }
        Err(failure)
    }

    /// Those of an upstream's addresses that it may be at. They are judged here, between resolving
    /// and connecting, so that what is judged is what is connected to.
    fn allowed(&self, resolved: &[IpAddr], upstream: &Upstream) -> Result<Vec<IpAddr>, Failure> {
        let is_allowed = |address: &IpAddr| match self.allowed.judge(*address) {
            Ok(()) => true,
            Err(reason) => {
                let service_id = upstream.service_id;
                tracing::warn!(%service_id, %address, %reason, "an upstream may not be at its address");
                false
            }
        };
        let allowed: Vec<IpAddr> = resolved.iter().copied().filter(is_allowed).collect();
        if allowed.is_empty() { Err(Failure::Forbidden) } else { Ok(allowed) }
    }

    async fn resolve(&self, host: &str) -> Result<Rc<[IpAddr]>, Failure> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(Rc::new([address]));
        }
        if let Some((at, addresses)) = self.addresses.borrow().get(host)
            && at.elapsed() < ADDRESSES_KEPT
        {
            return Ok(Rc::clone(addresses));
        }
        let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| {
            tracing::info!(host, %error, "upstream's name does not resolve");
            Failure::Unresolved
        })?;
        let addresses: Rc<[IpAddr]> = alternate(found.map(|address| address.ip()).collect()).into();
        if addresses.is_empty() {
            return Err(Failure::Unresolved);
        }
        let mut remembered = self.addresses.borrow_mut();
        if remembered.len() >= NAMES_MAX {
            remembered.clear();
        }
        remembered.insert(host.to_owned(), (Instant::now(), Rc::clone(&addresses)));
        Ok(addresses)
    }
}

/// `EMFILE` and `ENFILE`, which have no kind of their own.
#[cfg(unix)]
fn is_out_of_handles(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let code = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| code == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
fn is_out_of_handles(_: &io::Error) -> bool {
    false
}

/// Takes both address families in turn, beginning with the one the resolver prefers, so that one
/// that is not routed costs a single attempt.
fn alternate(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    addresses.dedup();
    let Some(first_is_v6) = addresses.first().map(IpAddr::is_ipv6) else { return addresses };
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut alternating = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return alternating;
        }
        alternating.extend(pair.into_iter().flatten());
    }
}

async fn connect_once(address: SocketAddr, upstream: &Upstream) -> io::Result<Stream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    match upstream.scheme {
        Scheme::Http => Ok(Stream::Tcp(stream)),
        Scheme::Https => {
            let stream = tls::connect(stream, &upstream.host, upstream.tls_verify).await?;
            Ok(Stream::Tls(Box::new(stream)))
        }
    }
}

/// A connection to an upstream.
pub(crate) enum Stream {
    /// Plain.
    Tcp(TcpStream),
    /// Under TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Tcp(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use tokio::net::TcpListener;
    use uuid::Uuid;

    use super::*;

    fn upstream(host: &str, port: u16) -> Upstream {
        Upstream {
            service_id: Uuid::nil(),
            scheme: Scheme::Http,
            host: host.to_owned(),
            port,
            authority: HeaderValue::from_static("a"),
            connect_timeout_ms: 5_000,
            write_timeout_ms: 5_000,
            read_timeout_ms: 5_000,
            retries: 0,
            tls_verify: true,
        }
    }

    /// Connects where a name has these addresses; `None`: to one that listens.
    async fn connect(allowed: UpstreamAddresses, addresses: &[&str]) -> Option<Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connector = Connector::new(allowed);
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        connector.addresses.borrow_mut().insert("a.test".to_owned(), (Instant::now(), addresses.into()));
        let port = listener.local_addr().unwrap().port();
        connector.connect(&upstream("a.test", port)).await.err()
    }

    #[tokio::test]
    async fn every_address_of_a_name_is_judged() {
        let local = UpstreamAddresses::default;
        assert_eq!(connect(local(), &["127.0.0.1"]).await, None);
        assert_eq!(
            connect(local(), &["169.254.169.254", "::ffff:169.254.169.254"]).await,
            Some(Failure::Forbidden)
        );
        // What is refused is passed over: to wait for it would take longer than the test.
        assert_eq!(connect(local(), &["169.254.169.254", "127.0.0.1"]).await, None);
        let platform = || UpstreamAddresses::default().without_loopback();
        assert_eq!(connect(platform(), &["127.0.0.1"]).await, Some(Failure::Forbidden));
    }

    #[tokio::test]
    async fn addresses_are_judged_however_a_host_spells_them() {
        let connector = Connector::default();
        for host in
            ["169.254.169.254", "0xa9fea9fe", "2852039166", "169.254.43518", "::ffff:a9fe:a9fe", "0", "::"]
        {
            let refused = connector.connect(&upstream(host, 80)).await.err();
            assert_eq!(refused, Some(Failure::Forbidden), "{host}");
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "0x7f.1", "localhost"] {
            assert!(connector.connect(&upstream(host, port)).await.is_ok(), "{host}");
        }
    }

    #[test]
    fn address_families_take_turns() {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        assert_eq!(
            alternate(parse(&["::1", "::2", "127.0.0.1", "127.0.0.2"])),
            parse(&["::1", "127.0.0.1", "::2", "127.0.0.2"])
        );
        assert_eq!(alternate(parse(&["127.0.0.1"])), parse(&["127.0.0.1"]));
        assert!(alternate(vec![]).is_empty());
    }
}
