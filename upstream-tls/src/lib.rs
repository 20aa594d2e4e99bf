//! TLS to upstreams, for the adapters that open connections themselves.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Whose certificates an upstream may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Those of the system's certificate authorities, or of `SSL_CERT_FILE`.
    Authorities,
    /// Anyone's: for services with `tls_verify` off.
    Anyone,
    /// Nobody's: for connectors that are given a configuration and speak no TLS.
    Nobody,
}

impl Trust {
    /// The configuration, made when it is first asked for: reading the system's certificate
    /// authorities takes longer than all else that happens at a start. Offers HTTP/1.1 alone.
    pub fn client_config(self) -> io::Result<Arc<ClientConfig>> {
        static AUTHORITIES: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        static ANYONE: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        static NOBODY: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        match self {
            Trust::Nobody => once(&NOBODY, || {
                Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
            }),
            Trust::Authorities => once(&AUTHORITIES, || {
                Ok(builder()?.with_root_certificates(system_roots()).with_no_client_auth())
            }),
            Trust::Anyone => once(&ANYONE, || {
                let verifier = Arc::new(AnyCertificate(rustls::crypto::ring::default_provider()));
                Ok(builder()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
            }),
        }
    }
}

/// The certificate authorities of the system, or of `SSL_CERT_FILE`.
pub fn authorities() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities());
    if roots.is_empty() {
        tracing::warn!("no certificate authorities found; set SSL_CERT_FILE");
    }
    roots
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
