//! What the hub's nodes know each other by.

use std::{fs, path::Path};

use crate::{ending, hub, ndxp, text};

fn node(data: &Path, more: &[&str]) -> std::process::Output {
    ndxp().args(["pki", "node"]).args(more).arg("--data").arg(data).output().unwrap()
}

#[test]
fn further_nodes_have_certificates_of_one_authority_and_not_its_keys() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (dir.path().join("n1"), dir.path().join("n2/pki/nodes"));
    hub::pki(&first, &["init", "--trust-domain", "hub.example"]);
    hub::pki(&first, &["node"]);
    hub::pki(&first, &["node", "--out", second.to_str().unwrap()]);
    let own = first.join("pki/nodes");
    let read = |path: std::path::PathBuf| fs::read_to_string(path).unwrap();
    assert_eq!(read(own.join("ca.pem")), read(second.join("ca.pem")));
    assert_ne!(read(own.join("cert.pem")), read(second.join("cert.pem")));
    assert_ne!(read(own.join("ca.pem")), read(first.join("pki/ca.pem")), "not the agencies' one");
    for home in [&own, &second] {
        let mut files: Vec<_> =
            fs::read_dir(home).unwrap().map(|e| e.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["ca.pem", "cert.pem", "key.pem"]);
        let mode = fs::metadata(home.join("key.pem")).unwrap().permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    }
}

#[test]
fn authority_of_nodes_stays_with_its_domain() {
    let dir = tempfile::tempdir().unwrap();
    let output = node(dir.path(), &[]);
    let (status, said) = ending(&output);
    assert!(status != 0 && said.contains("--trust-domain"), "{status} {said}");
    let output = node(dir.path(), &["--trust-domain", "hub.example"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = node(dir.path(), &["--trust-domain", "other.example"]);
    let (status, said) = ending(&output);
    assert!(status != 0 && said.contains("one of hub.example, not of other.example"), "{said}");
}
