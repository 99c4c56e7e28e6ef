//! Datasets.

use ndxp_model::{
    Category, Classification, Compatibility, Dataset, DatasetState, MAX_PARTITIONS, Retention,
    SchemaVersion,
};

use super::{
    agency::title,
    name::dataset_name,
    problems::{Problems, each, parse, required},
    time::{duration, millis},
};
use crate::{error::Refusal, registry as pb};

/// Reads a dataset. State and schema version are the hub's to say, so they are not read.
///
/// # Errors
/// `INVALID_FIELD` at `path` or below.
pub fn dataset(message: Option<pb::Dataset>, path: &str) -> Result<Dataset, Refusal> {
    let message = message.ok_or_else(|| required(path))?;
    let mut problems = Problems::default();
    let at = |member: &str| format!("{path}.{member}");
    let pointers = |fields: Vec<String>, member: &str| {
        each(fields, &at(member), |text, path| parse(&text, path))
    };
    if message.key_fields.is_empty() {
        problems.add(at("key_fields"), "at least one field is needed");
    }
    let name = problems.take(dataset_name(&message.name, &at("name")));
    let title = problems.take(title(message.title, &at("title")));
    let category = problems.take(category(message.category, &at("category")));
    let classification =
        problems.take(classification(message.classification, &at("classification")));
    let key_fields = problems.take(pointers(message.key_fields, "key_fields"));
    let filterable_fields = problems.take(pointers(message.filterable_fields, "filterable_fields"));
    let subject_fields = problems.take(pointers(message.subject_fields, "subject_fields"));
    let partitions = problems.take(partitions(message.partitions, &at("partitions")));
    let retention = problems.take(retention(message.retention, &at("retention")));
    let dataset = (|| {
        Some(Dataset {
            name: name?,
            title: title?,
            category: category?,
            classification: classification?,
            key_fields: key_fields?,
            filterable_fields: filterable_fields?,
            subject_fields: subject_fields?,
            partitions: partitions?,
            retention: retention?,
        })
    })();
    problems.finish(dataset)
}

/// Writes a dataset; `newest` is the version of its newest schema.
#[must_use]
pub fn dataset_message(
    dataset: &Dataset,
    state: DatasetState,
    newest: Option<SchemaVersion>,
) -> pb::Dataset {
    let texts = |fields: &[ndxp_model::Pointer]| fields.iter().map(ToString::to_string).collect();
    pb::Dataset {
        name: dataset.name.resource(),
        title: Some((&dataset.title).into()),
        category: pb::DatasetCategory::from(dataset.category).into(),
        classification: pb::Classification::from(dataset.classification).into(),
        key_fields: texts(&dataset.key_fields),
        filterable_fields: texts(&dataset.filterable_fields),
        subject_fields: texts(&dataset.subject_fields),
        partitions: dataset.partitions,
        state: pb::DatasetState::from(state).into(),
        schema_version: newest.map_or(0, |version| version.0),
        retention: dataset.retention.map(|retention| pb::Retention {
            max_age: retention.max_age_s.and_then(|s| duration(s.saturating_mul(1_000))),
            max_bytes: retention.max_bytes.unwrap_or_default(),
        }),
        compatibility: 0,
    }
}

fn retention(message: Option<pb::Retention>, path: &str) -> Result<Option<Retention>, Refusal> {
    let Some(message) = message else { return Ok(None) };
    let path = format!("{path}.max_age");
    let age = millis(message.max_age, &path)?;
    if age.is_some_and(|ms| ms % 1_000 != 0) {
        return Err(Refusal::field(path, "must be whole seconds"));
    }
    let max_bytes = Some(message.max_bytes).filter(|bytes| *bytes > 0);
    Ok(Some(Retention { max_age_s: age.map(|ms| ms / 1_000), max_bytes }))
}

fn partitions(number: u32, path: &str) -> Result<u32, Refusal> {
    match number {
        0 => Ok(1),
        1..=MAX_PARTITIONS => Ok(number),
        _ => Err(Refusal::field(path, format!("must be 1 to {MAX_PARTITIONS}"))),
    }
}

fn category(number: i32, path: &str) -> Result<Category, Refusal> {
    match pb::DatasetCategory::try_from(number).unwrap_or_default() {
        pb::DatasetCategory::Unspecified => Err(required(path)),
        pb::DatasetCategory::Reference => Ok(Category::Reference),
        pb::DatasetCategory::Master => Ok(Category::Master),
        pb::DatasetCategory::Event => Ok(Category::Event),
        pb::DatasetCategory::Case => Ok(Category::Case),
    }
}

fn classification(number: i32, path: &str) -> Result<Classification, Refusal> {
    match pb::Classification::try_from(number).unwrap_or_default() {
        pb::Classification::Unspecified => Err(required(path)),
        pb::Classification::Public => Ok(Classification::Public),
        pb::Classification::Internal => Ok(Classification::Internal),
        pb::Classification::Confidential => Ok(Classification::Confidential),
        pb::Classification::Secret => Ok(Classification::Secret),
    }
}

impl From<Category> for pb::DatasetCategory {
    fn from(category: Category) -> Self {
        match category {
            Category::Reference => Self::Reference,
            Category::Master => Self::Master,
            Category::Event => Self::Event,
            Category::Case => Self::Case,
        }
    }
}

impl From<Classification> for pb::Classification {
    fn from(classification: Classification) -> Self {
        match classification {
            Classification::Public => Self::Public,
            Classification::Internal => Self::Internal,
            Classification::Confidential => Self::Confidential,
            Classification::Secret => Self::Secret,
        }
    }
}

/// Reads a mode of compatibility.
///
/// # Errors
/// A refusal that names `path` if it is absent or unknown.
pub fn compatibility(number: i32, path: &str) -> Result<Compatibility, Refusal> {
    match pb::Compatibility::try_from(number).unwrap_or_default() {
        pb::Compatibility::Unspecified => Err(required(path)),
        pb::Compatibility::Backward => Ok(Compatibility::Backward),
        pb::Compatibility::Forward => Ok(Compatibility::Forward),
        pb::Compatibility::Full => Ok(Compatibility::Full),
    }
}

impl From<Compatibility> for pb::Compatibility {
    fn from(mode: Compatibility) -> Self {
        match mode {
            Compatibility::Backward => Self::Backward,
            Compatibility::Forward => Self::Forward,
            Compatibility::Full => Self::Full,
        }
    }
}

impl From<DatasetState> for pb::DatasetState {
    fn from(state: DatasetState) -> Self {
        match state {
            DatasetState::Draft => Self::Draft,
            DatasetState::Active => Self::Active,
        }
    }
}
