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
        wrong(&file("[kafca]\n")),
        wrong(&file("[kafka]\nbroker = \"b1:9092\"\n")),
        wrong(&file("[log]\nengine = \"fjall\"\n")),
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

#[test]
fn section_of_another_engine_is_not_looked_at() {
    assert!(resolve(&file("[kafka]\nsecurity = \"none\"\nreplication = 0\n")).is_ok());
}

#[cfg(not(feature = "kafka"))]
#[test]
fn engine_that_was_not_built_in_is_named() {
    let said = wrong(&file("[log]\nengine = \"kafka\"\n"));
    let expected = "hub.toml:2:1: log.engine must be embedded: this ndxp was built without kafka, not \"kafka\"";
    assert_eq!(said, expected);
}

#[cfg(feature = "kafka")]
mod kafka {
    use std::time::Duration;

    use super::*;

    const SEVERAL: &str = include_str!("../../../../config/several-nodes.toml");

    #[test]
    fn checked_in_file_of_a_node_among_several_uses_all_that_secures_it() {
        let config = resolve(&file(SEVERAL)).unwrap().config;
        let nodes = config.nodes.unwrap();
        assert!(!nodes.advertise.is_empty() && nodes.listen.port() != config.grpc.port());
        let EngineConfig::Kafka(kafka) = config.log.engine else { panic!("the engine is kafka") };
        assert!(kafka.brokers.split(',').count() >= 3, "{}", kafka.brokers);
        assert!(kafka.tls.unwrap().ca.is_some());
        assert_eq!(kafka.login.unwrap().mechanism, Scram::Sha512);
        assert!(kafka.min_in_sync < kafka.replication, "a broker may be away");
    }

    const LEAST: &str = "[log]\nengine = \"kafka\"\n[kafka]\nbrokers = \"b1:9093, b2:9093\"\n";

    fn read(more: &str) -> KafkaConfig {
        match resolve(&file(&format!("{LEAST}{more}"))).unwrap().config.log.engine {
            EngineConfig::Kafka(kafka) => *kafka,
            EngineConfig::Embedded => panic!("the engine is kafka"),
        }
    }

    #[test]
    fn brokers_are_enough_and_tls_is_the_default() {
        let least = read("");
        assert_eq!(least.brokers, "b1:9093,b2:9093");
        assert_eq!((least.replication, least.min_in_sync), (3, 2));
        assert_eq!(least.append_timeout, Duration::from_secs(20));
        assert_eq!(least.tls, Some(Tls { ca: None, identity: None }));
        assert_eq!(least.login, None);
    }

    #[test]
    fn login_and_files_are_taken_over() {
        let full = read(
            "ca = \"/ca\"\ncertificate = \"/c\"\nkey = \"/k\"\nsasl = \"scram-sha-512\"\n\
             user = \"ndxp\"\npassword_file = \"/p\"\nprefix = \"a.\"\ncompression = \"zstd\"\n",
        );
        let identity = Some(("/c".into(), "/k".into()));
        assert_eq!(full.tls, Some(Tls { ca: Some("/ca".into()), identity }));
        let login =
            Login { mechanism: Scram::Sha512, user: "ndxp".into(), password_file: "/p".into() };
        assert_eq!(full.login, Some(login));
        assert_eq!((full.prefix.as_str(), full.compression), ("a.", Compression::Zstd));
        assert_eq!(read("security = \"plaintext\"").tls, None);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let mut found = vec![wrong(&file("[log]\nengine = \"kafka\"\n"))];
        let mistakes = [
            "prefix = \"a/b\"",
            "replication = 0",
            "min_in_sync = 4",
            "compression = \"gzip\"",
            "append_timeout_s = 0",
            "security = \"none\"",
            "certificate = \"/c\"",
            "key = \"/k\"",
            "security = \"plaintext\"\nca = \"/ca\"",
            "sasl = \"plain\"",
            "user = \"ndxp\"",
            "sasl = \"scram-sha-256\"",
            "sasl = \"scram-sha-256\"\nuser = \"ndxp\"",
        ];
        found.extend(mistakes.map(|more| wrong(&file(&format!("{LEAST}{more}\n")))));
        found.push(wrong(&file(&LEAST.replace(":9093", ""))));
        crate::golden::check("config/kafka-mistakes.txt", &(found.join("\n") + "\n"));
    }
}
