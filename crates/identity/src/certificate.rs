//! What a handshake proved about the peer's certificate.

use std::{fmt, sync::Arc};

use ndxp_model::{PrincipalName, Timestamp, TrustDomain};
use rustls::pki_types::CertificateDer;
use thiserror::Error;
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, time::ASN1Time,
};

/// Why a certificate of a known authority names no principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum NameProblem {
    /// It has no subject alternative name; the common name is never read.
    #[error("the certificate has no subject alternative name")]
    NoSan,
    /// It has more than one subject alternative name, of whatever kind.
    #[error("the certificate has more than one subject alternative name")]
    SeveralSans,
    /// Its one name is not `spiffe://<domain>/agency/<id>/system|officer/<id>`.
    #[error("the certificate's name is not the URI of a system or an officer")]
    NotAPrincipal,
    /// Its name is a principal's of another trust domain.
    #[error("the certificate's name belongs to another trust domain")]
    ForeignDomain,
}

/// How a certificate of a known authority stood at the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Valid, and not revoked as far as the revocation lists say.
    Good,
    /// It, or an intermediate of its chain, had expired.
    Expired,
    /// It, or an intermediate of its chain, was not yet valid.
    NotYetValid,
    /// It was on a revocation list, whatever its dates.
    Revoked,
}

/// Why every call on a connection is answered `UNAUTHENTICATED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Quarantine {
    /// The certificate is on a revocation list.
    #[error("the certificate is revoked")]
    Revoked,
    /// The certificate has expired.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate is not yet valid.
    #[error("the certificate is not yet valid")]
    NotYetValid,
    /// The certificate names no principal of this hub.
    #[error(transparent)]
    Name(NameProblem),
    /// The principal is not registered, or not active: the hub decides this, not the handshake.
    #[error("the system or officer is not registered")]
    SystemUnknown,
}

impl Quarantine {
    /// Returns the stable reason of the API, for example `CERTIFICATE_REVOKED`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Revoked => "CERTIFICATE_REVOKED",
            Self::Expired => "CERTIFICATE_EXPIRED",
            Self::NotYetValid => "CERTIFICATE_NOT_YET_VALID",
            Self::Name(_) => "CERTIFICATE_NAME_INVALID",
            Self::SystemUnknown => "SYSTEM_UNKNOWN",
        }
    }
}

/// The facts that a handshake proved, as they were then: the peer holds the key of a certificate
/// that a configured authority signed.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Whom the certificate names.
    pub name: Result<PrincipalName, NameProblem>,
    /// How it stood at the handshake.
    pub standing: Standing,
    /// The serial number as lower-case hexadecimal without leading zero bytes.
    pub serial: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The first instant of its validity.
    pub not_before: Timestamp,
    /// The last instant of its validity, in whole seconds.
    pub not_after: Timestamp,
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// Certificate and intermediates as presented, to be judged again when the settings change.
    pub(crate) chain: Arc<[CertificateDer<'static>]>,
}

/// A certificate that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl PeerCertificate {
    /// Returns whom the connection acts for at `now`: a certificate can expire under a live one.
    ///
    /// # Errors
    /// [`Quarantine`], every case but [`Quarantine::SystemUnknown`]. What was wrong at the
    /// handshake stays wrong for this connection; revocation is named before dates, dates before
    /// names.
    pub fn principal(&self, now: Timestamp) -> Result<&PrincipalName, Quarantine> {
        match self.standing {
            Standing::Revoked => return Err(Quarantine::Revoked),
            Standing::Expired => return Err(Quarantine::Expired),
            Standing::NotYetValid => return Err(Quarantine::NotYetValid),
            Standing::Good => {}
        }
        if now.millis().div_euclid(1000) > self.not_after.millis().div_euclid(1000) {
            return Err(Quarantine::Expired);
        }
        self.name.as_ref().map_err(|problem| Quarantine::Name(*problem))
    }

    /// Reads what a certificate says of itself, with [`Standing::Good`] until it is judged.
    pub(crate) fn read(
        chain: Vec<CertificateDer<'static>>,
        domain: &TrustDomain,
    ) -> Result<Self, Malformed> {
        let der = chain.first().ok_or(Malformed)?;
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Malformed)?;
        Ok(Self {
            name: name(&certificate, domain)?,
            standing: Standing::Good,
            serial: serial_text(certificate.raw_serial()),
            issuer: certificate.issuer().to_string(),
            not_before: timestamp(certificate.validity().not_before),
            not_after: timestamp(certificate.validity().not_after),
            fingerprint: fingerprint(der),
            chain: chain.into(),
        })
    }

    /// Describes what is claimed, for a log line: nothing of it need be proven.
    #[must_use]
    pub fn claim(&self) -> String {
        match &self.name {
            Ok(name) => format!("{name}, serial {}, issuer {}", self.serial, self.issuer),
            Err(problem) => format!("{problem}, serial {}, issuer {}", self.serial, self.issuer),
        }
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate")
            .field("name", &self.name)
            .field("standing", &self.standing)
            .field("serial", &self.serial)
            .finish_non_exhaustive()
    }
}

fn name(
    certificate: &X509Certificate<'_>,
    domain: &TrustDomain,
) -> Result<Result<PrincipalName, NameProblem>, Malformed> {
    let extension = certificate.subject_alternative_name().map_err(|_| Malformed)?;
    let names = extension.map_or(&[][..], |extension| &extension.value.general_names);
    Ok(match names {
        [] => Err(NameProblem::NoSan),
        [GeneralName::URI(uri)] => principal(uri, domain),
        [_] => Err(NameProblem::NotAPrincipal),
        _ => Err(NameProblem::SeveralSans),
    })
}

fn principal(uri: &str, domain: &TrustDomain) -> Result<PrincipalName, NameProblem> {
    if let Ok(name) = PrincipalName::from_uri(uri, domain) {
        return Ok(name);
    }
    let elsewhere = uri
        .strip_prefix("spiffe://")
        .and_then(|rest| rest.split_once('/'))
        .and_then(|(host, path)| Some((host.parse().ok()?, path)))
        .is_some_and(|(host, path): (TrustDomain, _)| {
            host != *domain && path.parse::<PrincipalName>().is_ok()
        });
    Err(if elsewhere { NameProblem::ForeignDomain } else { NameProblem::NotAPrincipal })
}

/// Writes a serial number without leading zero bytes: DER adds one before a high bit.
pub(crate) fn serial_text(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    hex::encode(bytes.get(zeros..).unwrap_or_default())
}

pub(crate) fn timestamp(at: ASN1Time) -> Timestamp {
    Timestamp::from_millis(at.timestamp().saturating_mul(1000))
}

fn fingerprint(der: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}
