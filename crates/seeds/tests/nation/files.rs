//! The nation's files, read strictly: an unknown member is an error.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use ndxp_model::{AgencyId, AgencyKind, Dataset, Officer, System, Terms, Title};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgencyFile {
    pub(crate) id: AgencyId,
    pub(crate) name: Title,
    #[serde(rename = "kind")]
    _kind: AgencyKind,
    pub(crate) systems: Vec<System>,
    pub(crate) officers: Vec<Officer>,
}

/// Everything but the records, by id or name.
#[derive(Debug)]
pub(crate) struct Nation {
    pub(crate) agencies: BTreeMap<AgencyId, AgencyFile>,
    /// With their schemas.
    pub(crate) datasets: BTreeMap<String, (Dataset, Value)>,
    pub(crate) agreements: BTreeMap<String, Terms>,
}

impl Nation {
    pub(crate) fn read() -> Self {
        let mut nation = Self {
            agencies: BTreeMap::new(),
            datasets: BTreeMap::new(),
            agreements: BTreeMap::new(),
        };
        let root = seeds().join("nation");
        for path in entries(&root.join("agencies")) {
            let agency: AgencyFile = json(&path);
            assert_eq!(stem(&path), agency.id.as_str());
            nation.agencies.insert(agency.id.clone(), agency);
        }
        for path in entries(&root.join("agreements")) {
            let terms: Terms = json(&path);
            assert_eq!(stem(&path), terms.id.as_str());
            nation.agreements.insert(terms.id.to_string(), terms);
        }
        for path in entries(&root.join("datasets")).iter().flat_map(|agency| entries(agency)) {
            let dataset: Dataset = json(&path.join("dataset.json"));
            let name = dataset.name.to_string();
            assert!(path.ends_with(&name), "{} holds {name}", path.display());
            nation.datasets.insert(name, (dataset, json(&path.join("schema.json"))));
        }
        nation
    }
}

/// Returns the folder of the description.
pub(crate) fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds")
}

/// Returns the leaves of a schema by their pointers; an element of a list is `*`.
pub(crate) fn leaves(schema: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    collect(schema, String::new(), &mut found);
    found
}

fn collect(node: &Value, path: String, into: &mut BTreeMap<String, Value>) {
    if let Some(properties) = node.get("properties").and_then(Value::as_object) {
        for (name, inner) in properties {
            collect(inner, format!("{path}/{name}"), into);
        }
    } else if let Some(items) = node.get("items") {
        collect(items, format!("{path}/*"), into);
    } else {
        into.insert(path, node.clone());
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

fn json<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with("}\n") && !text.contains('\r'), "{}", path.display());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
