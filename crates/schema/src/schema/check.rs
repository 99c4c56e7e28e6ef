//! The checks at registration: every problem, not only the first.

mod chains;
mod rules;

pub(crate) use rules::closest;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Anchors, Dialect, Leaves, keywords, places};
use crate::{
    codes::Asked,
    documents::Context,
    profile::{Profile, Refs},
};

pub(super) const MAX_PROBLEMS: usize = 100;

/// A problem before its place in the bytes is known.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) pointer: String,
    pub(super) keyword: String,
    pub(super) message: String,
}

/// The schemas of the document by their place in it.
/// In the order of their pointers, so that the same bytes give the same problems.
type Places<'s> = BTreeMap<String, &'s Value>;

/// What the checks learn about a schema without problems.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) dialect: Dialect,
    pub(super) leaves: Leaves,
    pub(super) anchors: Anchors,
    pub(super) asked: Asked,
}

/// Checks a document that is JSON within the limits.
pub(super) fn check(
    root: &Value,
    profile: &Profile,
    context: &Context,
) -> Result<Checked, Vec<Found>> {
    let dialect = dialect(root, context).map_err(|found| vec![found])?;
    let mut rules = rules::Rules::new(root, dialect, profile, context);
    metaschema(root, dialect, &mut rules.found);
    let places = match places(root, dialect, profile.schema.max_subschemas) {
        Ok(places) => places,
        Err(found) => {
            rules.found.push(found);
            return Err(rules.found);
        }
    };
    let anchors = anchors(dialect, &places);
    for (place, schema) in &places {
        if rules.found.len() >= MAX_PROBLEMS {
            break;
        }
        rules.apply(place, schema, &places, &anchors);
    }
    if profile.refs == Refs::SameDocument && rules.found.is_empty() {
        let max = profile.schema.max_chain;
        rules.found.extend(chains::check(root, dialect, &places, &anchors, max));
    }
    rules.finish().map(|(leaves, asked)| Checked { dialect, leaves, anchors, asked })
}

fn anchors(dialect: Dialect, places: &Places<'_>) -> Anchors {
    let named =
        places.iter().filter_map(|(place, schema)| Some((places::anchor(dialect, schema)?, place)));
    named.map(|(name, place)| (name.to_owned(), place.clone())).collect()
}

fn dialect(root: &Value, context: &Context) -> Result<Dialect, Found> {
    let refuse = |pointer: &str, keyword: &str, message: &str| Found {
        pointer: pointer.to_owned(),
        keyword: keyword.to_owned(),
        message: message.to_owned(),
    };
    if !root.is_object() && !root.is_boolean() {
        return Err(refuse("", "json", "a schema is an object, true or false"));
    }
    let Some(uri) = root.get("$schema") else {
        return Ok(context.dialect.unwrap_or(Dialect::Draft202012));
    };
    uri.as_str().and_then(|uri| declared(uri, context)).ok_or_else(|| {
        refuse(
            "/$schema",
            "$schema",
            "the dialect is https://json-schema.org/draft/2020-12/schema or http://json-schema.org/draft-07/schema#",
        )
    })
}

/// Returns the dialect behind a `$schema`: a metaschema at hand counts as what it is itself written in.
fn declared(uri: &str, context: &Context) -> Option<Dialect> {
    let standard = Dialect::of_uri(uri);
    let own = || Dialect::of_uri(context.documents.get(uri)?.get("$schema")?.as_str()?);
    standard.or_else(own)
}

fn metaschema(root: &Value, dialect: Dialect, found: &mut Vec<Found>) {
    let meta = match dialect {
        Dialect::Draft7 => jsonschema::draft7::meta::validator(),
        Dialect::Draft202012 => jsonschema::draft202012::meta::validator(),
    };
    if meta.is_valid(root) {
        return;
    }
    found.extend(meta.iter_errors(root).take(MAX_PROBLEMS).map(|error| {
        let pointer = error.instance_path().to_string();
        Found {
            keyword: places::last_token(&pointer),
            message: error.masked_with("this").to_string().chars().take(200).collect(),
            pointer,
        }
    }));
}

/// Returns every schema of the document.
fn places(root: &Value, dialect: Dialect, max: usize) -> Result<Places<'_>, Found> {
    let mut places = Places::new();
    let mut open = vec![(String::new(), root)];
    while let Some((place, schema)) = open.pop() {
        open.extend(
            keywords::children(dialect, schema, &place)
                .into_iter()
                .map(|(_, place, inner)| (place, inner)),
        );
        places.insert(place, schema);
        if places.len() > max {
            let message = format!("more than {max} schemas inside one document");
            return Err(Found { pointer: String::new(), keyword: "limit".to_owned(), message });
        }
    }
    Ok(places)
}
