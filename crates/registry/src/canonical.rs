//! RFC 8785 bytes: what is hashed and compared.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Returns the RFC 8785 form of one of this crate's values.
#[expect(clippy::expect_used, reason = "empty bytes in its place would make unequal values equal")]
pub(crate) fn canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("keys are texts and numbers are integers")
}

/// Returns the SHA-256, in hexadecimal, of the RFC 8785 form.
pub(crate) fn canonical_hash(value: &impl Serialize) -> String {
    hex::encode(Sha256::digest(canonical(value)))
}
