//! TLS and SCRAM to the brokers, and what the hub's Kafka user may do there.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, Weak},
    time::{Duration, SystemTime},
};

use ndxp_brokers::{Cluster, Options, Secure};
use ndxp_log::{
    Log as _,
    conformance::run_those,
    kafka::{Compression, Config, Kafka, Scram, Secret, Security, Timeouts, Tls},
};
use ndxp_model::{Keep, Timestamp};
use ndxp_pki::{Authority, Validity};
use tempfile::TempDir;

use crate::{
    conformance,
    fixture::{self, data, keys, publish, read_all},
};

const PASSWORD: &str = "pw-of-the-hub";
/// What the topics of these tests' hubs begin with, so that `deploy/kafka/acls.sh` is run once.
const PREFIX: &str = "ndxp.";

/// One for each kind of call that the brokers may refuse.
const CHECKS: &[&str] = &[
    "pages_from_anywhere_equal_what_was_appended",
    "follower_wakes_when_the_end_moves",
    "offset_at_finds_the_first_record_not_earlier",
];

/// A broker that refuses what nobody was allowed, with the rights that `deploy/kafka/acls.sh` gives.
struct Ground {
    cluster: Cluster,
    dir: TempDir,
}

impl Ground {
    /// Shared by the tests that run at the time.
    fn get(test: &str) -> Option<Arc<Self>> {
        static SHARED: OnceLock<Mutex<Weak<Ground>>> = OnceLock::new();
        let mut place = SHARED.get_or_init(Mutex::default).lock().unwrap();
        if let Some(there) = place.upgrade() {
            return Some(there);
        }
        let ground = Arc::new(Self::start(test)?);
        *place = Arc::downgrade(&ground);
        Some(ground)
    }

    fn start(test: &str) -> Option<Self> {
        let installation = fixture::installation(test)?;
        let (brokers, hubs) = (authority("brokers.example"), authority("hubs.example"));
        let server = brokers.issue_server(&["localhost"], Validity::days(now(), 1)).unwrap();
        let secure = Secure {
            keystore: server.key_pem + &server.chain_pem,
            user: "ndxp".into(),
            password: PASSWORD.into(),
            client_ca: Some(hubs.ca_pem()),
        };
        let options = Options { secure: Some(secure), authorizes: true, ..Options::default() };
        let cluster = Cluster::start(&installation, &options).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
        write("ca.pem", brokers.ca_pem());
        write("other.pem", hubs.ca_pem());
        let hub = hubs.issue_custom(&[], Validity::days(now(), 1)).unwrap();
        write("hub.pem", hub.chain_pem);
        write("hub.key", hub.key_pem);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/kafka/acls.sh");
        let subject = r"User:CN=DEVELOPMENT client,O=DEVELOPMENT ndxp\, not for production";
        for hub in ["User:ndxp", subject] {
            cluster.tool().acls(&script, &[("HUB", hub), ("PREFIX", "")]).unwrap();
        }
        Some(Self { cluster, dir })
    }

    /// Takes a right away from `ndxp` on the topics of one hub.
    fn deny(&self, operation: &str, prefix: &str) {
        let script = self.file("deny.sh");
        let text = "$KAFKA_ACLS --bootstrap-server $BOOTSTRAP --add --force --deny-principal User:ndxp \
                    --resource-pattern-type prefixed --topic $PREFIX --operation $OPERATION\n";
        fs::write(&script, text).unwrap();
        let variables = [("OPERATION", operation), ("PREFIX", prefix)];
        self.cluster.tool().acls(&script, &variables).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Settings of a hub of its own. Waits are short: much here is to be refused.
    fn config(&self, security: Security) -> Config {
        let bootstrap = match &security {
            Security::Tls(_) => self.cluster.mutual_bootstrap(),
            Security::Scram { .. } | Security::Plaintext => self.cluster.secure_bootstrap(),
        };
        let config = fixture::config(&bootstrap, 1);
        let timeouts = Timeouts { admin: Duration::from_secs(5), ..config.timeouts };
        Config { security, timeouts, prefix: format!("{PREFIX}{}", config.prefix), ..config }
    }

    fn scram(&self, mechanism: Scram, password: &str, ca: &str) -> Config {
        let tls = Some(Tls { ca: Some(self.file(ca)), identity: None });
        let (user, password) = ("ndxp".into(), Secret::new(password));
        self.config(Security::Scram { mechanism, user, password, tls })
    }

    fn tls(&self, identity: Option<(PathBuf, PathBuf)>) -> Config {
        self.config(Security::Tls(Tls { ca: Some(self.file("ca.pem")), identity }))
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

fn authority(domain: &str) -> Authority {
    Authority::create(domain.parse().unwrap(), now()).unwrap()
}

/// A record comes back over these settings.
async fn is_good(config: &Config) {
    let log = fixture::with_dataset(config, 1).await;
    publish(&*log, 0, &["secret".into()]).await.unwrap();
    assert_eq!(keys(&read_all(&*log, &data(0)).await), ["secret"]);
    log.close().await;
}

async fn refused(config: Config, named: &str) {
    let said = Kafka::open(config).await.unwrap_err().to_string();
    assert!(said.to_lowercase().contains(named), "{named} is not named: {said}");
    assert!(!said.contains("pw-of"), "a password is told: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_are_known_by_their_certificate_and_the_hub_by_its_password() {
    let name = "brokers_are_known_by_their_certificate_and_the_hub_by_its_password";
    let Some(ground) = Ground::get(name) else { return };
    for mechanism in [Scram::Sha512, Scram::Sha256] {
        is_good(&ground.scram(mechanism, PASSWORD, "ca.pem")).await;
        refused(ground.scram(mechanism, "pw-of-another", "ca.pem"), "authentication").await;
    }
    refused(ground.scram(Scram::Sha512, PASSWORD, "other.pem"), "certificate").await;
    refused(ground.config(Security::Plaintext), "no broker of localhost").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hub_is_known_by_its_certificate() {
    let Some(ground) = Ground::get("hub_is_known_by_its_certificate") else { return };
    is_good(&ground.tls(Some((ground.file("hub.pem"), ground.file("hub.key"))))).await;
    refused(ground.tls(None), "certificate").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engine_conforms_with_the_rights_that_the_script_gives_and_zstd() {
    let name = "engine_conforms_with_the_rights_that_the_script_gives_and_zstd";
    let Some(ground) = Ground::get(name) else { return };
    let secured = Arc::clone(&ground);
    run_those(CHECKS, move || {
        let config = secured.scram(Scram::Sha256, PASSWORD, "ca.pem");
        let timeouts = Config::new("").timeouts;
        conformance::rig(Config { compression: Compression::Zstd, timeouts, ..config })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hub_may_change_what_is_kept_and_says_if_it_may_not() {
    let Some(ground) = Ground::get("hub_may_change_what_is_kept_and_says_if_it_may_not") else {
        return;
    };
    let config = ground.scram(Scram::Sha512, PASSWORD, "ca.pem");
    let log = fixture::with_dataset(&config, 1).await;
    let recent = Keep::Recent { max_age_ms: Some(86_400_000), max_bytes: None };
    log.create(&fixture::dataset(), 1, recent).await.unwrap();
    let topic = format!("{}{}", config.prefix, data(0).topic);
    let told = ground.cluster.tool().settings(&topic).unwrap().join("\n");
    assert!(told.contains("retention.ms=86400000"), "{told}");

    ground.deny("AlterConfigs", &config.prefix);
    let answer = log.create(&fixture::dataset(), 1, Keep::Everything).await;
    let said = answer.unwrap_err().to_string();
    assert!(said.contains("AlterConfigs"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hub_may_do_nothing_beside_its_own_topics() {
    let Some(ground) = Ground::get("hub_may_do_nothing_beside_its_own_topics") else { return };
    let config = ground.scram(Scram::Sha512, PASSWORD, "ca.pem");
    let another = || Config { prefix: "another.".into(), ..config.clone() };
    // What is missing, on what, and what gives it.
    for named in ["authorization failed", "topic another.ndxp.registry", "deploy/kafka/acls.sh"] {
        refused(another(), named).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zstd_is_what_the_broker_keeps() {
    let Some(ground) = Ground::get("zstd_is_what_the_broker_keeps") else { return };
    let config = ground.scram(Scram::Sha512, PASSWORD, "ca.pem");
    let config = Config { compression: Compression::Zstd, ..config };
    let log = fixture::with_dataset(&config, 1).await;
    let long = "a".repeat(10_000);
    publish(&*log, 0, std::slice::from_ref(&long)).await.unwrap();
    assert_eq!(keys(&read_all(&*log, &data(0)).await), [long]);
    let logs = ground.cluster.logs();
    let topic = format!("data/{}{}-0", config.prefix, data(0).topic);
    let segment = logs[0].with_file_name(topic).join("00000000000000000000.log");
    let batch = fs::read(segment).unwrap();
    assert!(batch.len() < 1_000, "{} bytes", batch.len());
    // The compression stands in the low bits of a batch's attributes; 4 is zstd.
    assert_eq!(batch[22] & 7, 4);
}
