//! What an authority hands out: a certificate with its chain, its key, its serial number.

use std::{fmt, str::FromStr, time::Duration};

use ndxp_model::Timestamp;
use thiserror::Error;

/// From when to when a certificate holds, both ends included, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first instant.
    pub not_before: Timestamp,
    /// The last instant.
    pub not_after: Timestamp,
}

impl Validity {
    /// A validity that begins at `now` and lasts `span`.
    #[must_use]
    pub fn lasting(now: Timestamp, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let not_after = Timestamp::from_millis(now.millis().saturating_add(millis));
        Self { not_before: now, not_after }
    }

    /// A validity that begins at `now` and lasts `days` days of 24 hours.
    #[must_use]
    pub fn days(now: Timestamp, days: u32) -> Self {
        Self::lasting(now, Duration::from_secs(u64::from(days) * 86_400))
    }
}

/// A certificate's serial number as lower-case hexadecimal without leading zero bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(String);

/// Why a text is not a serial number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a serial number is 1 to 20 bytes in hexadecimal")]
pub struct InvalidSerial;

impl Serial {
    /// Returns the text, for example `4be1…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the first 16 bytes of a key identifier. The two highest bits become `01`: the number
    /// is positive and has no leading zero byte, so its text has one form everywhere.
    pub(crate) fn from_key_identifier(identifier: &[u8]) -> Self {
        let mut bytes = [0_u8; 16];
        bytes.iter_mut().zip(identifier).for_each(|(to, from)| *to = *from);
        bytes[0] = bytes[0] & 0x3f | 0x40;
        Self(hex::encode(bytes))
    }

    /// Reads the serial of the first certificate of a PEM text.
    pub(crate) fn of_certificate(pem: &str) -> Option<Self> {
        let (_, block) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
        let certificate = block.parse_x509().ok()?;
        hex::encode(certificate.raw_serial()).parse().ok()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        hex::decode(&self.0).unwrap_or_default()
    }
}

impl FromStr for Serial {
    type Err = InvalidSerial;
    fn from_str(text: &str) -> Result<Self, InvalidSerial> {
        let bytes = hex::decode(text).map_err(|_| InvalidSerial)?;
        let first = bytes.iter().position(|byte| *byte != 0).ok_or(InvalidSerial)?;
        match bytes.get(first..) {
            Some(number) if number.len() <= 20 => Ok(Self(hex::encode(number))),
            _ => Err(InvalidSerial),
        }
    }
}
impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A certificate with all that its holder needs.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate, then the intermediate that signed it, in PEM.
    pub chain_pem: String,
    /// The private key in PEM (PKCS #8).
    pub key_pem: String,
    /// The certificate's serial number: what a revocation names.
    pub serial: Serial,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("serial", &self.serial).finish_non_exhaustive()
    }
}
