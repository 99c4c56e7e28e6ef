//! Sessions and settings over time: no resumption, no slip between two settings.

use std::{io, sync::Arc};

use crate::support::{Bench, accept, start, system};
use ndxp_identity::{Limits, Quarantine};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, client::Resumption};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[tokio::test]
async fn session_is_never_resumed() {
    let (bench, mut incoming) = Bench::start(Some(&[]), Limits::default()).await;
    let issued = system(&bench.authority, "portal");
    let mut config = ClientConfig::clone(&bench.client(Some(&issued)));
    config.resumption = Resumption::in_memory_sessions(8);
    config.enable_early_data = true;
    let config = Arc::new(config);

    for attempt in 1..=3 {
        let mut client = bench.connect_with(config.clone()).await.unwrap();
        let (mut stream, _) = accept(&mut incoming).await;
        // A ticket would come before this byte, and be kept for the next attempt.
        stream.write_all(b"x").await.unwrap();
        stream.flush().await.unwrap();
        client.read_u8().await.unwrap();
        let (_, session) = client.get_ref();
        assert_eq!(session.handshake_kind(), Some(HandshakeKind::Full), "attempt {attempt}");
        assert_eq!(session.tls13_tickets_received(), 0);
    }

    // What resumption would have let in.
    bench.revoke(&[&issued]);
    let _client = bench.connect_with(config).await.unwrap();
    let (_stream, peer) = accept(&mut incoming).await;
    assert_eq!(peer.principal(start()), Err(Quarantine::Revoked));
}

/// A client's half of a handshake, one message at a time.
struct Slow {
    socket: TcpStream,
    session: ClientConnection,
}

impl Slow {
    async fn send(&mut self) -> io::Result<()> {
        let mut bytes = vec![];
        while self.session.wants_write() {
            self.session.write_tls(&mut bytes)?;
        }
        self.socket.write_all(&bytes).await
    }

    async fn receive(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        let read = self.socket.read(&mut bytes).await?;
        let mut rest = &bytes[..read];
        while !rest.is_empty() {
            self.session.read_tls(&mut rest)?;
            self.session.process_new_packets().map_err(io::Error::other)?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn handshake_that_began_before_a_revocation_gets_no_connection() {
    let (bench, mut incoming) = Bench::start(Some(&[]), Limits::default()).await;
    let (revoked, other) = (system(&bench.authority, "portal"), system(&bench.authority, "vault"));
    let mut slow = vec![];
    for issued in [&revoked, &other] {
        let name = "localhost".try_into().unwrap();
        let session = ClientConnection::new(bench.client(Some(issued)), name).unwrap();
        let socket = TcpStream::connect(bench.address).await.unwrap();
        let mut client = Slow { socket, session };
        client.send().await.unwrap();
        // The server's first answer: it has taken its settings.
        client.socket.readable().await.unwrap();
        slow.push(client);
    }

    let settings = bench.revoke(&[&revoked]);
    assert_eq!(bench.connections.recheck(&settings), 0);
    for client in &mut slow {
        while client.session.is_handshaking() {
            client.receive().await.unwrap();
        }
        client.send().await.unwrap();
    }

    // The first is cut; the second, begun under the same old settings, is good by the new ones.
    let (_stream, peer) = accept(&mut incoming).await;
    assert_eq!(peer.principal(start()).unwrap().to_string(), "agency/tax/system/vault");
    let cut = slow.remove(0).socket.read(&mut [0; 16]).await;
    assert_eq!(cut.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(bench.connections.count(), 1);
}
