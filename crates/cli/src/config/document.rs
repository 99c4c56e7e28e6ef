//! The TOML file as a list of keys, each with its place.

use toml::de::{DeTable, DeValue};

use super::{ConfigError, Place};

/// One key of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) value: Found,
}

/// What stands behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A text or a whole number.
    Text(String),
    /// A section, with nothing in it.
    EmptySection,
    /// Something that no key of ours is, for example a list.
    Other(&'static str),
}

/// Reads the file, in the order of its lines.
pub(crate) fn read(name: &str, text: &str) -> Result<Vec<Entry>, ConfigError> {
    let document = DeTable::parse(text).map_err(|error| ConfigError::Toml {
        place: place(name, text, error.span().map_or(0, |span| span.start)),
        what: error.message().lines().next().unwrap_or_default().to_owned(),
    })?;
    let mut entries = Vec::new();
    collect("", document.get_ref(), &|at| place(name, text, at), &mut entries);
    entries.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(entries)
}

fn collect(
    prefix: &str,
    table: &DeTable<'_>,
    place: &dyn Fn(usize) -> Place,
    entries: &mut Vec<Entry>,
) {
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        let value = match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => {
                collect(&format!("{key}."), inner, place, entries);
                continue;
            }
            DeValue::Table(_) => Found::EmptySection,
            DeValue::String(text) => Found::Text(text.clone().into_owned()),
            DeValue::Integer(number) if number.radix() == 10 => {
                Found::Text(number.as_str().replace('_', ""))
            }
            DeValue::Integer(_) => Found::Other("a number of another base"),
            DeValue::Float(_) => Found::Other("a number with a fraction"),
            DeValue::Boolean(_) => Found::Other("true or false"),
            DeValue::Datetime(_) => Found::Other("a date"),
            DeValue::Array(_) => Found::Other("a list"),
        };
        entries.push(Entry { key, place: place(name.span().start), value });
    }
}

fn place(name: &str, text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Place::File { name: name.to_owned(), line, column }
}
