//! Several nodes of one hub in the test's process, on one log in memory.

use std::sync::Arc;

use ndxp_hub::NodeTls;
use ndxp_pki::{Authority, Validity};

use crate::{Engine, TestHub, hub::serve};

impl TestHub {
    /// Puts a hub in memory onto so many nodes, `n1` on, behind one clock and one authority.
    ///
    /// # Panics
    /// If the hub is not in memory, or is to have no node.
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
        let engine = Engine::Node { log: Arc::new(log.among_nodes()), beside };
        let node = serve(&engine, &clock, &tls, "n1").await.expect("the node starts");
        let identities = identities.moved(node.grpc());
        let mut nodes = vec![Self { clock, engine, node, identities, tls }];
        for number in 2..=count {
            nodes.push(nodes[0].another(&format!("n{number}")).await);
        }
        nodes
    }

    /// Starts another node beside this one.
    ///
    /// # Panics
    /// If this is no node among others.
    pub async fn another(&self, name: &str) -> Self {
        let Engine::Node { log, beside } = &self.engine else { panic!("it has no other nodes") };
        let engine = Engine::Node { log: Arc::clone(log), beside: beside.clone() };
        let (clock, tls) = (self.clock.clone(), Arc::clone(&self.tls));
        let node = serve(&engine, &clock, &tls, name).await.expect("the node starts");
        let identities = self.identities.copy().moved(node.grpc());
        Self { clock, engine, node, identities, tls }
    }
}
