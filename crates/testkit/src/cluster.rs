//! Several nodes of one hub in the test's process, on one log in memory.

use std::sync::Arc;

use ndxp_hub::NodeTls;
use ndxp_log::{Lanes, memory::MemoryNode};
use ndxp_model::LANES;
use ndxp_pki::{Authority, Validity};

use crate::{Engine, TestHub, hub::serve};

impl TestHub {
    /// Puts a hub in memory onto so many nodes, `n1` on, behind one clock and one authority. The
    /// first has all lanes.
    ///
    /// # Panics
    /// If the hub is not in memory.
    pub async fn into_nodes(self, count: usize) -> Vec<Self> {
        let Self { clock, engine, node, identities, tls } = self;
        node.shutdown().await;
        let Engine::Memory(log) = engine else { panic!("only a log in memory has several nodes") };
        let domain = identities.authority().domain().clone();
        let authority = Authority::create(domain, clock.now()).expect("keys can be made");
        let validity = Validity::days(clock.now(), 3_650);
        let issued = authority.issue_node(validity).expect("a certificate is signed");
        let beside = NodeTls {
            chain: issued.chain_pem.into_bytes(),
            key: issued.key_pem.into_bytes(),
            ca: authority.ca_pem().into_bytes(),
        };
        let mut nodes = Vec::with_capacity(count);
        for number in 1..=count {
            let engine = Engine::Node(MemoryNode::new(Arc::clone(&log)));
            let name = format!("n{number}");
            let node = serve(&engine, &clock, &tls, Some((&name, &beside))).await;
            let node = node.expect("the node starts");
            let identities = identities.copy().moved(node.grpc());
            let (clock, tls) = (clock.clone(), Arc::clone(&tls));
            nodes.push(Self { clock, engine, node, identities, tls });
        }
        if let Some(first) = nodes.first() {
            first.give(0..LANES);
        }
        nodes
    }

    /// Says which lanes the node should own from now on.
    ///
    /// # Panics
    /// If it is no node among others.
    pub fn give(&self, lanes: impl IntoIterator<Item = u32>) {
        let Engine::Node(node) = &self.engine else { panic!("the hub has no other nodes") };
        node.give(Lanes(lanes.into_iter().collect()));
    }
}
