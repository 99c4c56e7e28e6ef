//! Ids: 1 to 63 of `[a-z0-9-]`, given once, never reused.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind} must be 1 to 63 characters of a-z, 0-9 and '-', not starting or ending with '-'")]
pub struct InvalidId {
    /// What the text was meant to be, for example `agency id`.
    pub kind: &'static str,
}

fn check(kind: &'static str, text: &str) -> Result<(), InvalidId> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let ok = (1..=63).contains(&text.len())
        && text.bytes().all(plain)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if ok { Ok(()) } else { Err(InvalidId { kind }) }
}

/// Reads a number from 1 in the one way to write it: `07`, `+7` and `0` would be second names.
pub(crate) fn number(text: &str) -> Option<u32> {
    let plain = text.starts_with(|first: char| matches!(first, '1'..='9'));
    text.parse().ok().filter(|_| plain)
}

macro_rules! id {
    ($name:ident, $kind:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the id's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                check($kind, text).map(|()| Self(text.to_owned()))
            }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                check($kind, &text).map(|()| Self(text))
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(AgencyId, "agency id", "An agency, for example `tax`.");
id!(SystemId, "system id", "A system of an agency, for example `portal`.");
id!(OfficerId, "officer id", "A person who acts for an agency, for example `officer-1`.");
id!(DatasetId, "dataset id", "A dataset of an agency, for example `income`.");
id!(AgreementId, "agreement id", "A sharing agreement, for example `agr-0042`.");
id!(SubscriptionId, "subscription id", "A subscription of an agency, for example `units`.");
id!(
    PurposeCode,
    "purpose code",
    "A code of the national list of purposes, for example `statistics`."
);

/// The name space of all certificates of one hub, for example `ndxp.example`: a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrustDomain(String);

impl TrustDomain {
    /// Returns the domain's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for TrustDomain {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.split('.').try_for_each(|label| check("trust domain label", label))?;
        if text.len() > 253 {
            return Err(InvalidId { kind: "trust domain" });
        }
        Ok(Self(text))
    }
}
impl FromStr for TrustDomain {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::try_from(text.to_owned())
    }
}
impl From<TrustDomain> for String {
    fn from(domain: TrustDomain) -> String {
        domain.0
    }
}
impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! child_of_agency {
    ($name:ident, $field:ident: $id:ident, $kind:literal, $collection:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name {
            /// The agency that it belongs to.
            pub agency: AgencyId,
            /// Its id within the agency.
            pub $field: $id,
        }

        impl $name {
            /// Names a child of an agency.
            #[must_use]
            pub fn new(agency: AgencyId, $field: $id) -> Self {
                Self { agency, $field }
            }

            /// Returns the resource name of the API, for example
            #[doc = concat!("`agencies/tax/", $collection, "/x`.")]
            #[must_use]
            pub fn resource(&self) -> String {
                format!(concat!("agencies/{}/", $collection, "/{}"), self.agency, self.$field)
            }

            /// Reads a resource name of the API.
            ///
            /// # Errors
            /// [`InvalidId`] naming the part that is wrong.
            pub fn from_resource(name: &str) -> Result<Self, InvalidId> {
                let parts: Vec<&str> = name.split('/').collect();
                match parts.as_slice() {
                    ["agencies", agency, $collection, child] => {
                        Ok(Self::new(agency.parse()?, child.parse()?))
                    }
                    _ => Err(InvalidId { kind: $kind }),
                }
            }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let (agency, child) = text.split_once('/').ok_or(InvalidId { kind: $kind })?;
                Ok(Self::new(agency.parse()?, child.parse()?))
            }
        }
        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.to_string()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}/{}", self.agency, self.$field)
            }
        }
    };
}

child_of_agency!(
    DatasetName, dataset: DatasetId, "dataset name", "datasets",
    "A dataset by its full name, written `tax/income`."
);
child_of_agency!(
    SubscriptionName, subscription: SubscriptionId, "subscription name", "subscriptions",
    "A subscription by its full name, written `statistics/units`."
);

child_of_agency!(
    SystemName, system: SystemId, "system name", "systems",
    "A system with the agency that runs it, written `tax/portal`."
);

/// The id of one change, given by the caller: a UUID. The same id and body within 24 h returns the
/// first reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(uuid::Uuid);

impl RequestId {
    /// Wraps 16 bytes of a UUID.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }
}
impl FromStr for RequestId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let parsed = uuid::Uuid::try_parse(text);
        parsed.map(Self).map_err(|_| InvalidId { kind: "request id" })
    }
}
impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}
impl Serialize for RequestId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
