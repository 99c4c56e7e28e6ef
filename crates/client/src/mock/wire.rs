//! The connection between client and mock, which can be cut: bytes through a socket of its own.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Carries connections to the mock's own port.
#[derive(Debug)]
pub(super) struct Wire {
    address: SocketAddr,
    cutter: Cutter,
    accepted: Arc<AtomicU64>,
    accepting: JoinHandle<()>,
}

/// Cuts all connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Cutter(Arc<Mutex<JoinSet<()>>>);

impl Wire {
    pub(super) async fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, cutter) = (listener.local_addr()?, Cutter::default());
        let accepted = Arc::default();
        let accepting =
            tokio::spawn(accept(listener, server, cutter.clone(), Arc::clone(&accepted)));
        Ok(Self { address, cutter, accepted, accepting })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn cutter(&self) -> Cutter {
        self.cutter.clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Cutter {
    pub(super) fn cut(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }

    fn carry(&self, client: TcpStream, server: SocketAddr) {
        let mut carried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while carried.try_join_next().is_some() {}
        carried.spawn(carry(client, server));
    }
}

async fn accept(
    listener: TcpListener,
    server: SocketAddr,
    cutter: Cutter,
    accepted: Arc<AtomicU64>,
) {
    while let Ok((client, _)) = listener.accept().await {
        accepted.fetch_add(1, Ordering::Relaxed);
        cutter.carry(client, server);
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    // How it ends does not matter: both sides see the end.
    copy_bidirectional(&mut client, &mut server).await.unwrap_or_default();
}
