//! References: the address of a document, the places that have one, and what they become.

use std::fmt;

use serde_json::{Map, Value};

use super::BundleError;
use crate::{
    Dialect, pointer,
    schema::{Anchors, Shape, anchors_of, resolve, shape},
};

/// The address of a schema by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) dataset: String,
    /// `sha256:<hex>`.
    pub(super) hash: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ndxp:{}@{}", self.dataset, self.hash)
    }
}

/// Reads `<dataset>@sha256:<hex>` with a fragment behind it, a pointer or nothing.
pub(super) fn address(text: &str) -> Option<(Address, String)> {
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (dataset, hash) = address.split_once('@')?;
    let hex = hash.strip_prefix("sha256:")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let named = !dataset.is_empty() && dataset.chars().all(plain);
    let hashed = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let pointed = fragment.is_empty() || fragment.starts_with('/');
    (named && hashed && pointed).then(|| {
        let address = Address { dataset: dataset.to_owned(), hash: hash.to_owned() };
        (address, fragment.to_owned())
    })
}

type Visit<'v> = dyn FnMut(&mut Map<String, Value>, &str) -> Result<(), BundleError> + 'v;

/// Visits every schema of a document. The strict reader has bounded its nesting, and with it this recursion.
pub(super) fn each(
    schema: &mut Value,
    dialect: Dialect,
    at: &str,
    visit: &mut Visit<'_>,
) -> Result<(), BundleError> {
    let Value::Object(members) = schema else { return Ok(()) };
    visit(members, at)?;
    for (keyword, value) in members.iter_mut() {
        let here = pointer::join(at, keyword);
        match (shape(dialect, keyword), value) {
            (None, _) => {}
            (Some(Shape::Many | Shape::OneOrMany), Value::Array(items)) => {
                for (n, item) in items.iter_mut().enumerate() {
                    each(item, dialect, &format!("{here}/{n}"), visit)?;
                }
            }
            (Some(Shape::Named | Shape::NamedOrNames), Value::Object(named)) => {
                for (name, inner) in named.iter_mut() {
                    each(inner, dialect, &pointer::join(&here, name), visit)?;
                }
            }
            (Some(_), one) => each(one, dialect, &here, visit)?,
        }
    }
    Ok(())
}

/// Returns the place within its own document that a reference leads to.
pub(super) fn target(document: &Value, dialect: Dialect, reference: &str) -> Option<String> {
    let anchors: Anchors = anchors_of(document, dialect);
    resolve(document, &anchors, reference).map(|found| found.pointer)
}

/// Writes a pointer as the fragment of a URI.
pub(super) fn fragment(pointer: &str) -> String {
    let mut out = String::from("#");
    for byte in pointer.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'/' | b'~' | b'-' | b'_' | b'.' | b'$' | b'@' | b':' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// Takes away what named the document and its places: inside another the names would mean something else.
pub(super) fn strip_names(document: &mut Value, dialect: Dialect) {
    let strip: &mut Visit<'_> = &mut |schema, _| {
        ["$schema", "$id", "$anchor"].into_iter().for_each(|name| drop(schema.remove(name)));
        Ok(())
    };
    // It refuses nothing.
    each(document, dialect, "", strip).unwrap_or_default();
}
