//! Where a `$ref` leads inside the document.

use std::collections::HashMap;

use serde_json::Value;

use super::Dialect;
use crate::pointer;

/// A place in the schema document.
#[derive(Debug, Clone)]
pub(crate) struct Target<'s> {
    pub(crate) schema: &'s Value,
    pub(crate) pointer: String,
}

/// Returns the standard metaschema that `reference` names, without the fragment.
pub(crate) fn standard_metaschema(reference: &str) -> Option<&str> {
    let (url, _) = reference.split_once('#').unwrap_or((reference, ""));
    let known = url == "http://json-schema.org/draft-07/schema"
        || url == "https://json-schema.org/draft/2020-12/schema"
        || url.starts_with("https://json-schema.org/draft/2020-12/meta/");
    known.then_some(url)
}

/// The places that have a name of their own, by that name.
pub(crate) type Anchors = HashMap<String, String>;

/// Follows a reference within the document. `None`: it leads elsewhere or nowhere.
pub(crate) fn resolve<'s>(
    root: &'s Value,
    anchors: &Anchors,
    reference: &str,
) -> Option<Target<'s>> {
    let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let own = root.get("$id").and_then(Value::as_str).unwrap_or_default().trim_end_matches('#');
    if !url.is_empty() && url != own {
        return None;
    }
    let fragment = percent_decoded(fragment)?;
    let named = !fragment.is_empty() && !fragment.starts_with('/');
    let pointer = if named { anchors.get(&fragment)?.clone() } else { fragment };
    root.pointer(&pointer).map(|schema| Target { schema, pointer })
}

/// Returns the places of a document that have a name of their own.
pub(crate) fn anchors_of(document: &Value, dialect: Dialect) -> Anchors {
    let mut found = Anchors::new();
    let mut open = vec![(String::new(), document)];
    while let Some((place, schema)) = open.pop() {
        let children = super::children(dialect, schema, &place).into_iter();
        open.extend(children.map(|(_, place, inner)| (place, inner)));
        if let Some(name) = anchor(dialect, schema) {
            found.insert(name.to_owned(), place);
        }
    }
    found
}

/// Returns the name that a schema gives itself.
pub(super) fn anchor(dialect: Dialect, schema: &Value) -> Option<&str> {
    match dialect {
        Dialect::Draft202012 => schema.get("$anchor")?.as_str(),
        Dialect::Draft7 => schema.get("$id")?.as_str()?.strip_prefix('#'),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// Returns the last token of a pointer, for messages.
pub(crate) fn last_token(place: &str) -> String {
    pointer::tokens(place).and_then(|mut tokens| tokens.pop()).unwrap_or_default()
}
