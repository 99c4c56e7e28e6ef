//! A log that the hub's writers wrote fits; one that was changed behind their back does not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod fixture;

use fixture::{Fixture, SUB, edit, key, partition, sub_lane, uncover};
use fjall::Keyspace;
use ndxp_join::{Check, Evidence, JoinError, join};
use ndxp_model::Keep;
use serde_json::{Value, json};

const REGISTRY: u32 = 1;
const AUDIT: u32 = 2;
const DELIVERY: u32 = 3;
const DATA: u32 = 16;

#[test]
fn a_log_as_written_fits() {
    let fixture = Fixture::new();
    let report = fixture.join(&evidence(&fixture, calls(&fixture), frames(&fixture)));
    assert_eq!(report.findings, [], "{report}");
    let counts = report.counts;
    assert_eq!((counts.records, counts.handed, counts.handed_records), (5, 2, 5));
    assert_eq!((counts.commands, counts.commands_pending), (2, 0));
    assert_eq!((counts.published, counts.unacknowledged), ((2, 5), 0));
    assert_eq!((counts.received, counts.unreceived), ((2, 5), 0));
    let leaves: Vec<_> = counts.leaves.iter().map(|(kind, n)| (kind.as_str(), *n)).collect();
    let expected = [("boot", 1), ("deny", 1), ("publish", 2), ("registry", 2), ("release", 2)];
    assert_eq!(leaves, expected);
}

/// Retention of a day, and compaction with a lag of as much.
const DAY: Keep = Keep::Recent { max_age_ms: Some(86_400_000), max_bytes: None };
const NEWEST: Keep = Keep::Newest { lag_ms: 86_400_000 };

#[test]
fn what_was_deleted_by_rule_is_counted_and_the_rest_is_joined() {
    for (keep, records, expired, compacted) in
        [(Keep::Everything, 5, 0, 0), (DAY, 0, 5, 0), (NEWEST, 2, 0, 3)]
    {
        let fixture = Fixture::new();
        fixture.delete(keep);
        let report = fixture.join(&evidence(&fixture, calls(&fixture), frames(&fixture)));
        assert_eq!(report.findings, [], "{keep:?}: {report}");
        let counts = report.counts;
        assert_eq!(
            (counts.records, counts.expired, counts.compacted),
            (records, expired, compacted)
        );
        assert_eq!((counts.handed, counts.forgotten), (1, 1), "{keep:?}");
        assert_eq!((counts.published, counts.published_gone), ((2, 5), expired + compacted));
        assert_eq!(counts.unacknowledged, 0);
    }
}

#[test]
fn what_no_rule_deleted_is_found_beside_what_was_deleted() {
    let found = |name: &str, expected: Check, change: fn(&Keyspace, &Keyspace)| {
        let fixture = Fixture::new();
        fixture.delete(NEWEST);
        fixture.tamper(change);
        let report = fixture.join(&Evidence::none());
        assert!(report.found(expected), "{name}: {report}");
    };
    found("last of a key removed", Check::Ends, |_, data| {
        data.remove(key(DATA, partition("a"), 2)).unwrap();
    });
    found("what was compacted is back", Check::Publish, |_, data| {
        let copy = data.get(key(DATA, partition("a"), 2)).unwrap().unwrap();
        data.insert(key(DATA, partition("a"), 1), copy).unwrap();
    });
    found("a hole further on", Check::Record, |_, data| {
        let copy = data.get(key(DATA, partition("a"), 2)).unwrap().unwrap();
        data.insert(key(DATA, partition("a"), 9), copy).unwrap();
    });
    found("a frame that nobody forgot", Check::Release, |state, _| {
        let cursor = state.get(key(DELIVERY, sub_lane(), 3)).unwrap().unwrap();
        state.insert(key(DELIVERY, sub_lane(), 2), cursor).unwrap();
    });
}

#[test]
fn judging_leaves_the_directory_as_it_was() {
    let fixture = Fixture::new();
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(fixture.path("store")).unwrap().collect();
        files.sort_by_key(|file| file.as_ref().unwrap().file_name());
        let state = |file: &Result<std::fs::DirEntry, _>| {
            let file: &std::fs::DirEntry = file.as_ref().unwrap();
            (file.file_name(), file.metadata().unwrap().modified().unwrap())
        };
        files.iter().map(state).collect::<Vec<_>>()
    };
    let before = files();
    fixture.join(&Evidence::none());
    assert_eq!(files(), before);
}

/// Changes state and data topics, and expects a finding of this check.
fn check(name: &str, expected: Check, change: impl FnOnce(&Keyspace, &Keyspace)) {
    let fixture = Fixture::new();
    fixture.tamper(change);
    let report = fixture.join(&Evidence::none());
    assert!(report.found(expected), "{name}: {report}");
}

#[test]
fn a_changed_audit_topic_is_found() {
    let at = |index| key(AUDIT, 0, index);
    check("leaf removed", Check::Record, |state, _| state.remove(at(3)).unwrap());
    check("its records have none", Check::Publish, |state, _| state.remove(at(3)).unwrap());
    check("its frame has none", Check::Release, |state, _| state.remove(at(5)).unwrap());
    check("last leaf removed", Check::Ends, |state, _| state.remove(at(7)).unwrap());
    check("count changed", Check::Publish, |state, _| edit(state, at(3), "\"n\":3", "\"n\":4"));
    check("other dataset", Check::Publish, |state, _| {
        edit(state, at(3), "tax/units@3", "tax/unity@3");
    });
    check("other system", Check::Publish, |state, _| edit(state, at(3), "portal", "mortal"));
    check("other kind", Check::Leaf, |state, _| edit(state, at(7), "deny", "dely"));
    check("a space", Check::Leaf, |state, _| edit(state, at(7), "{\"by\"", "{ \"b\""));
    check("counted twice", Check::Sequence, |state, _| {
        edit(state, at(7), "\"seq\":7", "\"seq\":6");
    });
    check("second boot of one name", Check::Sequence, |state, _| {
        let boot = state.get(at(1)).unwrap().unwrap();
        state.insert(at(8), boot).unwrap();
    });
    check("one id twice", Check::Leaf, |state, _| {
        let boot = state.get(at(1)).unwrap().unwrap();
        state.insert(at(8), boot).unwrap();
    });
    check("damaged", Check::Record, |state, _| state.insert(at(3), [1, 0, 0]).unwrap());
}

#[test]
fn a_changed_data_topic_is_found() {
    let at = |offset| key(DATA, partition("a"), offset);
    check("no entry", Check::Publish, |_, data| uncover(data, at(1)));
    check("another's entry", Check::Publish, |_, data| patch(data, at(1), 10..18, 4));
    check("an entry never written", Check::Publish, |_, data| patch(data, at(1), 10..18, 99));
    check("an entry that publishes nothing", Check::Publish, |_, data| {
        patch(data, at(1), 10..18, 1);
    });
    check("a position twice", Check::Publish, |_, data| patch(data, at(1), 18..22, 0));
    check("removed", Check::Record, |_, data| data.remove(at(1)).unwrap());
    check("last removed", Check::Publish, |_, data| data.remove(at(2)).unwrap());
    check("last removed", Check::Ends, |_, data| data.remove(at(2)).unwrap());
    check("another id's twin", Check::Publish, |_, data| edit(data, at(1), "r-3", "r-1"));
    check("another schema", Check::Publish, |_, data| {
        edit(data, at(1), "schema\u{1}3", "schema\u{1}4")
    });
    check("a schema never registered", Check::Publish, |_, data| {
        edit(data, at(1), "0a0a", "0b0b");
    });
    check("another key", Check::Publish, |_, data| edit(data, at(1), "key\u{1}a", "key\u{1}d"));
    check("value damaged", Check::Publish, |_, data| edit(data, at(1), "{\"code\"", "{\"code'"));
    check("order of a call", Check::Publish, |_, data| {
        let (first, second) = (data.get(at(0)).unwrap(), data.get(at(1)).unwrap());
        data.insert(at(0), second.unwrap()).unwrap();
        data.insert(at(1), first.unwrap()).unwrap();
    });
    check("slipped in", Check::Publish, |_, data| {
        let copy = data.get(at(2)).unwrap().unwrap();
        data.insert(at(3), copy).unwrap();
    });
}

#[test]
fn a_changed_delivery_topic_is_found() {
    // Opened, frame 1, frame 2, cursor.
    let at = |offset| key(DELIVERY, sub_lane(), offset);
    check("handed without release", Check::Release, |state, _| uncover(state, at(1)));
    check("another's release", Check::Release, |state, _| patch(state, at(1), 10..18, 6));
    check("release without handed", Check::Release, |state, _| state.remove(at(2)).unwrap());
    check("frame missing", Check::Release, |state, _| {
        let cursor = state.get(at(3)).unwrap().unwrap();
        state.insert(at(2), cursor).unwrap();
        state.remove(at(3)).unwrap();
    });
    check("other ranges", Check::Release, |state, _| edit(state, at(1), "0,2,1]", "0,1,1]"));
    check("other agreement", Check::Release, |state, _| edit(state, at(1), "0042@7", "0042@8"));
    check("other attempt", Check::Release, |state, _| edit(state, at(1), "0,2,1]", "0,2,2]"));
    check("other attempt", Check::Delivery, |state, _| edit(state, at(1), "0,2,1]", "0,2,2]"));
    check("not a record", Check::Release, |state, _| edit(state, at(3), "cursor\"", "cursed\""));
    check("epoch skipped", Check::Release, |state, _| edit(state, at(0), "ch\":1", "ch\":2"));
    let (from, to) = match partition("a") {
        0 => ("[2,0]", "[9,0]"),
        _ => ("[0,2]", "[0,9]"),
    };
    check("cursor beyond the end", Check::Delivery, |state, _| edit(state, at(3), from, to));
    check("cursor past what was never handed", Check::Delivery, |state, _| {
        let (from, to) = match partition("a") {
            0 => ("[2,0]", "[2,1]"),
            _ => ("[0,2]", "[1,2]"),
        };
        edit(state, at(3), from, to);
        state.remove(at(2)).unwrap();
    });
}

#[test]
fn a_changed_registry_is_found() {
    let at = |offset| key(REGISTRY, 0, offset);
    check("record changed", Check::Registry, |state, _| edit(state, at(1), "0a0a", "0b0b"));
    check("record removed", Check::Registry, |state, _| state.remove(at(1)).unwrap());
    check("other base", Check::Registry, |state, _| edit(state, at(1), "\"base\":1", "\"base\":2"));
    let leaf = |index| key(AUDIT, 0, index);
    check("leaf of another hash", Check::Registry, |state, _| {
        edit(state, leaf(2), "\"h\":\"", "\"g\":\"");
    });
    check("leaf before a boot is missing", Check::Registry, |state, _| {
        state.remove(leaf(0)).unwrap();
    });
    check("leaf of another actor", Check::Registry, |state, _| {
        edit(state, leaf(2), "officer-1", "officer-2");
    });
}

#[test]
fn a_command_at_the_end_may_wait_for_the_next_boot() {
    let fixture = Fixture::new();
    fixture.tamper(|state, _| {
        let second = state.get(key(REGISTRY, 0, 1)).unwrap().unwrap();
        state.insert(key(REGISTRY, 0, 2), second).unwrap();
        edit(state, key(REGISTRY, 0, 2), "\"base\":1", "\"base\":2");
    });
    let report = fixture.join(&Evidence::none());
    assert_eq!((report.findings, report.counts.commands_pending), (vec![], 1));
}

#[test]
fn what_a_publisher_was_told_and_the_log_does_not_hold_is_found() {
    let check = |name: &str, expected, change: fn(&mut Vec<Value>)| {
        let fixture = Fixture::new();
        let mut calls = calls(&fixture);
        change(&mut calls);
        let report = fixture.join(&evidence(&fixture, calls, vec![]));
        assert!(report.found(expected), "{name}: {report}");
    };
    check("lost record", Check::Published, |calls| {
        calls[1]["records"][0]["id"] = json!("r-9");
    });
    check("other key", Check::Published, |calls| calls[1]["records"][0]["key"] = json!("b"));
    check("other hash", Check::Published, |calls| calls[1]["leaf_hash"] = json!("00"));
    check("other entry", Check::Published, |calls| calls[1]["index"] = json!(5));
    check("no entry", Check::Published, |calls| calls[1]["index"] = json!(99));
    check("other order", Check::KeyOrder, |calls| calls.reverse());
}

#[test]
fn a_record_without_an_answer_is_counted() {
    let fixture = Fixture::new();
    let mut calls = calls(&fixture);
    calls.pop();
    let report = fixture.join(&evidence(&fixture, calls, vec![]));
    assert_eq!((report.findings, report.counts.unacknowledged), (vec![], 2));
}

#[test]
fn what_a_consumer_received_and_was_not_released_is_found() {
    let check = |name: &str, change: fn(&mut Vec<Value>)| {
        let fixture = Fixture::new();
        let mut frames = frames(&fixture);
        change(&mut frames);
        let report = fixture.join(&evidence(&fixture, vec![], frames));
        assert!(report.found(Check::Received), "{name}: {report}");
    };
    check("one more record", |frames| frames[0]["records"] = json!([{}, {}, {}, {}]));
    check("other hash", |frames| frames[0]["leaf_hash"] = json!("00"));
    check("other epoch", |frames| frames[0]["epoch"] = json!(2));
    check("no release", |frames| frames[0]["index"] = json!(4));
    check("twice", |frames| frames.push(frames[1].clone()));
    check("out of order", |frames| frames.reverse());
    check("lost in the middle", |frames| drop(frames.remove(0)));
    check("not acknowledged", |frames| frames[0]["acked"] = json!(false));
    check("of nobody", |frames| frames[0]["sub"] = json!("statistics/nothing"));
}

#[test]
fn a_frame_lost_when_the_stream_was_cut_is_counted() {
    let fixture = Fixture::new();
    let mut frames = frames(&fixture);
    frames.pop();
    let report = fixture.join(&evidence(&fixture, vec![], frames));
    assert_eq!((report.findings, report.counts.unreceived), (vec![], 1));
}

#[test]
fn a_cursor_past_what_never_arrived_is_found() {
    let fixture = Fixture::new();
    // Nothing that was released arrived, but the cursor moved.
    let frame = json!({ "sub": SUB, "epoch": 1, "index": 4, "leaf_hash": "", "records": [], "acked": true });
    let report = fixture.join(&evidence(&fixture, vec![], vec![frame]));
    let settled = report.findings.iter().any(|finding| finding.what.contains("never acknowledged"));
    assert!(settled, "{report}");
}

#[test]
fn a_directory_without_a_log_and_a_line_without_sense_are_errors() {
    let fixture = Fixture::new();
    let nothing = join(&fixture.path("nothing"), &Evidence::none());
    assert!(matches!(nothing, Err(JoinError::NoLog(_))), "{nothing:?}");
    let file = fixture.file("wrong", &[json!({ "index": 1 })]);
    let wrong = Evidence::none().add_published(&file);
    assert!(matches!(wrong, Err(JoinError::Evidence { line: 1, .. })), "{wrong:?}");
}

#[test]
fn the_program_says_by_its_exit_code_what_it_found() {
    let fixture = Fixture::new();
    let program = |dir: std::path::PathBuf| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_ndxp-join"));
        let published = fixture.file("published", &calls(&fixture));
        let output = program.arg(dir).arg("--published").arg(published).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = program(fixture.path(""));
    assert!(code == Some(0) && text.ends_with("nothing found\n"), "{text}");
    fixture.tamper(|state, _| state.remove(key(DELIVERY, sub_lane(), 1)).unwrap());
    let (code, text) = program(fixture.path(""));
    assert!(code == Some(1) && text.contains("Release: ndxp.audit.main/0@5"), "{text}");
    assert_eq!(program(fixture.path("nothing")), (Some(2), String::new()));
}

fn evidence(fixture: &Fixture, calls: Vec<Value>, frames: Vec<Value>) -> Evidence {
    let mut evidence = Evidence::none();
    evidence.add_published(&fixture.file("published", &calls)).unwrap();
    evidence.add_received(&fixture.file("received", &frames)).unwrap();
    evidence
}

fn calls(fixture: &Fixture) -> Vec<Value> {
    let call = |index: u64, records: &[(&str, &str)]| {
        let records = records.iter().map(|(id, key)| json!({ "id": id, "key": key }));
        json!({
            "index": index, "leaf_hash": fixture.leaf_hash(index), "dataset": "tax/units",
            "source": "/agency/tax/system/portal", "records": records.collect::<Vec<_>>(),
        })
    };
    vec![
        call(3, &[("r-1", "a"), ("r-2", "d"), ("r-3", "a")]),
        call(4, &[("r-4", "a"), ("r-5", "d")]),
    ]
}

fn frames(fixture: &Fixture) -> Vec<Value> {
    let frame = |index: u64, count: usize| {
        let records = vec![json!({ "id": "r" }); count];
        let leaf_hash = fixture.leaf_hash(index);
        json!({ "sub": SUB, "epoch": 1, "index": index, "leaf_hash": leaf_hash, "records": records, "acked": true })
    };
    vec![frame(5, 3), frame(6, 2)]
}

/// Overwrites a number in a stored record.
fn patch(keyspace: &Keyspace, key: Vec<u8>, at: std::ops::Range<usize>, number: u64) {
    let mut stored = keyspace.get(&key).unwrap().unwrap().to_vec();
    let bytes = number.to_be_bytes();
    let width = at.len();
    stored[at].copy_from_slice(&bytes[8 - width..]);
    keyspace.insert(key, stored).unwrap();
}
