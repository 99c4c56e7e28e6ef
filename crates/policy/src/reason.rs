//! Why a decision refused.

/// Why a decision refused: the reasons of the API's error contract that agreements can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The caller's own agency is suspended.
    AgencySuspended,
    /// No agreement with the caller's agency covers the dataset.
    AgreementMissing,
    /// The agreement was ended.
    AgreementTerminated,
    /// The agreement's validity is over.
    AgreementExpired,
    /// The agreement, or the other party, is suspended. Which of the two is not told.
    AgreementSuspended,
    /// The agreement does not hold yet.
    OutsideTimeWindow,
    /// The agreement allows other operations.
    OperationNotGranted,
    /// The agreement allows other purposes.
    PurposeNotAllowed,
}

impl Reason {
    /// Every reason, in the order in which [`decide`](crate::decide) looks for them.
    pub const ALL: [Self; 8] = [
        Self::AgencySuspended,
        Self::AgreementMissing,
        Self::AgreementTerminated,
        Self::AgreementExpired,
        Self::AgreementSuspended,
        Self::OutsideTimeWindow,
        Self::OperationNotGranted,
        Self::PurposeNotAllowed,
    ];

    /// Returns the code used in errors, leaves and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgencySuspended => "AGENCY_SUSPENDED",
            Self::AgreementMissing => "AGREEMENT_MISSING",
            Self::AgreementTerminated => "AGREEMENT_TERMINATED",
            Self::AgreementExpired => "AGREEMENT_EXPIRED",
            Self::AgreementSuspended => "AGREEMENT_SUSPENDED",
            Self::OutsideTimeWindow => "OUTSIDE_TIME_WINDOW",
            Self::OperationNotGranted => "OPERATION_NOT_GRANTED",
            Self::PurposeNotAllowed => "PURPOSE_NOT_ALLOWED",
        }
    }

    /// Returns the number of the clause that failed, of the twelve that a decision can have.
    #[must_use]
    pub fn clause(self) -> u8 {
        match self {
            Self::AgencySuspended => 2,
            Self::AgreementMissing => 4,
            Self::AgreementTerminated
            | Self::AgreementExpired
            | Self::AgreementSuspended
            | Self::OutsideTimeWindow => 5,
            Self::OperationNotGranted => 6,
            Self::PurposeNotAllowed => 8,
        }
    }

    /// Returns what the caller can do about it, as one sentence.
    #[must_use]
    pub fn next_step(self) -> &'static str {
        match self {
            Self::AgencySuspended => "ask the hub's authority why your agency is suspended",
            Self::AgreementMissing => "propose an agreement to the dataset's owner",
            Self::AgreementTerminated => "propose a new agreement to the dataset's owner",
            Self::AgreementExpired => "propose a revision with a later end to the other party",
            Self::AgreementSuspended => "ask the other party; nothing is sent until it is resumed",
            Self::OutsideTimeWindow => "call again when the agreement holds",
            Self::OperationNotGranted => "propose a revision that allows this operation",
            Self::PurposeNotAllowed => "state one of the allowed purposes, or propose a revision",
        }
    }
}
