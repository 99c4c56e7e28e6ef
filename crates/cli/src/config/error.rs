//! What is wrong with a configuration, and where.

use std::{fmt, io, path::PathBuf};

use thiserror::Error;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// Nobody said anything.
    Default,
    /// A line of the file, and the column in it, from 1.
    File {
        /// The file's name.
        name: String,
        /// Its line.
        line: usize,
        /// The character in the line.
        column: usize,
    },
    /// A variable.
    Env(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line, column } => write!(f, "{name}:{line}:{column}"),
            Self::Env(variable) => write!(f, "environment variable {variable}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The file is no TOML.
    #[error("{place}: {what}")]
    Toml {
        /// Where.
        place: Place,
        /// What the parser said.
        what: String,
    },
    /// A key that nobody knows.
    #[error("{place}: unknown key {key}{}", hint(nearest.as_deref()))]
    Unknown {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A value that is not of its key's type.
    #[error("{place}: {key} must be {expected}, not {found}")]
    Value {
        /// Where.
        place: Place,
        /// The key.
        key: String,
        /// What it must be.
        expected: &'static str,
        /// What is there.
        found: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; the nearest known one is {name}"))
}
