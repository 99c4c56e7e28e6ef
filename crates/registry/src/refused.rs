//! Why a command was refused.

use thiserror::Error;

use crate::Change;

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
    /// Leaves of a schema have no classification.
    #[error("{} has no x-ndxp-classification, its own or inherited", shown(.0))]
    Unclassified(Vec<String>),
    /// A schema loses records, or a field that an agreement names.
    #[error("the schema breaks {with}")]
    Breaking {
        /// What it breaks: an earlier schema, or agreements.
        with: String,
        /// The changes that break.
        places: Vec<Change>,
    },
    /// A schema was neither proved to lose records nor proved to lose none.
    #[error("whether the schema breaks {with} was not decided")]
    Undecided {
        /// The earlier schema.
        with: String,
        /// The changes that are left open.
        places: Vec<Change>,
    },
    /// The evidence was made on another state: somebody registered a schema or changed the mode meanwhile.
    #[error("the dataset's schemas changed while this one was compared")]
    StaleEvidence,
    /// The request id was used for another command.
    #[error("the request id was used for another request within 24 hours")]
    RequestIdReused,
}

/// The first leaf, and how many more there are.
fn shown(leaves: &[String]) -> String {
    let first = leaves.first().map_or("", String::as_str);
    let first = if first.is_empty() { "the whole record" } else { first };
    match leaves.len() {
        0 | 1 => first.to_owned(),
        many => format!("{first}, like {} others,", many - 1),
    }
}

impl Refused {
    pub(crate) fn invalid(path: impl Into<String>, problem: impl ToString) -> Self {
        Self::Invalid { path: path.into(), problem: problem.to_string() }
    }

    pub(crate) fn needs(needed: impl Into<String>) -> Self {
        Self::RoleRequired { needed: needed.into() }
    }
}
