//! One document of several: references by content address become definitions of their own.
//!
//! `ndxp:<dataset>@sha256:<hex>`, with a fragment or without, names a schema by its hash, so what it leads to never
//! changes and cannot lead in a circle. A bundle has the verdicts of the parts together.

mod refs;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::{Dialect, hash, json, pointer, schema::standard_metaschema};
use refs::Address;

/// Documents in one bundle; a chain of more was hardly meant.
const MAX_DOCUMENTS: usize = 100;
/// Bytes of all documents together: each alone keeps the limits of a schema.
const MAX_BYTES: usize = 16 << 20;

/// A bundle, and what went into it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// The document.
    pub document: Value,
    /// The name of each definition that was a document of its own, and the address it was referred to by.
    pub parts: BTreeMap<String, String>,
}

/// Why there is no bundle.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BundleError {
    /// An address is not of the form `ndxp:<dataset>@sha256:<64 hex digits>`.
    #[error("{pointer}: {address} is no address: ndxp:<dataset>@sha256:<64 hex digits>")]
    Address {
        /// The place of the reference.
        pointer: String,
        /// What stands there.
        address: String,
    },
    /// No document of that hash is at hand.
    #[error("{pointer}: no schema with the hash of {address} is at hand")]
    Missing {
        /// The place of the reference, in the document that has it.
        pointer: String,
        /// The address.
        address: String,
    },
    /// A document was handed out that is not the one asked for.
    #[error("{address}: the document has another hash, {found}")]
    Hash {
        /// The address.
        address: String,
        /// The document's own.
        found: String,
    },
    /// A document is not strict JSON.
    #[error("{address}: {refusal}")]
    Json {
        /// The address.
        address: String,
        /// Why not.
        refusal: json::Refusal,
    },
    /// A part is of another dialect than the whole: its keywords would get another meaning.
    #[error("{address}: its dialect is not that of the schema that refers to it")]
    Dialect {
        /// The address.
        address: String,
    },
    /// A reference of a part leads nowhere within it.
    #[error("{address}: {pointer}: the reference leads nowhere")]
    Dangling {
        /// The address of the part.
        address: String,
        /// The place of the reference in it.
        pointer: String,
    },
    /// There is too much to bundle.
    #[error("more than {MAX_DOCUMENTS} documents, or {MAX_BYTES} bytes of them")]
    TooLarge,
}

/// Bundles `root` with all that it refers to by content address, directly or through others; `fetch` hands out the
/// document of a hash (`sha256:<hex>`).
///
/// # Errors
/// [`BundleError`] for the first reference that cannot be followed.
pub fn bundle(
    root: &Value,
    mut fetch: impl FnMut(&str) -> Option<Vec<u8>>,
) -> Result<Bundle, BundleError> {
    let dialect = Dialect::or_newest(root);
    let mut names = Names::of(root, dialect);
    let mut document = root.clone();
    let mut open = names.rewrite(&mut document, "", None)?;
    let (mut parts, mut bytes) = (Map::new(), 0);
    while let Some(Wanted { address, at }) = open.pop() {
        let name = names.name(&address);
        if parts.contains_key(&name) {
            continue;
        }
        let text = address.to_string();
        let missing = || BundleError::Missing { pointer: at, address: text.clone() };
        let found = fetch(&address.hash).ok_or_else(missing)?;
        bytes += found.len();
        if parts.len() >= MAX_DOCUMENTS || bytes > MAX_BYTES {
            return Err(BundleError::TooLarge);
        }
        let mut part = read(&found, &address, dialect)?;
        let base = names.pointer(&name);
        open.extend(names.rewrite(&mut part, &base, Some(&text))?);
        parts.insert(name, part);
    }
    let listed = names.parts();
    names.add(&mut document, parts);
    Ok(Bundle { document, parts: listed })
}

fn read(bytes: &[u8], address: &Address, dialect: Dialect) -> Result<Value, BundleError> {
    let text = address.to_string();
    let part = json::read(bytes, &crate::SchemaLimits::default().json)
        .map_err(|refusal| BundleError::Json { address: text.clone(), refusal })?;
    let found = hash(&part);
    if found != address.hash {
        return Err(BundleError::Hash { address: text, found });
    }
    if Dialect::or_newest(&part) != dialect {
        return Err(BundleError::Dialect { address: text });
    }
    Ok(part)
}

/// A document that is still to be fetched, and the place that wants it.
struct Wanted {
    address: Address,
    at: String,
}

/// The definitions that documents become.
struct Names {
    dialect: Dialect,
    /// By hash.
    known: BTreeMap<String, (String, String)>,
    taken: Vec<String>,
}

impl Names {
    fn of(root: &Value, dialect: Dialect) -> Self {
        let own = root.get(holder(dialect)).and_then(Value::as_object);
        let taken = own.into_iter().flat_map(Map::keys).cloned().collect();
        Self { dialect, known: BTreeMap::new(), taken }
    }

    /// Returns the definition's name: the dataset and the beginning of the hash.
    fn name(&mut self, address: &Address) -> String {
        if let Some((name, _)) = self.known.get(&address.hash) {
            return name.clone();
        }
        let short: String = address.hash.trim_start_matches("sha256:").chars().take(12).collect();
        let mut name = format!("{}-{short}", address.dataset.replace('/', "."));
        while self.taken.contains(&name) {
            name.push('_');
        }
        self.taken.push(name.clone());
        self.known.insert(address.hash.clone(), (name.clone(), address.to_string()));
        name
    }

    fn pointer(&self, name: &str) -> String {
        pointer::join(&format!("/{}", holder(self.dialect)), name)
    }

    /// Makes every reference of a document one within the bundle, where the document stands at `base`.
    fn rewrite(
        &mut self,
        document: &mut Value,
        base: &str,
        part: Option<&str>,
    ) -> Result<Vec<Wanted>, BundleError> {
        let original = part.map(|_| document.clone());
        let mut wanted = Vec::new();
        refs::each(document, self.dialect, "", &mut |schema, at| {
            let Some(Value::String(reference)) = schema.get("$ref") else { return Ok(()) };
            if let Some(rest) = reference.strip_prefix("ndxp:") {
                let wrong =
                    || BundleError::Address { pointer: at.to_owned(), address: reference.clone() };
                let (address, fragment) = refs::address(rest).ok_or_else(wrong)?;
                let name = self.name(&address);
                let target = self.pointer(&name);
                schema.insert("$ref".to_owned(), format!("#{target}{fragment}").into());
                wanted.push(Wanted { address, at: at.to_owned() });
            } else if let (Some(original), Some(address)) = (&original, part)
                && standard_metaschema(reference).is_none()
            {
                let dangling = || BundleError::Dangling {
                    address: address.to_owned(),
                    pointer: at.to_owned(),
                };
                let target =
                    refs::target(original, self.dialect, reference).ok_or_else(dangling)?;
                schema.insert("$ref".to_owned(), refs::fragment(&format!("{base}{target}")).into());
            }
            Ok(())
        })?;
        if part.is_some() {
            refs::strip_names(document, self.dialect);
        }
        Ok(wanted)
    }

    fn parts(&self) -> BTreeMap<String, String> {
        self.known.values().cloned().collect()
    }

    fn add(&self, document: &mut Value, parts: Map<String, Value>) {
        if let (Value::Object(members), false) = (document, parts.is_empty()) {
            let held =
                members.entry(holder(self.dialect)).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(held) = held {
                held.extend(parts);
            }
        }
    }
}

/// Returns the keyword that holds definitions.
fn holder(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Draft7 => "definitions",
        Dialect::Draft202012 => "$defs",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
