//! Whether a connection is encrypted, and whether the server has to prove who it is.
//!
//! `sslmode=require`: encrypted, and the certificate has to name the host and to lead to a root that
//! this machine trusts: its own store, or the file or folder that `SSL_CERT_FILE` or `SSL_CERT_DIR`
//! names. libpq's `require` takes any certificate; a password deserves better. A certificate that
//! signs itself is its own root, but must not say of itself that it is an authority (`CA:FALSE`).
//! `sslmode=prefer`, which is what an address means that says nothing: encrypted where the server
//! can, whoever it is, as libpq does. Who could show a false certificate could as well say that
//! there is no TLS, so proof would keep nobody out.
//! A unix socket is never encrypted: PostgreSQL has no TLS there.

use std::{error::Error as StdError, io, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use rustls_platform_verifier::Verifier;
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Error;

/// What libpq says of itself in the handshake; a server that is spoken to without asking for TLS
/// first insists on it.
const PROTOCOL: &[u8] = b"postgresql";

/// Returns what encrypts the connections of `config`, in which it turns off TLS where there is none.
pub(crate) fn connector(config: &mut Config) -> Result<MakeRustlsConnect, Error> {
    let is_local = |host: &Host| matches!(host, Host::Unix(_));
    if !config.get_hosts().is_empty() && config.get_hosts().iter().all(is_local) {
        config.ssl_mode(SslMode::Disable);
    }
    let has_to_prove = config.get_ssl_mode() == SslMode::Require;
    client_config(has_to_prove)
        .map(MakeRustlsConnect::new)
        .map_err(|error| Error::UnfitServer(format!("TLS to PostgreSQL cannot be had: {error}")))
}

fn client_config(has_to_prove: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if has_to_prove {
        Arc::new(Verifier::new(provider.clone())?)
    } else {
        Arc::new(AnyServer(provider.clone()))
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

/// Returns what is wrong with the server's certificate, where that is why there is no connection.
pub(crate) fn distrust(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let cause = error.source()?.downcast_ref::<io::Error>()?;
    let cause = cause.get_ref()?.downcast_ref::<rustls::Error>()?;
    matches!(cause, rustls::Error::InvalidCertificate(_)).then_some(cause)
}

/// Takes any certificate, but has the server sign with its key: the connection is encrypted to
/// whoever that is.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
