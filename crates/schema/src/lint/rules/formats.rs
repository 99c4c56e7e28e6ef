//! NDX006: a national format is named. NDX021: a pattern says where the text begins and ends.

use serde_json::Value;

use super::super::{
    Found, On,
    document::{Document, Place},
    nation,
};
use crate::profile::NationalFormat;

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    for place in &document.places {
        let Some(pattern) = place.schema.get("pattern").and_then(Value::as_str) else { continue };
        let pointer = place.keyword("pattern");
        if let Some(format) = spelt_out(document, place, pattern) {
            let message = format!("the pattern spells out the format {format}");
            found.push(Found::new("NDX006", pointer, On::Value, message).hint(format!(
                "write \"format\": \"{format}\" instead: it is checked, masked and explained"
            )));
        } else if !document.negated(place) && !is_anchored(pattern) {
            let message = "the pattern may match anywhere in the text";
            found.push(
                Found::new("NDX021", pointer, On::Value, message).hint(
                    "begin it with ^ and end it with $, or with .* where anything may follow",
                ),
            );
        }
    }
}

fn spelt_out<'p>(document: &'p Document<'_>, place: &Place<'_>, pattern: &str) -> Option<&'p str> {
    if place.schema.get("format").is_some() {
        return None;
    }
    let bare = bare(pattern);
    let name = place.property().unwrap_or_default();
    let formats = document.profile.national.formats().iter();
    // Other numbers have as many digits as a person's: the name or an annotation has to say whose it is.
    let personal = place.schema.get("x-ndxp-personal-data").is_some_and(|level| level != "none")
        || nation::personal_name(document.profile, &name).is_some();
    let says_enough = |format: &NationalFormat| {
        if nation::is_personal_format(document.profile, &format.name) && !personal {
            return false;
        }
        nation::is_telling(format) && !nation::is_short(format)
            || nation::is_meant_by(format, &name)
    };
    formats
        .filter(|format| self::bare(&format.pattern) == bare)
        .find(|format| says_enough(format))
        .map(|format| format.name.as_str())
}

/// Takes anchors and outer groups off, and writes digits in one way.
fn bare(pattern: &str) -> String {
    let mut text = pattern.replace("\\d", "[0-9]");
    loop {
        let inner = text.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
        let inner =
            inner.or_else(|| text.strip_prefix("(?:").and_then(|rest| rest.strip_suffix(')')));
        // `(?:a)|(?:b)` is no outer group.
        match inner.filter(|inner| !inner.contains(['(', ')']) || text.starts_with('^')) {
            Some(inner) => text = inner.to_owned(),
            None => return text,
        }
    }
}

/// A pattern with alternatives is left alone: `^a|b$` may be meant.
fn is_anchored(pattern: &str) -> bool {
    let begins = pattern.starts_with('^') || pattern.starts_with(".*") || pattern.starts_with("(?");
    let ends = pattern.ends_with('$') || pattern.ends_with(".*") || pattern.ends_with(".+");
    begins && ends || pattern.contains('|') || pattern.contains("\\b")
}
