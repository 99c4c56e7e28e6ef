//! Which formats all texts of a place have, and which of them is meant.

use serde_json::{Value, json};

use crate::{
    Schema, Validator,
    lint::nation,
    profile::{NationalFormat, Profile},
};

/// Formats of JSON Schema that a text hardly has by chance, the narrower first.
const STANDARD: [&str; 7] = ["date-time", "date", "uuid", "email", "ipv4", "ipv6", "uri"];

/// The formats that texts may have, by number.
#[derive(Debug)]
pub(super) struct Candidates {
    standard: Vec<(&'static str, Validator)>,
    national: Vec<NationalFormat>,
}

impl Candidates {
    pub(super) fn new(profile: &Profile) -> Self {
        let compiled = |name: &'static str| {
            let schema = json!({ "format": name }).to_string();
            let schema = Schema::parse(schema.as_bytes(), profile).ok()?;
            Some((name, schema.compile().ok()?))
        };
        Self {
            standard: STANDARD.into_iter().filter_map(compiled).collect(),
            national: profile.national.formats().to_vec(),
        }
    }

    /// Returns the numbers of all formats.
    pub(super) fn all(&self) -> Vec<usize> {
        (0..self.standard.len() + self.national.len()).collect()
    }

    /// Tells whether a text has the format of that number.
    pub(super) fn has(&self, number: usize, text: &str) -> bool {
        match (self.standard.get(number), self.nationals(number)) {
            (Some((_, validator)), _) => validator.decide(&Value::from(text)),
            (None, Some(format)) => format.matches(text),
            (None, None) => false,
        }
    }

    fn nationals(&self, number: usize) -> Option<&NationalFormat> {
        self.national.get(number.checked_sub(self.standard.len())?)
    }

    /// Returns the format meant by texts under `name` that all have the formats of these numbers.
    pub(super) fn meant(
        &self,
        numbers: &[usize],
        name: &str,
        profile: &Profile,
    ) -> Option<Meant<'_>> {
        let standard = numbers.iter().find_map(|number| self.standard.get(*number));
        if let Some((name, _)) = standard {
            return Some(Meant { name, codes: None });
        }
        let left: Vec<&NationalFormat> =
            numbers.iter().filter_map(|number| self.nationals(*number)).collect();
        let named = left.iter().find(|format| is_named(format, name, profile));
        // Digits alone say little: without the name's words the form has to be long, and no other may fit.
        let telling: Vec<_> = left.iter().filter(|format| nation::is_telling(format)).collect();
        let alone = match telling.as_slice() {
            [one] if !nation::is_short(one) => Some(*one),
            _ => None,
        };
        let format = named.or(alone)?;
        let codes = format.codes.as_ref().map(|codes| codes.dataset.as_str());
        Some(Meant { name: &format.name, codes })
    }
}

/// A format, and the code list that its texts come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meant<'c> {
    pub(super) name: &'c str,
    pub(super) codes: Option<&'c str>,
}

fn is_named(format: &NationalFormat, name: &str, profile: &Profile) -> bool {
    nation::is_meant_by(format, name)
        || nation::is_personal_format(profile, &format.name)
            && nation::personal_name(profile, name).is_some()
            && nation::is_telling(format)
            && !nation::is_short(format)
}
