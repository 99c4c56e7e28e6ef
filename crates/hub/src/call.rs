//! One call: who makes it, under which id, and what it turned out to be about.

use std::{
    num::NonZeroU64,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use ndxp_audit::{Caller as Refused, DatasetAt, Deny, Word};
use ndxp_identity::Peer;
use ndxp_model::{AgreementRef, PrincipalName, PurposeCode, SystemName, Timestamp};
use ndxp_proto::error::{Reason, Refusal};
use tonic::{Request, Status};

use crate::{forward::Remote, refuse};

/// What the gate found out about a caller; it stands in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub principal: PrincipalName,
    pub request_id: String,
    pub traceparent: String,
}

/// Where a call comes from; it stands in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// From a connection of this node.
    Peer(Peer),
    /// From a connection of another node.
    Node(Remote),
}

impl Origin {
    fn of<T>(request: &Request<T>) -> Option<Self> {
        let peer = || request.extensions().get().cloned().map(Self::Peer);
        request.extensions().get::<Self>().cloned().or_else(peer)
    }

    /// Waits until the connection is condemned. One of another node is that node's to cut.
    /// Cancel-safe.
    pub(crate) async fn sentenced(&self) {
        match self {
            Self::Peer(peer) => _ = peer.sentenced().await,
            Self::Node(_) => std::future::pending().await,
        }
    }

    /// Cuts the connection; says whether it was live.
    pub(crate) fn kill(&self) -> bool {
        match self {
            Self::Peer(peer) => peer.kill.kill(),
            Self::Node(remote) => remote.kill(),
        }
    }
}

/// What a call is about, as far as it was read: for the audit entry of a refusal.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub dataset: Option<DatasetAt>,
    pub purpose: Option<PurposeCode>,
    pub agreement: Option<AgreementRef>,
    pub clause: Option<u8>,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub principal: PrincipalName,
    pub request_id: String,
    pub traceparent: String,
    pub method: &'static str,
    pub origin: Origin,
    pub now: Timestamp,
    pub started: Instant,
    about: Mutex<About>,
}

impl Call {
    /// Takes what the gate left in the request. Without the gate nothing is answered.
    pub(crate) fn begin<T>(
        request: &Request<T>,
        method: &'static str,
        now: Timestamp,
    ) -> Result<Self, Status> {
        let (caller, origin) = (request.extensions().get::<Caller>(), Origin::of(request));
        let (Some(caller), Some(origin)) = (caller.cloned(), origin) else {
            return Err(Status::internal("the call did not pass the gate"));
        };
        Ok(Self {
            principal: caller.principal,
            request_id: caller.request_id,
            traceparent: caller.traceparent,
            method,
            origin,
            now,
            started: Instant::now(),
            about: Mutex::default(),
        })
    }

    /// Notes what the call is about.
    pub(crate) fn is_about(&self, note: impl FnOnce(&mut About)) {
        note(&mut self.about.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns the calling system.
    ///
    /// # Errors
    /// `ROLE_REQUIRED` if the caller is an officer: systems exchange data.
    pub(crate) fn system(&self) -> Result<SystemName, Refusal> {
        self.principal.as_system().ok_or_else(|| {
            Refusal::new(
                Reason::RoleRequired,
                "only a system exchanges data, the caller is an officer",
                "use the certificate of a system",
            )
            .with("role", "system")
        })
    }

    /// Says whether the connection still stands as it did when the call began. A stream asks before
    /// each frame, and ends as soon as [`Peer::sentenced`] returns.
    ///
    /// # Errors
    /// What the stream ends with.
    pub(crate) fn standing(&self, now: Timestamp) -> Result<(), Refusal> {
        // The edge judges the certificate of one that comes through it.
        let Origin::Peer(peer) = &self.origin else { return Ok(()) };
        if let Some(sentence) = peer.sentence() {
            return Err(refuse::sentence(sentence));
        }
        peer.principal(now).map(|_| ()).map_err(refuse::quarantine)
    }

    /// Makes the audit entry of a refusal of this call.
    pub(crate) fn denial(&self, reason: Reason) -> Deny {
        let about = self.about.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Deny {
            by: Refused::Principal(self.principal.clone()),
            ds: about.dataset,
            op: word(self.method),
            why: word(reason.as_str()),
            clause: about.clause,
            purp: about.purpose,
            agr: about.agreement,
            n: NonZeroU64::MIN,
        }
    }

    /// Refuses by an agreement's decision, noting clause and agreement.
    pub(crate) fn denied(&self, denial: &ndxp_policy::Denial) -> Refusal {
        self.is_about(|about| {
            about.clause = Some(denial.clause);
            about.agreement.clone_from(&denial.agreement);
        });
        refuse::denial(denial)
    }
}

/// A word of a leaf from a constant of this program.
#[expect(
    clippy::expect_used,
    reason = "constants of this program, read by every test of a refusal"
)]
pub(crate) fn word(text: &'static str) -> Word {
    text.parse().expect("methods and reasons are plain words")
}
