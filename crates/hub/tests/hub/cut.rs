//! Invariant 4: nothing leaves without a decision in force, and a stream without one is cut within
//! a second, also when nobody reads it.

mod crowd;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use ndxp_testkit::{Frame, Grant, RawStream, TestHub, citizens, upsert};
use tokio::{
    io::Interest,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
};
use tonic::{Code, Status};

use crate::{
    leaves,
    setup::{citizen, pair, reason},
};

const SECOND: Duration = Duration::from_secs(1);
const BIG: usize = 600_000;

/// Reads to the end, which comes soon or is a failure.
async fn ended(stream: &mut RawStream) -> (Vec<Frame>, Option<Status>) {
    tokio::time::timeout(SECOND * 5, stream.end()).await.expect("the stream ends")
}

/// Opens a stream, takes the right away, and expects the last words in time; then expects that the
/// subscription cannot be opened again.
async fn cut_for(hub: &TestHub, expected: &str, take_away: impl AsyncFnOnce(&TestHub)) {
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    assert_eq!(stream.records(1).await.unwrap().len(), 1);

    let start = Instant::now();
    take_away(hub).await;
    let (frames, status) = ended(&mut stream).await;
    assert!(start.elapsed() < SECOND, "cut after {:?}", start.elapsed());
    let suspended = frames.iter().find_map(|frame| match frame {
        Frame::Suspended(suspended) => Some(suspended.reason.as_str()),
        _ => None,
    });
    assert_eq!(suspended, Some(expected), "{frames:?}");
    let status = status.expect("the stream ends with a status");
    assert_eq!(reason(&status), expected, "{status:?}");

    let again = hub.subscribe("land", "all").await.expect_err("a replay is decided again");
    assert_eq!((again.code(), reason(&again).as_str()), (Code::PermissionDenied, expected));
}

#[tokio::test]
async fn invariant_4_suspended_agreement_cuts_live_stream() {
    let hub = pair().await;
    cut_for(&hub, "AGREEMENT_SUSPENDED", async |hub| {
        let steward = hub.client("agency/tax/officer/steward-1");
        steward.suspend_agreement("agreements/agr-1").await.unwrap();
    })
    .await;

    let steward = hub.client("agency/tax/officer/steward-1");
    steward.resume_agreement("agreements/agr-1").await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    let records = stream.records(1).await.unwrap();
    assert_eq!(records[0].attempt, 2, "the cursor was kept, and the hand-out before is known");
}

#[tokio::test]
async fn invariant_4_terminated_agreement_cuts_live_stream() {
    let hub = pair().await;
    cut_for(&hub, "AGREEMENT_TERMINATED", async |hub| {
        let steward = hub.client("agency/land/officer/steward-1");
        steward.terminate_agreement("agreements/agr-1").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn invariant_4_expired_agreement_cuts_live_stream() {
    let hub = pair().await;
    cut_for(&hub, "AGREEMENT_EXPIRED", async |hub| {
        hub.clock.advance(Duration::from_secs(364 * 86_400));
        // The last second belongs to the agreement; certificates are good for longer.
        hub.clock.advance(Duration::from_secs(86_400));
    })
    .await;
}

#[tokio::test]
async fn invariant_4_suspended_consumer_loses_its_stream() {
    let hub = pair().await;
    cut_for(&hub, "AGENCY_SUSPENDED", async |hub| {
        let authority = hub.client("agency/hub/officer/officer-1");
        authority.suspend_agency("agencies/land").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn invariant_4_suspended_provider_shows_as_a_suspended_agreement() {
    let hub = pair().await;
    cut_for(&hub, "AGREEMENT_SUSPENDED", async |hub| {
        let authority = hub.client("agency/hub/officer/officer-1");
        authority.suspend_agency("agencies/tax").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn invariant_4_narrowed_revision_ends_the_stream_and_the_next_shows_less() {
    let hub = pair().await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", citizen(1))]).await.unwrap();
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    stream.records(1).await.unwrap();
    hub.agreement(&Grant::of("agr-1", "tax/citizens", "land", &["/id"])).await;
    let (_, status) = ended(&mut stream).await;
    assert_eq!(reason(&status.unwrap()), "NODE_DRAINING");
    let mut stream = hub.subscribe("land", "all").await.unwrap();
    assert_eq!(&stream.records(1).await.unwrap()[0].payload[..], br#"{"id":"1"}"#);
}

#[tokio::test]
async fn peer_that_reads_its_last_frame_keeps_its_connection() {
    let hub = pair().await;
    hub.dataset(&citizens("tax/others")).await;
    hub.agreement(&Grant::of("agr-2", "tax/others", "land", &["/id"])).await;
    hub.subscription("land", "others", "tax/others").await;
    let channel = hub.channel("agency/land/system/portal");
    let all = "agencies/land/subscriptions/all";
    let mut cut = RawStream::open(channel.clone(), all).await.unwrap();
    let others = "agencies/land/subscriptions/others";
    let mut kept = RawStream::open(channel, others).await.unwrap();
    kept.credit(100, 0).await;

    let steward = hub.client("agency/tax/officer/steward-1");
    steward.suspend_agreement("agreements/agr-1").await.unwrap();
    let (_, status) = ended(&mut cut).await;
    assert_eq!(reason(&status.unwrap()), "AGREEMENT_SUSPENDED");
    drop(cut);
    only_one_is_open(&hub).await;
    hub.publish("tax", "tax/others", vec![upsert("r-1", citizen(1))]).await.unwrap();
    assert_eq!(kept.records(1).await.unwrap().len(), 1);
}

/// Waits until the hub is through with a stream: it has then decided whether to kill its connection.
async fn only_one_is_open(hub: &TestHub) {
    let one = "ndxp_streams_open{kind=\"subscribe\"} 1\n";
    let through = async { while !hub.metrics().await.contains(one) {} };
    tokio::time::timeout(SECOND * 5, through).await.expect("the hub is through with the stream");
}

fn big(id: u32) -> String {
    format!(r#"{{"id":"{id}","province":"01","name":"{}"}}"#, "x".repeat(BIG))
}

#[tokio::test]
async fn invariant_4_peer_whose_window_is_full_is_cut() {
    let hub = pair().await;
    hub.dataset(&citizens("tax/others")).await;
    hub.agreement(&Grant::of("agr-2", "tax/others", "land", &["/id"])).await;
    hub.subscription("land", "others", "tax/others").await;
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", big(1))]).await.unwrap();

    let issued = hub.certificate("agency/land/system/portal");
    let endpoint = hub.endpoint_as(Some(&issued)).initial_stream_window_size(1_000);
    let channel = endpoint.connect_lazy();
    let all = "agencies/land/subscriptions/all";
    let mut unread = RawStream::open(channel.clone(), all).await.unwrap();
    let others = "agencies/land/subscriptions/others";
    let mut read = RawStream::open(channel, others).await.unwrap();
    unread.credit(100, 0).await;
    leaves::until(&hub.log(), 1, leaves::is_release).await;

    let start = Instant::now();
    let steward = hub.client("agency/tax/officer/steward-1");
    steward.suspend_agreement("agreements/agr-1").await.unwrap();
    let (_, status) = ended(&mut read).await;
    assert!(start.elapsed() < SECOND, "cut after {:?}", start.elapsed());
    assert_eq!(reason(&status.expect("the connection is lost")), "", "not the hub's words");
    let (frames, _) = ended(&mut unread).await;
    let late = frames.iter().filter(|frame| matches!(frame, Frame::Deliver(_))).count();
    assert_eq!(late, 0, "what was decided earlier does not leave later");
}

/// Passes bytes on, until it is told to stop; then it waits for the hub's reset.
pub(crate) async fn stalling(
    hub: SocketAddr,
    stall: oneshot::Receiver<()>,
) -> (SocketAddr, Stalled) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut upstream = socket.connect(hub).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut upstream) => {}
            _ = stall => {}
        }
        upstream
    });
    (address, task)
}

pub(crate) type Stalled = tokio::task::JoinHandle<TcpStream>;

#[tokio::test]
async fn invariant_4_peer_that_does_not_read_its_socket_is_cut() {
    let hub = pair().await;
    let (stall, stalled) = oneshot::channel();
    let (address, proxy) = stalling(hub.address(), stalled).await;
    let issued = hub.certificate("agency/land/system/portal");
    let endpoint = hub.endpoint_at(address, Some(&issued));
    // Windows that would take all: only the socket holds the bytes back.
    let endpoint =
        endpoint.initial_stream_window_size(8 << 20).initial_connection_window_size(8 << 20);
    let all = "agencies/land/subscriptions/all";
    let mut stream = RawStream::open(endpoint.connect_lazy(), all).await.unwrap();
    stream.credit(100, 0).await;
    // The credit has arrived once a first record has.
    hub.publish("tax", "tax/citizens", vec![upsert("r-0", citizen(7))]).await.unwrap();
    stream.records(1).await.unwrap();

    stall.send(()).unwrap();
    let socket = proxy.await.unwrap();
    hub.publish("tax", "tax/citizens", vec![upsert("r-1", big(1))]).await.unwrap();
    leaves::until(&hub.log(), 2, leaves::is_release).await;

    let start = Instant::now();
    let steward = hub.client("agency/tax/officer/steward-1");
    steward.suspend_agreement("agreements/agr-1").await.unwrap();
    tokio::time::timeout(SECOND * 5, socket.ready(Interest::ERROR)).await.unwrap().unwrap();
    assert!(start.elapsed() < SECOND, "cut after {:?}", start.elapsed());
    let mut left = 0;
    let mut buffer = vec![0; 1 << 16];
    while let Ok(n @ 1..) = socket.try_read(&mut buffer) {
        left += n;
    }
    assert!(left < BIG / 2, "{left} bytes were on their way to the peer's kernel");
}
