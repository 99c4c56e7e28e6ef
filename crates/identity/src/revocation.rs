//! Revocation lists: who is on them, and until when they may be believed.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use ndxp_model::Timestamp;
use rustls::{
    CertificateError, Error, RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateRevocationListDer, UnixTime, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use crate::{
    PeerCertificate, TlsConfigError,
    certificate::{serial_text, timestamp},
    verifier::{unix_time, verify},
};

/// The dates of the revocation lists in force: of several, the earliest of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrlDates {
    /// When the list was made.
    pub this_update: Timestamp,
    /// When the next one is due.
    pub next_update: Timestamp,
}

/// The revocation lists in force.
#[derive(Debug)]
pub(crate) struct Revocation {
    /// Verifies chains and, by the lists, the certificate at their end.
    verifier: Arc<dyn ClientCertVerifier>,
    pub(crate) dates: CrlDates,
    /// The last instant of the grace; after it the lists answer for nobody.
    pub(crate) stale_after: Timestamp,
    /// The serials on each list, by the issuer's name in DER.
    listed: HashMap<Vec<u8>, HashSet<String>>,
}

/// What the lists say of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    NotRevoked,
    Revoked,
}

impl Revocation {
    pub(crate) fn read(
        pem: &[u8],
        grace: Duration,
        roots: Arc<RootCertStore>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsConfigError> {
        let lists = CertificateRevocationListDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(TlsConfigError::CrlPem)?;
        // An unknown status is refused, which is the builder's default; the lists' end is ours to
        // judge, because the builder knows no grace.
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
            .with_crls(lists.clone())
            .only_check_end_entity_revocation()
            .build()
            .map_err(TlsConfigError::Crl)?;
        let (dates, listed) = contents(&lists)?;
        let grace = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
        let stale_after = dates.next_update.millis().saturating_add(grace);
        let stale_after = Timestamp::from_millis(stale_after);
        Ok(Self { verifier, dates, stale_after, listed })
    }

    /// Decides whether `certificate`, whose chain is good at `instant`, is revoked at `now`.
    ///
    /// # Errors
    /// When no list answers for it.
    pub(crate) fn status(
        &self,
        certificate: &PeerCertificate,
        instant: UnixTime,
        now: UnixTime,
    ) -> Result<Status, Error> {
        if now > unix_time(self.stale_after) {
            return Err(CertificateError::ExpiredRevocationList.into());
        }
        match verify(&*self.verifier, certificate, instant) {
            Ok(()) => Ok(Status::NotRevoked),
            // Of several paths webpki reports one error, and that of a path with wrong dates
            // before a revocation: so the lists are asked for the reason. By then the certificate
            // is refused either way.
            Err(_) if self.lists(certificate) => Ok(Status::Revoked),
            Err(error) => Err(error),
        }
    }

    /// Says whether a list names the certificate.
    pub(crate) fn lists(&self, certificate: &PeerCertificate) -> bool {
        certificate
            .chain
            .first()
            .and_then(|der| X509Certificate::from_der(der).ok())
            .and_then(|(_, parsed)| self.listed.get(parsed.issuer().as_raw()))
            .is_some_and(|serials| serials.contains(&certificate.serial))
    }
}

type Listed = HashMap<Vec<u8>, HashSet<String>>;

fn contents(
    lists: &[CertificateRevocationListDer<'_>],
) -> Result<(CrlDates, Listed), TlsConfigError> {
    let mut earliest: Option<CrlDates> = None;
    let mut listed = Listed::new();
    for list in lists {
        let (_, list) = x509_parser::parse_x509_crl(list).map_err(|_| TlsConfigError::CrlDates)?;
        let next_update = list.next_update().ok_or(TlsConfigError::CrlDates)?;
        let dates = CrlDates {
            this_update: timestamp(list.last_update()),
            next_update: timestamp(next_update),
        };
        earliest = Some(earliest.map_or(dates, |earliest| CrlDates {
            this_update: earliest.this_update.min(dates.this_update),
            next_update: earliest.next_update.min(dates.next_update),
        }));
        let serials = list.iter_revoked_certificates().map(|entry| serial_text(entry.raw_serial()));
        listed.entry(list.issuer().as_raw().to_vec()).or_default().extend(serials);
    }
    Ok((earliest.ok_or(TlsConfigError::NoCrl)?, listed))
}
