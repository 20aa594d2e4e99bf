//! TLS to upstreams.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Completes a handshake as the client of `host`, a name or an address.
pub(crate) async fn connect(stream: TcpStream, host: &str, verify: bool) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let config = if verify { verifying()? } else { trusting()? };
    TlsConnector::from(config).connect(name, stream).await
}

/// Trusts the certificate authorities of the system (or of `SSL_CERT_FILE`).
fn verifying() -> io::Result<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    once(&CONFIG, || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            tracing::warn!("no certificate authorities found; set SSL_CERT_FILE");
        }
        Ok(builder()?.with_root_certificates(roots).with_no_client_auth())
    })
}

/// Takes any certificate: for services with `tls_verify` off.
fn trusting() -> io::Result<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    once(&CONFIG, || {
        let verifier = Arc::new(AnyCertificate(rustls::crypto::ring::default_provider()));
        Ok(builder()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    })
}

fn once(
    cell: &OnceLock<Arc<ClientConfig>>,
    make: impl FnOnce() -> io::Result<ClientConfig>,
) -> io::Result<Arc<ClientConfig>> {
    if let Some(config) = cell.get() {
        return Ok(Arc::clone(config));
    }
    let mut config = make()?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::clone(cell.get_or_init(|| Arc::new(config))))
}

fn builder() -> io::Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)
}

#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
