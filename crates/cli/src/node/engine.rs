//! The log's engine that the configuration names, opened and closed.

mod embedded;
#[cfg(feature = "kafka")]
mod kafka;

use std::{path::PathBuf, sync::Arc};

use ndxp_hub::LogSize;
use ndxp_log::Log;
use thiserror::Error;
use tokio::sync::watch;

use super::HubDirectory;
use crate::config::{EngineConfig, LogConfig};

/// Why the log does not open.
#[derive(Debug, Error)]
pub(crate) enum OpenFailed {
    /// Nobody has begun a hub there.
    #[error("{} holds no hub: begin one with ndxp init, or ndxp dev", data.display())]
    NoHub {
        /// The hub's directory.
        data: PathBuf,
    },
    /// The hub there keeps its log elsewhere: a second one would begin from nothing.
    #[error("{} holds a hub whose log.engine is {there}, not {wanted}", data.display())]
    OtherEngine {
        /// The hub's directory.
        data: PathBuf,
        /// Its engine.
        there: &'static str,
        /// What the configuration says.
        wanted: &'static str,
    },
    /// The embedded engine says why.
    #[error(transparent)]
    Embedded(#[from] ndxp_log::embedded::OpenError),
    /// Opening panicked.
    #[error("opening the log panicked")]
    Panicked,
    /// The Kafka engine says why.
    #[cfg(feature = "kafka")]
    #[error("the log on Kafka cannot be opened")]
    Kafka(#[from] ndxp_log::kafka::OpenError),
    /// Another process serves this directory.
    #[cfg(feature = "kafka")]
    #[error("{} is in use by another process", data.display())]
    InUse {
        /// The hub's directory.
        data: PathBuf,
    },
    /// A file cannot be read or made.
    #[cfg(feature = "kafka")]
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

/// The open engine.
#[derive(Debug)]
pub(crate) enum Engine {
    Embedded(embedded::Opened),
    #[cfg(feature = "kafka")]
    Kafka(kafka::Opened),
}

impl Engine {
    /// Opens the log of a hub that has begun.
    pub(crate) async fn open(data: &HubDirectory, log: &LogConfig) -> Result<Self, OpenFailed> {
        // Nothing is opened for this, so a running hub may have it. A further node of a hub on Kafka
        // begins with the hub's keys.
        let has_begun = match &log.engine {
            EngineConfig::Embedded => data.log().is_dir() || data.kafka().is_dir(),
            #[cfg(feature = "kafka")]
            EngineConfig::Kafka(_) => data.log().is_dir() || data.keys().is_dir(),
        };
        if !has_begun {
            return Err(OpenFailed::NoHub { data: data.path().to_owned() });
        }
        Self::create(data, log).await
    }

    /// Opens the log, or makes it.
    pub(crate) async fn create(data: &HubDirectory, log: &LogConfig) -> Result<Self, OpenFailed> {
        check(data, log)?;
        match &log.engine {
            EngineConfig::Embedded => Ok(Self::Embedded(embedded::Opened::new(data, log).await?)),
            #[cfg(feature = "kafka")]
            EngineConfig::Kafka(kafka) => Ok(Self::Kafka(kafka::Opened::new(data, kafka).await?)),
        }
    }

    pub(crate) fn log(&self) -> Arc<dyn Log> {
        match self {
            Self::Embedded(opened) => opened.log(),
            #[cfg(feature = "kafka")]
            Self::Kafka(opened) => opened.log(),
        }
    }

    /// Follows whether the engine can go on; brokers that do not answer may come back.
    pub(crate) fn failed(&self) -> watch::Receiver<Option<String>> {
        match self {
            Self::Embedded(opened) => opened.failed(),
            #[cfg(feature = "kafka")]
            Self::Kafka(_) => watch::Sender::new(None).subscribe(),
        }
    }

    /// Tells the size of all files of the log on this machine: brokers have theirs elsewhere.
    pub(crate) fn size(&self) -> LogSize {
        match self {
            Self::Embedded(opened) => opened.size(),
            #[cfg(feature = "kafka")]
            Self::Kafka(_) => Arc::new(|| 0),
        }
    }

    /// Finishes what is queued and releases the directory.
    pub(crate) async fn close(self) {
        match self {
            Self::Embedded(opened) => opened.close().await,
            #[cfg(feature = "kafka")]
            Self::Kafka(opened) => opened.close().await,
        }
    }
}

/// Refuses a directory whose hub has its log on the other engine.
fn check(data: &HubDirectory, log: &LogConfig) -> Result<(), OpenFailed> {
    let (wanted, there, other) = match log.engine {
        EngineConfig::Embedded => ("embedded", "kafka", data.kafka()),
        #[cfg(feature = "kafka")]
        EngineConfig::Kafka(_) => ("kafka", "embedded", data.log()),
    };
    if other.is_dir() {
        return Err(OpenFailed::OtherEngine { data: data.path().to_owned(), there, wanted });
    }
    Ok(())
}
