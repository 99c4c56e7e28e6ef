//! The root, the intermediate that signs everything, and what it signs.

use std::{net::IpAddr, time::Duration};

use ndxp_model::{PrincipalName, Timestamp, TrustDomain};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use thiserror::Error;

use crate::{Issued, Serial, Validity};

/// How long the authority's own certificates hold.
const AUTHORITY_DAYS: u32 = 3_650;
/// Until when a revocation list says that the next one is out.
const NEXT_LIST_DAYS: u32 = 30;

/// An instant as rcgen wants it. A macro, because the type belongs to a crate that nothing else
/// here needs; rcgen's epoch and a standard duration are enough to build one.
macro_rules! instant {
    ($at:expr) => {
        date_time_ymd(1970, 1, 1)
            + Duration::from_millis(u64::try_from($at.millis()).unwrap_or_default())
    };
}

/// Why nothing was signed.
#[derive(Debug, Error)]
pub enum IssueError {
    /// A name is not ASCII, or the key generator or the signature failed.
    #[error("cannot sign")]
    Sign(#[from] rcgen::Error),
}

/// A development authority with both its keys in memory.
#[derive(Debug)]
pub struct Authority {
    domain: TrustDomain,
    intermediate: Issuer<'static, KeyPair>,
    pub(crate) files: AuthorityFiles,
}

/// What of an authority is kept in files.
#[derive(Clone)]
pub(crate) struct AuthorityFiles {
    pub(crate) root_pem: String,
    pub(crate) root_key_pem: String,
    pub(crate) intermediate_pem: String,
    pub(crate) intermediate_key_pem: String,
}

impl std::fmt::Debug for AuthorityFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuthorityFiles")
    }
}

impl Authority {
    /// Makes a root and an intermediate with fresh keys. Both hold from a day before `now`, so
    /// that a machine whose clock is a little behind accepts them, for ten years.
    ///
    /// # Errors
    /// [`IssueError::Sign`] if the operating system gives no random bytes.
    pub fn create(domain: TrustDomain, now: Timestamp) -> Result<Self, IssueError> {
        let yesterday = Timestamp::from_millis(now.millis() - 86_400_000);
        let validity = Validity::days(yesterday, AUTHORITY_DAYS);

        let root_key = KeyPair::generate()?;
        let root_params = authority_params(&domain, "root", None, validity, &root_key);
        let root_cert = root_params.self_signed(&root_key)?;
        let root_key_pem = root_key.serialize_pem();
        let root = Issuer::new(root_params, root_key);

        let key = KeyPair::generate()?;
        let params = authority_params(&domain, "intermediate", Some(0), validity, &key);
        let certificate = params.signed_by(&key, &root)?;

        let files = AuthorityFiles {
            root_pem: root_cert.pem(),
            root_key_pem,
            intermediate_pem: certificate.pem(),
            intermediate_key_pem: key.serialize_pem(),
        };
        Ok(Self { domain, intermediate: Issuer::new(params, key), files })
    }

    pub(crate) fn from_files(
        domain: TrustDomain,
        files: AuthorityFiles,
    ) -> Result<Self, IssueError> {
        let key = KeyPair::from_pem(&files.intermediate_key_pem)?;
        let intermediate = Issuer::from_ca_cert_pem(&files.intermediate_pem, key)?;
        Ok(Self { domain, intermediate, files })
    }

    /// Returns the trust domain that principals are named in.
    #[must_use]
    pub fn domain(&self) -> &TrustDomain {
        &self.domain
    }

    /// Returns the trust bundle: intermediate and root in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> String {
        format!("{}{}", self.files.intermediate_pem, self.files.root_pem)
    }

    /// Issues a server certificate for `names`: DNS names and IP addresses.
    ///
    /// # Errors
    /// [`IssueError::Sign`] if a name is not ASCII.
    pub fn issue_server(&self, names: &[&str], validity: Validity) -> Result<Issued, IssueError> {
        let sans = names.iter().map(|name| server_name(name)).collect::<Result<_, _>>()?;
        let common = format!("DEVELOPMENT server {}", names.first().unwrap_or(&""));
        self.sign(&common, sans, &[ExtendedKeyUsagePurpose::ServerAuth], validity)
    }

    /// Issues a certificate by which the hub's nodes know each other: for `nodes.<trust domain>`,
    /// and for both ends of a connection. The authority that does signs for nobody else.
    ///
    /// # Errors
    /// [`IssueError::Sign`] if the signature fails.
    pub fn issue_node(&self, validity: Validity) -> Result<Issued, IssueError> {
        let name = format!("nodes.{}", self.domain);
        let both = [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.sign("DEVELOPMENT node", vec![server_name(&name)?], &both, validity)
    }

    /// Issues a certificate for a system or an officer, with the principal's URI as its one
    /// subject alternative name.
    ///
    /// # Errors
    /// [`IssueError::Sign`] if the signature fails.
    pub fn issue(&self, name: &PrincipalName, validity: Validity) -> Result<Issued, IssueError> {
        self.issue_custom(&[name.uri(&self.domain)], validity)
    }

    /// Issues a client certificate with these URIs as subject alternative names, none and several
    /// included: for tests of what a hub must refuse.
    ///
    /// # Errors
    /// [`IssueError::Sign`] if a URI is not ASCII.
    pub fn issue_custom(&self, uris: &[String], validity: Validity) -> Result<Issued, IssueError> {
        let sans = uris
            .iter()
            .map(|uri| Ok(SanType::URI(uri.as_str().try_into()?)))
            .collect::<Result<_, rcgen::Error>>()?;
        // The common name is for people who look at the file: the hub never reads it.
        let common = match uris {
            [uri] => format!("DEVELOPMENT {}", uri.rsplit('/').next().unwrap_or_default()),
            _ => "DEVELOPMENT client".to_owned(),
        };
        self.sign(&common, sans, &[ExtendedKeyUsagePurpose::ClientAuth], validity)
    }

    /// Returns the revocation list in PEM: all `revoked` serials as of `now`, signed by the
    /// intermediate, with `now` in seconds as its number.
    ///
    /// # Errors
    /// [`IssueError::Sign`] if the signature fails.
    pub fn crl(&self, revoked: &[Serial], now: Timestamp) -> Result<String, IssueError> {
        let validity = Validity::days(now, NEXT_LIST_DAYS);
        let seconds = now.millis().div_euclid(1000).max(0).to_be_bytes();
        let revoked_certs = revoked
            .iter()
            .map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from(serial.bytes()),
                revocation_time: instant!(now),
                reason_code: None,
                invalidity_date: None,
            })
            .collect();
        let list = CertificateRevocationListParams {
            this_update: instant!(validity.not_before),
            next_update: instant!(validity.not_after),
            crl_number: SerialNumber::from_slice(&seconds),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.intermediate)?.pem()?)
    }

    fn sign(
        &self,
        common_name: &str,
        sans: Vec<SanType>,
        usages: &[ExtendedKeyUsagePurpose],
        validity: Validity,
    ) -> Result<Issued, IssueError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished_name(common_name);
        params.subject_alt_names = sans;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = usages.to_vec();
        params.use_authority_key_identifier_extension = true;
        let serial = stamp(&mut params, validity, &key);
        let certificate = params.signed_by(&key, &self.intermediate)?;
        let chain_pem = format!("{}{}", certificate.pem(), self.files.intermediate_pem);
        Ok(Issued { chain_pem, key_pem: key.serialize_pem(), serial })
    }
}

fn authority_params(
    domain: &TrustDomain,
    place: &str,
    below: Option<u8>,
    validity: Validity,
    key: &KeyPair,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished_name(&format!("DEVELOPMENT {place} {domain}"));
    params.is_ca =
        IsCa::Ca(below.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    stamp(&mut params, validity, key);
    params
}

fn stamp(params: &mut CertificateParams, validity: Validity, key: &KeyPair) -> Serial {
    let serial = Serial::from_key_identifier(&params.key_identifier(key));
    params.not_before = instant!(validity.not_before);
    params.not_after = instant!(validity.not_after);
    params.serial_number = Some(SerialNumber::from(serial.bytes()));
    serial
}

/// Cuts the common name to the 64 characters that X.520 allows it.
fn distinguished_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "DEVELOPMENT ndxp, not for production");
    name.push(DnType::CommonName, common_name.chars().take(64).collect::<String>());
    name
}

fn server_name(name: &str) -> Result<SanType, rcgen::Error> {
    Ok(match name.parse::<IpAddr>() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) => SanType::DnsName(name.try_into()?),
    })
}
