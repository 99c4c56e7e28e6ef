//! Peers that are slow, silent or speak nonsense, and those beside them.

use std::{collections::BTreeMap, time::Duration};

use crate::support::{Bench, accept, start, system};
use ndxp_identity::{HandshakeFailure, Limits};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[tokio::test]
async fn silent_peers_and_garbage_block_nobody() {
    let (mut bench, mut incoming) = Bench::start(None, Limits::default()).await;
    let silent = TcpStream::connect(bench.address).await.unwrap();
    let mut garbage = TcpStream::connect(bench.address).await.unwrap();
    garbage.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut half = TcpStream::connect(bench.address).await.unwrap();
    // The first bytes of a handshake record of 16 KiB that never comes.
    half.write_all(&[0x16, 0x03, 0x01, 0x40, 0x00, 0x01]).await.unwrap();

    let issued = system(&bench.authority, "portal");
    let _client = bench.connect(Some(&issued)).await;
    let (_stream, peer) = accept(&mut incoming).await;
    assert!(peer.principal(start()).is_ok());

    let failed = bench.failures.recv().await.unwrap();
    assert_eq!(failed.cause, HandshakeFailure::Protocol);
    assert_eq!(failed.remote, garbage.local_addr().unwrap());
    // The others are still being waited for.
    assert!(bench.failures.try_recv().is_err());
    drop((silent, half));
}

#[tokio::test]
async fn slow_handshake_times_out() {
    let limits = Limits { handshake: Duration::from_millis(50), ..Limits::default() };
    let (mut bench, _incoming) = Bench::start(None, limits).await;
    let mut silent = TcpStream::connect(bench.address).await.unwrap();
    assert_eq!(bench.failures.recv().await.unwrap().cause, HandshakeFailure::TimedOut);
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn peer_that_goes_away_is_counted_as_closed() {
    let (mut bench, _incoming) = Bench::start(None, Limits::default()).await;
    drop(TcpStream::connect(bench.address).await.unwrap());
    assert_eq!(bench.failures.recv().await.unwrap().cause, HandshakeFailure::Closed);
}

#[tokio::test]
async fn crowd_of_silent_peers_gives_way_to_the_next_one() {
    let limits = Limits { pending: 4, ..Limits::default() };
    let (mut bench, mut incoming) = Bench::start(None, limits).await;
    let mut silent = vec![];
    for _ in 0..8 {
        silent.push(TcpStream::connect(bench.address).await.unwrap());
    }
    let issued = system(&bench.authority, "portal");
    let _client = bench.connect(Some(&issued)).await;
    accept(&mut incoming).await;

    // Nine came and four may wait: the five oldest were dropped, in the order of their coming.
    for peer in &mut silent[..5] {
        let failed = bench.failures.recv().await.unwrap();
        assert_eq!(failed.cause, HandshakeFailure::Crowded);
        assert_eq!(failed.remote, peer.local_addr().unwrap());
        assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
    }
    assert!(bench.failures.try_recv().is_err());
}

#[tokio::test]
async fn dropped_incoming_closes_the_listener_and_what_is_under_way() {
    let (bench, incoming) = Bench::start(None, Limits::default()).await;
    let mut silent = TcpStream::connect(bench.address).await.unwrap();
    drop(incoming);
    // Reset or closed, according to whether the loop had accepted it.
    assert!(matches!(silent.read(&mut [0]).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(bench.address).await.is_err());
}

#[test]
fn causes_have_a_label_each() {
    let labels: BTreeMap<_, _> =
        HandshakeFailure::ALL.iter().map(|cause| (cause.label(), cause)).collect();
    assert_eq!(labels.len(), HandshakeFailure::ALL.len());
}
