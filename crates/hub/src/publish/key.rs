//! The record's key: the values of the dataset's key fields, in their order.

use ndxp_model::Pointer;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The longest key, in bytes.
const MAX_KEY: usize = 256;

/// Derives the key: a single text as it is, anything else as an RFC 8785 array of the values.
///
/// # Errors
/// The field that is missing, null, or not a text or a number; or what is wrong with the whole.
pub(super) fn derive<'a>(
    record: &Value,
    fields: &'a [Pointer],
) -> Result<String, (&'a str, &'static str)> {
    let mut values = Vec::with_capacity(fields.len());
    for field in fields {
        match record.pointer(field.as_str()) {
            Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
                values.push(value)
            }
            _ => {
                return Err((
                    field.as_str(),
                    "the key field must hold a text, a number or a boolean",
                ));
            }
        }
    }
    let key = match values.as_slice() {
        [Value::String(text)] => text.clone(),
        values => {
            let bytes = serde_json_canonicalizer::to_string(&values);
            bytes.map_err(|_| ("", "the key cannot be written"))?
        }
    };
    if key.len() > MAX_KEY || key.is_empty() {
        return Err(("", "the key must have 1 to 256 bytes"));
    }
    Ok(key)
}

/// Returns the partition of a key: fixed for ever, because order holds within a partition.
pub(super) fn partition(key: &str, partitions: u32) -> u32 {
    let hash = Sha256::digest(key.as_bytes());
    let mut first = [0; 8];
    first.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    let number = u64::from_be_bytes(first) % u64::from(partitions.max(1));
    u32::try_from(number).unwrap_or_default()
}
