//! Schemas with records: those of the demonstration nation.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow};
use ndxp_schema::{Bare, Profile, Schema, Validator, json};
use serde_json::Value;

/// Records measured with at least; fewer are repeated.
const RECORDS: usize = 500;

pub(super) struct Corpus {
    pub(super) name: String,
    pub(super) validator: Validator,
    pub(super) bare: Bare,
    pub(super) schema: Schema,
    /// As in the file, one after the other, without ends of lines.
    pub(super) lines: Vec<Vec<u8>>,
    pub(super) values: Vec<Value>,
}

impl Corpus {
    pub(super) fn mean_bytes(&self) -> usize {
        self.lines.iter().map(Vec::len).sum::<usize>() / self.lines.len().max(1)
    }
}

/// Reads each `datasets/AGENCY/NAME/schema.json` that has `records/NAME.ndjson`.
pub(super) fn read(nation: &Path) -> Result<Vec<Corpus>> {
    let mut found = Vec::new();
    for agency in folders(&nation.join("datasets"))? {
        for dataset in folders(&agency)? {
            let name = dataset.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let records = nation.join("records").join(format!("{name}.ndjson"));
            if records.is_file() {
                let context = || name.clone();
                found.push(
                    corpus(&name, &dataset.join("schema.json"), &records).with_context(context)?,
                );
            }
        }
    }
    Ok(found)
}

fn folders(path: &Path) -> Result<Vec<std::path::PathBuf>> {
    let context = || format!("cannot read {}", path.display());
    let entries: Vec<_> = fs::read_dir(path).with_context(context)?.collect::<Result<_, _>>()?;
    let mut folders: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    Ok(folders)
}

fn corpus(name: &str, schema: &Path, records: &Path) -> Result<Corpus> {
    let profile = Profile::default();
    let schema = Schema::parse(&fs::read(schema)?, &profile)?;
    let (validator, bare) = (schema.compile()?, Bare::of(&schema)?);
    let file = fs::read(records)?;
    let lines: Vec<&[u8]> = file.split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect();
    let count = RECORDS.max(lines.len());
    let lines: Vec<Vec<u8>> = lines.into_iter().map(<[u8]>::to_vec).cycle().take(count).collect();
    let values = lines.iter().map(|line| json::read(line, &profile.record));
    let values: Vec<Value> = values.collect::<Result<_, _>>()?;
    match values.iter().find(|value| !validator.decide(value) || !bare.is_valid(value)) {
        Some(_) => Err(anyhow!("a record is invalid, or the two verdicts differ")),
        None => Ok(Corpus { name: name.to_owned(), validator, bare, schema, lines, values }),
    }
}
