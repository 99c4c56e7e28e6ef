//! `datasets.toml`: datasets, their fields, and how a synthetic value is made.

use ndxp_model::{Category, Classification, DatasetName, Pointer, Title};
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Datasets {
    pub(crate) dataset: Vec<DatasetEntry>,
}

/// A dataset with its fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatasetEntry {
    pub(crate) name: DatasetName,
    pub(crate) title: Title,
    pub(crate) about: String,
    pub(crate) category: Category,
    pub(crate) classification: Classification,
    pub(crate) key: Vec<Pointer>,
    #[serde(default)]
    pub(crate) filterable: Vec<Pointer>,
    #[serde(default)]
    pub(crate) subject: Vec<Pointer>,
    #[serde(default = "one")]
    pub(crate) partitions: u32,
    pub(crate) legal_basis: String,
    /// `permanent`, or an ISO 8601 duration.
    pub(crate) retention: String,
    /// How many synthetic records are made; absent: none, the file holds facts or there is none.
    pub(crate) records: Option<u32>,
    /// How many records in a row are about one thing, such as the steps of one file.
    #[serde(default = "one")]
    pub(crate) group: u32,
    pub(crate) fields: Vec<FieldEntry>,
}

fn one() -> u32 {
    1
}

/// A field; `vi` and `en` explain it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldEntry {
    pub(crate) name: String,
    pub(crate) is: Shape,
    pub(crate) vi: String,
    pub(crate) en: String,
    #[serde(default)]
    pub(crate) presence: Presence,
    /// The dataset's classification unless given.
    pub(crate) class: Option<Classification>,
    pub(crate) personal: Option<Personal>,
    pub(crate) sample: Option<Sample>,
    /// In samples: absent unless the named sibling, written before, has this text.
    pub(crate) only_if: Option<(String, String)>,
}

/// What values a field takes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shape {
    /// Free text of at most so many characters.
    Text(u32),
    /// A text that matches the pattern.
    Code(String),
    /// One of these texts.
    OneOf(Vec<String>),
    /// From the first to the second number, both included.
    Integer([i64; 2]),
    /// As `Integer`, with fractions.
    Number([i64; 2]),
    Flag,
    Date,
    DateTime,
    /// Twelve digits.
    CitizenId,
    /// Ten digits, or ten and three.
    TaxCode,
    /// Two digits of the list of administrative units.
    Province,
    /// Five digits of the list of administrative units.
    Commune,
    Object(Vec<FieldEntry>),
    /// A list of objects.
    List(Vec<FieldEntry>),
}

/// Whether a record may lack the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Presence {
    #[default]
    Required,
    Optional,
    /// Required, but null is a value.
    Nullable,
}

/// How much a field says about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Personal {
    Basic,
    Sensitive,
}

/// How a synthetic value is made, where the shape alone does not say.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sample {
    /// Text with `{n}`, the record's number, and `{g}`, its group's, padded to `{n6}` digits.
    Template(String),
    /// The values of `OneOf` in turn within a group.
    Cycle,
    /// The number of the record within its group, from 1.
    Step,
    /// The sex that belongs to the record's citizen.
    Sex,
    /// The date of birth that belongs to the record's citizen.
    BirthDate,
    /// The person or enterprise of the group so many numbers further.
    Other(u32),
    /// The id of a province's agency.
    ProvinceAgency,
    /// A date from the first to the last year.
    Years([i64; 2]),
    /// A number within a narrower range than the schema's.
    Range([i64; 2]),
    /// So many per cent of an integer field before this one, rounded down.
    Percent { of: String, rate: i64 },
    /// The sum of integer fields before this one.
    Sum(Vec<String>),
}

/// A field without fields of its own, with its place in a record.
#[derive(Debug, Clone)]
pub(crate) struct Leaf<'a> {
    /// Elements of lists are `*`.
    pub(crate) path: String,
    pub(crate) field: &'a FieldEntry,
    /// Whether every record has it and it is not null.
    pub(crate) always: bool,
}

impl DatasetEntry {
    /// Returns the leaves in the order of the fields.
    pub(crate) fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut leaves = Vec::new();
        collect(&self.fields, "", true, &mut leaves);
        leaves
    }

    /// Returns the leaf at a place.
    pub(crate) fn leaf(&self, path: &Pointer) -> Option<Leaf<'_>> {
        self.leaves().into_iter().find(|leaf| leaf.path == path.as_str())
    }
}

fn collect<'a>(fields: &'a [FieldEntry], above: &str, sure: bool, leaves: &mut Vec<Leaf<'a>>) {
    for field in fields {
        let path = format!("{above}/{}", field.name);
        let always = sure && field.presence == Presence::Required;
        match &field.is {
            Shape::Object(inner) => collect(inner, &path, always, leaves),
            Shape::List(inner) => collect(inner, &format!("{path}/*"), false, leaves),
            Shape::Text(_)
            | Shape::Code(_)
            | Shape::OneOf(_)
            | Shape::Integer(_)
            | Shape::Number(_)
            | Shape::Flag
            | Shape::Date
            | Shape::DateTime
            | Shape::CitizenId
            | Shape::TaxCode
            | Shape::Province
            | Shape::Commune => leaves.push(Leaf { path, field, always }),
        }
    }
}

impl Shape {
    /// Says whether values are texts, so that a row filter can name the field.
    pub(crate) fn is_text(&self) -> bool {
        match self {
            Self::Text(_)
            | Self::Code(_)
            | Self::OneOf(_)
            | Self::Date
            | Self::DateTime
            | Self::CitizenId
            | Self::TaxCode
            | Self::Province
            | Self::Commune => true,
            Self::Integer(_) | Self::Number(_) | Self::Flag | Self::Object(_) | Self::List(_) => {
                false
            }
        }
    }
}
