//! Synthetic records: made from the record's number, the same in every run.

mod identity;
mod value;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use crate::{Description, agencies::Agencies, description::DatasetEntry, ordered::Ordered};

/// A value of a record; members keep the schema's order.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Datum {
    Leaf(Value),
    Object(Ordered<Datum>),
    List(Vec<Datum>),
}

/// What a value is made from.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    description: &'a Description,
    agencies: &'a Agencies,
    /// Distinguishes the values of one dataset from another's.
    dataset: &'a str,
    /// The record's number, from 1.
    record: u32,
    /// The number of its group, from 1.
    group: u32,
    /// Its number within the group, from 1.
    step: u32,
}

/// Returns `count` records of a dataset as NDJSON.
pub(crate) fn generate(
    dataset: &DatasetEntry,
    count: u32,
    description: &Description,
    agencies: &Agencies,
) -> Result<String> {
    let name = dataset.name.to_string();
    let mut text = String::new();
    for record in 1..=count {
        let group = (record - 1) / dataset.group + 1;
        let step = (record - 1) % dataset.group + 1;
        let place = Place { description, agencies, dataset: &name, record, group, step };
        let members = value::object(&dataset.fields, place)?;
        text.push_str(&serde_json::to_string(&members)?);
        text.push('\n');
    }
    Ok(text)
}
