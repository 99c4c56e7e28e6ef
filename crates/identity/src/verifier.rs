//! The judgement of a client certificate.
//!
//! webpki checks, in this order: the certificate's dates and purpose, the chain up to an anchor
//! with each intermediate's dates, the signatures, the revocation lists, and stops at the first
//! problem. An error about dates therefore says nothing about the chain: it is verified again at
//! an instant when the dates held, and only a chain that is good there gets a quarantine.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ndxp_model::{Timestamp, TrustDomain};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

use crate::{
    PeerCertificate, Standing,
    revocation::{Revocation, Status},
};

/// Judges certificates: the same for all connections under the same settings.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) domain: TrustDomain,
    /// Verifies chains and nothing of revocation.
    pub(crate) chain: Arc<dyn ClientCertVerifier>,
    pub(crate) revocation: Option<Revocation>,
}

impl Judge {
    /// Decides how `certificate` stands at `now`.
    ///
    /// # Errors
    /// What TLS fails with: no chain to an authority, a wrong purpose, no answer on revocation.
    pub(crate) fn standing(
        &self,
        certificate: &PeerCertificate,
        now: UnixTime,
    ) -> Result<Standing, Error> {
        let (dates, instant) = self.dates(certificate, now)?;
        let Some(revocation) = &self.revocation else { return Ok(dates) };
        match revocation.status(certificate, instant, now)? {
            Status::NotRevoked => Ok(dates),
            Status::Revoked => Ok(Standing::Revoked),
        }
    }

    /// Returns how the chain's dates stand, and an instant at which the chain is good.
    fn dates(
        &self,
        certificate: &PeerCertificate,
        now: UnixTime,
    ) -> Result<(Standing, UnixTime), Error> {
        let error = match verify(&*self.chain, certificate, now) {
            Ok(()) => return Ok((Standing::Good, now)),
            Err(error) => error,
        };
        let standing = match &error {
            Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            ) => Standing::Expired,
            Error::InvalidCertificate(
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
            ) => Standing::NotYetValid,
            // An authority of the same name with another key is another authority.
            Error::InvalidCertificate(CertificateError::BadSignature) => {
                return Err(CertificateError::UnknownIssuer.into());
            }
            _ => return Err(error),
        };
        // An intermediate may be younger or older than the certificate: one end of its validity
        // lies within the intermediate's, or the certificate was never good.
        let mut last = error;
        for end in [certificate.not_before, certificate.not_after] {
            let instant = unix_time(end);
            match verify(&*self.chain, certificate, instant) {
                Ok(()) => return Ok((standing, instant)),
                Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                    return Err(CertificateError::UnknownIssuer.into());
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

pub(crate) fn verify(
    verifier: &dyn ClientCertVerifier,
    certificate: &PeerCertificate,
    at: UnixTime,
) -> Result<(), Error> {
    let (end_entity, intermediates) =
        certificate.chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    verifier.verify_client_cert(end_entity, intermediates, at).map(|_| ())
}

pub(crate) fn unix_time(at: Timestamp) -> UnixTime {
    let seconds = u64::try_from(at.millis().div_euclid(1000)).unwrap_or_default();
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// The verifier of one handshake: it leaves what it found for the accept loop.
#[derive(Debug)]
pub(crate) struct HandshakeVerifier {
    pub(crate) judge: Arc<Judge>,
    pub(crate) found: Arc<Found>,
}

/// What a handshake has shown of the certificate so far. It is proven when the handshake ends
/// well, and a claim until then.
#[derive(Debug, Default)]
pub(crate) struct Found(Mutex<Option<PeerCertificate>>);

impl Found {
    pub(crate) fn take(&self) -> Option<PeerCertificate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, certificate: PeerCertificate) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
    }
}

impl ClientCertVerifier for HandshakeVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.judge.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let chain = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        let mut certificate = PeerCertificate::read(chain, &self.judge.domain)
            .map_err(|_| CertificateError::BadEncoding)?;
        let standing = self.judge.standing(&certificate, now);
        if let Ok(standing) = standing {
            certificate.standing = standing;
        }
        self.found.set(certificate);
        standing.map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.chain.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.chain.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.chain.supported_verify_schemes()
    }
}
