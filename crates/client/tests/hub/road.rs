//! A way to a hub that moves: an address that stays.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use ndxp_client::{Client, Identity};
use ndxp_testkit::TestHub;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// Carries connections to wherever the hub is at that moment.
#[derive(Debug)]
pub(crate) struct Road {
    address: SocketAddr,
    end: Arc<Mutex<SocketAddr>>,
    carrying: JoinHandle<()>,
}

impl Road {
    pub(crate) async fn to(hub: &TestHub) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let end = Arc::new(Mutex::new(hub.address()));
        let carrying = tokio::spawn(carry(listener, Arc::clone(&end)));
        Self { address, end, carrying }
    }

    /// Changes where connections lead that are made from now on.
    pub(crate) fn leads_to(&self, hub: SocketAddr) {
        *self.end.lock().unwrap() = hub;
    }

    /// Returns a client of a principal over this road.
    pub(crate) fn client(&self, hub: &TestHub, principal: &str) -> Client {
        let issued = hub.certificate(principal);
        let identity = Identity {
            cert_pem: issued.chain_pem,
            key_pem: issued.key_pem,
            ca_pem: hub.authority().ca_pem(),
            endpoint: format!("https://{}", self.address),
        };
        Client::lazy(&identity).unwrap()
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry(listener: TcpListener, end: Arc<Mutex<SocketAddr>>) {
    let mut carried = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let hub = *end.lock().unwrap();
        carried.spawn(async move {
            // A hub that is not there is a connection that is lost at once.
            if let Ok(mut hub) = TcpStream::connect(hub).await {
                copy_bidirectional(&mut client, &mut hub).await.unwrap_or_default();
            }
        });
    }
}
