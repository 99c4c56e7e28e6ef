//! Who acts: a system or an officer of an agency, as a certificate's URI SAN names it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{AgencyId, OfficerId, SystemId, SystemName, TrustDomain};

/// Why a text does not name a principal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a principal is agency/<id>/system/<id> or agency/<id>/officer/<id>")]
pub struct InvalidPrincipal;

/// Who acts within an agency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A backend system: it exchanges data.
    System(SystemId),
    /// A person: she approves, suspends, operates.
    Officer(OfficerId),
}

/// A principal with its agency, written `agency/tax/system/portal`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrincipalName {
    /// The agency that the principal acts for.
    pub agency: AgencyId,
    /// The system or officer.
    pub principal: Principal,
}

impl PrincipalName {
    /// Returns the URI of the certificate's subject alternative name:
    /// `spiffe://<trust domain>/agency/<id>/system/<id>`.
    #[must_use]
    pub fn uri(&self, domain: &TrustDomain) -> String {
        format!("spiffe://{domain}/{self}")
    }

    /// Reads the URI of a subject alternative name in `domain`.
    ///
    /// # Errors
    /// [`InvalidPrincipal`] for another scheme, another trust domain or another path.
    pub fn from_uri(uri: &str, domain: &TrustDomain) -> Result<Self, InvalidPrincipal> {
        let rest = uri.strip_prefix("spiffe://").ok_or(InvalidPrincipal)?;
        let (host, path) = rest.split_once('/').ok_or(InvalidPrincipal)?;
        if host == domain.as_str() { path.parse() } else { Err(InvalidPrincipal) }
    }

    /// Returns the system's name, if this is a system.
    #[must_use]
    pub fn as_system(&self) -> Option<SystemName> {
        match &self.principal {
            Principal::System(id) => {
                Some(SystemName { agency: self.agency.clone(), system: id.clone() })
            }
            Principal::Officer(_) => None,
        }
    }

    /// Returns the officer's id, if this is an officer.
    #[must_use]
    pub fn as_officer(&self) -> Option<&OfficerId> {
        match &self.principal {
            Principal::Officer(id) => Some(id),
            Principal::System(_) => None,
        }
    }
}

impl FromStr for PrincipalName {
    type Err = InvalidPrincipal;
    fn from_str(text: &str) -> Result<Self, InvalidPrincipal> {
        let parts: Vec<&str> = text.split('/').collect();
        let ["agency", agency, kind, id] = parts.as_slice() else {
            return Err(InvalidPrincipal);
        };
        let agency = agency.parse().map_err(|_| InvalidPrincipal)?;
        let principal = match *kind {
            "system" => Principal::System(id.parse().map_err(|_| InvalidPrincipal)?),
            "officer" => Principal::Officer(id.parse().map_err(|_| InvalidPrincipal)?),
            _ => return Err(InvalidPrincipal),
        };
        Ok(Self { agency, principal })
    }
}
impl TryFrom<String> for PrincipalName {
    type Error = InvalidPrincipal;
    fn try_from(text: String) -> Result<Self, InvalidPrincipal> {
        text.parse()
    }
}
impl From<PrincipalName> for String {
    fn from(name: PrincipalName) -> String {
        name.to_string()
    }
}
impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.principal {
            Principal::System(id) => write!(f, "agency/{}/system/{id}", self.agency),
            Principal::Officer(id) => write!(f, "agency/{}/officer/{id}", self.agency),
        }
    }
}
