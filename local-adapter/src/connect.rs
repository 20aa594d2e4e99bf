//! Connecting to an upstream: name, TCP, TLS.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use latchkey_core::decision::Upstream;
use latchkey_core::request::Scheme;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::failure::Failure;
use crate::tls;

/// How long an answer of the resolver is used.
const ADDRESSES_KEPT: Duration = Duration::from_secs(5);
/// Names remembered; past it all are forgotten.
const NAMES_MAX: usize = 1024;

/// Connects, remembering addresses for a moment.
#[derive(Default)]
pub(crate) struct Connector {
    addresses: RefCell<HashMap<String, Resolved>>,
}

/// An answer of the resolver, and when it came.
type Resolved = (Instant, Rc<[IpAddr]>);

impl Connector {
    /// A connection; on failure tries again as often as the service says, going round the addresses.
    pub(crate) async fn connect(&self, upstream: &Upstream) -> Result<Stream, Failure> {
        let addresses = self.resolve(&upstream.host).await?;
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
    use super::*;

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
