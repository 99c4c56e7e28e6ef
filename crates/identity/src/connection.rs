//! The live connections of a node.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use ndxp_model::{PrincipalName, Timestamp};

use crate::{
    ConnectionId, HandshakeFailure, KillSwitch, Peer, PeerCertificate, Quarantine, Sentence,
    ServerTls, Standing, sentence::Condemnation,
};

/// The live connections, those in quarantine too. Clones share the map.
///
/// Cuts walk all of it: they are rare, thousands of entries take less than a millisecond, and an
/// index by serial or name would have to stay true for that.
#[derive(Debug, Clone, Default)]
pub struct Connections(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    last: AtomicU64,
    live: Mutex<BTreeMap<ConnectionId, Peer>>,
}

impl Connections {
    /// No connections yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns how many connections are live.
    #[must_use]
    pub fn count(&self) -> usize {
        self.live().len()
    }

    /// Returns how many live connections `name` has.
    #[must_use]
    pub fn count_of(&self, name: &PrincipalName) -> usize {
        self.live().values().filter(|peer| peer.certificate.name.as_ref() == Ok(name)).count()
    }

    /// Returns the live connections, the oldest first.
    #[must_use]
    pub fn peers(&self) -> Vec<Peer> {
        self.live().values().cloned().collect()
    }

    /// Aborts every connection for which `condemned` is true; returns how many it aborted.
    pub fn cut(&self, condemned: impl Fn(&Peer) -> bool) -> usize {
        // The copy frees the lock before anything is woken or verified.
        self.peers().iter().filter(|peer| condemned(peer) && peer.kill.kill()).count()
    }

    /// Aborts the connections with the certificate of this serial number (lower-case hexadecimal
    /// without leading zero bytes).
    pub fn cut_serial(&self, serial: &str) -> usize {
        self.cut(|peer| peer.certificate.serial == serial)
    }

    /// Aborts a principal's connections.
    pub fn cut_principal(&self, name: &PrincipalName) -> usize {
        self.cut(|peer| peer.certificate.name.as_ref() == Ok(name))
    }

    /// Condemns every connection for which there is a sentence; returns how many it condemned.
    pub fn condemn(&self, sentence: impl Fn(&Peer) -> Option<Sentence>) -> usize {
        let condemned =
            |peer: &&Peer| sentence(peer).is_some_and(|sentence| peer.condemn(sentence));
        self.peers().iter().filter(condemned).count()
    }

    /// Condemns the connections whose certificates were good at the handshake and have expired by
    /// `now`; to be called several times a second.
    pub fn condemn_expired(&self, now: Timestamp) -> usize {
        self.condemn(|peer| {
            let expired = peer.certificate.standing == Standing::Good
                && peer.certificate.principal(now) == Err(Quarantine::Expired);
            expired.then_some(Sentence::Certificate(Quarantine::Expired))
        })
    }

    /// Judges the certificate of every good connection again by `settings`, and condemns those
    /// that would not be good now: revoked, expired, their authority gone. Call it after new
    /// settings are in force: the accept loop takes care of handshakes that began before. One or
    /// two signatures are verified for each certificate, so it belongs on a thread that may be
    /// busy; those on a revocation list do not wait for that.
    pub fn recheck(&self, settings: &ServerTls) -> usize {
        let mut certificates: BTreeMap<[u8; 32], Vec<Peer>> = BTreeMap::new();
        for peer in self.peers() {
            if peer.certificate.standing == Standing::Good {
                certificates.entry(peer.certificate.fingerprint).or_default().push(peer);
            }
        }
        let condemn =
            |peers: &[Peer], sentence| peers.iter().filter(|peer| peer.condemn(sentence)).count();
        let revoked = Sentence::Certificate(Quarantine::Revoked);
        let listed = certificates.extract_if(.., |_, peers| {
            peers.first().is_some_and(|peer| settings.lists(&peer.certificate))
        });
        let listed: usize = listed.map(|(_, peers)| condemn(&peers, revoked)).sum();
        let judged = certificates.values().filter_map(|peers| {
            let sentence = sentence(settings.judge(&peers.first()?.certificate))?;
            Some(condemn(peers, sentence))
        });
        listed + judged.sum::<usize>()
    }

    pub(crate) fn register(
        &self,
        certificate: PeerCertificate,
        remote: SocketAddr,
        quarantine_age: Duration,
    ) -> Registration {
        let connection = ConnectionId(self.0.last.fetch_add(1, Ordering::Relaxed) + 1);
        let peer = Peer {
            certificate: Arc::new(certificate),
            remote,
            connection,
            kill: KillSwitch::new(quarantine_age),
            calls: Arc::new(AtomicU32::new(0)),
            condemnation: Condemnation::none(),
        };
        self.live().insert(connection, peer.clone());
        Registration { connections: self.clone(), peer }
    }

    fn live(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Peer>> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a certificate is condemned for that was good once and is judged so now.
fn sentence(judged: Result<Standing, HandshakeFailure>) -> Option<Sentence> {
    match judged {
        Ok(Standing::Good) => None,
        Ok(Standing::Revoked) => Some(Sentence::Certificate(Quarantine::Revoked)),
        Ok(Standing::Expired) => Some(Sentence::Certificate(Quarantine::Expired)),
        Ok(Standing::NotYetValid) => Some(Sentence::Certificate(Quarantine::NotYetValid)),
        Err(_) => Some(Sentence::Unjudged),
    }
}

/// A connection's entry, which ends with it.
#[derive(Debug)]
pub(crate) struct Registration {
    connections: Connections,
    pub(crate) peer: Peer,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connections.live().remove(&self.peer.connection);
    }
}
