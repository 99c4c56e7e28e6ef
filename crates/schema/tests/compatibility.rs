//! Verdicts on the pairs of another project, all of which are known.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read files and fail by panicking"
)]

use std::{collections::HashMap, path::PathBuf};

use ndxp_schema::{Effort, Mode, Policy, Profile, Schema, Verdict, compare};
use serde_json::Value;

fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/conformance/compat-apicurio");
    let found = folder.join("cases.ndjson").exists();
    if !found {
        eprintln!("SKIPPED: the pairs are not beside the repository ({})", folder.display());
    }
    found.then_some(folder)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The expected verdicts by id and mode, corrected where they are false as sets.
fn expected(folder: &std::path::Path) -> HashMap<(String, String), String> {
    let text = |value: &Value, member: &str| value[member].as_str().unwrap().to_owned();
    let mut expected = HashMap::new();
    for case in lines(&std::fs::read_to_string(folder.join("cases.ndjson")).unwrap()) {
        for mode in ["backward", "forward"] {
            let verdict = text(&case, &format!("expected_{mode}"));
            expected.insert((text(&case, "id"), mode.to_owned()), verdict);
        }
    }
    for case in lines(&std::fs::read_to_string(folder.join("disputed.ndjson")).unwrap()) {
        expected.insert((text(&case, "id"), text(&case, "mode")), text(&case, "actual"));
    }
    expected
}

#[test]
fn known_pairs_have_their_verdicts_and_at_most_eight_stay_undecided() {
    let Some(folder) = folder() else { return };
    let expected = expected(&folder);
    let (mut right, mut undecided, mut wrong) = (0, Vec::new(), Vec::new());
    let mut unproved = 0;
    for case in lines(&std::fs::read_to_string(folder.join("cases.ndjson")).unwrap()) {
        let schema =
            |member: &str| Schema::parse(case[member].to_string().as_bytes(), &Profile::default());
        for (name, mode) in [("backward", Mode::Backward), ("forward", Mode::Forward)] {
            let id = case["id"].as_str().unwrap().to_owned();
            let (Ok(old), Ok(new)) = (schema("old"), schema("new")) else {
                undecided.push(format!("{id} {name}: does not compile"));
                continue;
            };
            let comparison = compare(&old, &new, mode, Policy::Strict, Effort::default());
            let known = &expected[&(id.clone(), name.to_owned())];
            if comparison.verdict == Verdict::Undecided {
                undecided.push(format!("{id} {name}: expected {known}; {:?}", comparison.reason));
            } else if comparison.verdict.as_str() == known {
                right += 1;
                unproved += usize::from(
                    comparison.verdict == Verdict::Breaking && comparison.witness.is_none(),
                );
            } else {
                wrong.push(format!("{id} {name}: expected {known}, {:?}", comparison.witness));
            }
        }
    }
    eprintln!(
        "right {right}, undecided {}, wrong {}, breaking without a record {unproved}",
        undecided.len(),
        wrong.len()
    );
    eprintln!("{}", undecided.join("\n"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(right + undecided.len(), 290);
    assert!(undecided.len() <= 8, "{undecided:#?}");
}
