//! TLS and SCRAM to the brokers.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use ndxp_brokers::{Cluster, Options, Secure};
use ndxp_log::kafka::{Config, Kafka, Scram, Secret, Security, Timeouts, Tls};
use ndxp_model::Timestamp;
use ndxp_pki::{Authority, Validity};

use crate::fixture::{self, data, keys, publish, read_all};

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

fn authority() -> Authority {
    Authority::create("brokers.example".parse().unwrap(), now()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_are_known_by_their_certificate_and_the_hub_by_its_password() {
    let name = "brokers_are_known_by_their_certificate_and_the_hub_by_its_password";
    let Some(installation) = fixture::installation(name) else { return };
    let authority = authority();
    let server = authority.issue_server(&["localhost"], Validity::days(now(), 1)).unwrap();
    let secure = Secure {
        keystore: server.key_pem + &server.chain_pem,
        user: "ndxp".into(),
        password: "pw-of-the-hub".into(),
    };
    let options = Options { secure: Some(secure), ..Options::default() };
    let cluster = Cluster::start(&installation, &options).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (ca, other) = (dir.path().join("ca.pem"), dir.path().join("other.pem"));
    fs::write(&ca, authority.ca_pem()).unwrap();
    fs::write(&other, self::authority().ca_pem()).unwrap();

    let config = fixture::config(&cluster.secure_bootstrap(), 1);
    let admin = Duration::from_secs(5);
    let timeouts = Timeouts { admin, ..config.timeouts };
    let with = |password: &str, ca| {
        let tls = Some(Tls { ca: Some(ca), identity: None });
        let (user, password) = ("ndxp".into(), Secret::new(password));
        let security = Security::Scram { mechanism: Scram::Sha512, user, password, tls };
        Config { security, timeouts, ..config.clone() }
    };
    let log = fixture::with_dataset(&with("pw-of-the-hub", ca.clone()), 1).await;
    publish(&*log, 0, &["secret".into()]).await.unwrap();
    assert_eq!(keys(&read_all(&*log, &data(0)).await), ["secret"]);

    for (wrong, named) in [
        (with("pw-of-another", ca), "authentication"),
        (with("pw-of-the-hub", other), "certificate"),
        (Config { timeouts, ..config.clone() }, "no broker of localhost"),
    ] {
        let said = Kafka::open(wrong).await.unwrap_err().to_string();
        assert!(said.to_lowercase().contains(named), "{named} is not named: {said}");
        assert!(!said.contains("pw-of"), "a password is told: {said}");
    }
}
