use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
};

use crate::{
    ending,
    hub::{Hub, certificates, init, pki, serve},
    ndxp, text,
};

#[test]
fn a_hub_begins_once() {
    let dir = tempfile::tempdir().unwrap();
    assert!(init(dir.path()).status.success());
    let key = dir.path().join("keys/pseudonym.key");
    let before = fs::read(&key).unwrap();
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let output = init(dir.path());
    let (status, words) = ending(&output);
    assert_eq!(status, 1);
    assert!(words.contains("holds a hub already"), "{words}");
    assert_eq!(fs::read(&key).unwrap(), before);
}

#[test]
fn one_officer_begins_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("hub");
    let mut command = ndxp();
    command.args(["init", "--trust-domain", "hub.example", "--authority", "hub"]);
    command.args(["--authority-name-vi", "Trung tâm", "--authority-name-en", "Hub"]);
    command.args(["--officer", "officer-1", "--officer", "officer-1", "--data"]).arg(&data);
    assert_eq!(ending(&command.output().unwrap()).0, 2);
    assert!(!data.exists());
}

#[test]
fn a_directory_without_a_hub_is_named_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("nowhere");
    let output = serve(&data).output().unwrap();
    let (status, words) = ending(&output);
    assert_eq!(status, 2);
    assert!(words.contains("nowhere holds no hub"), "{words}");
    assert!(!data.exists());
}

#[test]
fn missing_certificate_is_named() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path());
    let output = serve(dir.path()).output().unwrap();
    let (status, words) = ending(&output);
    assert_eq!(status, 2);
    assert!(words.contains("pki/server/cert.pem"), "{words}");
}

#[test]
fn one_directory_has_one_process_and_sigterm_ends_it_in_good_order() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path());
    certificates(dir.path());
    let hub = Hub::start(dir.path());

    let output = serve(dir.path()).output().unwrap();
    let (status, words) = ending(&output);
    assert_eq!(status, 2);
    assert!(words.contains("in use by another process"), "{words}");

    for path in ["/livez", "/readyz", "/metrics"] {
        assert!(get(&hub.http, path).starts_with("HTTP/1.0 200"), "{path}");
    }
    let (status, words) = hub.terminate();
    assert_eq!(status, Some(0), "{words}");
    for line in words.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert_eq!(Hub::start(dir.path()).terminate().0, Some(0), "the directory is free again");
}

#[test]
fn damaged_directory_is_not_served() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path());
    certificates(dir.path());
    Hub::start(dir.path()).terminate();
    fs::write(dir.path().join("log/ends"), "damage").unwrap();
    let output = serve(dir.path()).output().unwrap();
    let (status, words) = ending(&output);
    assert_eq!(status, 2);
    assert!(words.contains("is damaged"), "{words}");
}

#[test]
fn an_address_in_use_is_named() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path());
    certificates(dir.path());
    let hub = Hub::start(dir.path());
    let second = tempfile::tempdir().unwrap();
    init(second.path());
    certificates(second.path());
    let mut command = ndxp();
    command.args(["serve", "--listen", &hub.grpc, "--http", "127.0.0.1:0", "--data"]);
    let output = command.arg(second.path()).output().unwrap();
    let (status, words) = ending(&output);
    assert_eq!(status, 2);
    assert!(words.contains(&hub.grpc), "{words}");
}

#[test]
fn issued_identity_is_enough_to_call_and_a_revoked_one_is_not_let_in() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path());
    certificates(dir.path());
    let hub = Hub::start(dir.path());
    let identity = dir.path().join("pki/agencies/hub/officers/officer-1");
    let whoami = |hub: &Hub| {
        let address = format!("https://{}", hub.grpc);
        let mut command = ndxp();
        command.args(["whoami", "--json", "--hub", &address, "--identity"]);
        command.arg(&identity).output().unwrap()
    };
    let output = whoami(&hub);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["principal"], "agency/hub/officer/officer-1");

    hub.terminate();
    pki(dir.path(), &["revoke", "hub/officer/officer-1"]);
    let hub = Hub::start(dir.path());
    assert!(!whoami(&hub).status.success());
}

#[test]
fn a_hub_of_ones_own_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let dev = || {
        let mut command = ndxp();
        command.args(["dev", "--once", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        command.arg("--data").arg(dir.path()).output().unwrap()
    };
    let first = dev();
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert!(text(&first.stderr).contains("578 certificates issued"), "{}", text(&first.stderr));
    let second = dev();
    assert!(second.status.success(), "{}", text(&second.stderr));
    assert!(text(&second.stderr).contains("0 certificates issued"), "{}", text(&second.stderr));
    assert!(text(&second.stdout).contains("nothing to do"), "{}", text(&second.stdout));
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn new_revocation_list_is_in_force_at_sighup_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path());
    certificates(dir.path());
    let mut hub = Hub::start(dir.path());
    pki(dir.path(), &["revoke", "hub/officer/officer-1"]);
    hub.signal("HUP");
    let said = hub.says("SIGHUP: looked at the TLS files");
    assert!(said.contains("new TLS files are in force"), "{said}");
    fs::write(dir.path().join("pki/crl.pem"), "half a file").unwrap();
    hub.says("the revocation list's file holds no list");
    let (status, said) = hub.terminate();
    assert_eq!(status, Some(0), "{said}");
}
