//! The small description: what people write by hand.

mod agreement;
mod dataset;
mod nation;

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use crate::units::{self, Unit};

pub(crate) use agreement::{AgreementEntry, Agreements, Fields};
pub(crate) use dataset::{DatasetEntry, Datasets, FieldEntry, Personal, Presence, Sample, Shape};
pub(crate) use nation::{AgencyEntry, Nation, ProvinceEntry, SystemEntry};

/// Everything that the nation is generated from.
#[derive(Debug)]
pub struct Description {
    pub(crate) nation: Nation,
    pub(crate) datasets: Vec<DatasetEntry>,
    pub(crate) agreements: Agreements,
    pub(crate) units: Vec<Unit>,
}

impl Description {
    /// Reads `nation.toml`, `datasets.toml`, `agreements.toml` and the administrative units.
    ///
    /// # Errors
    /// A file that is missing or malformed, or has a key that nobody knows.
    pub fn load(seeds: &Path) -> Result<Self> {
        let datasets: Datasets = read(seeds, "datasets.toml")?;
        Ok(Self {
            nation: read(seeds, "nation.toml")?,
            datasets: datasets.dataset,
            agreements: read(seeds, "agreements.toml")?,
            units: units::load(seeds)?,
        })
    }
}

fn read<T: DeserializeOwned>(seeds: &Path, name: &str) -> Result<T> {
    let path = seeds.join(name);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}
