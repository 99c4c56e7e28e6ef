//! Patterns and formats, compiled once by the same engine that decides, for the walk that explains.

use std::{collections::HashMap, fmt};

use jsonschema::{Draft, PatternOptions, ValidationError, ValidationOptions, Validator};
use serde_json::{Value, json};

use super::Dialect;
use crate::{
    codes::CodesAt,
    documents::Documents,
    profile::{FormatMode, Profile},
};

/// Single-keyword validators by the keyword's value, and the options that every validator is built with.
pub(crate) struct Leaves {
    options: ValidationOptions<'static>,
    patterns: HashMap<String, Validator>,
    formats: HashMap<String, Validator>,
}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaves").finish_non_exhaustive()
    }
}

impl Leaves {
    /// Starts without patterns and formats. Costly: it compiles the profile's formats.
    pub(super) fn new(
        root: &Value,
        dialect: Dialect,
        profile: &Profile,
        documents: &Documents,
    ) -> Self {
        let declared = root.get("$schema").and_then(Value::as_str);
        let options = options(profile).with_retriever(documents.clone());
        let options = match declared {
            // A metaschema of its own, with vocabularies of its own, which a named draft would cover up.
            Some(uri) if Dialect::of_uri(uri).is_none() => options,
            _ => options.with_draft(dialect.draft()),
        };
        Self { options, patterns: HashMap::new(), formats: HashMap::new() }
    }

    /// Compiles a schema: offline, with linear patterns of bounded size and the profile's formats.
    pub(crate) fn build(&self, schema: &Value) -> Result<Validator, ValidationError<'static>> {
        self.options.build(schema)
    }

    /// The same with code lists that decide.
    pub(crate) fn build_with(
        &self,
        schema: &Value,
        codes: Option<&CodesAt>,
        profile: &Profile,
    ) -> Result<Validator, ValidationError<'static>> {
        match codes {
            None => self.build(schema),
            Some(codes) => codes.decide_in(self.options.clone(), &profile.national).build(schema),
        }
    }

    /// Tells whether `text` matches. `None`: the pattern is not in the schema.
    pub(crate) fn pattern(&self, pattern: &str, text: &Value) -> Option<bool> {
        self.patterns.get(pattern).map(|validator| validator.is_valid(text))
    }

    /// Tells whether `text` has the format. `None`: the format does not decide.
    pub(crate) fn format(&self, format: &str, text: &Value) -> Option<bool> {
        self.formats.get(format).map(|validator| validator.is_valid(text))
    }

    /// Compiles a pattern and returns the size that it counts for: the first step of a ladder that it fits in.
    ///
    /// # Errors
    /// The largest size, when the pattern is larger or no pattern of the linear engine.
    pub(super) fn add_pattern(&mut self, pattern: &str, profile: &Profile) -> Result<usize, usize> {
        if self.patterns.contains_key(pattern) {
            return Ok(0);
        }
        let largest = profile.schema.max_pattern_bytes;
        let mut size = 1 << 12;
        loop {
            let limit = size.min(largest);
            let built = jsonschema::options()
                .offline()
                .with_pattern_options(PatternOptions::regex().size_limit(limit))
                .build(&json!({ "pattern": pattern }));
            match built {
                Ok(validator) => {
                    self.patterns.insert(pattern.to_owned(), validator);
                    return Ok(limit);
                }
                Err(_) if limit == largest => return Err(largest),
                Err(_) => size *= 4,
            }
        }
    }

    /// Compiles a format; `false` if the name is unknown.
    pub(super) fn add_format(&mut self, format: &str, dialect: Dialect, profile: &Profile) -> bool {
        if !self.options.is_known_format(dialect.draft(), format) {
            return false;
        }
        if profile.formats == FormatMode::Assert
            && !self.formats.contains_key(format)
            && let Ok(validator) = self.options.build(&json!({ "format": format }))
        {
            self.formats.insert(format.to_owned(), validator);
        }
        true
    }
}

impl Dialect {
    /// Tells whether JSON Schema itself has a format of this name.
    pub(crate) fn knows_format(name: &str) -> bool {
        jsonschema::options().is_known_format(Draft::Draft202012, name)
    }

    /// Returns the dialect of a standard `$schema`.
    pub(crate) fn of_uri(uri: &str) -> Option<Self> {
        match uri.trim_end_matches('#') {
            "http://json-schema.org/draft-07/schema" => Some(Self::Draft7),
            "https://json-schema.org/draft/2020-12/schema" => Some(Self::Draft202012),
            _ => None,
        }
    }

    pub(crate) const fn draft(self) -> Draft {
        match self {
            Self::Draft7 => Draft::Draft7,
            Self::Draft202012 => Draft::Draft202012,
        }
    }
}

fn options(profile: &Profile) -> ValidationOptions<'static> {
    let mut options = jsonschema::options()
        .with_pattern_options(PatternOptions::regex().size_limit(profile.schema.max_pattern_bytes))
        .should_validate_formats(profile.formats == FormatMode::Assert);
    if profile.formats == FormatMode::Assert {
        for format in profile.national.formats() {
            let format = format.clone();
            options =
                options.with_format(format.name.clone(), move |text: &str| format.matches(text));
        }
    }
    options
}
