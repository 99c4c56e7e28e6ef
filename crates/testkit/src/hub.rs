//! A whole hub in the test's process: real TLS, real gRPC on port 0, a real log.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ndxp_hub::{
    Genesis, Keys, Neighbours, Node, Parts, Reload, StartError, TlsFiles, TlsSource, genesis,
};
use ndxp_log::{Log, memory::Faults};
use ndxp_model::{Agency, AgencyKind, Title, TrustDomain};
use ndxp_pki::{Authority, Validity};

use crate::{Engine, TestClock, http, identities::Identities, journal};

/// The trust domain of every hub of a test.
const DOMAIN: &str = "test.ndxp.example";

/// A hub that serves. It starts in milliseconds, and ends when it is dropped.
#[derive(Debug)]
pub struct TestHub {
    /// The hub's clock.
    pub clock: TestClock,
    /// What the hub's log runs on.
    pub engine: Engine,
    pub(crate) node: Node,
    pub(crate) identities: Identities,
    pub(crate) tls: Files,
}

/// The TLS files, which a test may change under the hub.
pub(crate) type Files = Arc<Mutex<TlsFiles>>;

/// How long a hub of a test may take to drain.
pub const TEST_DRAIN: Duration = Duration::from_secs(3);

impl TestHub {
    /// Starts a hub in memory, with the agency `hub` as its authority (officers `officer-1` and
    /// `officer-2`).
    pub async fn start() -> Self {
        Self::start_on(Engine::memory()).await
    }

    /// Starts a hub on an empty engine.
    pub async fn start_on(engine: Engine) -> Self {
        Self::start_with(engine, |_, _| None).await
    }

    /// Starts a hub with a revocation list, which `crl` makes from the authority and the time.
    pub async fn start_with(
        engine: Engine,
        crl: impl FnOnce(&Authority, &TestClock) -> Option<String>,
    ) -> Self {
        journal::keep();
        let clock = TestClock::new();
        let domain: TrustDomain = DOMAIN.parse().expect("the domain is well formed");
        let begin = Genesis {
            trust_domain: domain.clone(),
            authority: Agency {
                id: "hub".parse().expect("the id is well formed"),
                name: Title { vi: "Trung tâm".into(), en: "Hub".into() },
                kind: AgencyKind::GovernmentAgency,
            },
            officers: ["officer-1", "officer-2"].map(|id| id.parse().expect("an id")).to_vec(),
            incarnation: [7; 16],
        };
        genesis(&engine.log(), begin, clock.now()).await.expect("the genesis is written");
        let authority = Authority::create(domain, clock.now()).expect("keys can be made");
        let crl = crl(&authority, &clock);
        let tls = Arc::new(Mutex::new(server_files(&authority, &clock, crl)));
        let node = serve(&engine, &clock, &tls, "n1").await.expect("the hub starts");
        let identities = Identities::new(authority, node.grpc());
        Self { clock, engine, node, identities, tls }
    }

    /// Returns the log, to be read as an auditor would.
    #[must_use]
    pub fn log(&self) -> Arc<dyn Log> {
        self.engine.log()
    }

    /// Returns the handle that injects faults into the log in memory.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.engine.faults()
    }

    /// Stops the hub in order and starts it again on the same log. The clock moves on by a second.
    pub async fn restart(self) -> Self {
        let Self { clock, engine, node, identities, tls } = self;
        node.shutdown().await;
        Self::again(clock, engine.reopen().await, identities, tls).await
    }

    /// Drops the hub where it stands and starts it again on the same log. The clock moves on by a
    /// second.
    pub async fn kill(self) -> Self {
        let Self { clock, engine, node, identities, tls } = self;
        let engine = engine.killed().await;
        drop(node);
        Self::again(clock, engine, identities, tls).await
    }

    /// Takes the power away from hub and log, then starts a hub on what was durable.
    ///
    /// # Panics
    /// On the embedded engine.
    pub async fn power_loss(self) -> Self {
        let Self { clock, engine, node, identities, tls } = self;
        let kept = engine.faults().power_loss();
        drop(node);
        Self::again(clock, Engine::Memory(Arc::new(kept)), identities, tls).await
    }

    async fn again(clock: TestClock, engine: Engine, identities: Identities, tls: Files) -> Self {
        clock.advance(Duration::from_secs(1));
        let node = serve(&engine, &clock, &tls, "n1").await.expect("the hub starts again");
        let identities = identities.moved(node.grpc());
        Self { clock, engine, node, identities, tls }
    }

    /// Waits until the hub can no longer serve, and returns why.
    pub async fn failed(&mut self) -> String {
        self.node.failed().await
    }

    /// Drops the hub where it stands, starts it again on the same log, and returns why it does not
    /// start.
    ///
    /// # Panics
    /// If it starts.
    pub async fn refuses_to_start(self) -> StartError {
        let Self { clock, engine, node, tls, .. } = self;
        let engine = engine.killed().await;
        drop(node);
        serve(&engine, &clock, &tls, "n1").await.expect_err("the hub does not start")
    }

    /// Drains the hub and keeps it as it is, for any number of others to start from.
    ///
    /// # Panics
    /// On the embedded engine.
    pub async fn into_template(self) -> Template {
        let Self { clock, engine, node, identities, tls } = self;
        node.shutdown().await;
        Template { clock, faults: engine.faults(), identities, tls }
    }

    /// Changes the TLS files and has the hub look at them.
    pub async fn reload(&self, change: impl FnOnce(&mut TlsFiles)) -> Reload {
        change(&mut self.tls.lock().unwrap_or_else(PoisonError::into_inner));
        self.node.reload().await
    }

    /// Returns how many live connections a principal has.
    #[must_use]
    pub fn connections_of(&self, principal: &str) -> usize {
        self.node.connections_of(&principal.parse().expect("a principal's name"))
    }

    /// Returns the hub's own files for new names and dates, as a renewal makes them.
    #[must_use]
    pub fn server_files(&self) -> TlsFiles {
        server_files(self.authority(), &self.clock, None)
    }

    /// Drains the hub and ends it; returns its log.
    pub async fn shutdown(self) -> Engine {
        self.node.shutdown().await;
        self.engine
    }

    /// Returns what the hub has folded from its log, once its streams have ended.
    pub async fn folded(&self) -> Vec<u8> {
        self.node.folded().await
    }

    /// Returns the metrics as Prometheus reads them.
    pub async fn metrics(&self) -> String {
        http::get(self.node.http(), "/metrics").await.1
    }

    /// Returns where the hub serves health and metrics.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.node.http()
    }

    /// Asks whether the hub is ready: the status and the reasons.
    pub async fn ready(&self) -> (u16, String) {
        ready_at(self.http()).await
    }
}

/// A hub at rest in memory.
#[derive(Debug)]
pub struct Template {
    clock: TestClock,
    faults: Faults,
    identities: Identities,
    tls: Files,
}

impl Template {
    /// Starts a hub of its own on a copy of the log. Its clock follows the runtime's.
    pub async fn start(&self) -> TestHub {
        let engine = Engine::Memory(Arc::new(self.faults.copy()));
        let tls =
            Arc::new(Mutex::new(self.tls.lock().unwrap_or_else(PoisonError::into_inner).clone()));
        TestHub::again(self.clock.follow_runtime(), engine, self.identities.copy(), tls).await
    }
}

/// As [`TestHub::ready`], of a hub that somebody else holds.
pub async fn ready_at(http: SocketAddr) -> (u16, String) {
    http::get(http, "/readyz").await
}

fn server_files(authority: &Authority, clock: &TestClock, crl: Option<String>) -> TlsFiles {
    let names = ["localhost", "127.0.0.1"];
    let validity = Validity::days(clock.now(), 3_650);
    let server = authority.issue_server(&names, validity).expect("the server's certificate");
    TlsFiles {
        chain: server.chain_pem.into_bytes(),
        key: server.key_pem.into_bytes(),
        client_ca: authority.ca_pem().into_bytes(),
        crl: crl.map(String::into_bytes),
    }
}

pub(crate) async fn serve(
    engine: &Engine,
    clock: &TestClock,
    tls: &Files,
    name: &str,
) -> Result<Node, StartError> {
    let files = Arc::clone(tls);
    let read = move || Ok(files.lock().unwrap_or_else(PoisonError::into_inner).clone());
    let port = || ndxp_hub::bind(([127, 0, 0, 1], 0).into());
    let neighbours = match engine {
        Engine::Memory(_) | Engine::Embedded { .. } => None,
        Engine::Node { beside, .. } => {
            let socket = port()?;
            let address = socket.local_addr()?.to_string();
            Some(Neighbours { socket, address, tls: beside.clone() })
        }
    };
    Node::start(Parts {
        node: name.to_owned(),
        log: engine.log(),
        log_failed: engine.failed(),
        log_size: Arc::new(|| 0),
        projections: None,
        keys: Keys::from_bytes(&[3; 32]),
        cursors: ndxp_hub::CursorKey::from_bytes(&[4; 32]),
        tls: TlsSource::new(read),
        national: ndxp_schema::Profile::default().national,
        drain: TEST_DRAIN,
        clock: clock.as_clock(),
        monotonic: clock.as_monotonic(),
        neighbours,
        grpc: port()?,
        http: port()?,
    })
    .await
}
