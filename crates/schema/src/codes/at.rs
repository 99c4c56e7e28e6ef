//! The lists that one schema asks, on one day: what its validator looks codes up in.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::Value;

use super::{CodeListRef, CodeLists, Day, KEYWORD, Span, Standing, rows::Codes};
use crate::profile::National;

/// The codes behind a format or an `x-ndxp-codelist`, and the day on which they are asked.
#[derive(Debug, Clone)]
pub(crate) struct CodesAt {
    pub(crate) day: Day,
    pub(crate) span: Span,
    /// The dataset and the rows that each format means.
    formats: BTreeMap<String, (String, Arc<Codes>)>,
    /// The dataset and the rows by the keyword's value.
    keywords: BTreeMap<String, (String, Arc<Codes>)>,
    /// The hash of every list in force, for the identity of the verdicts.
    pub(crate) sha256s: BTreeMap<String, String>,
}

impl CodesAt {
    /// Takes of the lists what a schema asks.
    pub(crate) fn new(asked: &Asked, lists: &CodeLists, national: &National, day: Day) -> Self {
        let mut formats = BTreeMap::new();
        for format in national.formats().iter().filter(|one| asked.formats.contains(&one.name)) {
            let Some(of) = &format.codes else { continue };
            if let Some(codes) = lists.of_format(&of.dataset, &format.name) {
                formats.insert(format.name.clone(), (of.dataset.clone(), codes));
            }
        }
        let mut keywords = BTreeMap::new();
        for (value, asked) in &asked.keywords {
            if let Some(codes) = lists.of_keyword(asked) {
                keywords.insert(value.clone(), (asked.dataset.clone(), codes));
            }
        }
        let all = formats.values().chain(keywords.values());
        let span = all.fold(Span::default(), |span, (_, codes)| span.and(codes.span(day)));
        Self { day, span, formats, keywords, sha256s: lists.sha256s() }
    }

    /// Tells whether no list decides anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.formats.is_empty() && self.keywords.is_empty()
    }

    /// Returns the dataset that a rule asks, and how the code stands in it. `None`: the rule asks none.
    pub(crate) fn standing(
        &self,
        keyword: &str,
        rule: &str,
        code: &str,
    ) -> Option<(&str, Standing)> {
        let asked = match keyword {
            "format" => self.formats.get(rule),
            KEYWORD => self.keywords.get(rule),
            _ => None,
        };
        asked.map(|(dataset, codes)| (dataset.as_str(), codes.standing(code, self.day)))
    }

    /// Returns some codes in force, by the name of the rule that asks for them.
    pub(crate) fn some(&self, most: usize) -> BTreeMap<String, Vec<String>> {
        let formats = self.formats.iter().map(|(name, (_, codes))| (name.clone(), codes));
        let keywords = self.keywords.iter();
        let keywords = keywords.map(|(value, (_, codes))| (format!("{KEYWORD} {value}"), codes));
        formats.chain(keywords).map(|(name, codes)| (name, codes.some(self.day, most))).collect()
    }

    /// Lets a validator ask the lists, in its own formats and the keyword.
    pub(crate) fn decide_in<'r>(
        &self,
        mut options: ValidationOptions<'r>,
        national: &National,
    ) -> ValidationOptions<'r> {
        let day = self.day;
        for format in national.formats() {
            if let Some((_, codes)) = self.formats.get(&format.name) {
                let (shape, codes) = (format.clone(), Arc::clone(codes));
                let check = move |text: &str| shape.matches(text) && codes.has(text, day);
                options = options.with_format(format.name.clone(), check);
            }
        }
        let keywords = self.keywords.clone();
        options.with_keyword(KEYWORD, move |_, value, _| {
            let asked = value.as_str().and_then(|value| keywords.get(value));
            let codes = asked.map(|(_, codes)| Arc::clone(codes));
            Ok(Box::new(Member { codes, day }))
        })
    }
}

/// What a schema asks of lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Formats, by name.
    pub(crate) formats: BTreeSet<String>,
    /// Values of `x-ndxp-codelist`.
    pub(crate) keywords: BTreeMap<String, CodeListRef>,
}

/// `x-ndxp-codelist` in the engine: texts are members, other kinds of values are not its matter.
struct Member {
    codes: Option<Arc<Codes>>,
    day: Day,
}

impl<'i> Keyword<'i> for Member {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            return Ok(());
        }
        Err(ValidationError::custom("the code list has no such code in force"))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        match (&self.codes, instance) {
            (Some(codes), Value::String(code)) => codes.has(code, self.day),
            _ => true,
        }
    }
}
