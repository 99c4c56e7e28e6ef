//! `export`, `import` and `generate`.

use std::{fs, path::Path};

use crate::{Ran, check, fixtures, run, run_in};

#[test]
fn export_reads_as_committed() {
    check(
        "export",
        &[
            "export odcs permit.schema.json --name construction/permits",
            "export markdown permit.schema.json",
            "export odcs refused.schema.json",
            "export --help",
        ],
    );
}

#[test]
fn import_reads_as_committed() {
    check(
        "import",
        &[
            "import odcs orders.odcs.yaml",
            "import odcs orders.odcs.yaml --schema customers",
            "import odcs broken.odcs.yaml",
            "import odcs list.json",
            "import --help",
        ],
    );
}

#[test]
fn a_schema_comes_back_from_its_contract_with_its_hash() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../seeds/nation/datasets");
    let dir = tempfile::tempdir().unwrap();
    let mut count = 0;
    for agency in fs::read_dir(root).unwrap() {
        for dataset in fs::read_dir(agency.unwrap().path()).unwrap() {
            let schema = dataset.unwrap().path().join("schema.json");
            let contract = run(&format!("export odcs {}", schema.display()));
            fs::write(dir.path().join("contract.yaml"), contract.stdout).unwrap();
            let back = run_in(dir.path(), "import odcs contract.yaml", "");
            assert_eq!((back.status, back.stderr.as_str()), (0, ""), "{}", schema.display());
            assert_eq!(back.stdout, fs::read_to_string(&schema).unwrap(), "{}", schema.display());
            count += 1;
        }
    }
    assert!(count >= 10, "{count}");
}

#[test]
fn generate_reads_as_committed() {
    check("generate", &["generate refused.schema.json", "generate --help"]);
}

#[test]
fn a_seed_gives_the_same_records_and_says_what_each_breaks() {
    let command = "generate permit.schema.json --count 20 --seed 7 --invalid";
    let (once, again) = (run(command), run(command));
    assert_eq!((&once.stdout, &once.stderr), (&again.stdout, &again.stderr));
    assert_ne!(once.stdout, run(&command.replace('7', "8")).stdout);
    let lines: Vec<&str> = once.stderr.lines().collect();
    assert_eq!(lines.len(), 20);
    assert!(lines[0].starts_with("1: breaks ") && lines[0].contains(" at "), "{}", lines[0]);
    let first = run(&format!("{command} --json")).stdout;
    assert!(first.starts_with("{\"record\":{") && first.contains("\"keyword\":"), "{first}");
}

#[test]
fn nothing_comes_of_a_schema_that_accepts_nothing() {
    let Ran { status, stdout, stderr } = run_in(&fixtures(), "generate -", "false");
    assert_eq!((status, stdout.as_str()), (1, ""));
    assert_eq!(stderr, "0 found: no other record that - accepts\n");
    let found = run_in(&fixtures(), "generate --invalid -", "true");
    assert_eq!((found.status, found.stdout.as_str()), (1, ""));
}

#[test]
fn generated_records_are_what_validate_says() {
    let dir = tempfile::tempdir().unwrap();
    let schema = fixtures().join("permit.schema.json");
    for (flags, valid) in [("", 50), (" --invalid", 0)] {
        let records = run(&format!("generate permit.schema.json --count 50 --seed 3{flags}"));
        assert_eq!((records.status, records.stdout.lines().count()), (0, 50));
        let command = format!("validate --json --schema {} -", schema.display());
        let judged = run_in(dir.path(), &command, &records.stdout).stdout;
        assert!(judged.starts_with(&format!("{{\"records\":50,\"valid\":{valid},")), "{judged}");
    }
}
