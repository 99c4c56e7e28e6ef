//! A client: its connections, and what goes along with every call on them.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use ndxp_proto::{error::Failure, header};
use tonic::{
    Code, Request, Response, Status,
    metadata::{MetadataMap, MetadataValue},
    transport::{Channel, Endpoint},
};

use crate::{
    Identity, channel, failure,
    retry::{self, Repeat},
};

/// How long a call may take, its repetitions apart.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The most connections of one client: a connection is one lock, more than four give nothing.
pub const MAX_CONNECTIONS: usize = 4;

/// A connection to the hub, or a few. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub struct Client {
    /// A node each, never empty, nor is any of them: calls go over its first, streams take turns.
    channels: Arc<[Vec<Channel>]>,
    turn: Arc<AtomicUsize>,
    /// Counts the nodes that failed: the one behind the last of them is next.
    node: Arc<AtomicUsize>,
    transports: Arc<[Endpoint]>,
    endpoint: Arc<str>,
    registry: Arc<AtomicU64>,
    traceparent: Option<String>,
}

impl Client {
    /// Connects and asks the hub who it takes the caller for.
    ///
    /// # Errors
    /// Without a reason: the address, the files or the connection are wrong. With one: the hub
    /// does not know the caller.
    pub async fn connect(identity: &Identity) -> Result<Self, Failure> {
        let client = Self::lazy(identity)?;
        client.who_am_i().await?;
        Ok(client)
    }

    /// Describes a connection that the first call makes. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// The address or the PEM files are wrong.
    pub fn lazy(identity: &Identity) -> Result<Self, Failure> {
        Ok(Self::over(channel::endpoints(identity)?, &identity.endpoint))
    }

    /// Describes connections by transports that are ready, one a node and at least one.
    pub(crate) fn over(transports: Vec<Endpoint>, endpoint: &str) -> Self {
        Self {
            channels: transports.iter().map(|node| vec![node.connect_lazy()]).collect(),
            turn: Arc::default(),
            node: Arc::default(),
            transports: transports.into(),
            endpoint: endpoint.into(),
            registry: Arc::default(),
            traceparent: None,
        }
    }

    /// Spreads streams that are opened from now on over so many connections, 1 to
    /// [`MAX_CONNECTIONS`]: for a program with several streams, since all that goes over one
    /// connection waits for one lock and one window. Each is made by the first stream on it.
    #[must_use]
    pub fn with_connections(self, count: usize) -> Self {
        let more = count.clamp(1, MAX_CONNECTIONS) - 1;
        let of = |(channels, node): (&Vec<Channel>, &Endpoint)| {
            let first = channels.iter().take(1).cloned();
            first.chain((0..more).map(|_| node.connect_lazy())).collect()
        };
        let channels = self.channels.iter().zip(&*self.transports).map(of).collect();
        Self { channels, ..self }
    }

    /// Sends this W3C trace context with every call.
    #[must_use]
    pub fn with_traceparent(self, traceparent: impl Into<String>) -> Self {
        Self { traceparent: Some(traceparent.into()), ..self }
    }

    /// Returns the highest registry position that an answer has carried.
    #[must_use]
    pub fn registry_position(&self) -> u64 {
        self.registry.load(Ordering::Relaxed)
    }

    /// Makes every later call wait until the hub has applied this registry position: after a
    /// change that another client made.
    pub fn saw_registry_position(&self, position: u64) {
        self.registry.fetch_max(position, Ordering::Relaxed);
    }

    /// Goes from node to node on its own, over the same connections: what fails to one of many streams
    /// says little of the node of another.
    pub(crate) fn apart(&self) -> Self {
        let node = AtomicUsize::new(self.node.load(Ordering::Relaxed));
        Self { node: Arc::new(node), ..self.clone() }
    }

    /// Returns how many nodes it may go to.
    pub(crate) fn nodes(&self) -> usize {
        self.channels.len()
    }

    /// Returns the connection of calls.
    pub(crate) fn channel(&self) -> Channel {
        self.connection(0)
    }

    /// Returns the connection whose turn it is to carry a stream.
    pub(crate) fn stream_channel(&self) -> Channel {
        self.connection(self.turn.fetch_add(1, Ordering::Relaxed))
    }

    fn connection(&self, turn: usize) -> Channel {
        // INVARIANT: there is a connection to each node; `over` made the first.
        let node = &self.channels[self.node.load(Ordering::Relaxed) % self.channels.len()];
        node[turn % node.len()].clone()
    }

    /// Sends a message, and again as long as the hub says that it may help.
    pub(crate) async fn call<Q, S, F, Fut>(&self, message: Q, send: F) -> Result<S, Failure>
    where
        Q: Clone,
        F: Fn(Request<Q>) -> Fut,
        Fut: Future<Output = Result<Response<S>, Status>>,
    {
        let mut repeat = Repeat::new(self.nodes());
        loop {
            let mut request = self.request(message.clone())?;
            request.set_timeout(CALL_TIMEOUT);
            let node = self.node.load(Ordering::Relaxed);
            let failure = match send(request).await {
                Ok(response) => {
                    self.saw(response.metadata());
                    return Ok(response.into_inner());
                }
                Err(status) => self.failed_at(node, status),
            };
            match repeat.delay(&failure, chance()) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(failure),
            }
        }
    }

    /// Adds to a message what goes along with every call.
    pub(crate) fn request<Q>(&self, message: Q) -> Result<Request<Q>, Failure> {
        let mut request = Request::new(message);
        let position = self.registry_position();
        if position > 0 {
            request.metadata_mut().insert(header::REGISTRY, MetadataValue::from(position));
        }
        if let Some(text) = &self.traceparent {
            let value = text.parse().map_err(|_| {
                failure::local(Code::InvalidArgument, "the trace context is not a header's text")
            })?;
            request.metadata_mut().insert(header::TRACEPARENT, value);
        }
        Ok(request)
    }

    /// Remembers the registry position of an answer.
    pub(crate) fn saw(&self, metadata: &MetadataMap) {
        let value = metadata.get(header::REGISTRY).and_then(|value| value.to_str().ok());
        if let Some(position) = value.and_then(|text| text.parse().ok()) {
            self.saw_registry_position(position);
        }
    }

    pub(crate) fn failed(&self, status: Status) -> Failure {
        self.failed_at(self.node.load(Ordering::Relaxed), status)
    }

    /// The next try meets another node, if there is one: the one behind the node that failed, however
    /// many calls failed there together.
    fn failed_at(&self, node: usize, status: Status) -> Failure {
        self.saw(status.metadata());
        let failure = failure::of(status, &self.endpoint);
        if failure.code == Code::Unavailable || retry::is_lost(&failure) {
            let (set, kept) = (Ordering::Relaxed, Ordering::Relaxed);
            let _ = self.node.compare_exchange(node, node.wrapping_add(1), set, kept);
        }
        failure
    }
}

/// Returns a new request id: a random UUID.
///
/// # Panics
/// If the operating system has no random bytes.
#[must_use]
pub fn request_id() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// A number for spreading delays. Where chance fails, they are not spread.
pub(crate) fn chance() -> u32 {
    getrandom::u32().unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
