//! What a consumer settles a record by.

use std::fmt;

use thiserror::Error;

/// The name of one hand-out of one record: 16 bytes, opaque to the consumer.
///
/// It is the stream's epoch and the record's number among those handed out in that epoch, both
/// big-endian. The number counts what was handed out only, so that nobody learns from it how many
/// records a row filter withheld. It is no secret: it settles nothing but on its own subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AckToken {
    pub(crate) epoch: u64,
    pub(crate) sequence: u64,
}

/// Bytes that no hub gave as an ack token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an ack token has {} bytes, not {bytes}", AckToken::BYTES)]
pub struct InvalidAckToken {
    /// How many bytes there were.
    pub bytes: usize,
}

impl AckToken {
    /// The length of every token.
    pub const BYTES: usize = 16;

    /// Reads a token. That it reads does not mean that it was ever given: [`crate::Stream::ack`] tells.
    ///
    /// # Errors
    /// [`InvalidAckToken`] if it has another length.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidAckToken> {
        let token: [u8; Self::BYTES] =
            bytes.try_into().map_err(|_| InvalidAckToken { bytes: bytes.len() })?;
        let both = u128::from_be_bytes(token);
        // Lossless: each half of 128 bits.
        Ok(Self { epoch: (both >> 64) as u64, sequence: both as u64 })
    }

    /// Returns the bytes that travel.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        ((u128::from(self.epoch) << 64) | u128::from(self.sequence)).to_be_bytes()
    }
}

impl fmt::Display for AckToken {
    /// Writes it for a log line, as `epoch.sequence`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_reads_back_from_its_bytes() {
        let check = |epoch, sequence| {
            let token = AckToken { epoch, sequence };
            assert_eq!(AckToken::parse(&token.to_bytes()), Ok(token));
        };
        check(1, 1);
        check(u64::MAX, 0);
        check(0x0102_0304_0506_0708, u64::MAX);
    }

    #[test]
    fn token_is_epoch_then_sequence_in_network_order() {
        let token = AckToken { epoch: 3, sequence: 258 };
        assert_eq!(token.to_bytes(), [0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 1, 2]);
    }

    #[test]
    fn bytes_of_another_length_are_no_token() {
        for bytes in [0, 15, 17, 64] {
            assert_eq!(AckToken::parse(&vec![0; bytes]), Err(InvalidAckToken { bytes }));
        }
    }
}
