//! Which dead letters, as flags.

use ndxp_client::proto::{
    self,
    exchange::{DeadLetterCause, DeadLetterFilter},
};
use ndxp_model::{SubscriptionName, Timestamp};

/// All that is given must hold.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Filter {
    /// These alone; may be repeated
    #[arg(long = "id", value_name = "ID", help_heading = "Which")]
    ids: Vec<String>,
    /// How they became so
    #[arg(long, value_enum, help_heading = "Which")]
    cause: Option<Cause>,
    /// The reason that the consumer gave, exactly
    #[arg(long, value_name = "TEXT", help_heading = "Which")]
    reason: Option<String>,
    /// Dead at this instant or later
    #[arg(long, value_name = "TIMESTAMP", help_heading = "Which")]
    from: Option<Timestamp>,
    /// Dead before this instant
    #[arg(long, value_name = "TIMESTAMP", help_heading = "Which")]
    before: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Cause {
    Rejected,
    Exhausted,
}

/// Returns a dead letter's full name; one that is given in full stays as it is.
pub(super) fn resource(name: &SubscriptionName, id: &str) -> String {
    if id.contains('/') { id.to_owned() } else { format!("{}/deadLetters/{id}", name.resource()) }
}

impl Filter {
    pub(super) fn message(&self, name: &SubscriptionName) -> DeadLetterFilter {
        let cause = match self.cause {
            None => DeadLetterCause::Unspecified,
            Some(Cause::Rejected) => DeadLetterCause::Rejected,
            Some(Cause::Exhausted) => DeadLetterCause::Exhausted,
        };
        DeadLetterFilter {
            names: self.ids.iter().map(|id| resource(name, id)).collect(),
            cause: cause.into(),
            reason: self.reason.clone().unwrap_or_default(),
            dead_from: self.from.and_then(proto::timestamp),
            dead_before: self.before.and_then(proto::timestamp),
        }
    }
}
