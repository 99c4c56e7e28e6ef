//! The log's topics.

use std::fmt;

use crate::{DatasetName, Keep};

/// How many partitions the delivery topic has: a subscription hashes to one, its lane.
pub const LANES: u32 = 64;

/// A topic that the hub keeps for itself. No dataset's record is ever written to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HubTopic {
    /// `ndxp.registry`: one partition, kept for ever, one record a command.
    Registry,
    /// `ndxp.audit.main`: one partition, one record a leaf.
    Audit,
    /// `ndxp.delivery`: [`LANES`] partitions of hand-outs and cursors.
    Delivery,
    /// `ndxp.publishers`: one partition, how far each system has come in publishing.
    Publishers,
    /// `ndxp.nodes`: one partition, what each node says of itself.
    Nodes,
    /// `ndxp.codelists`: one partition, the states of code lists in pieces, kept for ever.
    CodeLists,
}

impl HubTopic {
    /// Every topic of the hub.
    pub const ALL: [Self; 6] = [
        Self::Registry,
        Self::Audit,
        Self::Delivery,
        Self::Publishers,
        Self::Nodes,
        Self::CodeLists,
    ];

    /// Returns the number of partitions, fixed for ever.
    #[must_use]
    pub fn partitions(self) -> u32 {
        match self {
            Self::Registry | Self::Audit | Self::Publishers | Self::Nodes | Self::CodeLists => 1,
            Self::Delivery => LANES,
        }
    }

    /// Returns what the log keeps of it. Nobody follows what is folded at a start only,
    /// so what is replaced there may go within a minute.
    #[must_use]
    pub fn keep(self) -> Keep {
        match self {
            Self::Registry | Self::Audit | Self::CodeLists => Keep::Everything,
            Self::Delivery | Self::Publishers | Self::Nodes => Keep::Newest { lag_ms: 60_000 },
        }
    }
}

/// A topic of the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// One that the hub keeps for itself.
    Hub(HubTopic),
    /// `ndxp.data.<agency>.<dataset>`: a dataset's records, partitioned by record key.
    Data(DatasetName),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub(HubTopic::Registry) => f.write_str("ndxp.registry"),
            Self::Hub(HubTopic::Audit) => f.write_str("ndxp.audit.main"),
            Self::Hub(HubTopic::Delivery) => f.write_str("ndxp.delivery"),
            Self::Hub(HubTopic::Publishers) => f.write_str("ndxp.publishers"),
            Self::Hub(HubTopic::Nodes) => f.write_str("ndxp.nodes"),
            Self::Hub(HubTopic::CodeLists) => f.write_str("ndxp.codelists"),
            Self::Data(name) => write!(f, "ndxp.data.{}.{}", name.agency, name.dataset),
        }
    }
}
