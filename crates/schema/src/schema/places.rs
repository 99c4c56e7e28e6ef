//! Where a `$ref` leads inside the document.

use serde_json::Value;

use super::Dialect;
use crate::{pointer, schema::keywords};

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

/// Follows a reference within the document. `None`: it leads elsewhere or nowhere.
pub(crate) fn resolve<'s>(
    root: &'s Value,
    dialect: Dialect,
    reference: &str,
) -> Option<Target<'s>> {
    let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let own = root.get("$id").and_then(Value::as_str).unwrap_or_default().trim_end_matches('#');
    if !url.is_empty() && url != own {
        return None;
    }
    let fragment = percent_decoded(fragment)?;
    if fragment.is_empty() || fragment.starts_with('/') {
        let schema = root.pointer(&fragment)?;
        return Some(Target { schema, pointer: fragment });
    }
    anchored(root, dialect, &fragment)
}

fn anchored<'s>(root: &'s Value, dialect: Dialect, name: &str) -> Option<Target<'s>> {
    let mut open = vec![(String::new(), root)];
    while let Some((place, schema)) = open.pop() {
        let anchor = match dialect {
            Dialect::Draft202012 => schema.get("$anchor").and_then(Value::as_str),
            Dialect::Draft7 => {
                schema.get("$id").and_then(Value::as_str).and_then(|id| id.strip_prefix('#'))
            }
        };
        if anchor == Some(name) {
            return Some(Target { schema, pointer: place });
        }
        open.extend(
            keywords::children(dialect, schema, &place)
                .into_iter()
                .map(|(_, place, inner)| (place, inner)),
        );
    }
    None
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
