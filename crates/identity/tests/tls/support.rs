//! A server on port 0 whose clock the test moves, and clients of it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use ndxp_identity::{
    Acceptor, CRL_GRACE, Clock, Connections, FailedHandshake, Incoming, Limits, Peer, ServerTls,
    TlsConfigError, TlsMaterial, TlsStream,
};
use ndxp_model::{Timestamp, TrustDomain};
use ndxp_pki::{Authority, Issued, Validity};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    time_provider::TimeProvider,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
};
use tokio_rustls::{TlsConnector, client};
use tokio_stream::StreamExt as _;

pub(crate) const DAY: i64 = 86_400_000;

/// The instant at which all tests begin: the real one, because tonic's client asks no other clock.
pub(crate) fn start() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

pub(crate) fn after(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.millis() + millis)
}

pub(crate) fn authority() -> Authority {
    Authority::create("ndxp.example".parse().unwrap(), start()).unwrap()
}

/// A certificate for `agency/tax/system/<id>` from a minute ago until tomorrow.
pub(crate) fn system(authority: &Authority, id: &str) -> Issued {
    let name = format!("agency/tax/system/{id}").parse().unwrap();
    authority.issue(&name, Validity::days(after(start(), -60_000), 1)).unwrap()
}

pub(crate) struct Bench {
    pub(crate) authority: Authority,
    pub(crate) now: Arc<AtomicI64>,
    pub(crate) settings: watch::Sender<Arc<ServerTls>>,
    pub(crate) connections: Connections,
    pub(crate) failures: mpsc::UnboundedReceiver<FailedHandshake>,
    pub(crate) address: SocketAddr,
    pub(crate) server: Issued,
}

impl Bench {
    /// Starts a server; what it accepts comes out of the second value.
    pub(crate) async fn start(crl: Option<&[&Issued]>, limits: Limits) -> (Self, Incoming) {
        let authority = authority();
        let now = Arc::new(AtomicI64::new(start().millis()));
        let server = authority
            .issue_server(&["localhost"], Validity::days(after(start(), -60_000), 1))
            .unwrap();
        let settings = settings(&authority, &server, crl, &now).unwrap();
        let (settings, tls) = watch::channel(settings);
        let (failed, failures) = mpsc::unbounded_channel();
        let connections = Connections::new();
        let acceptor = Acceptor {
            tls,
            clock: clock(&now),
            limits,
            connections: connections.clone(),
            on_failure: Arc::new(move |failure| drop(failed.send(failure))),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let incoming = acceptor.incoming(listener);
        (Self { authority, now, settings, connections, failures, address, server }, incoming)
    }

    /// Puts settings with these certificates revoked in force.
    pub(crate) fn revoke(&self, revoked: &[&Issued]) -> Arc<ServerTls> {
        let made = settings(&self.authority, &self.server, Some(revoked), &self.now).unwrap();
        self.settings.send_replace(made.clone());
        made
    }

    /// Puts settings in force that trust the root alone, so that chains need the intermediate
    /// which clients present.
    pub(crate) fn trust_the_root_alone(&self, revoked: &[&Issued]) {
        let bundle = self.authority.ca_pem();
        let (intermediate, root) =
            bundle.split_at(bundle.rfind("-----BEGIN CERTIFICATE-----").unwrap());
        assert!(intermediate.contains("BEGIN CERTIFICATE"));
        let serials: Vec<_> = revoked.iter().map(|issued| issued.serial.clone()).collect();
        let crl = self.authority.crl(&serials, start()).unwrap();
        let domain = self.authority.domain();
        let made = read_settings(domain, root, &self.server, Some(&crl), &self.now).unwrap();
        self.settings.send_replace(made);
    }

    /// Makes settings with this revocation list.
    pub(crate) fn settings_with(&self, crl: &str) -> Arc<ServerTls> {
        let authority = &self.authority;
        let (domain, bundle) = (authority.domain(), authority.ca_pem());
        read_settings(domain, &bundle, &self.server, Some(crl), &self.now).unwrap()
    }

    pub(crate) fn set_now(&self, now: Timestamp) {
        self.now.store(now.millis(), Ordering::SeqCst);
    }

    pub(crate) fn client(&self, certificate: Option<&Issued>) -> Arc<ClientConfig> {
        client_config(&self.authority, certificate, &self.now)
    }

    /// Does the client's half of a handshake. With TLS 1.3 it ends before the server's.
    pub(crate) async fn connect(&self, certificate: Option<&Issued>) -> Client {
        self.connect_with(self.client(certificate)).await.unwrap()
    }

    pub(crate) async fn connect_with(&self, config: Arc<ClientConfig>) -> io::Result<Client> {
        let socket = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(config).connect(name, socket).await
    }
}

pub(crate) type Client = client::TlsStream<TcpStream>;

/// Returns the next connection. A handshake that fails by mistake would let a test wait for ever.
pub(crate) async fn accept(incoming: &mut Incoming) -> (TlsStream, Peer) {
    let next = tokio::time::timeout(Duration::from_secs(20), incoming.next());
    let stream = next.await.expect("no connection came").unwrap().unwrap();
    let peer = stream.peer().clone();
    (stream, peer)
}

pub(crate) fn clock(now: &Arc<AtomicI64>) -> Clock {
    let now = now.clone();
    Arc::new(move || Timestamp::from_millis(now.load(Ordering::SeqCst)))
}

pub(crate) fn settings(
    authority: &Authority,
    server: &Issued,
    revoked: Option<&[&Issued]>,
    now: &Arc<AtomicI64>,
) -> Result<Arc<ServerTls>, TlsConfigError> {
    let crl = revoked.map(|revoked| {
        let serials: Vec<_> = revoked.iter().map(|issued| issued.serial.clone()).collect();
        authority.crl(&serials, start()).unwrap()
    });
    read_settings(authority.domain(), &authority.ca_pem(), server, crl.as_deref(), now)
}

fn read_settings(
    domain: &TrustDomain,
    authorities: &str,
    server: &Issued,
    crl: Option<&str>,
    now: &Arc<AtomicI64>,
) -> Result<Arc<ServerTls>, TlsConfigError> {
    let material = TlsMaterial {
        chain_pem: server.chain_pem.as_bytes(),
        key_pem: server.key_pem.as_bytes(),
        client_ca_pem: authorities.as_bytes(),
        crl_pem: crl.map(str::as_bytes),
        crl_grace: CRL_GRACE,
    };
    ServerTls::new(&material, domain.clone(), clock(now))
}

fn client_config(
    authority: &Authority,
    certificate: Option<&Issued>,
    now: &Arc<AtomicI64>,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(authority.ca_pem().as_bytes()) {
        roots.add(root.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_details(provider, Arc::new(At(now.clone())))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(issued) => {
            let chain = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes())
                .collect::<Result<_, _>>()
                .unwrap();
            let key = PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

#[derive(Debug)]
struct At(Arc<AtomicI64>);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.load(Ordering::SeqCst)).unwrap();
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}
