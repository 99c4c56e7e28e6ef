//! Each registry record that took place has one entry, with its hash.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::audit::Leaves;
use crate::{Check, Report, leaf::Leaf, record::Record, store::Log};

/// Every schema's name in a record's headers, `ndxp:tax/income@sha256:…`, and its version.
#[derive(Debug)]
pub(super) struct Schemas(BTreeSet<(String, String)>);

impl Schemas {
    /// Reads the registry's events.
    pub(super) fn registered(log: &Log) -> Self {
        let values = log.registry.records.iter();
        let values = values.filter_map(|record| serde_json::from_slice(&record.value).ok());
        let events = values.filter_map(|value: Value| value.get("events")?.as_array().cloned());
        let schema = |event: Value| {
            let text = |name| event.get(name).and_then(Value::as_str);
            let version = event.get("version")?.as_u64()?.to_string();
            let name = format!("ndxp:{}@{}", text("dataset")?, text("hash")?);
            (text("type")? == "schema-registered").then_some((name, version))
        };
        Self(events.flatten().filter_map(schema).collect())
    }

    pub(super) fn contains(&self, (name, version): (&str, &str)) -> bool {
        self.0.contains(&(name.to_owned(), version.to_owned()))
    }
}

/// Joins registry records and entries.
pub(super) fn join(log: &Log, leaves: &Leaves, report: &mut Report) {
    let mut entries: BTreeMap<u64, Vec<&Leaf>> = BTreeMap::new();
    for leaf in leaves.values().filter(|leaf| leaf.kind() == "registry") {
        entries.entry(leaf.position().unwrap_or_default()).or_default().push(leaf);
    }
    // Positions below have their entry: a later one was written, or a boot said so.
    let boots = leaves.values().filter(|leaf| leaf.kind() == "boot").filter_map(Leaf::position);
    let settled = entries.keys().map(|position| position + 1).chain(boots).max().unwrap_or(0);
    let mut position = 0;
    for record in &log.registry.records {
        let at = log.registry.at(record.offset);
        let Some(command) = command(record) else {
            report.find(Check::Registry, at, "is no registry record".to_owned());
            continue;
        };
        if command.base != position {
            continue;
        }
        let found = entries.remove(&position).unwrap_or_default();
        position += 1;
        match (found.as_slice(), &command.actor) {
            ([], None) => {}
            ([], Some(_)) if position > settled => report.counts.commands_pending += 1,
            ([], Some(_)) => report.find(Check::Registry, at, "has no audit entry".to_owned()),
            ([leaf], _) => {
                if let Err(what) = fits(record, &command, leaf) {
                    report.find(Check::Registry, at, what.to_owned());
                }
            }
            (more, _) => {
                report.find(Check::Registry, at, format!("has {} audit entries", more.len()));
            }
        }
    }
    report.counts.commands = position;
    for leaf in entries.into_values().flatten() {
        let at = log.audit.at(leaf.index);
        report.find(Check::Registry, at, "names a registry record that is not there".to_owned());
    }
    for leaf in leaves.values().filter(|leaf| leaf.kind() == "boot") {
        if leaf.position().is_none_or(|applied| applied > position) {
            let at = log.audit.at(leaf.index);
            report.find(Check::Registry, at, "had applied more than there is".to_owned());
        }
    }
}

struct Command {
    base: u64,
    actor: Option<String>,
    name: String,
}

fn command(record: &Record) -> Option<Command> {
    if record.key.is_some() || record.covered.is_some() || !record.headers.is_empty() {
        return None;
    }
    let value: Value = serde_json::from_slice(&record.value).ok()?;
    let actor = value.get("actor").map(|actor| actor.as_str().map(str::to_owned));
    if value.get("v")?.as_u64()? != 1 || value.get("events")?.as_array()?.is_empty() {
        return None;
    }
    Some(Command {
        base: value.get("base")?.as_u64()?,
        actor: match actor {
            None => None,
            Some(actor) => Some(actor?),
        },
        name: value.get("command")?.as_str()?.to_owned(),
    })
}

fn fits(record: &Record, command: &Command, leaf: &Leaf) -> Result<(), &'static str> {
    let hash = hex::encode(Sha256::digest(&record.value));
    let named = leaf.member("reg").and_then(|reg| reg.get("h")).and_then(Value::as_str);
    if named != Some(hash.as_str()) {
        return Err("has an audit entry with another hash");
    }
    if command.actor.as_deref() != Some(leaf.text("by")) || command.name != leaf.text("op") {
        return Err("has an audit entry with another actor or command");
    }
    Ok(())
}
