//! `ndxp subscription status`: where a subscription stands.

use anyhow::Result;
use ndxp_client::{
    Client,
    proto::{
        convert,
        exchange::{GetSubscriptionStatusResponse, PauseCause},
    },
};
use ndxp_model::{SubscriptionName, Timestamp};
use serde::Serialize;

use crate::printer::Printer;

/// Where a subscription stands, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Status {
    name: SubscriptionName,
    connected: bool,
    epoch: u64,
    cursor: String,
    lag: Option<u64>,
    outstanding: u64,
    parked: u64,
    retrying: u64,
    dead_letters: u64,
    paused: Option<&'static str>,
    paused_since: Option<Timestamp>,
}

pub(super) async fn run(
    client: &Client,
    name: SubscriptionName,
    printer: &mut Printer,
) -> Result<()> {
    let answer = client.subscription_status(&name.resource()).await?;
    let status = Status::of(name, answer);
    Ok(printer.data(&status, status.text())?)
}

/// Returns the word for why nothing is delivered.
pub(crate) fn pause(cause: PauseCause) -> &'static str {
    match cause {
        PauseCause::Unspecified => "UNKNOWN",
        PauseCause::ConsumerFailing => "CONSUMER_FAILING",
        PauseCause::ParkedKeysFull => "PARKED_KEYS_FULL",
        PauseCause::DeadLettersFull => "DEAD_LETTERS_FULL",
    }
}

impl Status {
    fn of(name: SubscriptionName, answer: GetSubscriptionStatusResponse) -> Self {
        let cause = answer.paused();
        Self {
            name,
            connected: answer.connected,
            epoch: answer.epoch,
            cursor: hex::encode(&answer.cursor),
            lag: answer.lag,
            outstanding: answer.outstanding,
            parked: answer.parked,
            retrying: answer.retrying,
            dead_letters: answer.dead_letters,
            paused: (cause != PauseCause::Unspecified).then(|| pause(cause)),
            paused_since: convert::instant(answer.paused_since, "paused_since").ok(),
        }
    }

    fn text(&self) -> String {
        let connected = if self.connected { "connected" } else { "not connected" };
        let lag = self.lag.map_or("hidden by a row filter".to_owned(), |lag| lag.to_string());
        let mut lines = vec![
            format!("{}: {connected}, epoch {}", self.name, self.epoch),
            format!("  behind         {lag}"),
            format!("  outstanding    {}", self.outstanding),
            format!("  parked         {}", self.parked),
            format!("  retrying       {}", self.retrying),
            format!("  dead letters   {}", self.dead_letters),
        ];
        if let Some(cause) = self.paused {
            let since = self.paused_since.map(|since| format!(" since {since}"));
            lines.push(format!("  paused         {cause}{}", since.unwrap_or_default()));
        }
        lines.push(format!("  cursor         {}", self.cursor));
        lines.join("\n")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn status_reads_as_committed() {
        let answer = GetSubscriptionStatusResponse {
            connected: true,
            epoch: 3,
            cursor: vec![0xab, 0xcd].into(),
            lag: Some(12),
            outstanding: 4,
            retrying: 2,
            dead_letters: 1,
            paused: PauseCause::ConsumerFailing.into(),
            ..Default::default()
        };
        let status = Status::of("tax/people".parse().unwrap(), answer);
        crate::golden::check("subscription/status.txt", &(status.text() + "\n"));
        let json = serde_json::to_string_pretty(&status).unwrap();
        crate::golden::check("subscription/status.json", &(json + "\n"));
    }
}
