//! Connections that are ended from outside.

use std::{
    io,
    time::{Duration, Instant},
};

use crate::support::{Bench, Client, accept, start, system};
use ndxp_identity::{FAREWELL, Limits, Quarantine, Sentence};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

async fn connection() -> (Bench, ndxp_identity::Incoming, Client, ndxp_identity::TlsStream) {
    let (bench, mut incoming) = Bench::start(Some(&[]), Limits::default()).await;
    let issued = system(&bench.authority, "portal");
    let client = bench.connect(Some(&issued)).await;
    let (stream, _) = accept(&mut incoming).await;
    (bench, incoming, client, stream)
}

#[tokio::test]
async fn killed_connection_resets_a_peer_that_does_not_read() {
    let (bench, _incoming, client, mut stream) = connection().await;
    let kill = stream.peer().kill.clone();
    let (full, mut fills) = tokio::sync::mpsc::channel(1);
    let writer = tokio::spawn(async move {
        let chunk = vec![0; 64 * 1024];
        loop {
            // Pending for as long as the kernel takes no more: the peer reads nothing.
            let write = stream.write_all(&chunk);
            tokio::pin!(write);
            let done = tokio::select! {
                biased;
                done = &mut write => done,
                () = tokio::task::yield_now() => {
                    full.try_send(()).ok();
                    write.await
                }
            };
            if let Err(error) = done {
                return error;
            }
        }
    });
    fills.recv().await.unwrap();

    assert!(kill.kill());
    assert_eq!(writer.await.unwrap().kind(), io::ErrorKind::ConnectionAborted);
    assert!(!kill.kill(), "the second call does nothing");
    assert_eq!(bench.connections.count(), 0);
    // A reset, not an end of stream: the peer learns of it without reading what was sent.
    let (mut socket, _) = client.into_inner();
    let error = loop {
        match socket.read(&mut [0; 4096]).await {
            Ok(0) => panic!("the connection ended without a reset"),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn kill_wakes_pending_reads_and_fails_later_calls() {
    let (_bench, _incoming, _client, stream) = connection().await;
    let kill = stream.peer().kill.clone();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let pending = tokio::spawn(async move { (reader.read_u8().await, reader.read_u8().await) });
    // The reader has nothing to read; this write shows that the other half is alive.
    writer.write_all(b"x").await.unwrap();
    kill.kill();
    let (first, second) = pending.await.unwrap();
    for error in [
        first.unwrap_err(),
        second.unwrap_err(),
        writer.write_all(b"x").await.unwrap_err(),
        writer.flush().await.unwrap_err(),
        writer.shutdown().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }
}

#[tokio::test]
async fn cut_ends_the_condemned_and_no_other() {
    let (bench, mut incoming) = Bench::start(None, Limits::default()).await;
    let mut streams = vec![];
    let mut clients = vec![];
    for id in ["portal", "portal", "vault"] {
        clients.push(bench.connect(Some(&system(&bench.authority, id))).await);
        streams.push(accept(&mut incoming).await.0);
    }
    assert_eq!(bench.connections.count(), 3);
    let portal = "agency/tax/system/portal".parse().unwrap();
    assert_eq!(bench.connections.count_of(&portal), 2);

    let serial = streams[1].peer().certificate.serial.clone();
    assert_eq!(bench.connections.cut_serial(&serial), 1);
    assert_eq!(bench.connections.cut_principal(&portal), 1);
    assert_eq!(bench.connections.cut(|_| true), 1, "the third was alive");
    for mut stream in streams {
        assert!(stream.read_u8().await.is_err());
    }
    assert_eq!(bench.connections.count(), 0, "entries end with their streams");
}

#[tokio::test]
async fn condemned_connection_says_its_last_words_and_is_reset() {
    let (bench, _incoming, mut client, mut stream) = connection().await;
    let peer = stream.peer().clone();
    let sentence = Sentence::Certificate(Quarantine::Revoked);
    let waiting = tokio::spawn({
        let peer = peer.clone();
        async move { peer.sentenced().await }
    });
    assert!(peer.principal(start()).is_ok());
    assert_eq!(bench.connections.condemn(|_| Some(sentence)), 1);
    let began = Instant::now();
    assert_eq!(bench.connections.condemn(|_| Some(Sentence::Suspended)), 0, "the first stands");
    assert_eq!(waiting.await.unwrap(), sentence);
    assert_eq!(peer.principal(start()), Err(Quarantine::Revoked));

    stream.write_all(b"x").await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'x');
    assert!(stream.read_u8().await.is_err(), "the farewell is over");
    assert_eq!(client.read_u8().await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    let took = began.elapsed();
    assert!(took >= FAREWELL && took < FAREWELL * 2, "within the second of a cut: {took:?}");
    assert!(peer.kill.is_killed());
}

#[tokio::test]
async fn revocation_cuts_live_connections_on_recheck() {
    let (bench, mut incoming) = Bench::start(Some(&[]), Limits::default()).await;
    let (one, two) = (system(&bench.authority, "portal"), system(&bench.authority, "vault"));
    let mut condemned = bench.connect(Some(&one)).await;
    let (mut stream, _) = accept(&mut incoming).await;
    let _spared = bench.connect(Some(&two)).await;
    let (_spared_stream, spared) = accept(&mut incoming).await;

    let settings = bench.revoke(&[&one]);
    assert_eq!(bench.connections.recheck(&settings), 1);
    assert!(stream.read_u8().await.is_err());
    assert!(condemned.read_u8().await.is_err());
    assert!(!spared.kill.is_killed());

    // Connecting again is answered, in quarantine.
    let _again = bench.connect(Some(&one)).await;
    let (_stream, peer) = accept(&mut incoming).await;
    assert_eq!(peer.principal(start()), Err(Quarantine::Revoked));
    assert_eq!(bench.connections.recheck(&settings), 0, "it stays to be answered");
}

#[tokio::test]
async fn quarantine_ends_with_its_age() {
    let limits = Limits { quarantine_age: Duration::from_millis(50), ..Limits::default() };
    let (bench, mut incoming) = Bench::start(Some(&[]), limits).await;
    let good = system(&bench.authority, "portal");
    let bad = system(&bench.authority, "vault");
    bench.revoke(&[&bad]);

    let _good_client = bench.connect(Some(&good)).await;
    let (mut good_stream, good_peer) = accept(&mut incoming).await;
    let _bad_client = bench.connect(Some(&bad)).await;
    let (mut stream, _) = accept(&mut incoming).await;
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    assert!(!good_peer.kill.is_killed(), "a good connection has no end");

    // The hub finds the system unknown: the first answer starts the clock of a pending read.
    let reader = tokio::spawn(async move { good_stream.read_u8().await });
    good_peer.quarantined_call();
    let error = reader.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
}
