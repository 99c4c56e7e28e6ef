//! The hub's nodes as `ndxp.nodes` tells of them: where they are, and which lanes they own.
//!
//! Each node writes what it is whenever that changes, and every few seconds; the newest word of each
//! stays. That a node owns a lane is only its word: whoever took the lane last, by the offset of its
//! take-over, is asked, and knows.

mod announce;
mod raise;
mod record;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ndxp_log::{Log, Partition, ReadError, Record};
use ndxp_model::{HubTopic, Timestamp, Topic};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tracing::warn;

use crate::{fold::PAGE, forward::Link};

pub(crate) use announce::announce;
pub(crate) use raise::raise;
pub(crate) use record::NodeRecord;

/// How long a connection to another node may take.
const CONNECT: Duration = Duration::from_secs(3);
/// A node that answers no ping for so long is gone: its calls end.
const PING: Duration = Duration::from_secs(2);
/// A node that has said nothing for so long is gone, or cut off: each speaks every five seconds.
const SILENT_MS: i64 = 20_000;
/// A node that has said nothing for so long holds up no new format: it stops at it if it comes back
/// as it was, and says what to do.
const GONE_MS: i64 = 24 * 60 * 60 * 1_000;
/// What one call may have on its way; the connection has room for all of them, so that a caller that
/// does not read holds up nobody.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 1 << 30;

/// How this node meets the others.
pub struct Neighbours {
    /// Where it listens for them.
    pub listener: tokio::net::TcpListener,
    /// Where they reach it: `host:port`.
    pub address: String,
    /// Its certificate, key and authority.
    pub tls: NodeTls,
}

impl fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neighbours").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What nodes know each other by, in PEM: certificates of an authority that signs for the hub's
/// nodes and nobody else, for the name `nodes.<trust domain>`.
#[derive(Clone)]
pub struct NodeTls {
    /// The certificate and the chain below the root.
    pub chain: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
    /// The authority.
    pub ca: Vec<u8>,
}

impl fmt::Debug for NodeTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeTls(hidden)")
    }
}

/// Where a lane is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Here,
    There(Link),
    Nowhere,
}

/// What the nodes have said of themselves, by name.
type Known = BTreeMap<String, Said>;

/// A node's last word.
#[derive(Debug)]
struct Said {
    node: NodeRecord,
    /// By that node's clock.
    at: Timestamp,
}

/// The other nodes.
#[derive(Debug)]
pub(crate) struct Nodes {
    own: String,
    address: String,
    tls: ClientTlsConfig,
    known: Mutex<Known>,
    /// By address.
    links: Mutex<HashMap<String, Channel>>,
}

impl Nodes {
    pub(crate) fn new(own: String, address: String, tls: &NodeTls, domain: &str) -> Self {
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&tls.ca))
            .identity(Identity::from_pem(&tls.chain, &tls.key))
            .domain_name(format!("nodes.{domain}"));
        Self { own, address, tls, known: Mutex::default(), links: Mutex::default() }
    }

    /// Returns the node that took a lane last, by the nodes' own words.
    pub(crate) fn owner_of(&self, lane: u32) -> Place {
        let known = known(&self.known);
        let owners = known.iter().filter_map(|(name, node)| {
            Some((*node.node.lanes.get(&lane)?, name)).filter(|_| *name != self.own)
        });
        let owner = owners.max().map(|(_, name)| name.clone());
        drop(known);
        owner.and_then(|name| self.link(&name)).map_or(Place::Nowhere, Place::There)
    }

    /// Returns the way to a node; it is connected when it is used.
    pub(crate) fn link(&self, name: &str) -> Option<Link> {
        let address = known(&self.known).get(name)?.node.address.clone();
        let channel = self.channel(&address)?;
        Some(Link { name: name.to_owned(), channel })
    }

    /// Returns how many nodes serve by their own word of a moment ago, this one included.
    pub(crate) fn heard(&self, now: Timestamp) -> usize {
        let oldest = now.millis().saturating_sub(SILENT_MS);
        let serves = |said: &&Said| said.at.millis() >= oldest && !said.node.draining;
        known(&self.known).values().filter(serves).count()
    }

    /// Returns the newest format that each node can read which has spoken within a day.
    pub(crate) fn formats(&self, now: Timestamp) -> Vec<u32> {
        let oldest = now.millis().saturating_sub(GONE_MS);
        let known = known(&self.known);
        let there = known.values().filter(|said| said.at.millis() >= oldest);
        there.map(|said| said.node.format).collect()
    }

    fn channel(&self, address: &str) -> Option<Channel> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = links.get(address) {
            return Some(channel.clone());
        }
        let endpoint = Endpoint::from_shared(format!("https://{address}"))
            .and_then(|endpoint| endpoint.tls_config(self.tls.clone()));
        let endpoint = match endpoint {
            Ok(endpoint) => endpoint,
            Err(cause) => {
                warn!(%cause, address, "a node cannot be reached");
                return None;
            }
        };
        let channel = endpoint
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .connect_lazy();
        links.insert(address.to_owned(), channel.clone());
        Some(channel)
    }

    /// Follows the nodes' words until the log is closed.
    ///
    /// # Errors
    /// [`ReadError`].
    pub(crate) async fn follow(&self, log: &Arc<dyn Log>) -> Result<(), ReadError> {
        let at = Partition { topic: Topic::Hub(HubTopic::Nodes), number: 0 };
        let (mut end, mut next) = (log.follow(&at)?, 0);
        loop {
            end.mark_unchanged();
            let page = match log.read(&at, next, PAGE).await {
                Ok(page) => page,
                Err(ReadError::Unavailable(cause)) => {
                    warn!(cause, "the nodes' words cannot be read; trying again");
                    tokio::time::sleep(CONNECT).await;
                    continue;
                }
                Err(cause) => return Err(cause),
            };
            for stored in &page {
                next = stored.offset + 1;
                self.hear(&stored.record);
            }
            if page.is_empty() && end.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Takes a node's word; one of a newer version is none that this one could go by.
    fn hear(&self, record: &Record) {
        let name = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        let Some(name) = name else { return };
        let mut known = known(&self.known);
        match NodeRecord::decode(&record.value) {
            Some(node) => {
                known.insert(name.to_owned(), Said { node, at: record.timestamp });
            }
            None => _ = known.remove(name),
        }
    }
}

fn known(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ndxp_log::Record;
    use ndxp_model::Timestamp;

    use super::{GONE_MS, NodeRecord, NodeTls, Nodes};

    fn word(name: &str, format: u32, at: i64) -> Record {
        let node = NodeRecord {
            v: 1,
            boot: format!("{name}-0"),
            address: "localhost:1".into(),
            version: "0".into(),
            format,
            lanes: BTreeMap::new(),
            draining: true,
        };
        let timestamp = Timestamp::from_millis(at);
        let (key, value) = (Some(name.to_owned().into()), node.encode().into());
        Record { key, value, timestamp, ..Record::default() }
    }

    #[test]
    fn node_that_has_spoken_within_a_day_counts_for_the_format_whether_it_serves_or_not() {
        let tls = NodeTls { chain: Vec::new(), key: Vec::new(), ca: Vec::new() };
        let nodes = Nodes::new("n1".into(), "localhost:1".into(), &tls, "hub.example");
        for (name, format, at) in [("n1", 2, GONE_MS), ("n2", 1, 0), ("n3", 2, 1)] {
            nodes.hear(&word(name, format, at));
        }
        assert_eq!(nodes.formats(Timestamp::from_millis(GONE_MS)), [2, 1, 2]);
        assert_eq!(nodes.formats(Timestamp::from_millis(GONE_MS + 1)), [2, 2]);
    }
}
