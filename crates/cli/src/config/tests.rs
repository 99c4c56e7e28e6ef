#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use super::*;

const CHECKED_IN: &str = include_str!("../../../../config/ndxp.toml");

fn file(text: &str) -> Sources {
    Sources { file: Some(("hub.toml".to_owned(), text.to_owned())), ..Sources::default() }
}

fn env(name: &str, value: &str) -> Sources {
    Sources { env: BTreeMap::from([(name.to_owned(), value.to_owned())]), ..Sources::default() }
}

fn wrong(sources: &Sources) -> String {
    resolve(sources).unwrap_err().to_string()
}

#[test]
fn checked_in_file_says_what_holds_without_it() {
    let with = resolve(&file(CHECKED_IN)).unwrap();
    assert_eq!(with.config, resolve(&Sources::default()).unwrap().config);
    let unsaid = with.values.iter().find(|(_, _, place)| *place == Place::Default);
    assert_eq!(unsaid, None, "every key stands in config/ndxp.toml");
}

#[test]
fn later_layers_win() {
    let mut sources = file("node = \"n2\"\n[log]\nmin_free = \"1GiB\"\n");
    let node = |sources: &Sources| resolve(sources).unwrap().config.node;
    assert_eq!(node(&sources), "n2");
    sources.env.insert("NDXP_NODE".to_owned(), "n3".to_owned());
    assert_eq!(node(&sources), "n3");
    sources.flags.push(("node", "n4".to_owned(), "--node"));
    assert_eq!(node(&sources), "n4");
    sources.set.push(("node".to_owned(), "n5".to_owned()));
    assert_eq!(node(&sources), "n5");
    assert_eq!(resolve(&sources).unwrap().config.log.min_free, ByteSize(1 << 30));
}

#[test]
fn every_value_says_where_it_stands() {
    let mut sources = file("node = \"n2\"\n");
    sources.env.insert("NDXP_LOG_MIN_FREE".to_owned(), "0".to_owned());
    let resolved = resolve(&sources).unwrap();
    let place = |name: &str| {
        let value = resolved.values.iter().find(|(key, _, _)| key.name == name);
        value.unwrap().2.to_string()
    };
    assert_eq!(place("node"), "hub.toml:1:1");
    assert_eq!(place("log.min_free"), "environment variable NDXP_LOG_MIN_FREE");
    assert_eq!(place("data"), "default");
}

#[test]
fn tls_files_stand_in_the_directory_unless_named() {
    let tls = |text| resolve(&file(text)).unwrap().config.tls;
    let default = tls("data = \"d\"");
    assert_eq!(default.chain, Path::new("d/pki/server/cert.pem"));
    assert_eq!(default.crl, Crl::Beside("d/pki/crl.pem".into()));
    let named = tls("[tls]\nkey = \"/k\"\ncrl = \"/c\"");
    assert_eq!(named.key, Path::new("/k"));
    assert_eq!(named.crl, Crl::Named("/c".into()));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let found = [
        wrong(&file("\n[log]\nminfree = \"1GiB\"\n")),
        wrong(&file("[grcp]\nlisten = \"127.0.0.1:1\"\n")),
        wrong(&file("[kafka]\n")),
        wrong(&file("node = \"n1\"\nnode = \"n2\"\n")),
        wrong(&file("node = [1]\n")),
        wrong(&file("node = \"\"\n")),
        wrong(&file("data = \"\"\n")),
        wrong(&file("[grpc]\nlisten = \"localhost\"\n")),
        wrong(&file("[log]\nmin_free = \"256 MB\"\n")),
        wrong(&file("[log]\nmin_free = 1.5\n")),
        wrong(&file("[telemetry]\nlevel = \"INFO\"\n")),
        wrong(&file("[telemetry]\nformat = \"xml\"\n")),
        wrong(&env("NDXP_LOG_MINFREE", "1")),
        wrong(&env("NDXP_LOG_MIN_FREE", "much")),
        wrong(&Sources { set: vec![("nodes".into(), "x".into())], ..Sources::default() }),
        wrong(&Sources { flags: vec![("data", String::new(), "--data")], ..Sources::default() }),
    ];
    crate::golden::check("config/mistakes.txt", &(found.join("\n") + "\n"));
}

#[test]
fn variables_of_others_are_let_be() {
    for name in ["NDXP_HUB", "NDXP_IDENTITY", "NDXP_AS", "NDXP_CONFIG", "NDXP_BLESS", "PATH"] {
        assert!(resolve(&env(name, "x")).is_ok(), "{name}");
    }
}

#[test]
fn sizes_are_read_exactly() {
    let size = |text: &str| text.parse::<ByteSize>().map(|size| size.0);
    assert_eq!(size("0"), Ok(0));
    assert_eq!(size("268435456"), Ok(1 << 28));
    assert_eq!(size("64KiB"), Ok(1 << 16));
    assert_eq!(size("2 GiB"), Ok(2 << 30));
    for text in ["", "MiB", "-1", "1.5GiB", "1GB", "99999999999GiB"] {
        assert_eq!(size(text), Err(()), "{text}");
    }
}
