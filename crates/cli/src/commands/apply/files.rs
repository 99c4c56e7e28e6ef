//! What a directory describes.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, ensure};
use ndxp_model::{
    Agency, AgencyId, AgencyKind, AgreementId, Dataset, DatasetName, Officer, Principal,
    PrincipalName, Role, System, Terms, Title,
};
use ndxp_schema::{Profile, Schema};
use serde::Deserialize;

use crate::input;

/// All that the files say, in order of names.
#[derive(Debug, Default)]
pub(super) struct Nation {
    pub(super) agencies: BTreeMap<AgencyId, AgencyFile>,
    pub(super) datasets: BTreeMap<DatasetName, DatasetFiles>,
    pub(super) agreements: BTreeMap<AgreementId, Terms>,
}

/// `agencies/<agency>.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgencyFile {
    id: AgencyId,
    name: Title,
    kind: AgencyKind,
    #[serde(default)]
    pub(super) systems: Vec<System>,
    #[serde(default)]
    pub(super) officers: Vec<Officer>,
}

impl AgencyFile {
    pub(super) fn agency(&self) -> Agency {
        Agency { id: self.id.clone(), name: self.name.clone(), kind: self.kind }
    }
}

/// `datasets/<agency>/<dataset>/dataset.json` and `schema.json`.
#[derive(Debug)]
pub(super) struct DatasetFiles {
    pub(super) dataset: Dataset,
    /// Without one the dataset stays a draft.
    pub(super) schema: Option<SchemaFile>,
}

/// A schema that the hub will take.
#[derive(Debug)]
pub(super) struct SchemaFile {
    pub(super) document: Vec<u8>,
    pub(super) hash: String,
}

impl Nation {
    /// Returns the officers with a role, in order of their names.
    pub(super) fn officers_with(&self, role: Role) -> Vec<PrincipalName> {
        let all = self.agencies.keys();
        all.flat_map(|agency| self.officers_of(agency, role)).collect()
    }

    /// Returns an agency's officers with a role, in the file's order.
    pub(super) fn officers_of(&self, agency: &AgencyId, role: Role) -> Vec<PrincipalName> {
        let officers = self.agencies.get(agency).map(|file| file.officers.as_slice());
        let with = officers.unwrap_or_default().iter().filter(|o| o.roles.contains(&role));
        let name = |officer: &Officer| PrincipalName {
            agency: agency.clone(),
            principal: Principal::Officer(officer.id.clone()),
        };
        with.map(name).collect()
    }
}

/// Reads a directory; what other folders hold is passed over.
pub(super) fn load(directory: &Path) -> Result<Nation> {
    let mut nation = Nation::default();
    for path in json_files(&directory.join("agencies"))? {
        let agency: AgencyFile = input::read_json(&path)?;
        named(&path, path.file_stem(), agency.id.as_str())?;
        nation.agencies.insert(agency.id.clone(), agency);
    }
    for owner in children(&directory.join("datasets"))? {
        for path in children(&owner)? {
            let files = dataset(&path)?;
            nation.datasets.insert(files.dataset.name.clone(), files);
        }
    }
    for path in json_files(&directory.join("agreements"))? {
        let terms: Terms = input::read_json(&path)?;
        named(&path, path.file_stem(), terms.id.as_str())?;
        if let Some(problem) = terms.problems().first() {
            return Err(anyhow!("{}: {problem}", path.display()));
        }
        nation.agreements.insert(terms.id.clone(), terms);
    }
    let empty = nation.agencies.is_empty() && nation.datasets.is_empty();
    ensure!(
        !empty || !nation.agreements.is_empty(),
        "{} holds no agencies, datasets or agreements",
        directory.display()
    );
    Ok(nation)
}

fn dataset(directory: &Path) -> Result<DatasetFiles> {
    let path = directory.join("dataset.json");
    let dataset: Dataset = input::read_json(&path)?;
    named(&path, directory.file_name(), dataset.name.dataset.as_str())?;
    let owner = directory.parent().and_then(Path::file_name);
    named(&path, owner, dataset.name.agency.as_str())?;
    let path = directory.join("schema.json");
    let schema = if path.is_file() { Some(schema(&path)?) } else { None };
    Ok(DatasetFiles { dataset, schema })
}

fn schema(path: &Path) -> Result<SchemaFile> {
    let document = input::read(path)?;
    // The formats are those of the hub's country: it judges them.
    let parsed = Schema::parse(&document, &Profile::for_reading());
    let parsed = parsed.with_context(|| path.display().to_string())?;
    Ok(SchemaFile { hash: parsed.hash().to_owned(), document })
}

/// A file that lies under another name than its content would surprise whoever looks for it.
fn named(path: &Path, name: Option<&std::ffi::OsStr>, id: &str) -> Result<()> {
    let same = name.is_some_and(|name| name == id);
    ensure!(same, "{}: describes {id}, which belongs under that name", path.display());
    Ok(())
}

fn json_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = children(directory)?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    Ok(files)
}

/// Returns what a directory holds, in order of names; nothing if there is none.
fn children(directory: &Path) -> Result<Vec<PathBuf>> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let context = || format!("cannot read {}", directory.display());
    let entries = fs::read_dir(directory).with_context(context)?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    let mut paths = paths.with_context(context)?;
    paths.sort();
    Ok(paths)
}
