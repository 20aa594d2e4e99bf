//! TLS to upstreams.

use std::io;

use latchkey_upstream_tls::Trust;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Completes a handshake as the client of `host`, a name or an address.
pub(crate) async fn connect(stream: TcpStream, host: &str, verify: bool) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let trust = if verify { Trust::Authorities } else { Trust::Anyone };
    TlsConnector::from(trust.client_config()?).connect(name, stream).await
}
