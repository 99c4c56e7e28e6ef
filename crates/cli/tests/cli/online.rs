//! The schema tool beside a hub: whom a change touches, and schemas that others refer to.

use std::{fs, process::Output};

use serde_json::{Value, json};

use crate::{
    apply::apply,
    hub::Hub,
    path::{json, nation, status},
};

const DATASET: &str = "telecommunications/signal-gaps";
const OWNER: &str = "telecommunications/officer/steward-1";
const CONSUMER: &str = "viettel/officer/steward-1";

/// A hub with the nation, and a folder of schemas.
struct Desk {
    hub: Hub,
    address: String,
    folder: tempfile::TempDir,
}

impl Desk {
    fn begin() -> Self {
        let hub = Hub::start(&nation(), |name| name.as_officer().is_some());
        apply(&hub, &nation(), 0);
        let address = fs::read_to_string(hub.data().join("pki/hub")).unwrap();
        Self { hub, address, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, content: &Value) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, serde_json::to_vec_pretty(content).unwrap()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn schema(&self, caller: &str, args: &[&str]) -> Output {
        let online = ["--hub", &self.address, "--as", caller];
        self.hub.run(&[&["schema"][..], args, &online].concat())
    }
}

fn note() -> Value {
    json!({"type": "string", "x-ndxp-classification": "internal"})
}

fn registered() -> Value {
    let file = nation().join("datasets").join(DATASET).join("schema.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn edited(change: impl FnOnce(&mut Value)) -> Value {
    let mut schema = registered();
    change(&mut schema);
    schema
}

fn of<'v>(report: &'v Value, pointer: &str) -> &'v Value {
    let changes = report["changes"].as_array().unwrap();
    changes.iter().find(|one| one["pointer"] == pointer).unwrap_or_else(|| panic!("{report}"))
}

#[test]
fn a_hub_tells_whom_a_change_touches_and_hands_out_what_is_referred_to() {
    let desk = Desk::begin();
    agreements(&desk);
    what_the_hub_would_refuse(&desk);
    two_files(&desk);
    references(&desk);
}

fn agreements(desk: &Desk) {
    let place = "/properties/position/properties/latitude/x-ndxp-classification";
    let new = desk.file(
        "new.json",
        &edited(|schema| {
            schema["properties"]["note"] = note();
            let latitude = schema.pointer_mut("/properties/position/properties/latitude").unwrap();
            latitude["x-ndxp-classification"] = "secret".into();
        }),
    );
    let asked = ["diff", "--dataset", DATASET, &new];
    let report = json(&status(&desk.schema(OWNER, &[&asked[..], &["--json"]].concat()), 0));
    let touched = &of(&report, place)["agreements"];
    assert_eq!(touched.as_array().map(Vec::len), Some(3), "{report}");
    let one = &touched[0];
    assert_eq!(
        (&one["agreement"], &one["consumer"], &one["field"], &one["kind"]),
        (
            &"agreements/agr-0058@1".into(),
            &"agencies/viettel".into(),
            &"/position/latitude".into(),
            &"classification-raised".into()
        )
    );
    assert_eq!(of(&report, "/properties/note")["agreements"], json!([]));
    let hub = &report["hub"];
    assert_eq!((&hub["verdict"], &hub["mode"]), (&"compatible".into(), &"full".into()), "{hub}");
    assert_eq!((&hub["version"], &hub["all_agreements"]), (&1.into(), &true.into()), "{hub}");
    assert_eq!(hub["effects"].as_array().map(Vec::len), Some(3), "{hub}");

    let said = status(&desk.schema(OWNER, &asked), 0);
    assert!(said.contains("note was added; no agreement names it"), "{said}");
    let touches = "touches agreements/agr-0058@1 with agencies/viettel (/position/latitude)";
    assert!(said.contains(touches), "{said}");
    let said = status(&desk.schema(CONSUMER, &asked), 0);
    assert!(said.contains("viettel") && !said.contains("vnpt"), "{said}");
    assert!(said.contains("note was added; no agreement of yours names it"), "{said}");
}

fn what_the_hub_would_refuse(desk: &Desk) {
    let new = desk.file(
        "refused.json",
        &edited(|schema| {
            schema["properties"].as_object_mut().unwrap().remove("operator");
            schema["required"].as_array_mut().unwrap().retain(|name| name != "operator");
        }),
    );
    let asked = ["diff", "--dataset", DATASET, &new, "--json", "--mode", "backward"];
    let output = desk.schema(OWNER, &asked);
    let report = json(&String::from_utf8(output.stdout).unwrap());
    // Backward alone it would be fine; the dataset wants both, and an agreement names the field.
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert_eq!(report["verdict"], "compatible", "{report}");
    assert_eq!(report["hub"]["effects"][0]["kind"], "field-removed", "{report}");
}

fn two_files(desk: &Desk) {
    let old = desk.file("old.json", &registered());
    let new = desk.file(
        "next.json",
        &edited(|schema| {
            schema["properties"]["note"] = note();
        }),
    );
    let report = json(&status(&desk.schema(OWNER, &["diff", &old, &new, "--json"]), 0));
    assert_eq!(report["hub"]["dataset"], DATASET, "{report}");
    let said = status(&desk.schema(OWNER, &["diff", &new, &old]), 2);
    assert!(said.contains("is the newest schema of no dataset that you may know of"), "{said}");
    let said = status(&desk.schema(OWNER, &["diff", &new, &old, "--dataset", DATASET]), 2);
    assert!(said.contains(&format!("the newest schema of {DATASET} is sha256:")), "{said}");
    // Without the flag there is no network, whatever the environment says.
    let mut offline = desk.hub.command(&["schema", "diff", &old, &new]);
    offline.env("NDXP_HUB", "https://127.0.0.1:1").env("NDXP_AS", OWNER);
    status(&offline.output().unwrap(), 0);
}

fn references(desk: &Desk) {
    let hash = ndxp_schema_hash(desk);
    let refers =
        |hash: &str| json!({"properties": {"gap": {"$ref": format!("ndxp:{DATASET}@{hash}")}}});
    let file = desk.file("refers.json", &refers(&hash));
    let bundle = json(&status(&desk.schema(OWNER, &["bundle", &file]), 0));
    let part = format!("telecommunications.signal-gaps-{}", &hash["sha256:".len()..][..12]);
    assert_eq!(bundle["$defs"][&part]["properties"], registered()["properties"], "{bundle}");
    let said = status(&crate::run(&["schema", "bundle", &file]), 2);
    assert!(said.contains("is at hand"), "{said}");
    let nobody = desk.file("nobody.json", &refers(&format!("sha256:{}", "0".repeat(64))));
    let said = status(&desk.schema(OWNER, &["bundle", &nobody]), 2);
    assert!(said.contains("the hub has no schema of telecommunications/signal-gaps"), "{said}");
}

fn ndxp_schema_hash(desk: &Desk) -> String {
    let file = desk.file("registered.json", &registered());
    status(&crate::run(&["schema", "hash", &file]), 0).trim().to_owned()
}
