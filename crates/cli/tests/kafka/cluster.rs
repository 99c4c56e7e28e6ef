//! Several nodes and their brokers, started and ended by one command.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use crate::has_brokers;

#[test]
fn ctrl_c_ends_the_nodes_in_good_order_and_the_brokers_after_them() {
    if !has_brokers("ctrl_c_ends_the_nodes_in_good_order_and_the_brokers_after_them") {
        return;
    }
    // To all that the terminal would reach.
    let said = up_until("-INT");
    assert!(said.contains("SIGTERM: draining"), "the node is asked by nobody else: {said}");
    assert!(!said.contains("SIGINT"), "{said}");
    assert!(said.trim_end().ends_with("stopped"), "{said}");
    assert!(!said.contains("no broker answers"), "the brokers outlive the node: {said}");
    let said = up_until("-TERM");
    assert!(said.trim_end().ends_with("stopped"), "{said}");
    assert!(!said.contains("no broker answers"), "the brokers outlive the node: {said}");
}

/// Starts a cluster, sends a signal to its process group as a terminal does, and returns what the
/// node has said once all is over.
fn up_until(signal: &str) -> String {
    let (dir, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndxp"));
    command.args(["cluster", "up", "--nodes", "1", "--brokers", "1", "--port", "0", "--data"]);
    command.arg(dir.path().join("hub")).env("TMPDIR", place.path()).process_group(0);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(told.any(|line| line.unwrap().contains("are ready")), "it did not start");
    let all = children_of(child.id());
    assert_eq!(all.len(), 2, "a node and a broker");
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args([signal, "--", &group]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    for id in all {
        assert!(!Path::new("/proc").join(id.to_string()).exists(), "{id} is left behind");
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0, "the broker's files are gone");
    std::fs::read_to_string(dir.path().join("hub/n1/hub.log")).unwrap()
}

fn children_of(parent: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

fn parent_of(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // Behind the name in brackets, which may hold anything: the state, then the parent.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
