//! A hub in this process on a port of its own, with the certificates of those who act.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use ndxp_hub::{Genesis, Keys, Node, Parts, TlsFiles, genesis};
use ndxp_log::{Log, embedded};
use ndxp_model::{Agency, PrincipalName, Timestamp};
use ndxp_pki::{Authority, Directory, Validity};
use ndxp_schema::{National, Profile};
use tokio::runtime::Runtime;

/// A running hub; its directory is what `--data` names.
pub(crate) struct Hub {
    dir: tempfile::TempDir,
    node: Option<Node>,
    runtime: Runtime,
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

impl Hub {
    /// Starts a hub whose authority is the agency in `nation/agencies/data-authority.json`, with
    /// a certificate for every officer and system of the nation that `wanted` takes.
    pub(crate) fn start(nation: &Path, wanted: impl Fn(&PrincipalName) -> bool) -> Self {
        Self::of_country(nation, wanted, Profile::default().national)
    }

    /// The same, by another country's profile.
    pub(crate) fn of_country(
        nation: &Path,
        wanted: impl Fn(&PrincipalName) -> bool,
        national: Arc<National>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pki = Directory::new(dir.path().join("pki"));
        let authority = Authority::create("ndxp.example".parse().unwrap(), now()).unwrap();
        pki.save_authority(&authority, now()).unwrap();
        let validity = Validity::days(now(), 1);
        for name in principals(nation).filter(wanted) {
            pki.save_principal(&name, &authority.issue(&name, validity).unwrap()).unwrap();
        }
        let server = authority.issue_server(&["localhost", "127.0.0.1"], validity).unwrap();
        let tls = TlsFiles {
            chain: server.chain_pem.into(),
            key: server.key_pem.into(),
            client_ca: authority.ca_pem().into(),
            crl: None,
        };
        let runtime = Runtime::new().unwrap();
        let node = runtime.block_on(serve(nation, dir.path(), tls, national));
        let address = format!("https://localhost:{}", node.grpc().port());
        std::fs::write(dir.path().join("pki/hub"), address).unwrap();
        Self { dir, node: Some(node), runtime }
    }

    /// Returns the directory of a hub's data and of its certificates.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// Runs the binary against this hub.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Prepares a run of the binary against this hub.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = crate::ndxp();
        command.args(args).env("NDXP_DATA", self.data());
        command
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            self.runtime.block_on(node.shutdown());
        }
    }
}

async fn serve(nation: &Path, dir: &Path, tls: TlsFiles, national: Arc<National>) -> Node {
    let engine = embedded::Embedded::open(embedded::Config::new(dir.join("log"))).unwrap();
    let log_failed = engine.fatal();
    let log: Arc<dyn Log> = Arc::new(engine);
    let file = nation.join("agencies/data-authority.json");
    let mut file: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let members = file.as_object_mut().unwrap();
    members.retain(|member, _| ["id", "name", "kind"].contains(&member.as_str()));
    let authority: Agency = serde_json::from_value(file).unwrap();
    let first = Genesis {
        trust_domain: "ndxp.example".parse().unwrap(),
        authority,
        officers: ["officer-1", "officer-2"].map(|id| id.parse().unwrap()).into(),
        incarnation: [7; 16],
    };
    genesis(&log, first, now()).await.unwrap();
    let parts = Parts {
        node: "n1".to_owned(),
        log,
        log_failed,
        log_size: Arc::new(|| 0),
        projections: None,
        keys: Keys::from_bytes(&[7; 32]),
        cursors: ndxp_hub::CursorKey::from_bytes(&[8; 32]),
        tls: tls.into(),
        national,
        drain: ndxp_hub::DRAIN,
        clock: Arc::new(now),
        monotonic: ndxp_hub::boot_time(),
        neighbours: None,
        grpc: ndxp_hub::bind(([127, 0, 0, 1], 0).into()).unwrap(),
        http: ndxp_hub::bind(([127, 0, 0, 1], 0).into()).unwrap(),
    };
    Node::start(parts).await.unwrap()
}

fn principals(nation: &Path) -> impl Iterator<Item = PrincipalName> {
    let files = std::fs::read_dir(nation.join("agencies")).unwrap();
    files.flat_map(|file| {
        let text = std::fs::read(file.unwrap().path()).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let names = |list: &str, kind: &str| -> Vec<PrincipalName> {
            let ids =
                value[list].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap());
            let agency = value["id"].as_str().unwrap();
            ids.map(|id| format!("agency/{agency}/{kind}/{id}").parse().unwrap()).collect()
        };
        [names("systems", "system"), names("officers", "officer")].concat()
    })
}
