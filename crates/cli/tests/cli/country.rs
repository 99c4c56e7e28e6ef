//! One verdict at the desk and in the hub, whatever the country: a thousand faulty records, by the built-in profile and
//! by the file of a country that exists nowhere.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use ndxp_schema::{National, Profile};
use serde_json::{Value, json};

use crate::{
    apply::{apply, first_dataset},
    hub::Hub,
    path::{json, status},
};

const LUMEN: &str = include_str!("country/lumen.toml");
const ME: &str = "data-authority/officer/officer-1";

/// Line → what is wrong there: place and keyword.
type Found = BTreeMap<u64, Vec<(String, String)>>;

struct Country {
    hub: Hub,
    _nation: tempfile::TempDir,
    folder: tempfile::TempDir,
    dataset: String,
    /// A system of the dataset's owner.
    system: String,
}

#[test]
fn desk_and_hub_give_one_verdict_under_the_built_in_profile() {
    let vn = Country::begin(&Profile::default().national, "vn-cccd", "vn-tax-code");
    vn.agrees();
}

#[test]
fn desk_and_hub_give_one_verdict_under_another_countrys_file() {
    let national = Arc::new(National::parse(LUMEN.as_bytes()).unwrap());
    let lumen = Country::begin(&national, "lm-person", "lm-permit");
    assert_eq!(fs::read_to_string(lumen.path("ndxp/profile.toml")).unwrap(), LUMEN);
    lumen.agrees();
    // Without the lock the desk has another country's rules, and does not know the formats.
    let schema = lumen.schema_file();
    status(&crate::run(&["schema", "check", &schema]), 1);
    let profile = lumen.path("ndxp/profile.toml");
    status(&crate::run(&["schema", "check", &schema, "--profile", &profile]), 0);
}

impl Country {
    fn begin(national: &Arc<National>, person: &str, number: &str) -> Self {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds");
        let nation = tempfile::tempdir().unwrap();
        ndxp_seeds::bulk(&seeds, 1).unwrap().write(nation.path()).unwrap();
        let place = first_dataset(nation.path());
        fs::write(place.join("schema.json"), schema(person, number).to_string()).unwrap();
        let hub = Hub::of_country(nation.path(), |_| true, Arc::clone(national));
        apply(&hub, nation.path(), 0);
        let read =
            |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
        let dataset = read(&place.join("dataset.json"))["name"].as_str().unwrap().to_owned();
        let (owner, _) = dataset.split_once('/').unwrap();
        let agency = read(&nation.path().join(format!("agencies/{owner}.json")));
        let system = format!("{owner}/{}", agency["systems"][0]["id"].as_str().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let country = Self { hub, _nation: nation, folder, dataset, system };
        let lock = country.path("ndxp.lock");
        status(&country.hub.run(&["schema", "pull", "--lock", &lock, "--as", ME]), 0);
        country
    }

    fn path(&self, file: &str) -> String {
        self.folder.path().join(file).to_str().unwrap().to_owned()
    }

    fn schema_file(&self) -> String {
        self.path(&format!("ndxp/schemas/{}.schema.json", self.dataset))
    }

    /// Verdicts, places and identity are the same.
    fn agrees(&self) {
        let lock = self.path("ndxp.lock");
        let made = ["--count", "1000", "--seed", "7", "--invalid", "--lock", &lock];
        let made = crate::run(&[&["schema", "generate", &self.schema_file()][..], &made].concat());
        assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
        let good = crate::run(&[
            "schema",
            "generate",
            &self.schema_file(),
            "--count",
            "1",
            "--lock",
            &lock,
        ]);
        let data = self.path("data.ndjson");
        fs::write(&data, [made.stdout, good.stdout].concat()).unwrap();

        let (desk, identity) = self.at_the_desk(&lock, &data);
        let gateway = self.in_the_hub(&data);
        assert_eq!(desk.len(), 1_000);
        let places: std::collections::BTreeSet<_> = desk.values().flatten().collect();
        assert!(places.len() > 10, "the faults are many: {places:?}");
        assert_eq!(desk, gateway);
        let me = json(&status(&self.hub.run(&["whoami", "--as", ME, "--json"]), 0));
        assert_eq!(identity, me["verdict"]);
        assert_eq!(identity["profile_sha256"].as_str().map(str::len), Some(71), "{identity}");
    }

    fn at_the_desk(&self, lock: &str, data: &str) -> (Found, Value) {
        let args = ["schema", "validate", "--lock", lock, "--schema", &self.dataset, data];
        let more = ["--format", "json", "--max-errors", "100000"];
        let ran = crate::run(&[&args[..], &more].concat());
        assert_eq!(ran.status.code(), Some(1), "{}", String::from_utf8_lossy(&ran.stderr));
        let report = json(&String::from_utf8(ran.stdout).unwrap());
        assert_eq!((&report["records"], &report["valid"]), (&1_001.into(), &1.into()));
        let mut found = Found::new();
        for error in report["errors"].as_array().unwrap() {
            let text = |member: &str| error[member].as_str().unwrap().to_owned();
            let place = (text("instance_path"), text("keyword"));
            found.entry(error["line"].as_u64().unwrap()).or_default().push(place);
        }
        (found, report["identity"].clone())
    }

    fn in_the_hub(&self, data: &str) -> Found {
        let args = ["publish", &self.dataset, data, "--as", &self.system, "--per-record", "--json"];
        let ran = self.hub.run(&args);
        assert_eq!(ran.status.code(), Some(1), "{}", String::from_utf8_lossy(&ran.stderr));
        let report = json(&String::from_utf8(ran.stdout).unwrap());
        assert_eq!((&report["accepted"], &report["refused"]), (&1.into(), &1_000.into()));
        let lines = report["refused_lines"].as_array().unwrap();
        let one = |line: &Value| {
            assert_eq!(line["reason"], "SCHEMA_VIOLATION", "{line}");
            let places = line["places"].as_array().unwrap().iter();
            // The place is left out where it is the record itself.
            let read = |text: &Value| {
                let text = text.as_str().unwrap();
                let rest =
                    if text.starts_with('/') { text.split_once(": ") } else { Some(("", text)) };
                let (place, rest) = rest.unwrap();
                (place.to_owned(), rest.split(": ").next().unwrap().to_owned())
            };
            (line["line"].as_u64().unwrap(), places.map(read).collect())
        };
        lines.iter().map(one).collect()
    }
}

/// What a nation's dataset looks like, with a format that has a check and one that has not.
fn schema(person: &str, number: &str) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "x-ndxp-classification": "internal",
        "type": "object",
        "properties": {
            "code": {"type": "string", "pattern": "^[A-Z]-[0-9]{1,6}$"},
            "status": {"enum": ["active", "closed"]},
            "person": {"type": "string", "format": person},
            "number": {"type": "string", "format": number},
            "born": {"type": "string", "format": "date"},
            "income": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
            "home": {"$ref": "#/$defs/place"},
            "tags": {"type": "array", "maxItems": 3, "items": {"type": "string", "maxLength": 8}},
            "contact": {"oneOf": [
                {"type": "object", "required": ["mail"], "properties": {"kind": {"const": "mail"}, "mail": {"type": "string"}}},
                {"type": "object", "required": ["phone"], "properties": {"kind": {"const": "phone"}, "phone": {"type": "string", "minLength": 3}}}
            ]}
        },
        "required": ["code", "status", "person"],
        "additionalProperties": false,
        "$defs": {
            "place": {
                "type": "object",
                "properties": {"street": {"type": "string", "maxLength": 40}, "floor": {"type": "integer"}},
                "required": ["street"],
                "additionalProperties": false
            }
        }
    })
}
