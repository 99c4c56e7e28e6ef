//! Why a command was refused.

use thiserror::Error;

/// An ordinary refusal: nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// The actor is not in the registry.
    #[error("the caller is not registered")]
    UnknownActor,
    /// The actor's agency is suspended.
    #[error("the caller's agency is suspended")]
    AgencySuspended,
    /// The actor has not the role, or acts for the wrong agency.
    #[error("this needs {needed}")]
    RoleRequired {
        /// Who may.
        needed: String,
    },
    /// What the command names does not exist, or the caller may not know of it.
    #[error("{what} does not exist, or is not yours to see")]
    NotFound {
        /// Its resource name as the caller wrote it.
        what: String,
    },
    /// The name is taken, or was once.
    #[error("{what} exists already")]
    NameTaken {
        /// Its resource name.
        what: String,
    },
    /// A member of the request is wrong.
    #[error("{path}: {problem}")]
    Invalid {
        /// Where in the request.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// The thing is not in a state in which this can be done.
    #[error("{0}")]
    Conflict(String),
    /// The request id was used for another command.
    #[error("the request id was used for another request within 24 hours")]
    RequestIdReused,
}

impl Refused {
    pub(crate) fn invalid(path: impl Into<String>, problem: impl ToString) -> Self {
        Self::Invalid { path: path.into(), problem: problem.to_string() }
    }

    pub(crate) fn needs(needed: impl Into<String>) -> Self {
        Self::RoleRequired { needed: needed.into() }
    }
}
