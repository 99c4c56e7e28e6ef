//! One handshake, from the accepted socket to the connection.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    Acceptor, FailedHandshake, HandshakeFailure, PeerCertificate, ServerTls, TlsStream,
    verifier::Found,
};

type Tls = tokio_rustls::server::TlsStream<TcpStream>;

/// How long, and how much, a refused peer is listened to after the alert.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: u64 = 64 * 1024;

pub(crate) struct Handshake {
    pub(crate) acceptor: Arc<Acceptor>,
    pub(crate) remote: SocketAddr,
}

impl Handshake {
    /// Runs the handshake. A failure is reported; what is returned is registered.
    pub(crate) async fn run(self, socket: TcpStream) -> Option<TlsStream> {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let settings = self.acceptor.tls.borrow().clone();
        let (config, found) = match settings.handshake() {
            Ok(parts) => parts,
            Err(error) => {
                return self.fail(HandshakeFailure::of_tls(&error), error.to_string(), None);
            }
        };
        let accept = TlsAcceptor::from(config).accept(socket).into_fallible();
        match timeout(self.acceptor.limits.handshake, accept).await {
            Err(_) => {
                self.fail(HandshakeFailure::TimedOut, "the peer is too slow".to_owned(), None)
            }
            Ok(Err((error, socket))) => {
                self.refused(&error, &found);
                linger(socket).await;
                None
            }
            Ok(Ok(tls)) => match found.take() {
                Some(certificate) => self.connect(tls, certificate, &settings),
                None => self.fail(HandshakeFailure::NoCertificate, String::new(), None),
            },
        }
    }

    /// Enters the connection, then looks whether new settings came in force during the handshake.
    /// In this order: whoever swaps the settings cuts connections afterwards, and either finds
    /// this one entered or has made the swap that is seen here.
    fn connect(
        self,
        tls: Tls,
        certificate: PeerCertificate,
        settings: &Arc<ServerTls>,
    ) -> Option<TlsStream> {
        let age = self.acceptor.limits.quarantine_age;
        let standing = certificate.standing;
        let registration = self.acceptor.connections.register(certificate, self.remote, age);
        let stream = TlsStream::new(tls, registration);
        let in_force = self.acceptor.tls.borrow().clone();
        if !Arc::ptr_eq(&in_force, settings)
            && in_force.judge(&stream.peer().certificate) != Ok(standing)
        {
            // It stands differently now: the peer connects again and is told how.
            stream.peer().kill.kill();
            return None;
        }
        if stream.peer().principal((self.acceptor.clock)()).is_err() {
            stream.peer().kill.quarantine();
        }
        Some(stream)
    }

    fn refused(&self, error: &io::Error, found: &Found) {
        let claimed = found.take().map(|certificate| certificate.claim());
        self.fail(HandshakeFailure::of(error), error.to_string(), claimed);
    }

    fn fail(
        &self,
        cause: HandshakeFailure,
        detail: String,
        claimed: Option<String>,
    ) -> Option<TlsStream> {
        self.acceptor.failed(FailedHandshake { cause, remote: self.remote, detail, claimed });
        None
    }
}

/// Takes in what the peer has sent already. In TLS 1.3 a client believes the handshake done before
/// the server has seen its certificate, and sends at once; closing a socket with unread bytes
/// resets it, and the alert that says what is wrong would be lost.
async fn linger(mut socket: TcpStream) {
    let rest = async {
        socket.shutdown().await?;
        tokio::io::copy(&mut (&mut socket).take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // A peer that will not stop sending is reset.
    timeout(LINGER, rest).await.ok();
}
