//! Why a connection that was good is good no longer.

use std::sync::Arc;

use tokio::sync::watch;

use crate::Quarantine;

/// Why a live connection is condemned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sentence {
    /// Its certificate was revoked, or has expired.
    Certificate(Quarantine),
    /// The settings in force cannot judge its certificate: its authority is gone from the
    /// configuration, or no revocation list answers for it. A new connection is told what is wrong.
    Unjudged,
    /// The hub has suspended its agency.
    Suspended,
}

/// A connection's sentence, once there is one. Clones are of the same connection.
#[derive(Debug, Clone)]
pub(crate) struct Condemnation(Arc<watch::Sender<Option<Sentence>>>);

impl Condemnation {
    pub(crate) fn none() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Sets the sentence, unless there is one.
    pub(crate) fn set(&self, sentence: Sentence) -> bool {
        self.0.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(sentence);
            first
        })
    }

    pub(crate) fn get(&self) -> Option<Sentence> {
        *self.0.borrow()
    }

    pub(crate) async fn wait(&self) -> Sentence {
        let mut known = self.0.subscribe();
        let sentence = known.wait_for(Option::is_some).await.map(|known| *known);
        match sentence {
            Ok(Some(sentence)) => sentence,
            // The sender lives as long as `self`.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}
