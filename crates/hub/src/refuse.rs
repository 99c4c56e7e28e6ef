//! Refusals of the inner crates as refusals of the API: one function a kind.

use ndxp_identity::{Quarantine, Sentence};
use ndxp_log::{AppendError, ReadError};
use ndxp_policy::{Denial, Reason as Denied};
use ndxp_proto::error::{Reason, Refusal, Violation};
use ndxp_registry::{Change, Refused};
use tracing::error;

use crate::{
    boot::BootError,
    lanes::Moved,
    ledger::LedgerError,
    publish::StateError,
    pulse,
    registry::{CommandError, FollowError},
    subscribe::SlotError,
};

const AGAIN: &str = "send the same request again after the delay";

/// A defect of the hub: the caller learns the request id alone, operators the cause.
pub(crate) fn bug(cause: &(dyn std::error::Error + 'static)) -> Refusal {
    error!(cause, "a call met a defect of the hub");
    Refusal::new(
        Reason::Bug,
        "the hub met a defect of its own",
        "give the request id to the hub's operators",
    )
}

/// An error with all that is behind it, for operators.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// What the caller may not know of looks exactly like what does not exist.
pub(crate) fn not_found(what: &str) -> Refusal {
    let text = format!("{what} does not exist, or is not yours to see");
    Refusal::new(Reason::ResourceNotFound, text, "check the name; ask its owner for an agreement")
        .with("resource", what)
}

pub(crate) fn quarantine(cause: Quarantine) -> Refusal {
    let (reason, text, next) = match cause {
        Quarantine::Revoked => (
            Reason::CertificateRevoked,
            "the client certificate is revoked",
            "ask your agency's steward for a new certificate",
        ),
        Quarantine::Expired => (
            Reason::CertificateExpired,
            "the client certificate has expired",
            "renew the certificate and connect again",
        ),
        Quarantine::NotYetValid => (
            Reason::CertificateNotYetValid,
            "the client certificate is not valid yet",
            "check the clock of this machine and the certificate's begin",
        ),
        Quarantine::Name(_) => (
            Reason::CertificateNameInvalid,
            "the client certificate must have exactly one URI name, spiffe://<trust domain>/agency/<id>/system/<id> or .../officer/<id>",
            "ask for a certificate with that one name",
        ),
        Quarantine::SystemUnknown => (
            Reason::SystemUnknown,
            "the client certificate's name is not registered",
            "ask your agency's steward to register the system or officer",
        ),
    };
    Refusal::new(reason, text, next)
}

/// What a connection that is condemned hears while it lasts.
pub(crate) fn sentence(cause: Sentence) -> Refusal {
    match cause {
        Sentence::Certificate(cause) => quarantine(cause),
        Sentence::Unjudged => Refusal::new(
            Reason::NodeDraining,
            "the hub's TLS settings have changed and do not cover this connection's certificate",
            "connect again; the handshake then says what is wrong",
        ),
        Sentence::Suspended => agency_suspended(),
    }
}

pub(crate) fn draining() -> Refusal {
    Refusal::new(
        Reason::NodeDraining,
        "this node is shutting down",
        "connect again after the delay; nothing is lost",
    )
    .spread(pulse::random())
}

/// This node may have missed a change of the registry.
pub(crate) fn behind() -> Refusal {
    Refusal::new(
        Reason::RegistryBehind,
        "this node has not yet seen all changes of the registry",
        "send the request again after the delay, or to another node",
    )
}

/// Another node runs the subscription from now on.
pub(crate) fn moved() -> Refusal {
    Refusal::new(
        Reason::LaneMoved,
        "the subscription is moving to another node",
        "send the call, or open the stream, again after the delay; nothing is lost",
    )
    .spread(pulse::random())
}

impl From<CommandError> for Failed {
    fn from(error: CommandError) -> Self {
        Self(match error {
            CommandError::Refused(refused) => command(refused),
            CommandError::Contended => Refusal::new(
                Reason::RegistryContended,
                "other changes came first, eight times",
                AGAIN,
            ),
            CommandError::Append(cause) => append(&cause),
            CommandError::Follow(FollowError::Read(cause)) => read(&cause),
            CommandError::Follow(cause) => bug(&cause),
        })
    }
}

fn command(refused: Refused) -> Refusal {
    let text = refused.to_string();
    match refused {
        Refused::UnknownActor => quarantine(Quarantine::SystemUnknown),
        Refused::AgencySuspended => agency_suspended(),
        Refused::RoleRequired { needed } => Refusal::new(
            Reason::RoleRequired,
            text,
            "use the certificate of such an officer or system",
        )
        .with("role", needed),
        Refused::NotFound { what } => not_found(&what),
        Refused::NameTaken { what } => {
            Refusal::new(Reason::NameTaken, text, "choose another id, or read what is there")
                .with("resource", what)
        }
        Refused::Invalid { path, problem } => Refusal::field(path, problem),
        Refused::Conflict(_) => {
            Refusal::new(Reason::StateConflict, text, "read the present state, then decide again")
        }
        Refused::Unclassified(leaves) => unclassified(text, leaves),
        Refused::Breaking { places, .. } => Refusal::new(
            Reason::SchemaBreaking,
            text,
            "mend the places; `ndxp schema diff OLD NEW` finds the same on your machine",
        )
        .with_violations(changed(places)),
        Refused::Undecided { places, .. } => Refusal::new(
            Reason::SchemaUndecided,
            text,
            "simplify the places, or have an approver run `ndxp schema override` and another officer register",
        )
        .with_violations(changed(places)),
        Refused::StaleEvidence => Refusal::new(Reason::RegistryContended, text, AGAIN),
        Refused::RequestIdReused => {
            Refusal::new(Reason::RequestIdReused, text, "use a new UUID for each change")
        }
    }
}

fn unclassified(text: String, leaves: Vec<String>) -> Refusal {
    let place = |leaf: String| Violation {
        path: leaf,
        keyword: "x-ndxp-classification".to_owned(),
        message: "expected public, internal, confidential or secret, here or further up".to_owned(),
    };
    let next = "give each leaf, or a schema above it, an x-ndxp-classification";
    Refusal::new(Reason::SchemaInvalid, text, next)
        .with_violations(leaves.into_iter().map(place).collect())
}

fn changed(places: Vec<Change>) -> Vec<Violation> {
    let place = |change: Change| Violation {
        path: change.pointer,
        keyword: String::new(),
        message: change.message,
    };
    places.into_iter().map(place).collect()
}

pub(crate) fn agency_suspended() -> Refusal {
    Refusal::new(
        Reason::AgencySuspended,
        "the caller's agency is suspended",
        "ask the hub's authority",
    )
}

pub(crate) fn denial(denial: &Denial) -> Refusal {
    let reason = match denial.reason {
        Denied::AgencySuspended => Reason::AgencySuspended,
        Denied::AgreementMissing => Reason::AgreementMissing,
        Denied::AgreementSuspended => Reason::AgreementSuspended,
        Denied::AgreementExpired => Reason::AgreementExpired,
        Denied::AgreementTerminated => Reason::AgreementTerminated,
        Denied::OutsideTimeWindow => Reason::OutsideTimeWindow,
        Denied::OperationNotGranted => Reason::OperationNotGranted,
        Denied::PurposeNotAllowed => Reason::PurposeNotAllowed,
    };
    let under = denial.agreement.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = match under.as_str() {
        "" => "no agreement allows this".to_owned(),
        under => format!("agreement {under} does not allow this"),
    };
    Refusal::new(reason, text, denial.next_step)
        .with("agreement", under)
        .with("clause", denial.clause.to_string())
        .with("asked", denial.asked.clone().unwrap_or_default())
        .with("allowed", denial.allowed.join(", "))
}

pub(crate) fn append(cause: &AppendError) -> Refusal {
    match cause {
        AppendError::Unknown(_) => {
            error!(%cause, "the outcome of an append is unknown");
            Refusal::new(
                Reason::OutcomeUnknown,
                "the log failed midway: it may have been written",
                AGAIN,
            )
        }
        AppendError::Full { .. } | AppendError::Unavailable(_) => {
            error!(%cause, "the log cannot append");
            Refusal::new(
                Reason::LogUnavailable,
                "the log cannot take this at present; nothing was written",
                AGAIN,
            )
        }
        AppendError::NoSuchPartition(_) | AppendError::TooLarge { .. } => bug(cause),
    }
}

pub(crate) fn read(cause: &ReadError) -> Refusal {
    match cause {
        ReadError::Expired { .. } => Refusal::new(
            Reason::CursorExpired,
            "the subscription's position is no longer kept",
            "create a new subscription",
        ),
        ReadError::Unavailable(_) => {
            error!(%cause, "the log cannot be read");
            Refusal::new(Reason::LogUnavailable, "the log cannot be read at present", AGAIN)
        }
        ReadError::Corrupt(_) => {
            error!(%cause, "the log is damaged");
            Refusal::new(
                Reason::LogCorrupt,
                "the log is damaged",
                "give the request id to the hub's operators",
            )
        }
        ReadError::NoSuchPartition(_) => bug(cause),
    }
}

/// A failure on its way out: `?` in a service makes a [`Refusal`] of any inner error.
#[derive(Debug)]
pub(crate) struct Failed(pub Refusal);

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}
impl From<LedgerError> for Failed {
    fn from(error: LedgerError) -> Self {
        Self(match error {
            LedgerError::Append(cause) => append(&cause),
            LedgerError::Encode(_) | LedgerError::Random => bug(&error),
        })
    }
}
impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Self {
        Self(read(&error))
    }
}
impl From<StateError> for Failed {
    fn from(error: StateError) -> Self {
        Self(match error {
            StateError::Read(cause) => read(&cause),
            StateError::Record(_) => bug(&error),
        })
    }
}
impl From<SlotError> for Failed {
    fn from(error: SlotError) -> Self {
        Self(match error {
            SlotError::Read(cause) => read(&cause),
            SlotError::Append(cause) => append(&cause),
            SlotError::Record { .. } => bug(&error),
            SlotError::Moved(Moved) => moved(),
        })
    }
}
impl From<Moved> for Failed {
    fn from(_: Moved) -> Self {
        Self(moved())
    }
}
impl From<BootError> for Failed {
    fn from(error: BootError) -> Self {
        Self(match error {
            BootError::Read(cause) => read(&cause),
            BootError::Append(cause) => append(&cause),
            BootError::Record(_) | BootError::Audit(_) => bug(&error),
        })
    }
}
