//! One connection as calls on it see it.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ndxp_model::{PrincipalName, Timestamp};

use crate::{KillSwitch, PeerCertificate, Quarantine, Sentence, sentence::Condemnation};

/// How long a connection in quarantine lives.
pub const QUARANTINE_AGE: Duration = Duration::from_secs(60);
/// How many calls on a connection in quarantine are answered.
pub const QUARANTINE_CALLS: u32 = 10;

/// A connection's number within this process, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The other end of a connection; in the extensions of every request on it.
#[derive(Debug, Clone)]
pub struct Peer {
    /// What the handshake proved.
    pub certificate: Arc<PeerCertificate>,
    /// Where the peer connected from.
    pub remote: SocketAddr,
    /// The connection.
    pub connection: ConnectionId,
    /// Ends the connection.
    pub kill: KillSwitch,
    /// Calls answered in quarantine.
    pub calls: Arc<AtomicU32>,
    pub(crate) condemnation: Condemnation,
}

/// What to do with a call on a connection in quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuarantinedCall {
    /// Answer why.
    Answer,
    /// It was one call too many: the connection is aborted, nobody will read an answer.
    Closed,
}

impl Peer {
    /// Returns whom the connection acts for at `now`.
    ///
    /// # Errors
    /// As [`PeerCertificate::principal`]; and what the certificate was condemned for since.
    pub fn principal(&self, now: Timestamp) -> Result<&PrincipalName, Quarantine> {
        match self.sentence() {
            Some(Sentence::Certificate(cause)) => Err(cause),
            Some(Sentence::Unjudged | Sentence::Suspended) | None => {
                self.certificate.principal(now)
            }
        }
    }

    /// Condemns the connection: whoever waits for [`Peer::sentenced`] learns why, and after
    /// [`FAREWELL`](crate::FAREWELL) the connection is aborted. The first sentence stands; returns
    /// whether this is it.
    pub fn condemn(&self, sentence: Sentence) -> bool {
        let first = self.condemnation.set(sentence);
        if first {
            self.kill.condemn();
        }
        first
    }

    /// Returns why the connection is condemned, if it is.
    #[must_use]
    pub fn sentence(&self) -> Option<Sentence> {
        self.condemnation.get()
    }

    /// Waits until the connection is condemned. Cancel-safe.
    pub async fn sentenced(&self) -> Sentence {
        self.condemnation.wait().await
    }

    /// Counts a call that the quarantine answers. The first one starts the connection's last
    /// minute, if the accept loop has not; the one after the tenth aborts the connection.
    pub fn quarantined_call(&self) -> QuarantinedCall {
        self.kill.quarantine();
        let before = self.calls.fetch_add(1, Ordering::Relaxed);
        if before < QUARANTINE_CALLS {
            return QuarantinedCall::Answer;
        }
        self.kill.kill();
        QuarantinedCall::Closed
    }
}
