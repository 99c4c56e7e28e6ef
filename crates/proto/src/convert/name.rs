//! Resource names.

use ndxp_model::{
    AgencyId, AgreementId, AgreementRef, DatasetName, RequestId, SchemaVersion, SubscriptionName,
};

use super::problems::{parse, required};
use crate::error::Refusal;

/// Reads `agencies/{agency}`.
///
/// # Errors
/// `INVALID_FIELD` at `path`, as for every function of this module.
pub fn agency_name(name: &str, path: &str) -> Result<AgencyId, Refusal> {
    let [agency] = captures(name, "agencies/{agency}", path)?;
    parse(agency, path)
}

/// Reads `agencies/{agency}/datasets/{dataset}`.
///
/// # Errors
/// `INVALID_FIELD` at `path`.
pub fn dataset_name(name: &str, path: &str) -> Result<DatasetName, Refusal> {
    let [agency, dataset] = captures(name, "agencies/{agency}/datasets/{dataset}", path)?;
    Ok(DatasetName::new(parse(agency, path)?, parse(dataset, path)?))
}

/// Reads `agencies/{agency}/subscriptions/{subscription}`.
///
/// # Errors
/// `INVALID_FIELD` at `path`.
pub fn subscription_name(name: &str, path: &str) -> Result<SubscriptionName, Refusal> {
    let [agency, subscription] =
        captures(name, "agencies/{agency}/subscriptions/{subscription}", path)?;
    Ok(SubscriptionName::new(parse(agency, path)?, parse(subscription, path)?))
}

/// Reads `agencies/{agency}/datasets/{dataset}/schemas/{version}`.
///
/// # Errors
/// `INVALID_FIELD` at `path`.
pub fn schema_name(name: &str, path: &str) -> Result<(DatasetName, SchemaVersion), Refusal> {
    let [agency, dataset, version] =
        captures(name, "agencies/{agency}/datasets/{dataset}/schemas/{version}", path)?;
    let dataset = DatasetName::new(parse(agency, path)?, parse(dataset, path)?);
    Ok((dataset, SchemaVersion(number(version, path)?)))
}

/// Reads `agreements/{id}`.
///
/// # Errors
/// `INVALID_FIELD` at `path`.
pub fn agreement_name(name: &str, path: &str) -> Result<AgreementId, Refusal> {
    let [id] = captures(name, "agreements/{id}", path)?;
    parse(id, path)
}

/// Reads `agreements/{id}@{revision}`.
///
/// # Errors
/// `INVALID_FIELD` at `path`.
pub fn revision_name(name: &str, path: &str) -> Result<AgreementRef, Refusal> {
    const PATTERN: &str = "agreements/{id}@{revision}";
    let [last] =
        captures(name, "agreements/{id}", path).map_err(|_| unlike(name, PATTERN, path))?;
    let (id, revision) = last.split_once('@').ok_or_else(|| unlike(name, PATTERN, path))?;
    Ok(AgreementRef { id: parse(id, path)?, revision: number(revision, path)? })
}

/// Reads the id of a change, a UUID in field `request_id`.
///
/// # Errors
/// `INVALID_FIELD` at `request_id`.
pub fn request_id(text: &str) -> Result<RequestId, Refusal> {
    if text.is_empty() {
        return Err(required("request_id"));
    }
    text.parse().map_err(|_| {
        let example = "must be a UUID such as 0190a5c2-7d1e-7b3a-9f00-2a6f3d5c8e41";
        Refusal::field("request_id", example)
    })
}

/// Writes `agencies/{agency}`.
#[must_use]
pub fn agency_resource(id: &AgencyId) -> String {
    format!("agencies/{id}")
}

/// Writes `agreements/{id}`.
#[must_use]
pub fn agreement_resource(id: &AgreementId) -> String {
    format!("agreements/{id}")
}

/// Writes `agreements/{id}@{revision}`.
#[must_use]
pub fn revision_resource(revision: &AgreementRef) -> String {
    format!("agreements/{revision}")
}

/// Writes `agencies/{agency}/datasets/{dataset}/schemas/{version}`.
#[must_use]
pub fn schema_resource(dataset: &DatasetName, version: SchemaVersion) -> String {
    format!("{}/schemas/{version}", dataset.resource())
}

/// Returns what stands in a name at the places that the pattern has in braces.
fn captures<'a, const N: usize>(
    name: &'a str,
    pattern: &str,
    path: &str,
) -> Result<[&'a str; N], Refusal> {
    let (found, wanted) = (name.split('/'), pattern.split('/'));
    if found.clone().count() != wanted.clone().count() {
        return Err(unlike(name, pattern, path));
    }
    let mut captured = Vec::with_capacity(N);
    for (part, token) in found.zip(wanted) {
        if token.starts_with('{') {
            captured.push(part);
        } else if part != token {
            return Err(unlike(name, pattern, path));
        }
    }
    captured.try_into().map_err(|_| unlike(name, pattern, path))
}

fn unlike(name: &str, pattern: &str, path: &str) -> Refusal {
    if name.is_empty() {
        required(path)
    } else {
        Refusal::field(path, format!("must be {pattern}"))
    }
}

/// Reads a number that counts from 1. One number has one text, so `+1` and `01` are refused.
fn number(text: &str, path: &str) -> Result<u32, Refusal> {
    let canonical = text.starts_with(|first: char| matches!(first, '1'..='9'));
    let wrong = || Refusal::field(path, "must end in a number from 1 on, without leading zeros");
    if canonical { text.parse().map_err(|_| wrong()) } else { Err(wrong()) }
}
