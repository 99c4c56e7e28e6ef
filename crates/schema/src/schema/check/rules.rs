//! The rules for one schema of the document.

use serde_json::{Map, Value};

use super::{Found, Places};
use crate::{
    codes::{Asked, CodeListRef, KEYWORD},
    documents::{Context, Documents},
    pointer,
    profile::{Profile, Refs},
    schema::{Anchors, Dialect, Leaves, places},
};

/// The annotations of `x-ndxp-`; any other name with this prefix is a spelling mistake.
const ANNOTATIONS: &[&str] = &[
    "x-ndxp-bigint",
    "x-ndxp-classification",
    "x-ndxp-codelist",
    "x-ndxp-key",
    "x-ndxp-legal-basis",
    "x-ndxp-lint-ignore",
    "x-ndxp-mask",
    "x-ndxp-owner",
    "x-ndxp-personal-data",
    "x-ndxp-purpose",
    "x-ndxp-retention",
    "x-ndxp-subject",
    "x-ndxp-sunset",
];

pub(super) struct Rules<'s> {
    root: &'s Value,
    dialect: Dialect,
    profile: &'s Profile,
    documents: &'s Documents,
    pub(super) found: Vec<Found>,
    leaves: Leaves,
    asked: Asked,
    patterns_bytes: usize,
}

impl<'s> Rules<'s> {
    pub(super) fn new(
        root: &'s Value,
        dialect: Dialect,
        profile: &'s Profile,
        context: &'s Context,
    ) -> Self {
        Self {
            root,
            dialect,
            profile,
            documents: &context.documents,
            found: Vec::new(),
            leaves: Leaves::new(root, dialect, profile, &context.documents),
            asked: Asked::default(),
            patterns_bytes: 0,
        }
    }

    pub(super) fn finish(mut self) -> Result<(Leaves, Asked), Vec<Found>> {
        if self.patterns_bytes > self.profile.schema.max_patterns_bytes {
            let max = self.profile.schema.max_patterns_bytes;
            self.refuse(
                "",
                "limit",
                format!(
                    "all patterns together compile to more than {max} bytes, where a refused one counts \
                     in full; the others were not checked"
                ),
            );
        }
        if self.found.is_empty() { Ok((self.leaves, self.asked)) } else { Err(self.found) }
    }

    fn refuse(&mut self, pointer: &str, keyword: &str, message: String) {
        self.found.push(Found {
            pointer: pointer.to_owned(),
            keyword: keyword.to_owned(),
            message,
        });
    }

    pub(super) fn apply(
        &mut self,
        place: &str,
        schema: &Value,
        places: &Places<'_>,
        anchors: &Anchors,
    ) {
        let Value::Object(members) = schema else { return };
        for (keyword, value) in members {
            let here = pointer::join(place, keyword);
            match (keyword.as_str(), value) {
                ("pattern", Value::String(pattern)) => self.pattern(&here, keyword, pattern),
                ("patternProperties", Value::Object(named)) => self.patterns(&here, keyword, named),
                ("format", Value::String(format)) => self.format(&here, format),
                ("enum", Value::Array(members)) => self.members(&here, members.len()),
                ("$ref", Value::String(target)) => self.reference(&here, target, places, anchors),
                ("$dynamicRef" | "$recursiveRef", _) if self.same_document() => {
                    self.refuse(&here, keyword, "a reference is static here: use $ref".to_owned());
                }
                ("$id", Value::String(id)) if !place.is_empty() && self.same_document() => {
                    self.inner_id(&here, id);
                }
                (KEYWORD, value) => self.code_list(&here, value),
                (name, _) if name.starts_with("x-ndxp-") => self.annotation(&here, name),
                _ => {}
            }
        }
    }

    fn same_document(&self) -> bool {
        self.profile.refs == Refs::SameDocument
    }

    fn patterns(&mut self, here: &str, keyword: &str, named: &Map<String, Value>) {
        for pattern in named.keys() {
            self.pattern(&pointer::join(here, pattern), keyword, pattern);
        }
    }

    fn pattern(&mut self, here: &str, keyword: &str, pattern: &str) {
        // Once the sum is exceeded the schema is refused: no more work for it.
        if self.patterns_bytes > self.profile.schema.max_patterns_bytes {
            return;
        }
        match self.leaves.add_pattern(pattern, self.profile) {
            Ok(bytes) => self.patterns_bytes += bytes,
            Err(bytes) => {
                // Finding out that a pattern is too large costs as much as compiling a large one.
                self.patterns_bytes += bytes;
                let message = pattern_hint(pattern, self.profile.schema.max_pattern_bytes);
                self.refuse(here, keyword, message);
            }
        }
    }

    fn format(&mut self, here: &str, format: &str) {
        let decides = self.profile.formats == crate::profile::FormatMode::Assert;
        if !self.leaves.add_format(format, self.dialect, self.profile) && decides {
            let known = self.profile.national.formats().iter().map(|format| format.name.as_str());
            let message = match closest(format, known) {
                Some(name) => format!("unknown format; did you mean {name}?"),
                None => "unknown format".to_owned(),
            };
            self.refuse(here, "format", message);
        }
        let national = self.profile.national_format(format);
        if decides && national.is_some_and(|national| national.codes.is_some()) {
            self.asked.formats.insert(format.to_owned());
        }
    }

    fn code_list(&mut self, here: &str, value: &Value) {
        let read = value.as_str().and_then(|text| Some((text, CodeListRef::read(text)?)));
        match read {
            Some((text, asked)) if self.profile.formats == crate::profile::FormatMode::Assert => {
                self.asked.keywords.insert(text.to_owned(), asked);
            }
            Some(_) => {}
            None => {
                let message =
                    "names a list as AGENCY/DATASET, or one state of it with @sha256:<hex> behind";
                self.refuse(here, KEYWORD, message.to_owned());
            }
        }
    }

    fn members(&mut self, here: &str, count: usize) {
        let max = self.profile.schema.max_enum;
        if count > max {
            let message = format!("{count} members, at most {max}: use a code list");
            self.refuse(here, "limit", message);
        }
    }

    fn reference(&mut self, here: &str, target: &str, places: &Places<'_>, anchors: &Anchors) {
        let elsewhere = places::standard_metaschema(target).is_some()
            || !target.starts_with('#') && self.documents.contains(target);
        if !self.same_document() || elsewhere {
            return;
        }
        let message = match places::resolve(self.root, anchors, target) {
            Some(found) if places.contains_key(&found.pointer) => return,
            Some(_) => "the reference leads to a place that holds no schema",
            None if target.starts_with('#') => "the reference leads nowhere",
            None => "a reference stays in the document: nothing is fetched",
        };
        self.refuse(here, "$ref", message.to_owned());
    }

    fn inner_id(&mut self, here: &str, id: &str) {
        if self.dialect != Dialect::Draft7 || !id.starts_with('#') {
            let message =
                "only the document itself has an $id: name the place with $anchor, or use $defs";
            self.refuse(here, "$id", message.to_owned());
        }
    }

    fn annotation(&mut self, here: &str, name: &str) {
        if !ANNOTATIONS.contains(&name) {
            let message = match closest(name, ANNOTATIONS.iter().copied()) {
                Some(known) => format!("unknown annotation; did you mean {known}?"),
                None => "unknown annotation".to_owned(),
            };
            self.refuse(here, name, message);
        }
    }
}

fn pattern_hint(pattern: &str, max_bytes: usize) -> String {
    let look_around = ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|start| pattern.contains(start));
    let bytes = pattern.as_bytes();
    let back_reference = bytes.windows(2).any(|pair| matches!(pair, [b'\\', b'1'..=b'9']));
    if look_around {
        "look-around is not linear: say the alternatives, or split the rule over allOf and not"
            .to_owned()
    } else if back_reference {
        "back-references are not linear: name the alternatives instead".to_owned()
    } else {
        format!(
            "not a regular expression of the linear engine, or larger than {max_bytes} bytes compiled"
        )
    }
}

/// Returns the name nearest to `name`, at most three edits away.
pub(crate) fn closest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = known.map(|candidate| (distance(name, candidate), candidate)).min()?;
    (near.0 <= 3 && near.0 < near.1.chars().count()).then_some(near.1)
}

/// Levenshtein's distance; texts over 64 characters are far from everything, so that the work is bounded.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(65).collect();
    if b.len() > 64 || a.len() > 256 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (pair, right) in row.windows(2).zip(&b) {
            let [diagonal, above] = pair else { continue };
            let before = next.last().copied().unwrap_or(i);
            next.push((above + 1).min(before + 1).min(diagonal + usize::from(left != *right)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}
