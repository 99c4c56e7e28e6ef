//! Agreements: one file per consumer of an entry.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use ndxp_model::{AgencyId, AgencyKind, FieldGrant, Operation, Pointer, RowFilter, Terms};

use crate::{
    Description, FileTree,
    agencies::{Agencies, AgencyFile},
    description::{AgreementEntry, DatasetEntry, Fields},
    units::Unit,
};

/// Stands for the consumer's code of a province in a row filter.
const OWN_PROVINCE: &str = "@own-province";

/// Adds a file per agreement, numbered in the order of the description.
pub(crate) fn generate(
    description: &Description,
    agencies: &Agencies,
    tree: &mut FileTree,
) -> Result<()> {
    let mut number = 0;
    for entry in &description.agreements.agreement {
        for consumer in consumers(entry, agencies)? {
            number += 1;
            let id = format!("agr-{number:04}");
            let terms = terms(&id, entry, &consumer, description, agencies)
                .with_context(|| format!("{} for {consumer}", entry.dataset))?;
            tree.insert_json(format!("agreements/{id}.json"), &terms)?;
        }
    }
    Ok(())
}

fn consumers(entry: &AgreementEntry, agencies: &Agencies) -> Result<Vec<AgencyId>> {
    let mut found = Vec::new();
    for word in &entry.consumers {
        if let Some(group) = word.strip_prefix('@') {
            let belongs = group_test(group)?;
            found.extend(agencies.iter().filter(|(_, a)| belongs(a)).map(|(id, _)| id.clone()));
        } else {
            found.push(word.parse().with_context(|| word.clone())?);
        }
    }
    Ok(found)
}

fn group_test(group: &str) -> Result<fn(&AgencyFile) -> bool> {
    Ok(match group {
        "provinces" => |agency| agency.unit.is_some(),
        "municipalities" => |agency| agency.unit.as_ref().is_some_and(Unit::is_municipality),
        "ministries" => |agency| agency.kind == AgencyKind::Ministry,
        _ => bail!("no group @{group}"),
    })
}

fn terms(
    id: &str,
    entry: &AgreementEntry,
    consumer: &AgencyId,
    description: &Description,
    agencies: &Agencies,
) -> Result<Terms> {
    let dataset = description.datasets.iter().find(|dataset| dataset.name == entry.dataset);
    let dataset = dataset.context("no such dataset")?;
    let agency = agencies.get(consumer).context("no such agency")?;
    let terms = Terms {
        id: id.parse()?,
        provider: entry.dataset.agency.clone(),
        consumer: consumer.clone(),
        dataset: entry.dataset.clone(),
        operations: entry.operations.clone(),
        purposes: entry.purposes.clone(),
        fields: fields(entry, dataset)?,
        rows: entry.rows.as_ref().map(|rows| row_filter(rows, dataset, agency)).transpose()?,
        valid: description.agreements.valid,
    };
    if let Some(problem) = terms.problems().first() {
        bail!("{problem}");
    }
    Ok(terms)
}

fn fields(entry: &AgreementEntry, dataset: &DatasetEntry) -> Result<BTreeSet<FieldGrant>> {
    let paths: Vec<Pointer> = match &entry.fields {
        Fields::Listed(paths) => paths.clone(),
        Fields::Word(word) => {
            ensure!(word == "all", "fields is a list or \"all\"");
            dataset.leaves().iter().map(|leaf| leaf.path.parse()).collect::<Result<_, _>>()?
        }
    };
    let needed = entry.operations.contains(&Operation::Subscribe);
    ensure!(needed || paths.is_empty(), "PUBLISH alone releases nothing: fields must be empty");
    for path in &paths {
        ensure!(dataset.leaf(path).is_some(), "{path} is no field of {}", dataset.name);
    }
    Ok(paths.into_iter().map(|path| FieldGrant { path }).collect())
}

fn row_filter(
    rows: &RowFilter,
    dataset: &DatasetEntry,
    consumer: &AgencyFile,
) -> Result<RowFilter> {
    let field = &rows.field;
    ensure!(dataset.filterable.contains(field), "{field} is not filterable");
    let text = dataset.leaf(field).is_some_and(|leaf| leaf.field.is.is_text());
    ensure!(text, "{field} is no text");
    let mut filter = rows.clone();
    if filter.equals == OWN_PROVINCE {
        let unit = consumer.unit.as_ref().context("the consumer is no province")?;
        filter.equals.clone_from(&unit.code);
    }
    Ok(filter)
}
