//! What the accept loop needs for a handshake, read and checked once.

use std::{fmt, sync::Arc, time::Duration};

use ndxp_model::{Timestamp, TrustDomain};
use rustls::{
    RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem, pem::PemObject},
    server::{NoServerSessionStorage, ServerConfig, VerifierBuilderError, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    time_provider::TimeProvider,
};
use thiserror::Error;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use crate::{
    Clock, CrlDates, HandshakeFailure, PeerCertificate, Standing, certificate,
    revocation::Revocation,
    verifier::{Found, HandshakeVerifier, Judge, unix_time},
};

/// How long an expired revocation list is still believed.
pub const CRL_GRACE: Duration = Duration::from_secs(24 * 3_600);

/// The files of a hub's TLS, as bytes.
#[derive(Clone, Copy)]
pub struct TlsMaterial<'a> {
    /// The hub's certificate, then its intermediates, in PEM.
    pub chain_pem: &'a [u8],
    /// The key of the hub's certificate in PEM.
    pub key_pem: &'a [u8],
    /// The authorities that clients' certificates may come from, in PEM.
    pub client_ca_pem: &'a [u8],
    /// One revocation list of each authority that issues clients' certificates, in PEM. Without
    /// it nobody is revoked; with it a certificate whose authority has no list here is refused.
    pub crl_pem: Option<&'a [u8]>,
    /// How long an expired revocation list is still believed, usually [`CRL_GRACE`].
    pub crl_grace: Duration,
}

impl fmt::Debug for TlsMaterial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsMaterial").finish_non_exhaustive()
    }
}

/// Which file is wrong, and how.
#[derive(Debug, Error)]
pub enum TlsConfigError {
    /// The hub's certificate file is not PEM.
    #[error("the server's certificate file is not PEM")]
    ServerCertificatePem(#[source] pem::Error),
    /// The hub's certificate file holds no certificate, or its first one cannot be read.
    #[error("the server's certificate file does not begin with a certificate")]
    ServerCertificate,
    /// The hub's key file holds no private key.
    #[error("the server's key file holds no private key")]
    ServerKeyPem(#[source] pem::Error),
    /// The hub's key is of an unknown kind, or belongs to another certificate.
    #[error("the server's key does not fit its certificate")]
    ServerKey(#[source] rustls::Error),
    /// The authorities' file is not PEM.
    #[error("the client authorities' file is not PEM")]
    ClientAuthoritiesPem(#[source] pem::Error),
    /// One of the authorities' certificates cannot be read.
    #[error("a certificate of the client authorities' file cannot be used")]
    ClientAuthority(#[source] rustls::Error),
    /// The authorities' file holds no certificate.
    #[error("the client authorities' file holds no certificate")]
    NoClientAuthority,
    /// The revocation list's file is not PEM.
    #[error("the revocation list's file is not PEM")]
    CrlPem(#[source] pem::Error),
    /// The revocation list's file holds no list: revocation would silently be off.
    #[error("the revocation list's file holds no list")]
    NoCrl,
    /// A revocation list cannot be read.
    #[error("a revocation list cannot be used")]
    Crl(#[source] VerifierBuilderError),
    /// A revocation list does not say when the next one is out.
    #[error("a revocation list has no next update")]
    CrlDates,
    /// TLS 1.3 is not available.
    #[error("TLS 1.3 is not available")]
    Protocol(#[source] rustls::Error),
}

/// A hub's TLS settings: immutable, swapped as a whole when a file changes.
pub struct ServerTls {
    judge: Arc<Judge>,
    identity: Arc<SingleCertAndKey>,
    provider: Arc<CryptoProvider>,
    clock: Clock,
    not_after: Timestamp,
}

impl ServerTls {
    /// Reads and checks all files. `clock` tells what time certificates are judged at.
    ///
    /// # Errors
    /// [`TlsConfigError`], which names the file; keep the old settings then.
    pub fn new(
        material: &TlsMaterial<'_>,
        domain: TrustDomain,
        clock: Clock,
    ) -> Result<Arc<Self>, TlsConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (identity, not_after) = identity(material, &provider)?;
        let roots = Arc::new(client_authorities(material.client_ca_pem)?);
        let chain = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .map_err(|_| TlsConfigError::NoClientAuthority)?;
        let revocation = material
            .crl_pem
            .map(|crl| Revocation::read(crl, material.crl_grace, roots, &provider))
            .transpose()?;
        let judge = Arc::new(Judge { domain, chain, revocation });
        let settings = Self { judge, identity, provider, clock, not_after };
        // Built for each handshake from the same parts: if it can be built once, it always can.
        settings.handshake().map_err(TlsConfigError::Protocol)?;
        Ok(Arc::new(settings))
    }

    /// Returns the last instant of the hub's own certificate.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Returns the dates of the revocation lists, if there are any.
    #[must_use]
    pub fn crl_dates(&self) -> Option<CrlDates> {
        self.judge.revocation.as_ref().map(|revocation| revocation.dates)
    }

    /// Returns the last instant at which the revocation lists are believed, if there are any.
    #[must_use]
    pub fn crl_believed_until(&self) -> Option<Timestamp> {
        self.judge.revocation.as_ref().map(|revocation| revocation.stale_after)
    }

    /// Says whether a revocation list names a certificate.
    pub(crate) fn lists(&self, certificate: &PeerCertificate) -> bool {
        self.judge.revocation.as_ref().is_some_and(|revocation| revocation.lists(certificate))
    }

    /// Judges a certificate again, now and by these settings.
    ///
    /// # Errors
    /// The failure that a handshake would have.
    pub fn judge(&self, certificate: &PeerCertificate) -> Result<Standing, HandshakeFailure> {
        self.judge
            .standing(certificate, unix_time((self.clock)()))
            .map_err(|error| HandshakeFailure::of_tls(&error))
    }

    /// Makes the configuration of one handshake and the place where its finding will be: the
    /// finding belongs to one connection, so the verifier does too.
    pub(crate) fn handshake(&self) -> Result<(Arc<ServerConfig>, Arc<Found>), rustls::Error> {
        let found = Arc::new(Found::default());
        let verifier = HandshakeVerifier { judge: self.judge.clone(), found: found.clone() };
        let time = Arc::new(TimeOf(self.clock.clone()));
        let mut config = ServerConfig::builder_with_details(self.provider.clone(), time)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(self.identity.clone());
        config.alpn_protocols = vec![b"h2".to_vec()];
        // A resumed session skips the verifier and would let a revoked client in.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        Ok((Arc::new(config), found))
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("domain", &self.judge.domain).finish_non_exhaustive()
    }
}

/// The caller's clock as rustls wants it.
struct TimeOf(Clock);

impl fmt::Debug for TimeOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeOf")
    }
}
impl TimeProvider for TimeOf {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time((self.0)()))
    }
}

fn identity(
    material: &TlsMaterial<'_>,
    provider: &CryptoProvider,
) -> Result<(Arc<SingleCertAndKey>, Timestamp), TlsConfigError> {
    let chain = CertificateDer::pem_slice_iter(material.chain_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(TlsConfigError::ServerCertificatePem)?;
    let first = chain.first().ok_or(TlsConfigError::ServerCertificate)?;
    let (_, certificate) =
        X509Certificate::from_der(first).map_err(|_| TlsConfigError::ServerCertificate)?;
    let not_after = certificate::timestamp(certificate.validity().not_after);
    let key =
        PrivateKeyDer::from_pem_slice(material.key_pem).map_err(TlsConfigError::ServerKeyPem)?;
    let certified =
        CertifiedKey::from_der(chain, key, provider).map_err(TlsConfigError::ServerKey)?;
    Ok((Arc::new(SingleCertAndKey::from(certified)), not_after))
}

fn client_authorities(pem: &[u8]) -> Result<RootCertStore, TlsConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(TlsConfigError::ClientAuthoritiesPem)?;
        roots.add(certificate).map_err(TlsConfigError::ClientAuthority)?;
    }
    if roots.is_empty() { Err(TlsConfigError::NoClientAuthority) } else { Ok(roots) }
}
