//! What `deploy/` says is true of the binary.

use std::{fs, path::PathBuf, process::Command};

use crate::{ndxp, text};

fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy")).join(name)
}

fn unit() -> String {
    fs::read_to_string(file("systemd/ndxp.service")).unwrap()
}

#[test]
fn service_manager_waits_longer_than_a_drain() {
    let unit = unit();
    let line = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec="));
    let patience: u64 = line.unwrap().parse().unwrap();
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/ndxp.toml");
    let config = fs::read_to_string(config).unwrap();
    let append = config.lines().find_map(|line| line.strip_prefix("append_timeout_s = "));
    let append: u64 = append.unwrap().parse().unwrap();
    assert!(patience > ndxp_hub::DRAIN.as_secs() + append);
}

#[test]
fn unit_is_understood_and_leaves_little_open() {
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        ndxp_brokers::skip("deploy: the systemd unit", "there is no systemd-analyze");
        return;
    };
    assert!(version.status.success());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ndxp.service");
    // Where the binary is here.
    fs::write(&path, unit().replace("/usr/bin/ndxp", env!("CARGO_BIN_EXE_ndxp"))).unwrap();
    let verified = Command::new("systemd-analyze").arg("verify").arg(&path).output().unwrap();
    let said = [text(&verified.stdout), text(&verified.stderr)].concat();
    assert!(verified.status.success() && said.is_empty(), "{said}");
    let mut rated = Command::new("systemd-analyze");
    // 1.5 of 10: the network is all that is open.
    rated.args(["security", "--offline=true", "--threshold=15"]).arg(&path);
    let rated = rated.output().unwrap();
    assert!(rated.status.success(), "{}", text(&rated.stdout));
}

/// The settings of a node in the compose file are the hub's own.
#[test]
fn settings_of_composed_nodes_are_fine() {
    let compose = fs::read_to_string(file("compose/compose.yaml")).unwrap();
    assert!(compose.starts_with("# Not started"), "its first words say that nobody has tried it");
    let settings = compose.lines().filter_map(|line| line.trim().split_once(": "));
    let settings: Vec<_> = settings.filter(|(name, _)| name.starts_with("NDXP_")).collect();
    assert!(settings.len() > 10, "{settings:?}");
    let output = ndxp().args(["config", "check"]).envs(settings).output().unwrap();
    let said = text(&output.stdout);
    if cfg!(feature = "kafka") {
        assert_eq!(said, "the configuration is fine\n");
    } else {
        assert!(said.contains("built without kafka"), "{said}");
    }
}
