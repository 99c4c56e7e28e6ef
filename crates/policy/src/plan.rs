//! What the hub must do with each record that an agreement releases.

mod cut;
mod names;
mod projection;
mod rows;
mod walk;

use std::{collections::BTreeSet, fmt};

use ndxp_model::{FieldGrant, Pointer, RowFilter};
use serde_json::json;
use sha2::{Digest, Sha256};

use cut::Cut;
use projection::Node;
use rows::Rows;

/// A record's text is not the JSON that the hub accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the record is not JSON")
    }
}
impl std::error::Error for Unreadable {}

/// What a row filter makes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It passes, or there is no filter.
    Admitted,
    /// It is withheld.
    Withheld,
}

/// A row filter and a projection, compiled once for a revision of an agreement.
///
/// Which parts of a record a plan touches depends on the agreement, never on the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    fields: Node,
    /// The same fields, made ready for a record's text.
    cut: Cut,
    rows: Option<Rows>,
    hash: String,
}

impl Plan {
    /// Compiles an allow-list of fields and a row filter.
    #[must_use]
    pub fn compile(fields: &BTreeSet<FieldGrant>, rows: Option<&RowFilter>) -> Self {
        let mut root = Node::default();
        for grant in fields {
            root.grant(grant.path.tokens());
        }
        let cut = Cut::from(&root);
        Self { fields: root, cut, rows: rows.map(Rows::compile), hash: hash(fields, rows) }
    }

    /// Says whether the whole, unprojected record passes the row filter: the text at the filter's
    /// field equals the filter's. A missing field or another type does not. Without a filter every
    /// record passes.
    ///
    /// # Errors
    /// [`Unreadable`] if there is a filter and the text is not JSON, or has a member on the way to
    /// the filter's field twice.
    pub fn admits(&self, text: &[u8]) -> Result<bool, Unreadable> {
        self.rows.as_ref().map_or(Ok(true), |rows| rows.admits(text))
    }

    /// Judges a record by its text, and appends the granted fields to `out` if it is admitted; else
    /// `out` stays as it is.
    ///
    /// What is granted is copied as the publisher wrote it, in its order, numbers and escapes
    /// unchanged; space between values is left out, so it is one line. A field that points to an
    /// object or array brings everything beneath it. Objects and arrays on the way to a granted
    /// field stay, even if nothing in them is left. What is absent stays absent. A value of another
    /// type than the field's path needs is left out, an element of an array too; if that is the
    /// record itself, an empty object remains.
    ///
    /// # Errors
    /// [`Unreadable`] if the text is not JSON, or has a member that the plan names twice.
    pub fn show(&self, text: &[u8], out: &mut Vec<u8>) -> Result<Seen, Unreadable> {
        if !self.admits(text)? {
            return Ok(Seen::Withheld);
        }
        let before = out.len();
        let shown = self.cut.document(text, out);
        if shown.is_err() {
            out.truncate(before);
        }
        shown.map(|()| Seen::Admitted)
    }

    /// Says whether every one of a dataset's key fields is released as it is. Only then may the
    /// consumer see the key itself. No key field at all is no permission.
    #[must_use]
    pub fn passes(&self, key_fields: &[Pointer]) -> bool {
        !key_fields.is_empty() && key_fields.iter().all(|key| self.fields.grants(key.tokens()))
    }

    /// Says whether another plan lets the same fields through, whatever their row filters are.
    #[must_use]
    pub fn shows_fields_as(&self, other: &Self) -> bool {
        self.fields == other.fields
    }

    /// Says whether records are withheld by their content. Then positions and counts of what was
    /// released would tell the consumer how many it did not get.
    #[must_use]
    pub fn filters_rows(&self) -> bool {
        self.rows.is_some()
    }

    /// Returns the SHA-256 of the allow-list and the filter, in hex: `pol` of a leaf. Agreements
    /// with the same fields and rows have the same.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// Two members and strings only: serde_json's sorted members and escapes are those of RFC 8785.
fn hash(fields: &BTreeSet<FieldGrant>, rows: Option<&RowFilter>) -> String {
    let fields: Vec<&str> = fields.iter().map(|grant| grant.path.as_str()).collect();
    let canonical = match rows {
        None => json!({ "fields": fields }),
        Some(rows) => json!({
            "fields": fields,
            "rows": { "equals": rows.equals, "field": rows.field.as_str() },
        }),
    };
    hex::encode(Sha256::digest(canonical.to_string()))
}

#[cfg(test)]
mod tests;
