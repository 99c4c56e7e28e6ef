//! A code list at the desk and in the hub: the real administrative units, with a merger on a day of its own.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    apply::{apply, edit},
    hub::Hub,
    path::{json, nation, status},
};

const LIST: &str = "home-affairs/administrative-units";
const PARCELS: &str = "land-management/land-parcels";
const OWNER: &str = "land-management/land";
const APPROVER: &str = "home-affairs/officer/approver-1";
const ZEROS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

struct Desk {
    hub: Hub,
    folder: tempfile::TempDir,
}

impl Desk {
    /// A hub with the nation and the rows of its units, none pinned.
    fn begin() -> Self {
        let wanted = [LIST, OWNER];
        let hub = Hub::start(&nation(), |name| {
            let principal = name.to_string();
            let system =
                |one: &&str| principal == format!("agency/{}", one.replacen('/', "/system/", 1));
            name.as_officer().is_some() || wanted.iter().any(system)
        });
        let folder = tempfile::tempdir().unwrap();
        let with_days = folder.path().join("nation");
        copy(&nation(), &with_days);
        // The seeds know the present alone.
        edit(&with_days.join("datasets").join(LIST).join("schema.json"), |schema| {
            schema["properties"]["valid_to"] =
                serde_json::json!({"type": "string", "x-ndxp-classification": "public"});
        });
        apply(&hub, &with_days, 0);
        let desk = Self { hub, folder };
        let units = nation().join("records/administrative-units.ndjson");
        desk.publish(LIST, LIST, units.to_str().unwrap(), 0);
        desk
    }

    fn path(&self, file: &str) -> String {
        self.folder.path().join(file).to_str().unwrap().to_owned()
    }

    fn publish(&self, dataset: &str, system: &str, file: &str, code: i32) -> Value {
        let args =
            ["publish", dataset, file, "--as", system, "--per-record", "--from-start", "--json"];
        let ran = self.hub.run(&args);
        assert_eq!(ran.status.code(), Some(code), "{}", String::from_utf8_lossy(&ran.stderr));
        json(&String::from_utf8(ran.stdout).unwrap())
    }

    /// Pins the rows as they are: the refusal of another hash names theirs.
    fn pin(&self) -> String {
        let pin = |sha256: &str| {
            self.hub.run(&["schema", "codelist", "pin", LIST, sha256, "--as", APPROVER])
        };
        let said = status(&pin(ZEROS), 1);
        let named = said.split_once(" are sha256:").expect(&said).1;
        let found = format!("sha256:{}", &named[..64]);
        assert!(status(&pin(&found), 0).contains(&found));
        let listed = status(&self.hub.run(&["schema", "codelist", "list", "--as", APPROVER]), 0);
        assert!(listed.contains(LIST) && listed.contains(&found), "{listed}");
        found
    }

    fn pull(&self, more: &[&str]) -> std::process::Output {
        let lock = self.path("ndxp.lock");
        self.hub.run(&[&["schema", "pull", "--lock", &lock, "--as", APPROVER][..], more].concat())
    }

    /// Parcels in a province: one, and the same with a code that no list ever had.
    fn parcels(&self, province: &str) -> String {
        let seeds = fs::read_to_string(nation().join("records/land-parcels.ndjson")).unwrap();
        let mut lines = String::new();
        for (line, province) in seeds.lines().zip([province, "98"]) {
            let mut record: Value = serde_json::from_str(line).unwrap();
            record["province_code"] = province.into();
            record["parcel_id"] = format!("99{:010}", lines.len()).into();
            lines.push_str(&format!("{record}\n"));
        }
        let file = self.path("parcels.ndjson");
        fs::write(&file, lines).unwrap();
        file
    }

    /// Lines that the desk refuses, and the identity of its verdict.
    fn judged(&self, file: &str, more: &[&str]) -> (Vec<u64>, Value) {
        let lock = self.path("ndxp.lock");
        let args = ["schema", "validate", "--lock", &lock, "--schema", PARCELS, file];
        let ran = crate::run(&[&args[..], &["--format", "json"], more].concat());
        assert!(ran.status.code() < Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
        let report = json(&String::from_utf8(ran.stdout).unwrap());
        let errors = report["errors"].as_array().unwrap().iter();
        let mut lines: Vec<u64> = errors.map(|error| error["line"].as_u64().unwrap()).collect();
        lines.dedup();
        (lines, report["identity"].clone())
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if from.is_dir() {
            copy(&from, &to.join(name));
        } else {
            fs::copy(&from, to.join(name)).unwrap();
        }
    }
}

fn refused(report: &Value) -> Vec<u64> {
    let lines = report["refused_lines"].as_array().unwrap().iter();
    lines.map(|line| line["line"].as_u64().unwrap()).collect()
}

#[test]
fn desk_and_hub_look_codes_up_alike_and_a_changed_list_is_named() {
    let desk = Desk::begin();
    let first = desk.pin();
    status(&desk.pull(&[]), 0);
    assert!(status(&desk.pull(&["--check"]), 0).ends_with("is what the hub has\n"));

    // The same records, the same verdict, under the same identity.
    let file = desk.parcels("48");
    let (lines, identity) = desk.judged(&file, &[]);
    assert_eq!(lines, [2]);
    assert_eq!(refused(&desk.publish(PARCELS, OWNER, &file, 1)), lines);
    let me = json(&status(&desk.hub.run(&["whoami", "--as", OWNER, "--json"]), 0));
    assert_eq!(identity, me["verdict"]);
    assert_eq!(identity["code_list_sha256s"][LIST], first.as_str());

    // Rows that were tampered with.
    let rows = desk.path(&format!("ndxp/codelists/{LIST}/{}.ndjson", &first[7..]));
    let kept = fs::read(&rows).unwrap();
    fs::write(&rows, [&kept[..], br#"{"code":"98","level":1}"#, b"\n"].concat()).unwrap();
    let lock = desk.path("ndxp.lock");
    let args = ["schema", "validate", "--lock", &lock, "--schema", PARCELS, &file];
    let said = status(&crate::run(&args), 2);
    assert!(said.contains(&format!("code list {LIST}: sha256:")), "{said}");
    let checked = desk.pull(&["--check"]);
    assert_eq!(checked.status.code(), Some(1));
    status(&desk.pull(&[]), 0);
    assert_eq!(fs::read(&rows).unwrap(), kept);

    moved_on(&desk, &first);
}

/// A province ends, by a new state of the list.
fn moved_on(desk: &Desk, first: &str) {
    let units = fs::read_to_string(nation().join("records/administrative-units.ndjson")).unwrap();
    let row = units.lines().find(|row| row.starts_with(r#"{"code":"48","#)).unwrap();
    let mut row: Value = serde_json::from_str(row).unwrap();
    row["valid_to"] = "2020-01-01".into();
    let changed = desk.path("units.ndjson");
    fs::write(&changed, format!("{row}\n")).unwrap();
    desk.publish(LIST, LIST, &changed, 0);
    let second = desk.pin();
    let checked = desk.pull(&["--check"]);
    let said = String::from_utf8(checked.stdout).unwrap();
    let differs = format!("code list {LIST}: {first} here, {second} there");
    assert!(said.contains(&differs), "{said}");

    status(&desk.pull(&[]), 0);
    let file = desk.parcels("48");
    let (now, _) = desk.judged(&file, &[]);
    assert_eq!(now, [1, 2]);
    assert_eq!(refused(&desk.publish(PARCELS, OWNER, &file, 1)), now);
    let (then, _) = desk.judged(&file, &["--at", "2019-12-31T00:00:00Z"]);
    assert_eq!(then, [2]);
    let states = Path::new(&desk.path("ndxp.lock")).with_file_name("ndxp/codelists").join(LIST);
    assert!(states.join(format!("{}.ndjson", &second[7..])).exists());
}
