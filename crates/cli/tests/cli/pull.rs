//! The hub's rules at the desk: the same verdicts, or the part that differs.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    apply::{apply, edit, first_dataset},
    hub::Hub,
    path::{json, status},
};

const ME: &str = "data-authority/officer/officer-1";

/// A hub with one dataset, and a folder into which its rules were pulled.
struct Desk {
    hub: Hub,
    nation: tempfile::TempDir,
    folder: tempfile::TempDir,
    dataset: String,
}

impl Desk {
    fn begin() -> Self {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds");
        let nation = tempfile::tempdir().unwrap();
        ndxp_seeds::bulk(&seeds, 1).unwrap().write(nation.path()).unwrap();
        let hub = Hub::start(nation.path(), |name| name.as_officer().is_some());
        apply(&hub, nation.path(), 0);
        let file = first_dataset(nation.path()).join("dataset.json");
        let described: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let dataset = described["name"].as_str().unwrap().to_owned();
        let desk = Self { hub, nation, folder: tempfile::tempdir().unwrap(), dataset };
        status(&desk.pull(&[]), 0);
        desk
    }

    fn path(&self, file: &str) -> String {
        self.folder.path().join(file).to_str().unwrap().to_owned()
    }

    fn pull(&self, more: &[&str]) -> std::process::Output {
        let lock = self.path("ndxp.lock");
        let args = [&["schema", "pull", "--lock", &lock, "--as", ME][..], more].concat();
        self.hub.run(&args)
    }

    /// Validates two records with nothing but what was pulled.
    fn validate(&self) -> std::process::Output {
        let data = self.path("data.ndjson");
        let good = r#"{"code":"A-1","name":"a","status":"active","province_code":"01"}"#;
        fs::write(&data, format!("{good}\n{{\"code\":1}}\n")).unwrap();
        let lock = self.path("ndxp.lock");
        let args = ["schema", "validate", "--lock", &lock, "--schema", &self.dataset, &data];
        crate::run(&[&args[..], &["--format", "json"]].concat())
    }
}

#[test]
fn verdicts_under_a_lock_have_the_hubs_identity() {
    let desk = Desk::begin();
    assert!(status(&desk.pull(&["--check"]), 0).ends_with("is what the hub has\n"));
    let found = desk.validate();
    assert_eq!(found.status.code(), Some(1), "{}", String::from_utf8_lossy(&found.stderr));
    let found = json(&String::from_utf8(found.stdout).unwrap());
    assert_eq!((&found["records"], &found["invalid"]), (&2.into(), &1.into()), "{found}");
    let me = json(&status(&desk.hub.run(&["whoami", "--as", ME, "--json"]), 0));
    assert_eq!(found["identity"], me["verdict"], "{found} {me}");
}

#[test]
fn what_differs_from_the_hub_is_named() {
    let desk = Desk::begin();
    let name = desk.dataset.clone();
    let (agency, id) = name.split_once('/').unwrap();

    // The profile.
    let profile = desk.path("ndxp/profile.toml");
    let text = fs::read_to_string(&profile).unwrap();
    fs::write(&profile, text.replace("[0-9]{9}", "[0-9]{9,}")).unwrap();
    let said = status(&desk.validate(), 2);
    assert!(said.contains("would not be the hub's; profile: sha256:"), "{said}");
    let checked = desk.pull(&["--check"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8(checked.stdout).unwrap().contains("profile: sha256:"));
    status(&desk.pull(&[]), 0);

    // A schema here.
    let schema = desk.path(&format!("ndxp/schemas/{agency}/{id}.schema.json"));
    edit(Path::new(&schema), |value| value["required"] = Value::Array(Vec::new()));
    let said = status(&desk.validate(), 2);
    assert!(said.contains(&format!("schema {name}: sha256:")), "{said}");
    status(&desk.pull(&[]), 0);
    assert_eq!(desk.validate().status.code(), Some(1), "the file is the hub's again");

    // The engine.
    let lock = desk.path("ndxp.lock");
    edit(Path::new(&lock), |value| value["verdict"]["engine_version"] = "another".into());
    let said = status(&desk.validate(), 2);
    assert!(said.contains("engine: ndxp-schema "), "{said}");
    status(&desk.pull(&[]), 0);

    // A schema there.
    let file = first_dataset(desk.nation.path()).join("schema.json");
    edit(&file, |value| value["title"] = "Another title".into());
    apply(&desk.hub, desk.nation.path(), 0);
    let checked = desk.pull(&["--check"]);
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(said.contains(&format!("schema {name}: 1 sha256:")), "{said}");
}
