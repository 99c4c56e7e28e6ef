//! NDX000, NDX001, NDX008: what the hub refuses.

use super::super::{Found, On, document::Document, fix::Edit};
use crate::{
    SchemaProblem, pointer,
    schema::{closest, last_token},
};

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    found.extend(document.problems.iter().map(|problem| one(document, problem)));
}

fn one(document: &Document<'_>, problem: &SchemaProblem) -> Found {
    let SchemaProblem { pointer, keyword, message, .. } = problem;
    if keyword.starts_with("x-ndxp-") {
        return misspelt(document, pointer, keyword);
    }
    if keyword == "format" && last_token(pointer) == "format" {
        return Found::new("NDX008", pointer, On::Value, message).hint(
            "a format that nobody checks is worse than none: name a known one, or use pattern",
        );
    }
    Found::new("NDX000", pointer, On::Value, format!("{keyword}: {message}"))
}

/// Renames where one annotation is near and its place is free. `x-ndxp-bigint` decides about records, so nobody guesses it.
fn misspelt(document: &Document<'_>, pointer: &str, keyword: &str) -> Found {
    let found = Found::new("NDX001", pointer, On::Key, format!("there is no annotation {keyword}"));
    let known = crate::fmt::known().filter(|name| name.starts_with("x-ndxp-"));
    let Some(name) = closest(keyword, known) else {
        return found.hint("docs/schema.md lists the annotations");
    };
    let found = found.hint(format!("did you mean {name}?"));
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    let taken = document.root.pointer(&pointer::join(parent, name)).is_some();
    if taken || name == "x-ndxp-bigint" {
        found
    } else {
        found.fixed_by(Edit::Rename(name.to_owned()))
    }
}
