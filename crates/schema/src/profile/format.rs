//! A format of a national profile.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checksum::Checksum;

/// The compiled size of one format's pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// A format of a national profile: a name, the whole text's pattern, and what to tell people.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NationalFormat {
    /// The name in `format`, for example `vn-cccd`.
    pub name: String,
    /// A regular expression of the linear engine; it has to match the whole text.
    pub pattern: String,
    /// The longest text in characters; absent: no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<usize>,
    /// What a pattern cannot check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Checksum>,
    /// The code list that the text has to be in, where the list is at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<CodesOf>,
    /// A text of this format, nobody's.
    pub example: String,
    /// What is expected, for example `12 digits`.
    pub hint: String,
    /// What else helps who got it wrong, for example the name of a similar format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip)]
    regex: Option<Regex>,
}

/// Some rows of a code list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodesOf {
    /// The list's dataset, for example `home-affairs/administrative-units`.
    pub dataset: String,
    /// Members that a row must have with these values; empty: every row counts.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, Value>,
}

impl NationalFormat {
    /// Tells whether `text` has the form. Code lists are not asked: membership depends on the time of the event.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let short = self
            .max_chars
            .is_none_or(|max| text.len() <= max.saturating_mul(4) && text.chars().count() <= max);
        short
            && self.regex.as_ref().is_some_and(|regex| regex.is_match(text))
            && self.check.is_none_or(|check| check.passes(text))
    }

    /// Compiles the pattern, and checks that name and example are what they should be.
    pub(super) fn prepare(&mut self) -> Result<(), String> {
        let name_is_good = self.name.starts_with(|c: char| c.is_ascii_lowercase())
            && self.name.len() <= 63
            && self.name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !name_is_good {
            return Err("a name has lower-case letters, digits and hyphens, 63 at most".to_owned());
        }
        // Alone first: `a)|(b` would close the group that anchors it.
        for text in [self.pattern.clone(), format!("^(?:{})$", self.pattern)] {
            let built = RegexBuilder::new(&text).size_limit(MAX_PATTERN_BYTES).build();
            self.regex = Some(built.map_err(|error| format!("the pattern is refused: {error}"))?);
        }
        if self.matches(&self.example) {
            return Ok(());
        }
        Err("its own example has not this format".to_owned())
    }
}
