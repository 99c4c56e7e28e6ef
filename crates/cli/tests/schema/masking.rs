//! No personal value in any output, whatever is wrong with the record.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{ndxp, seed};

/// Draws repeatably; the seed is printed when a test fails.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        // Constants of Knuth's MMIX generator.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).unwrap()
    }
}

/// What must never be seen: recognisable, in whatever kind of value it stands.
fn secret(chance: &mut Chance) -> Value {
    match chance.below(7) {
        0 => json!("SECRET-text"),
        1 => json!("771177117711"),
        2 => json!(77_117_711_771_i64),
        3 => json!(77.117_711),
        4 => json!(["SECRET-item", 771_177]),
        5 => json!({"SECRET": "SECRET-inner"}),
        _ => json!("SECRET \"quoted\"\n::error::771177"),
    }
}

const PERSONAL: [&str; 11] = [
    "citizen_id",
    "full_name",
    "birth_date",
    "sex",
    "nationality",
    "ethnicity",
    "province_code",
    "commune_code",
    "address",
    "household_id",
    "status",
];

fn record(chance: &mut Chance) -> Map<String, Value> {
    let mut record = Map::new();
    for name in PERSONAL {
        match chance.below(8) {
            0 => {}
            // A misspelt name may hide a personal value too; the name itself is not one.
            1 => drop(record.insert(format!("{name}_"), secret(chance))),
            _ => drop(record.insert(name.to_owned(), secret(chance))),
        }
    }
    record
}

fn lines(chance: &mut Chance, count: usize) -> String {
    let mut text = String::new();
    for _ in 0..count {
        let mut line = Value::Object(record(chance)).to_string();
        match chance.below(10) {
            0 => line.truncate(
                (0..=chance.below(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap(),
            ),
            1 => line.insert_str(1, "\"citizen_id\":\"SECRET-twice\","),
            2 => line = line.replace(':', " "),
            3 => line = line.replacen("771177117711", "77117711771177117711771177", 1),
            _ => {}
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn clean(data: &Path, args: &[&str], seed_number: u64) {
    let schema = seed("police-administration/citizens");
    for format in ["human", "json", "ndjson", "sarif", "junit", "github"] {
        let mut command = ndxp();
        command.args(["validate", "--schema"]).arg(&schema).arg(data).args(["--format", format]);
        let output = command.args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        // The places of the file are no values, whatever its name.
        let said = said.replace(&data.display().to_string(), "");
        for hidden in ["SECRET-", "771177", "77.117", "SECRET \\\"", "::error::7"] {
            assert!(
                !said.contains(hidden),
                "seed {seed_number}, {format} {args:?}: {hidden} in\n{said}"
            );
        }
    }
}

#[test]
fn no_personal_value_is_in_any_output() {
    let dir = tempfile::tempdir().unwrap();
    for seed_number in 1..=6 {
        let mut chance = Chance(seed_number);
        let data = dir.path().join("d.ndjson");
        std::fs::write(&data, lines(&mut chance, 60)).unwrap();
        clean(&data, &[], seed_number);
        clean(&data, &["--show-values"], seed_number);
        let whole = Value::Object(record(&mut chance));
        for name in ["d.json", "d.yaml"] {
            let data = dir.path().join(name);
            std::fs::write(&data, format!("{whole:#}")).unwrap();
            clean(&data, &["--show-values"], seed_number);
        }
    }
    let data = dir.path().join("d.csv");
    std::fs::write(
        &data,
        "citizen_id,full_name,other\n771177,SECRET-a,SECRET-b\n\"771177\"x,1,2\n",
    )
    .unwrap();
    clean(&data, &["--show-values"], 0);
}

#[test]
fn values_are_shown_where_they_were_asked_for_and_may_be() {
    let schema = r#"{"properties":{"id":{"type":"integer","x-ndxp-personal-data":"basic"},"n":{"type":"integer"}}}"#;
    let data = br#"{"id":"hidden","n":"open"}"#;
    let said = |args: &[&str]| {
        let output = crate::validate(schema, "d.ndjson", data, args);
        String::from_utf8(output.stdout).unwrap()
    };
    let has = |text: &str| (text.contains("hidden"), text.contains("open"));
    for format in ["human", "json", "sarif"] {
        assert_eq!(has(&said(&["--format", format])), (false, false));
        assert_eq!(has(&said(&["--format", format, "--show-values"])), (false, true));
        let all = ["--format", format, "--show-values", "--reveal-personal-data"];
        assert_eq!(has(&said(&all)), (true, true));
    }
    let alone = crate::validate(schema, "d.ndjson", data, &["--reveal-personal-data"]);
    assert_eq!(alone.status.code(), Some(2));
}
