//! The administrative units: facts, kept in the repository as the records that are published.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

/// Where the file is within the nation.
pub(crate) const PATH: &str = "records/administrative-units.ndjson";

/// A province, or a commune, ward or special zone, as the dataset's schema has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unit {
    pub(crate) code: String,
    pub(crate) name: String,
    kind: Kind,
    level: u8,
    pub(crate) parent_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone_code: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Municipality,
    Province,
    Ward,
    Commune,
    SpecialZone,
}

impl Unit {
    /// Says whether this is a province or a centrally run city.
    pub(crate) fn is_province(&self) -> bool {
        self.level == 1
    }

    /// Says whether this is one of the six centrally run cities.
    pub(crate) fn is_municipality(&self) -> bool {
        self.kind == Kind::Municipality
    }
}

/// Reads the units in the file's order: each province before its communes.
pub(crate) fn load(seeds: &Path) -> Result<Vec<Unit>> {
    let path = seeds.join("nation").join(PATH);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let units = parse(&text).with_context(|| path.display().to_string())?;
    ensure!(units.iter().any(Unit::is_province), "{}: no province", path.display());
    Ok(units)
}

fn parse(text: &str) -> Result<Vec<Unit>> {
    let read =
        |(index, line)| serde_json::from_str(line).with_context(|| format!("line {}", index + 1));
    text.lines().enumerate().map(read).collect()
}

/// Writes the units in their one form: compact, members in the schema's order.
pub(crate) fn to_ndjson(units: &[Unit]) -> Result<String> {
    let mut text = String::new();
    for unit in units {
        text.push_str(&serde_json::to_string(unit)?);
        text.push('\n');
    }
    Ok(text)
}
