//! The one layout of a schema: keywords in a fixed order, two spaces, everything else as it was written.
//!
//! Scalars keep their bytes (`1.50` stays `1.50`), and the order of names that people chose (`properties`, `enum`,
//! `examples`) is theirs. So a layout changes neither the schema's hash nor any verdict.

mod order;
mod tree;

use crate::{Dialect, json};

pub(crate) use order::{is_known, known, rank};
pub(crate) use tree::{Node, Tree};

/// Lays out a schema; doing it twice changes nothing more.
///
/// # Errors
/// [`json::Refusal`] when the bytes are not strict JSON within `limits`.
pub fn format(bytes: &[u8], limits: &json::Limits) -> Result<String, json::Refusal> {
    let value = json::read(bytes, limits)?;
    // The reader has let the bytes through: they are UTF-8, and their nesting is bounded.
    let text = str::from_utf8(bytes).unwrap_or_default();
    let Some(mut root) = tree::parse(text) else { return Ok(text.to_owned()) };
    Ok(print_schema(&mut root, Dialect::or_newest(&value)))
}

/// Orders the keywords of a schema and prints it.
pub(crate) fn print_schema(root: &mut Node<'_>, dialect: Dialect) -> String {
    order::schema(root, dialect);
    root.print()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
