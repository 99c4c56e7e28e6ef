//! TLS files that change under a running node: read again, swapped as a whole, and live connections
//! judged by them.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ndxp_identity::{CRL_GRACE, Clock, Connections, ServerTls, TlsConfigError, TlsMaterial};
use ndxp_model::{Timestamp, TrustDomain};
use tokio::sync::watch;
use tracing::{error, info};

use super::{TlsFiles, TlsSource};
use crate::metrics::{Metrics, OutcomeLabels};

/// What came of a look at the TLS files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reload {
    /// They are as they were.
    Unchanged,
    /// They are in force.
    InForce {
        /// How many live connections they condemned.
        condemned: usize,
    },
    /// They cannot be used, for this reason; what was in force stays so.
    Kept(String),
}

/// A node's TLS settings over time.
pub(crate) struct Tls {
    source: TlsSource,
    domain: TrustDomain,
    clock: Clock,
    connections: Connections,
    metrics: Arc<Metrics>,
    in_force: watch::Sender<Arc<ServerTls>>,
    seen: Mutex<Seen>,
}

/// What the last looks saw.
#[derive(Debug)]
struct Seen {
    /// The contents in force.
    in_force: [u8; 32],
    /// Contents that cannot be used: said once, not each second.
    unusable: Option<[u8; 32]>,
    /// Why the files, as they are, are not in force.
    trouble: Option<String>,
    /// The end of the grace of the lists by which live connections were last judged for it.
    judged_after: Option<Timestamp>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("domain", &self.domain).finish_non_exhaustive()
    }
}

impl Tls {
    /// Puts the first files in force.
    pub(super) fn open(
        source: TlsSource,
        domain: TrustDomain,
        clock: Clock,
        connections: Connections,
        metrics: Arc<Metrics>,
    ) -> Result<Self, super::StartError> {
        let files = source.read()?;
        let settings = settings(&files, &domain, &clock)?;
        let seen =
            Seen { in_force: files.digest(), unusable: None, trouble: None, judged_after: None };
        // Zeros from the start, so that an alarm on the first failure sees a rise.
        for outcome in ["in_force", "kept"] {
            let _ = metrics.tls_reloads.get_or_create(&OutcomeLabels { outcome });
        }
        let (in_force, seen) = (watch::Sender::new(settings), Mutex::new(seen));
        Ok(Self { source, domain, clock, connections, metrics, in_force, seen })
    }

    /// Follows the settings in force.
    pub(super) fn follow(&self) -> watch::Receiver<Arc<ServerTls>> {
        self.in_force.subscribe()
    }

    /// Looks at the files, and puts them in force if they have changed and can be used. Blocks.
    pub(super) fn look(&self) -> Reload {
        let mut seen = self.seen();
        let files = match self.source.read() {
            Ok(files) => files,
            Err(cause) => return self.keep(&mut seen, None, &cause),
        };
        let digest = files.digest();
        if digest == seen.in_force {
            if seen.trouble.take().is_some() {
                seen.unusable = None;
                info!("the TLS files are again those in force");
            }
            return Reload::Unchanged;
        }
        if seen.unusable == Some(digest)
            && let Some(trouble) = &seen.trouble
        {
            return Reload::Kept(trouble.clone());
        }
        match settings(&files, &self.domain, &self.clock) {
            Ok(settings) => {
                (seen.in_force, seen.unusable, seen.trouble) = (digest, None, None);
                self.put_in_force(settings)
            }
            Err(cause) => self.keep(&mut seen, Some(digest), &cause),
        }
    }

    fn put_in_force(&self, settings: Arc<ServerTls>) -> Reload {
        // In this order: a handshake that is under way looks for new settings after it has entered
        // its connection, so one of the two judges it.
        self.in_force.send_replace(Arc::clone(&settings));
        let condemned = self.connections.recheck(&settings);
        self.count("in_force");
        info!(condemned, server_not_after = %settings.not_after(), "new TLS files are in force");
        Reload::InForce { condemned }
    }

    fn keep(&self, seen: &mut Seen, unusable: Option<[u8; 32]>, cause: &dyn Error) -> Reload {
        let text = crate::refuse::chain(cause);
        seen.unusable = unusable;
        if seen.trouble.as_ref() != Some(&text) {
            self.count("kept");
            error!(cause = text, "the TLS files cannot be used: those in force stay");
            seen.trouble = Some(text.clone());
        }
        Reload::Kept(text)
    }

    /// Condemns live connections once the lists' grace is over: nobody can say any more whether
    /// their certificates are good. Blocks, and does it once for each list.
    pub(super) fn judge_after_grace(&self, now: Timestamp) {
        let settings = Arc::clone(&self.in_force.borrow());
        let until = settings.crl_believed_until();
        let mut seen = self.seen();
        if until.is_some_and(|until| now > until) && seen.judged_after != until {
            seen.judged_after = until;
            let condemned = self.connections.recheck(&settings);
            error!(condemned, "the revocation list is no longer believed: connections are refused");
        }
    }

    /// Says why nobody can connect at `now`, if so.
    pub(crate) fn refusing(&self, now: Timestamp) -> Option<String> {
        let settings = Arc::clone(&self.in_force.borrow());
        let stale = settings.crl_believed_until().filter(|until| now > *until);
        let stale =
            stale.map(|until| format!("the revocation list is believed until {until} only"));
        let ended = (now > settings.not_after())
            .then(|| format!("the hub's certificate ended at {}", settings.not_after()));
        stale.or(ended)
    }

    /// Says what will stop connections if nobody acts.
    pub(crate) fn warning(&self, now: Timestamp) -> Option<String> {
        let settings = Arc::clone(&self.in_force.borrow());
        let due = settings.crl_dates().map(|dates| dates.next_update).filter(|due| now > *due);
        let overdue = due.zip(settings.crl_believed_until()).map(|(due, until)| {
            format!("a new revocation list was due at {due}: connections are refused after {until}")
        });
        let kept = |trouble: &String| format!("new TLS files cannot be used: {trouble}");
        overdue.or_else(|| self.seen().trouble.as_ref().map(kept))
    }

    fn count(&self, outcome: &'static str) {
        self.metrics.tls_reloads.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn settings(
    files: &TlsFiles,
    domain: &TrustDomain,
    clock: &Clock,
) -> Result<Arc<ServerTls>, TlsConfigError> {
    let material = TlsMaterial {
        chain_pem: &files.chain,
        key_pem: &files.key,
        client_ca_pem: &files.client_ca,
        crl_pem: files.crl.as_deref(),
        crl_grace: CRL_GRACE,
    };
    ServerTls::new(&material, domain.clone(), Arc::clone(clock))
}
