//! Certificates of a hub's callers, and connections with them.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use ndxp_client::{Client, Identity};
use ndxp_model::{PrincipalName, Timestamp};
use ndxp_pki::{Authority, Issued, Validity};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity as Pem};

use crate::TestHub;

/// The authority and whom it has signed for.
#[derive(Debug)]
pub(crate) struct Identities {
    authority: Arc<Authority>,
    address: SocketAddr,
    known: Mutex<HashMap<String, Issued>>,
    clients: Mutex<HashMap<String, Client>>,
}

impl Identities {
    pub(crate) fn new(authority: Authority, address: SocketAddr) -> Self {
        Self {
            authority: Arc::new(authority),
            address,
            known: Mutex::default(),
            clients: Mutex::default(),
        }
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The same people, each with the certificate that it has already.
    pub(crate) fn copy(&self) -> Self {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (authority, known) = (Arc::clone(&self.authority), Mutex::new(known));
        Self { authority, address: self.address, known, clients: Mutex::default() }
    }

    /// The same people, at a hub that serves elsewhere.
    pub(crate) fn moved(self, address: SocketAddr) -> Self {
        Self { address, clients: Mutex::default(), ..self }
    }

    fn issued(&self, name: &str, now: Timestamp) -> Issued {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let issue = || {
            let principal: PrincipalName = name.parse().expect("a principal's name");
            let validity = Validity::days(now, 365);
            self.authority.issue(&principal, validity).expect("a certificate is signed")
        };
        known.entry(name.to_owned()).or_insert_with(issue).clone()
    }
}

impl TestHub {
    /// Returns the development authority, for certificates that are not in order.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        self.identities.authority()
    }

    /// Returns a principal's certificate, for example of `agency/tax/system/portal`, good for a
    /// year from its first use.
    #[must_use]
    pub fn certificate(&self, principal: &str) -> Issued {
        self.identities.issued(principal, self.clock.now())
    }

    /// Returns where the hub serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.identities.address
    }

    /// Returns a client of a principal, with one connection that its clones share.
    pub fn client(&self, principal: &str) -> Client {
        let mut clients = self.identities.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let connect = || {
            let issued = self.certificate(principal);
            let identity = Identity {
                cert_pem: issued.chain_pem,
                key_pem: issued.key_pem,
                ca_pem: self.identities.authority.ca_pem(),
                endpoint: format!("https://{}", self.identities.address),
            };
            Client::lazy(&identity).expect("the identity is well formed")
        };
        clients.entry(principal.to_owned()).or_insert_with(connect).clone()
    }

    /// Returns a new connection of a principal that retries nothing.
    pub fn channel(&self, principal: &str) -> Channel {
        self.channel_as(Some(&self.certificate(principal)))
    }

    /// Returns a new connection with a certificate, or with none.
    pub fn channel_as(&self, issued: Option<&Issued>) -> Channel {
        self.endpoint_as(issued).connect_lazy()
    }

    /// Returns how a connection with a certificate would be made, for tests that change it.
    #[must_use]
    pub fn endpoint_as(&self, issued: Option<&Issued>) -> Endpoint {
        self.endpoint_at(self.identities.address, issued)
    }

    /// As [`TestHub::endpoint_as`], to an address of 127.0.0.1 that leads to the hub.
    #[must_use]
    pub fn endpoint_at(&self, address: SocketAddr, issued: Option<&Issued>) -> Endpoint {
        let ca = Certificate::from_pem(self.identities.authority.ca_pem());
        let tls = ClientTlsConfig::new().ca_certificate(ca);
        let tls = match issued {
            Some(issued) => tls.identity(Pem::from_pem(&issued.chain_pem, &issued.key_pem)),
            None => tls,
        };
        let endpoint = Endpoint::from_shared(format!("https://{address}")).expect("an address");
        endpoint.tls_config(tls).expect("the certificates are well formed")
    }
}
