//! A hub for the tests of one's own program: in this process, over a real connection, scripted.
//!
//! It knows publishing (calls and streams), receiving, and `WhoAmI`. It knows no certificate,
//! schema, agreement, lease or disk: what it accepts a hub may refuse, and what it does is at once.
//! What a program does about refusals, lost connections and redeliveries is what it is for.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ndxp_client::{PublishTo, mock::MockHub, proto::{error::Reason, exchange::Record}};
//!
//! let hub = MockHub::start().await?;
//! hub.refuse_next(Reason::AgreementSuspended);
//! let to = PublishTo { dataset: "agencies/tax/datasets/returns".into(), ..Default::default() };
//! let record = Record { record_id: "r-1".into(), payload: "{}".into(), ..Default::default() };
//!
//! let refused = hub.client().publish(&to, [record.clone()]).await.unwrap_err();
//! assert_eq!(refused.failure.reason.as_deref(), Some("AGREEMENT_SUSPENDED"));
//! hub.client().publish(&to, [record]).await?;
//! assert_eq!(hub.published(&to.dataset).len(), 1);
//! # Ok(()) }
//! ```

mod agency;
mod publish;
mod publishing;
mod shared;
mod subscribe;
mod subscription;
mod wire;

use std::io;

use ndxp_proto::{
    error::{Reason, Refusal},
    exchange::{
        Record, publish_service_server::PublishServiceServer, subscribe_response::Frame,
        subscribe_service_server::SubscribeServiceServer,
    },
    registry::agency_service_server::AgencyServiceServer,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use crate::{Client, channel};
use shared::Shared;
use wire::Wire;

/// The agency and the system that every caller is taken for.
pub const CALLER: &str = "agency/mock/system/mock";

/// A hub for tests. Dropping it ends it.
#[derive(Debug)]
pub struct MockHub {
    shared: Shared,
    wire: Wire,
    server: JoinHandle<()>,
}

impl MockHub {
    /// Starts it on a free port of the loopback.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let wire = Wire::to(listener.local_addr()?).await?;
        let shared = Shared::new(wire.cutter());
        let serving = Server::builder()
            .add_service(AgencyServiceServer::new(shared.clone()))
            .add_service(PublishServiceServer::new(shared.clone()))
            .add_service(SubscribeServiceServer::new(shared.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let server = tokio::spawn(async {
            // Its end without the test's is a lost connection to the test.
            serving.await.unwrap_or_default();
        });
        Ok(Self { shared, wire, server })
    }

    /// Returns a client of it, with a connection of its own.
    ///
    /// # Panics
    /// Never: the address is well formed.
    #[must_use]
    pub fn client(&self) -> Client {
        let address = format!("http://{}", self.wire.address());
        let transport = channel::plain(address.clone()).expect("the address is well formed");
        Client::over(vec![transport], &address)
    }

    /// Refuses the next call, batch or opening of a stream. Several make a queue.
    pub fn refuse_next(&self, reason: Reason) {
        self.shared.change(|state| state.refusals.push_back(reason));
    }

    /// Refuses this record whenever it is published: its call or batch, or it alone where each
    /// record has its own result.
    pub fn refuse_record(&self, record_id: &str, reason: Reason) {
        self.shared.change(|state| state.publishing.refuse(record_id, reason));
    }

    /// Takes the next call or batch and loses all connections before the answer: its outcome is
    /// unknown to the caller.
    pub fn lose_next_answer(&self) {
        self.shared.change(|state| state.lost_answers += 1);
    }

    /// Loses all connections at once, as a hub does that is killed; it accepts new ones.
    pub fn lose_connections(&self) {
        self.wire.cutter().cut();
    }

    /// Ends all open streams of subscriptions for a reason: `STREAM_AGED` or
    /// `SUBSCRIPTION_CHANGED` to see a program connect again, `AGREEMENT_SUSPENDED` to see it end.
    pub fn end_streams(&self, reason: Reason) {
        self.shared.change(|state| state.end_streams(reason));
    }

    /// Returns what was published into a dataset and taken, in order, each record once.
    #[must_use]
    pub fn published(&self, dataset: &str) -> Vec<Record> {
        self.shared.read(|state| state.publishing.taken(dataset))
    }

    /// Returns how often records arrived at the hub, repetitions too.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.shared.read(|state| state.publishing.arrived())
    }

    /// Gives a subscription records to hand out, by their payloads. They get the record ids
    /// `record-1` and so on.
    pub fn offer<P: Into<String>>(&self, name: &str, payloads: impl IntoIterator<Item = P>) {
        let payloads: Vec<String> = payloads.into_iter().map(Into::into).collect();
        self.shared.change(|state| state.subscription(name).offer(payloads));
    }

    /// Has a subscription's stream say something between its records: that records will not come
    /// ([`Frame::Gap`]), or that delivery pauses ([`Frame::Paused`]).
    pub fn say(&self, name: &str, frame: Frame) {
        self.shared.change(|state| state.subscription(name).say(frame));
    }

    /// Returns the record ids that a subscription has acknowledged, in order, as often as it did.
    #[must_use]
    pub fn acked(&self, name: &str) -> Vec<String> {
        self.shared.quietly(name, |found| found.acked().to_vec())
    }

    /// Returns the record ids that a subscription has rejected, and why.
    #[must_use]
    pub fn rejected(&self, name: &str) -> Vec<(String, String)> {
        self.shared.quietly(name, |found| found.rejected().to_vec())
    }

    /// Returns the record ids whose leases a subscription has prolonged, as often as it did.
    #[must_use]
    pub fn extended(&self, name: &str) -> Vec<String> {
        self.shared.quietly(name, |found| found.extended().to_vec())
    }

    /// Returns how many frames of settlements came from a subscription.
    #[must_use]
    pub fn settlements(&self, name: &str) -> u64 {
        self.shared.quietly(name, |found| found.settlements())
    }

    /// Returns how many connections were made.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.wire.accepted()
    }

    /// Returns how often a stream was opened for a subscription.
    #[must_use]
    pub fn opened(&self, name: &str) -> u64 {
        self.shared.quietly(name, |found| found.epoch())
    }
}

impl Drop for MockHub {
    fn drop(&mut self) {
        self.server.abort();
        self.wire.cutter().cut();
    }
}

/// The delay that a refusal asks for where a retry helps: tests do not wait for long.
const QUICK_MS: u64 = 1;

fn refusal(reason: Reason) -> Refusal {
    let mut refusal = Refusal::new(reason, "as the test asked", "");
    refusal.retry_after_ms = refusal.retry_after_ms.map(|_| QUICK_MS);
    refusal
}
