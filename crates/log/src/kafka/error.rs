//! Why the engine could not be opened.

use std::time::Duration;

use thiserror::Error;

/// Why the engine could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The settings do not fit each other.
    #[error("the settings do not fit: {0}")]
    Settings(&'static str),
    /// librdkafka refused the settings: a file that is not there, a broker list that is none.
    #[error("the Kafka client could not be made: {0}")]
    Client(String),
    /// No broker answered in time.
    #[error("no broker of {bootstrap} answered within {waited:?}: {said}")]
    Unreachable {
        /// What was asked.
        bootstrap: String,
        /// For how long.
        waited: Duration,
        /// librdkafka's words.
        said: String,
    },
    /// One of the hub's topics could not be made or is not as the hub needs it.
    #[error("topic {topic} cannot be used: {said}")]
    Topic {
        /// The topic.
        topic: String,
        /// Why.
        said: String,
    },
}
