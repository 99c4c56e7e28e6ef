//! The engine alone, to measure what this crate adds to it.

use serde_json::Value;

use crate::{CompileError, profile::FormatMode, schema::Schema};

/// The engine as its own defaults make it, with the profile's formats. It decides nothing in the hub or at the desk.
#[derive(Debug)]
pub struct Bare(jsonschema::Validator);

impl Bare {
    /// Compiles a schema.
    ///
    /// # Errors
    /// [`CompileError`] when the engine refuses it.
    pub fn of(schema: &Schema) -> Result<Self, CompileError> {
        let profile = &schema.inner.profile;
        let mut options = jsonschema::options()
            .with_draft(schema.dialect().draft())
            .offline()
            .should_validate_formats(profile.formats == FormatMode::Assert);
        for format in profile.national.formats() {
            let format = format.clone();
            options =
                options.with_format(format.name.clone(), move |text: &str| format.matches(text));
        }
        let built = options.build(schema.document());
        built.map(Self).map_err(|error| CompileError { message: error.to_string() })
    }

    /// Returns the engine's verdict.
    #[must_use]
    pub fn is_valid(&self, record: &Value) -> bool {
        self.0.is_valid(record)
    }
}
