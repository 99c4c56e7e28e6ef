//! A national profile: data that a country brings as a TOML file.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::{
    format::NationalFormat,
    names::{self, NameHint, PersonalData},
    sha256,
};
use crate::Dialect;

/// The largest file of a profile, in bytes.
const MAX_BYTES: usize = 256 << 10;
/// The formats of a profile; each schema's compilation registers them all.
const MAX_FORMATS: usize = 500;

/// The profile of Viet Nam, from the file in the crate.
static VN: LazyLock<Arc<National>> = LazyLock::new(|| {
    let parsed = National::parse(include_bytes!("../../profiles/vn.toml"));
    // A test parses the file; without it schemas that name a national format are refused, and none is let through.
    Arc::new(parsed.unwrap_or_else(|_| National::seal(File::default(), "")))
});

/// What a country brings: formats, the code lists they use, names of personal data, labels.
#[derive(Debug, Clone)]
pub struct National {
    file: File,
    source: String,
    json: Value,
    sha256: String,
}

/// Equal where the data is: two profiles of one hash give the same verdicts.
impl PartialEq for National {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Eq for National {}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    /// How far clocks are ahead of UTC: days of code lists begin then. Absent: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    utc_offset: Option<String>,
    #[serde(default)]
    formats: Vec<NationalFormat>,
    #[serde(default)]
    code_lists: Vec<CodeListUse>,
    #[serde(default)]
    personal_names: Vec<NameHint>,
    #[serde(default)]
    classifications: BTreeMap<Label, Words>,
}

/// A code list that the profile uses, and the members of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeListUse {
    /// The dataset, for example `home-affairs/administrative-units`.
    pub dataset: String,
    /// The member that holds the code.
    pub code: String,
    /// The member with the first day on which a row holds; a row without it always held.
    pub valid_from: String,
    /// The member with the first day on which a row holds no more; a row without it still holds.
    pub valid_to: String,
}

impl CodeListUse {
    /// Returns the usual members, for a list that the profile does not name.
    #[must_use]
    pub fn usual(dataset: &str) -> Self {
        let [code, valid_from, valid_to] = ["code", "valid_from", "valid_to"].map(str::to_owned);
        Self { dataset: dataset.to_owned(), code, valid_from, valid_to }
    }
}

/// A value of `x-ndxp-classification`, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// Anybody may know.
    Public,
    /// Public bodies may know.
    Internal,
    /// Only those who need to may know.
    Confidential,
    /// Only named systems may know.
    Secret,
}

impl Label {
    /// Reads a value of the annotation.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        [Self::Public, Self::Internal, Self::Confidential, Self::Secret]
            .into_iter()
            .find(|label| label.as_str() == text)
    }

    /// Returns the value of the annotation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Secret => "secret",
        }
    }
}

/// A label in the country's language and in English.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// English.
    pub en: String,
    /// By language code.
    #[serde(flatten)]
    pub others: BTreeMap<String, String>,
}

/// Why a file is no national profile.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NationalError {
    /// The file is too large.
    #[error("larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The bytes are not UTF-8.
    #[error("not valid UTF-8")]
    NotUtf8,
    /// The file is no TOML of this form; the message says the line.
    #[error("{0}")]
    Toml(String),
    /// The profile has no name of lower-case letters, digits and hyphens.
    #[error("name: has lower-case letters, digits and hyphens, 63 at most")]
    Name,
    /// The offset of clocks is no offset.
    #[error("utc_offset: is written as +07:00, at most 18 hours")]
    UtcOffset,
    /// There are too many formats.
    #[error("formats: at most {MAX_FORMATS}")]
    TooMany,
    /// A format is wrong.
    #[error("format {name}: {problem}")]
    Format {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

impl National {
    /// Returns a profile that is built in: today `vn` alone.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Arc<Self>> {
        (name == "vn").then(Self::vn)
    }

    pub(super) fn vn() -> Arc<Self> {
        Arc::clone(&VN)
    }

    /// Reads a profile's file.
    ///
    /// # Errors
    /// [`NationalError`] for the first thing wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, NationalError> {
        if bytes.len() > MAX_BYTES {
            return Err(NationalError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| NationalError::NotUtf8)?;
        let mut file: File =
            toml::from_str(text).map_err(|error| NationalError::Toml(error.to_string()))?;
        let named = |b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=63).contains(&file.name.len()) || !file.name.bytes().all(named) {
            return Err(NationalError::Name);
        }
        if file.utc_offset.as_deref().is_some_and(|text| minutes(text).is_none()) {
            return Err(NationalError::UtcOffset);
        }
        if file.formats.len() > MAX_FORMATS {
            return Err(NationalError::TooMany);
        }
        prepare(&mut file.formats)?;
        Ok(Self::seal(file, text))
    }

    fn seal(file: File, source: &str) -> Self {
        // Texts, numbers and names alone: such a value always has a JSON form.
        let json = serde_json::to_value(&file).unwrap_or_default();
        Self { sha256: sha256(&json), json, source: source.to_owned(), file }
    }

    /// Returns the name, for example `vn`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// Returns how many minutes clocks are ahead of UTC.
    #[must_use]
    pub fn offset_minutes(&self) -> i32 {
        self.file.utc_offset.as_deref().and_then(minutes).unwrap_or_default()
    }

    /// Returns the file's text, for whoever is to read the same.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the formats as the file has them.
    #[must_use]
    pub fn formats(&self) -> &[NationalFormat] {
        &self.file.formats
    }

    /// Returns the code lists that the profile uses.
    #[must_use]
    pub fn code_lists(&self) -> &[CodeListUse] {
        &self.file.code_lists
    }

    /// Says how personal the data behind a property of this name usually is; the higher level where two fit.
    #[must_use]
    pub fn personal_name(&self, property: &str) -> Option<PersonalData> {
        let padded = names::padded(property);
        let hints = self.file.personal_names.iter();
        hints.filter(|hint| hint.fits(&padded)).map(|hint| hint.level).max()
    }

    /// Returns how the country calls a classification.
    #[must_use]
    pub fn label(&self, classification: Label) -> Option<&Words> {
        self.file.classifications.get(&classification)
    }

    /// Returns `sha256:<hex>` of the data's RFC 8785 form: comments and spacing do not count.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    pub(super) fn to_json(&self) -> &Value {
        &self.json
    }
}

/// Reads `+07:00`.
fn minutes(text: &str) -> Option<i32> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let part = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (part(hours)?, part(minutes)?);
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn prepare(formats: &mut [NationalFormat]) -> Result<(), NationalError> {
    let mut seen = BTreeSet::new();
    for format in formats {
        let refused =
            |problem: String| NationalError::Format { name: format.name.clone(), problem };
        if !seen.insert(format.name.clone()) {
            return Err(refused("named twice".to_owned()));
        }
        // A country that redefined `date` would give one schema two meanings.
        if Dialect::knows_format(&format.name) {
            return Err(refused("is a format of JSON Schema".to_owned()));
        }
        let name = format.name.clone();
        format.prepare().map_err(|problem| NationalError::Format { name, problem })?;
    }
    Ok(())
}
