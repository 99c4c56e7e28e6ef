//! Dead letters: records that will not be handed out again unless an officer asks for it.

use ndxp_model::Timestamp;
use thiserror::Error;

use crate::place::{KeyHash, Place, Verdict};

/// A record that was given up, with what is known of its failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where the record stands.
    pub place: Place,
    /// Its key.
    pub key: KeyHash,
    /// How it is to be shown.
    pub verdict: Verdict,
    /// Why it was given up.
    pub cause: Cause,
    /// How often it was handed out.
    pub attempts: u32,
    /// When it first failed: for a record that was rejected at once, when it was rejected.
    pub first_failed: Timestamp,
    /// When it was given up, last if several times: it is kept from here on.
    pub since: Timestamp,
}

/// Why a record is a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// `REJECTED`: the consumer said so.
    Rejected(RejectReason),
    /// `EXHAUSTED`: it used up its attempts, and its horizon has passed, while others succeeded.
    Exhausted,
}

/// A consumer's reason for a rejection: up to 256 bytes of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectReason(String);

/// A reason that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a reason has at most {} bytes, not {bytes}", RejectReason::MOST_BYTES)]
pub struct InvalidRejectReason {
    /// How many bytes it has.
    pub bytes: usize,
}

impl RejectReason {
    /// The length of the longest one.
    pub const MOST_BYTES: usize = 256;

    /// Checks a reason. It may be empty.
    ///
    /// # Errors
    /// [`InvalidRejectReason`] if it is too long.
    pub fn new(text: &str) -> Result<Self, InvalidRejectReason> {
        match text.len() {
            0..=Self::MOST_BYTES => Ok(Self(text.to_owned())),
            bytes => Err(InvalidRejectReason { bytes }),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is to become of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    /// Nothing, until an officer asks or its time is over.
    Dead,
    /// It is handed out once more, not before this moment.
    Redriven {
        /// When it is due.
        due: Timestamp,
    },
    /// It is none any more.
    Closed(Closing),
}

/// How a dead letter ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It was redriven and acknowledged.
    Acknowledged,
    /// An officer purged it.
    Purged,
    /// It was kept for as long as dead letters are kept.
    Expired,
    /// It was to be redriven, but a newer record of its key has come since.
    Superseded,
    /// It was to be redriven, but the record is not there any more, or may not leave any more.
    Withdrawn,
}
