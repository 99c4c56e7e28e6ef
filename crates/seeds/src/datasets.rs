//! Datasets: their descriptions, schemas and synthetic records.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use ndxp_model::{Dataset, MAX_PARTITIONS, Pointer};

use crate::{
    Description, FileTree,
    agencies::Agencies,
    description::{DatasetEntry, Shape},
    latin, records, schema,
};

/// From here on a JSON number may have been rounded on its way, so the hub refuses it.
const EXACT: u64 = 1 << 53;

/// Adds the files of every dataset.
pub(crate) fn generate(
    description: &Description,
    agencies: &Agencies,
    tree: &mut FileTree,
) -> Result<()> {
    let mut ids = BTreeSet::new();
    for entry in &description.datasets {
        let (agency, id) = (&entry.name.agency, &entry.name.dataset);
        check(entry, agencies).with_context(|| entry.name.to_string())?;
        // Records are filed by the dataset's id alone, so it must be unique in the whole nation.
        ensure!(ids.insert(id), "{id}: two datasets have this id");
        let folder = format!("datasets/{agency}/{id}");
        tree.insert_json(format!("{folder}/dataset.json"), &dataset(entry))?;
        tree.insert_json(format!("{folder}/schema.json"), &schema::generate(entry))?;
        if let Some(count) = entry.records {
            let text = records::generate(entry, count, description, agencies)
                .with_context(|| entry.name.to_string())?;
            tree.insert(format!("records/{id}.ndjson"), text);
        }
    }
    Ok(())
}

fn dataset(entry: &DatasetEntry) -> Dataset {
    Dataset {
        name: entry.name.clone(),
        title: entry.title.clone(),
        category: entry.category,
        classification: entry.classification,
        key_fields: entry.key.clone(),
        filterable_fields: entry.filterable.clone(),
        subject_fields: entry.subject.clone(),
        partitions: entry.partitions,
        retention: None,
    }
}

fn check(entry: &DatasetEntry, agencies: &Agencies) -> Result<()> {
    ensure!(agencies.contains_key(&entry.name.agency), "its agency is not described");
    ensure!((1..=MAX_PARTITIONS).contains(&entry.partitions), "1 to {MAX_PARTITIONS} partitions");
    ensure!(entry.group > 0, "group is 0");
    ensure!(!entry.key.is_empty(), "no key");
    ensure!(latin::is_composed(&entry.title.vi), "its title is not in composed Unicode");
    for leaf in entry.leaves() {
        let composed = latin::is_composed(&leaf.field.vi);
        ensure!(composed, "{}: its title is not in composed Unicode", leaf.path);
        if let Shape::Integer(bounds) | Shape::Number(bounds) = &leaf.field.is {
            let exact = bounds.iter().all(|bound| bound.unsigned_abs() < EXACT);
            ensure!(exact, "{}: a bound is 2^53 or more, which JSON may round", leaf.path);
        }
        let class = leaf.field.class.unwrap_or(entry.classification);
        ensure!(
            leaf.field.personal.is_none() || class >= ndxp_model::Classification::Internal,
            "{}: personal data is classified public",
            leaf.path
        );
    }
    for key in &entry.key {
        let always = entry.leaf(key).is_some_and(|leaf| leaf.always);
        ensure!(always, "key {key} is no field that every record has");
    }
    let others: Vec<&Pointer> = entry.filterable.iter().chain(&entry.subject).collect();
    for path in others {
        ensure!(entry.leaf(path).is_some(), "{path} is no field");
    }
    Ok(())
}
