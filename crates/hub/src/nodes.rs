//! The hub's nodes as `ndxp.nodes` tells of them: who is there, where, and which lanes it owns.
//!
//! Each node writes what it is whenever that changes, and every second; the newest word of each
//! stays. Which lanes a node should take follows from who is there ([`roll`]). That a node owns a
//! lane is only its word: whoever took the lane last, by the offset of its take-over, is asked, and
//! knows.

mod announce;
mod raise;
mod record;
mod roll;
mod share;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use ndxp_log::{Log, Partition, ReadError, Record};
use ndxp_model::{HubTopic, Timestamp, Topic};
use tokio::sync::watch;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tracing::warn;

use crate::{fold::PAGE, forward::Link};

pub(crate) use announce::{announce, leave};
pub(crate) use raise::{keep_raising, raise};
pub(crate) use record::NodeRecord;
use roll::Roll;
use share::Boot;
pub(crate) use share::Share;

/// How long a connection to another node may take.
const CONNECT: Duration = Duration::from_secs(3);
/// A node that answers no ping for so long is gone: its calls end.
const PING: Duration = Duration::from_secs(2);
/// A node that has said nothing for so long holds up no new format: it stops at it if it comes back
/// as it was, and says what to do.
const GONE_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long to wait after a read that failed.
const AGAIN: Duration = Duration::from_millis(300);
/// What one call may have on its way; the connection has room for all of them, so that a caller that
/// does not read holds up nobody.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 1 << 30;

/// How this node meets the others.
pub struct Neighbours {
    /// Where it will listen for them.
    pub socket: tokio::net::TcpSocket,
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

/// All nodes, this one included.
#[derive(Debug)]
pub(crate) struct Nodes {
    own: String,
    /// Which boot of it this is, and where the others reach it: an empty address if they do not.
    boot: Boot,
    /// How it reaches the others, if it does.
    tls: Option<ClientTlsConfig>,
    /// How often this boot has spoken in the rhythm.
    beat: AtomicU64,
    roll: Mutex<Roll>,
    /// What this node draws from it for itself.
    share: watch::Sender<Share>,
    /// Why this node's last word did not get through, while that is so.
    unsaid: Mutex<Option<String>>,
    /// By address.
    links: Mutex<HashMap<String, Channel>>,
}

impl Nodes {
    /// Prepares for a boot of the node `own` of the trust domain. Without neighbours it shares the
    /// lanes, and no call about them goes from node to node.
    pub(crate) fn new(
        own: String,
        boot: String,
        neighbours: Option<&Neighbours>,
        domain: &str,
    ) -> Self {
        let tls = neighbours.map(|Neighbours { tls, .. }| {
            ClientTlsConfig::new()
                .ca_certificate(Certificate::from_pem(&tls.ca))
                .identity(Identity::from_pem(&tls.chain, &tls.key))
                .domain_name(format!("nodes.{domain}"))
        });
        let address = neighbours.map(|neighbours| neighbours.address.clone()).unwrap_or_default();
        let boot = Boot { id: boot, address };
        Self {
            own,
            share: watch::Sender::new(Share::new(boot.clone())),
            boot,
            tls,
            beat: AtomicU64::new(0),
            roll: Mutex::default(),
            unsaid: Mutex::default(),
            links: Mutex::default(),
        }
    }

    /// Follows which lanes this node should own: none before its first word has come back to it.
    pub(crate) fn share(&self) -> watch::Receiver<Share> {
        self.share.subscribe()
    }

    /// Tells why this node has no part in the lanes, if it knows. Cheap: it asks nobody.
    pub(crate) fn trouble(&self) -> Option<String> {
        let share = self.share.borrow();
        let Some(Boot { id, address }) = share.superseded_by() else {
            drop(share);
            return locked(&self.unsaid).clone();
        };
        Some(format!(
            "another node has the name {} ({id} at {address}): give each its own and start this \
             one again",
            self.own
        ))
    }

    /// Waits until another node has this one's name.
    async fn superseded(&self) {
        _ = self.share().wait_for(Share::is_superseded).await;
    }

    /// Returns the node that took a lane last, by the nodes' own words.
    pub(crate) fn owner_of(&self, lane: u32) -> Place {
        let roll = locked(&self.roll);
        let owners = roll.all().filter_map(|(name, said)| {
            Some((*said.node.lanes.get(&lane)?, name)).filter(|_| *name != self.own)
        });
        let owner = owners.max().map(|(_, name)| name.to_owned());
        drop(roll);
        owner.and_then(|name| self.link(&name)).map_or(Place::Nowhere, Place::There)
    }

    /// Returns the way to a node; it is connected when it is used.
    pub(crate) fn link(&self, name: &str) -> Option<Link> {
        let address = locked(&self.roll).last(name)?.node.address.clone();
        let channel = self.channel(&address)?;
        Some(Link { name: name.to_owned(), channel })
    }

    /// Returns how many nodes are there and serve, this one included.
    pub(crate) fn serving(&self) -> usize {
        locked(&self.roll).there().filter(|(_, said)| !said.node.draining).count()
    }

    /// Returns the newest format that each node can read which has spoken within a day.
    pub(crate) fn formats(&self, now: Timestamp) -> Vec<u32> {
        let oldest = now.millis().saturating_sub(GONE_MS);
        let roll = locked(&self.roll);
        let recent = roll.all().filter(|(_, said)| said.at.millis() >= oldest);
        recent.map(|(_, said)| said.node.format).collect()
    }

    fn channel(&self, address: &str) -> Option<Channel> {
        let mut links = locked(&self.links);
        if let Some(channel) = links.get(address) {
            return Some(channel.clone());
        }
        let tls = self.tls.clone().filter(|_| !address.is_empty())?;
        let endpoint = Endpoint::from_shared(format!("https://{address}"))
            .and_then(|endpoint| endpoint.tls_config(tls));
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

    /// Follows the nodes' words until it is cancelled: whatever goes wrong is tried again, since the
    /// others go by what this node says.
    pub(crate) async fn follow(&self, log: &Arc<dyn Log>) {
        let at = Partition { topic: Topic::Hub(HubTopic::Nodes), number: 0 };
        let mut next = 0;
        loop {
            match self.follow_from(log, &at, &mut next).await {
                // Compaction keeps the last words.
                Err(ReadError::Expired { earliest, .. }) => next = earliest,
                Err(cause) => warn!(%cause, "the nodes' words cannot be read; trying again"),
                Ok(()) => {}
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn follow_from(
        &self,
        log: &Arc<dyn Log>,
        at: &Partition,
        next: &mut u64,
    ) -> Result<(), ReadError> {
        let mut end = log.follow(at)?;
        loop {
            end.mark_unchanged();
            let page = log.read(at, *next, PAGE).await?;
            if let Some(last) = page.last() {
                *next = last.offset + 1;
                page.iter().for_each(|stored| self.hear(&stored.record));
                self.settle();
            } else if end.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Takes a node's word; one of a newer version is none that this one could go by.
    fn hear(&self, record: &Record) {
        let name = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        let Some(name) = name else { return };
        let Some(node) = NodeRecord::decode(&record.value) else {
            return locked(&self.roll).forget(name);
        };
        if name == self.own {
            let boot = Boot { id: node.boot.clone(), address: node.address.clone() };
            self.share.send_modify(|share| share.hear(boot));
        }
        locked(&self.roll).hear(name, node, record.timestamp);
    }

    /// Draws from what was heard which lanes should be this node's.
    fn settle(&self) {
        let roll = locked(&self.roll);
        let (lanes, nodes) = (roll.lanes(&self.own), roll.there().count());
        drop(roll);
        self.share.send_if_modified(|share| share.settle(lanes, nodes));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ndxp_log::Record;
    use ndxp_model::Timestamp;

    use super::{GONE_MS, NodeRecord, Nodes};

    fn word(name: &str, format: u32, at: i64) -> Record {
        let node = NodeRecord {
            v: 1,
            boot: format!("{name}-0"),
            beat: 0,
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
        let nodes = Nodes::new("n1".into(), "n1-0".into(), None, "hub.example");
        for (name, format, at) in [("n1", 2, GONE_MS), ("n2", 1, 0), ("n3", 2, 1)] {
            nodes.hear(&word(name, format, at));
        }
        assert_eq!(nodes.formats(Timestamp::from_millis(GONE_MS)), [2, 1, 2]);
        assert_eq!(nodes.formats(Timestamp::from_millis(GONE_MS + 1)), [2, 2]);
    }
}
