//! `kill -9` at any moment: whatever was acknowledged is there.
//!
//! The test runs its own binary again. The child appends and says on stdout what was acknowledged;
//! the parent kills it after a number of lines drawn from a fixed seed.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

use super::*;

const DIR: &str = "NDXP_LOG_TEST_CHILD_DIR";
const ROUNDS: u64 = 20;

#[test]
fn acknowledged_records_survive_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut acknowledged = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut child = start_child(dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let patience = 1 + (round * 7_919 + 13) % 61;
        for _ in 0..patience {
            note(&mut acknowledged, &lines.next().unwrap().unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said before it died counts as well; a torn last line does not.
        for line in lines.map_while(Result::ok) {
            note(&mut acknowledged, &line);
        }
        runtime.block_on(verify(dir.path(), &acknowledged));
    }
    assert!(acknowledged.len() > 100, "only {} records", acknowledged.len());
}

/// Takes a line `acked <offset> <value> .` into account.
fn note(acknowledged: &mut BTreeMap<u64, String>, line: &str) {
    // The test harness's own first line comes without a line's end.
    if let Some((_, told)) = line.split_once("acked ")
        && let Some(told) = told.strip_suffix(" .")
    {
        let (offset, value) = told.split_once(' ').unwrap();
        let before = acknowledged.insert(offset.parse().unwrap(), value.to_owned());
        assert_eq!(before, None, "offset {offset} was given twice");
    }
}

async fn verify(dir: &Path, acknowledged: &BTreeMap<u64, String>) {
    let log = Embedded::open(config(dir)).unwrap();
    let entries = read_all(&log, &audit()).await.unwrap().len() as u64;
    let stored = read_all(&log, &data()).await.unwrap();
    for (offset, value) in acknowledged {
        let found = stored.get(usize::try_from(*offset).unwrap()).map(|stored| &stored.record);
        assert_eq!(found.map(|record| &*record.value), Some(value.as_bytes()), "offset {offset}");
        let entry = found.unwrap().header(ndxp_log::ENTRY_HEADER).unwrap();
        let entry = std::str::from_utf8(entry).unwrap().strip_prefix("main:").unwrap();
        assert!(entry.parse::<u64>().unwrap() < entries, "a record without its entry");
    }
    log.close().await;
}

fn start_child(dir: &Path) -> Child {
    run_again("kill::child", DIR, dir)
}

/// Runs one test of this binary in a process of its own, with a directory in its environment.
pub(super) fn run_again(test: &str, variable: &str, dir: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(variable, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The child's part; in the parent's run there is nothing to do.
#[test]
fn child() {
    let Some(dir) = env::var_os(DIR) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(append_for_ever(Path::new(&dir)));
}

async fn append_for_ever(dir: &Path) {
    let log = Arc::new(Embedded::open(config(dir)).unwrap());
    log.create(&dataset(), 1, ndxp_model::Keep::Everything).await.unwrap();
    let writers: Vec<_> =
        (0..3).map(|writer| tokio::spawn(write_calls(Arc::clone(&log), writer))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn write_calls(log: Arc<Embedded>, writer: u32) {
    for call in 0..100_000_u32 {
        let length = 1 + call as usize % 5;
        let filler = "x".repeat(call as usize * 97 % 3_000);
        let values: Vec<_> = (0..length).map(|n| format!("{writer}-{call}-{n}-{filler}")).collect();
        let appended = publish(&*log, values.clone()).await;
        let mut told = String::new();
        for (offset, value) in appended.covered.iter().zip(values) {
            told += &format!("acked {offset} {value} .\n");
        }
        // One call of `write`, so that writers do not interleave within a line.
        std::io::stdout().lock().write_all(told.as_bytes()).unwrap();
    }
}

#[test]
fn second_process_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = start_child(dir.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("acked ")), "the child is at work");
    let error = Embedded::open(config(dir.path())).unwrap_err();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    let expected = format!(
        "log directory {} is in use by another process, which holds its file `lock`",
        dir.path().display()
    );
    assert_eq!(error.to_string(), expected);
    Embedded::open(config(dir.path())).unwrap();
}
