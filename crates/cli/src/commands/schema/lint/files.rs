//! What lint reads: schemas, the descriptions of datasets beside them, and an agency's rules.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use ndxp_schema::{
    Profile, SchemaLimits, json,
    lint::{AgencyRule, Context},
};
use serde_json::Value;

use crate::input;

/// Reads the rules of a directory: every file whose name ends in `.json`, in the order of the names.
pub(super) fn rules(dir: &Path, profile: &Profile) -> Result<Vec<AgencyRule>> {
    let context = || format!("cannot read {}", dir.display());
    let entries = fs::read_dir(dir).with_context(context)?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()
        .with_context(context)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut rules: Vec<AgencyRule> = Vec::new();
    for file in &files {
        let name = file.display().to_string();
        let rule = AgencyRule::parse(&input::read(file)?, profile).context(name.clone())?;
        if rules.iter().any(|other| other.id() == rule.id()) {
            bail!("{name}: another file has the id {} already", rule.id());
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// Learns what stands beside a schema: a `dataset.json` makes it a published dataset's, and may name key and subject.
pub(super) fn context(schema: &Path, published: bool) -> Result<Context> {
    let beside = schema.with_file_name("dataset.json");
    if !beside.is_file() {
        return Ok(Context { published, ..Context::default() });
    }
    let name = beside.display().to_string();
    let dataset = json::read(&input::read(&beside)?, &SchemaLimits::none().json).context(name)?;
    let names = |member: &str| {
        dataset.get(member).and_then(Value::as_array).is_some_and(|fields| !fields.is_empty())
    };
    Ok(Context {
        published: true,
        key_elsewhere: names("key_fields"),
        subject_elsewhere: names("subject_fields"),
    })
}
