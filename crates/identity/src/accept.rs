//! The accept loop: handshakes side by side, bounded in number and time.

use std::{
    collections::VecDeque,
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::AbortHandle,
};
use tokio_stream::Stream;

use crate::{
    Clock, Connections, FailedHandshake, FailureHook, HandshakeFailure, QUARANTINE_AGE, ServerTls,
    TlsStream, handshake::Handshake,
};

/// Bounds of the accept loop.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a handshake may take.
    pub handshake: Duration,
    /// How many handshakes may be under way. One more drops the oldest, which is the slowest:
    /// peers that connect and stay silent cannot shut the others out.
    pub pending: usize,
    /// How long a connection in quarantine lives.
    pub quarantine_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { handshake: Duration::from_secs(10), pending: 512, quarantine_age: QUARANTINE_AGE }
    }
}

/// Accepts connections.
#[derive(Clone)]
pub struct Acceptor {
    /// The settings in force; send new ones, then call [`Connections::recheck`].
    pub tls: watch::Receiver<Arc<ServerTls>>,
    /// Decides at accept time whether a connection begins in quarantine.
    pub clock: Clock,
    /// Bounds.
    pub limits: Limits,
    /// Where live connections are entered.
    pub connections: Connections,
    /// Is told of each failed handshake.
    pub on_failure: FailureHook,
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Acceptor {
    /// Starts to accept, in a task of its own, until the returned stream is dropped.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn incoming(self, listener: TcpListener) -> Incoming {
        // The bound on handshakes bounds what waits in the channel too.
        let (ready, receiver) = mpsc::channel(self.limits.pending.max(1));
        let task = tokio::spawn(accept_all(self, listener, ready));
        Incoming { receiver, task: task.abort_handle() }
    }

    pub(crate) fn failed(&self, failure: FailedHandshake) {
        let FailedHandshake { cause, remote, detail, claimed } = &failure;
        let claimed = claimed.as_deref().unwrap_or_default();
        // A health check of a load balancer connects and goes away, every few seconds.
        if let HandshakeFailure::Closed = cause {
            tracing::debug!(%cause, peer = %remote, %detail, "TLS handshake failed");
        } else {
            tracing::warn!(%cause, peer = %remote, %detail, claimed, "TLS handshake failed");
        }
        (self.on_failure)(failure);
    }
}

/// The connections whose handshakes went well, in the order in which they ended. It never yields
/// an error and never ends; dropping it closes the listener and aborts what is under way.
#[derive(Debug)]
pub struct Incoming {
    receiver: mpsc::Receiver<TlsStream>,
    task: AbortHandle,
}

impl Stream for Incoming {
    type Item = io::Result<TlsStream>;
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().receiver.poll_recv(cx).map(|stream| stream.map(Ok))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept_all(acceptor: Acceptor, listener: TcpListener, ready: mpsc::Sender<TlsStream>) {
    let acceptor = Arc::new(acceptor);
    let mut pending = Pending::default();
    loop {
        let (socket, remote) = accept(&listener).await;
        pending.make_room(&acceptor);
        let handshake = Handshake { acceptor: acceptor.clone(), remote };
        pending.spawn(remote, run(handshake, socket, ready.clone()));
    }
}

async fn run(handshake: Handshake, socket: TcpStream, ready: mpsc::Sender<TlsStream>) {
    if let Some(stream) = handshake.run(socket).await {
        // The other side is gone only when the server is: then so is this connection.
        ready.send(stream).await.ok();
    }
}

/// Accepts one connection. An error is the peer's (it went away at once) or the machine's (no
/// file descriptors): neither ends the loop, the second waits for others to close.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// The handshakes under way, the oldest first; those that ended are cleared when room is needed.
/// Dropping it aborts them.
#[derive(Default)]
struct Pending(VecDeque<(SocketAddr, AbortHandle)>);

impl Pending {
    fn make_room(&mut self, acceptor: &Acceptor) {
        let bound = acceptor.limits.pending.max(1);
        if self.0.len() < bound {
            return;
        }
        self.0.retain(|(_, task)| !task.is_finished());
        if self.0.len() < bound {
            return;
        }
        if let Some((remote, task)) = self.0.pop_front() {
            task.abort();
            let detail = format!("{bound} younger handshakes are under way");
            let cause = HandshakeFailure::Crowded;
            acceptor.failed(FailedHandshake { cause, remote, detail, claimed: None });
        }
    }

    fn spawn(&mut self, remote: SocketAddr, task: impl Future<Output = ()> + Send + 'static) {
        self.0.push_back((remote, tokio::spawn(task).abort_handle()));
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.iter().for_each(|(_, task)| task.abort());
    }
}
