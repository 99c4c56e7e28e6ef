//! Why a handshake failed: such a peer never reaches the API, so this is all that anyone sees.

use std::{fmt, io, net::SocketAddr, sync::Arc};

use rustls::CertificateError;

/// The cause of a failed handshake: the label of `ndxp_tls_handshake_failures_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandshakeFailure {
    /// The peer presented no certificate.
    NoCertificate,
    /// Its chain leads to no configured authority.
    UnknownAuthority,
    /// Its certificate cannot be read, or may not be used by a client.
    BadCertificate,
    /// Revocation lists are configured and none of them answers for it, or that one is too old.
    RevocationUnknown,
    /// It did not prove that it holds the certificate's key.
    KeyNotProven,
    /// It refused our certificate.
    RefusedByPeer,
    /// It does not speak TLS 1.3 and HTTP/2, or not TLS at all.
    Protocol,
    /// It went away.
    Closed,
    /// It was too slow.
    TimedOut,
    /// It was the slowest of too many handshakes at once.
    Crowded,
}

impl HandshakeFailure {
    /// Every cause, for a metric that shows zeros.
    pub const ALL: [Self; 10] = [
        Self::NoCertificate,
        Self::UnknownAuthority,
        Self::BadCertificate,
        Self::RevocationUnknown,
        Self::KeyNotProven,
        Self::RefusedByPeer,
        Self::Protocol,
        Self::Closed,
        Self::TimedOut,
        Self::Crowded,
    ];

    /// Returns the metric's label value.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::UnknownAuthority => "unknown_authority",
            Self::BadCertificate => "bad_certificate",
            Self::RevocationUnknown => "revocation_unknown",
            Self::KeyNotProven => "key_not_proven",
            Self::RefusedByPeer => "refused_by_peer",
            Self::Protocol => "protocol",
            Self::Closed => "closed",
            Self::TimedOut => "timed_out",
            Self::Crowded => "crowded",
        }
    }

    pub(crate) fn of(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => Self::of_tls(error),
            None => Self::Closed,
        }
    }

    pub(crate) fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::NoCertificatesPresented => Self::NoCertificate,
            rustls::Error::InvalidCertificate(error) => Self::of_certificate(error),
            rustls::Error::InvalidCertRevocationList(_) => Self::RevocationUnknown,
            rustls::Error::AlertReceived(_) => Self::RefusedByPeer,
            _ => Self::Protocol,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::UnknownRevocationStatus
            | CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => Self::RevocationUnknown,
            // The verifier turns a bad signature within the chain into an unknown issuer, so this
            // one is the peer's own over the handshake.
            CertificateError::BadSignature => Self::KeyNotProven,
            _ => Self::BadCertificate,
        }
    }
}

impl fmt::Display for HandshakeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// One failed handshake, for the operators' list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedHandshake {
    /// Why.
    pub cause: HandshakeFailure,
    /// Where the peer connected from.
    pub remote: SocketAddr,
    /// What went wrong in words.
    pub detail: String,
    /// What the certificate claimed, if there was one: unproven.
    pub claimed: Option<String>,
}

/// Is told of each failed handshake: counts it, keeps it. It must not block.
pub type FailureHook = Arc<dyn Fn(FailedHandshake) + Send + Sync>;
