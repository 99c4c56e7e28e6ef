//! The rules, one idea a module; each looks at the whole document and adds what it finds.

mod annotations;
mod bounds;
mod documentation;
mod examples;
mod formats;
mod keys;
mod keywords;
mod members;
mod objects;
mod personal;
mod published;
mod refused;

use super::{Found, document::Document};

/// Applies every rule of the catalogue.
pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    let rules: [fn(&Document<'_>, &mut Vec<Found>); 12] = [
        refused::apply,
        annotations::apply,
        personal::apply,
        published::apply,
        examples::apply,
        formats::apply,
        objects::apply,
        bounds::apply,
        members::apply,
        documentation::apply,
        keys::apply,
        keywords::apply,
    ];
    rules.iter().for_each(|rule| rule(document, found));
}
