//! Connections of those who act, made when first needed and kept.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result};
use ndxp_client::Client;
use ndxp_model::PrincipalName;

use crate::connection;

/// One connection a principal.
pub(super) struct Callers {
    directory: PathBuf,
    hub: Option<String>,
    clients: Mutex<HashMap<PrincipalName, Client>>,
    registry: AtomicU64,
}

impl Callers {
    pub(super) fn new(directory: PathBuf, hub: Option<&str>) -> Self {
        let hub = hub.map(str::to_owned);
        Self { directory, hub, clients: Mutex::default(), registry: AtomicU64::new(0) }
    }

    /// Says whether the principal's certificate is there.
    pub(super) fn has(&self, name: &PrincipalName) -> bool {
        connection::directory_of(&self.directory, name).join("cert.pem").is_file()
    }

    /// Returns the principal's connection. It sees all changes that others were seen to make.
    pub(super) fn client(&self, name: &PrincipalName) -> Result<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match clients.get(name) {
            Some(client) => client.clone(),
            None => {
                let client = self.connect(name).with_context(|| format!("acting as {name}"))?;
                clients.insert(name.clone(), client.clone());
                client
            }
        };
        client.saw_registry_position(self.registry.load(Ordering::Relaxed));
        Ok(client)
    }

    /// Remembers what a client has seen, for those that act next.
    pub(super) fn saw(&self, client: &Client) {
        self.registry.fetch_max(client.registry_position(), Ordering::Relaxed);
    }

    fn connect(&self, name: &PrincipalName) -> Result<Client> {
        let directory = connection::directory_of(&self.directory, name);
        let hub = self.hub.as_deref();
        let identity = connection::identity(&directory, Some(&self.directory), hub)?;
        Ok(Client::lazy(&identity)?)
    }
}
