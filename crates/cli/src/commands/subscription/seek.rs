//! `ndxp subscription seek`: moving the cursor.

use anyhow::Result;
use ndxp_client::{
    Client,
    proto::{
        self,
        exchange::{SeekSubscriptionResponse, StartPosition, seek_subscription_request::To},
    },
};
use ndxp_model::{SubscriptionName, Timestamp};
use serde::Serialize;

use crate::{printer::Printer, view::ReceiptView};

/// Where to; exactly one.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Place {
    /// To the earliest record that is kept, or to what is published from now on
    #[arg(long, value_enum)]
    to: Option<End>,
    /// To the first record that the hub took at this instant or later
    #[arg(long, value_name = "TIMESTAMP")]
    time: Option<Timestamp>,
    /// To a cursor that the hub gave, as this program prints it
    #[arg(long, value_name = "HEX", value_parser = cursor)]
    cursor: Option<Cursor>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum End {
    Earliest,
    Latest,
}

#[derive(Debug, Clone)]
struct Cursor(Vec<u8>);

fn cursor(text: &str) -> Result<Cursor, String> {
    hex::decode(text).map(Cursor).map_err(|error| error.to_string())
}

/// What a seek does, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Sought {
    name: SubscriptionName,
    dry_run: bool,
    from: String,
    to: String,
    back: Option<u64>,
    forward: Option<u64>,
    receipt: Option<ReceiptView>,
}

pub(super) async fn run(
    client: &Client,
    name: SubscriptionName,
    place: Place,
    dry_run: bool,
    printer: &mut Printer,
) -> Result<()> {
    let to = match (place.to, place.time, place.cursor) {
        (Some(End::Earliest), ..) => To::Position(StartPosition::Earliest.into()),
        (Some(End::Latest), ..) => To::Position(StartPosition::Latest.into()),
        (_, Some(time), _) => To::Time(proto::timestamp(time).unwrap_or_default()),
        (.., cursor) => To::Cursor(cursor.map(|cursor| cursor.0).unwrap_or_default().into()),
    };
    let answer = client.seek_subscription(&name.resource(), to, dry_run).await?;
    let sought = Sought::of(name, dry_run, answer);
    Ok(printer.data(&sought, sought.text())?)
}

impl Sought {
    fn of(name: SubscriptionName, dry_run: bool, answer: SeekSubscriptionResponse) -> Self {
        let SeekSubscriptionResponse { from, to, back, forward, receipt } = answer;
        let (from, to) = (hex::encode(from), hex::encode(to));
        Self { name, dry_run, from, to, back, forward, receipt: receipt.map(ReceiptView::of) }
    }

    fn text(&self) -> String {
        let evidence = self.receipt.as_ref().map(|receipt| format!(" ({})", receipt.place()));
        let evidence = evidence.unwrap_or_default();
        if (self.back, self.forward) == (Some(0), Some(0)) {
            return format!("{} stays where it is{evidence}", self.name);
        }
        let word = if self.dry_run { "would move" } else { "moved" };
        let count = |count: Option<u64>| {
            count.map_or("a number of records that a row filter hides".to_owned(), |count| {
                format!("{count} records")
            })
        };
        let far = match (self.back, self.forward) {
            (_, Some(0)) => format!("back over {}, which come again", count(self.back)),
            (Some(0), _) => format!("forward over {}, which are left out", count(self.forward)),
            (back, forward) => {
                format!("back over {}, forward over {}", count(back), count(forward))
            }
        };
        format!("{word} {}: {far}{evidence}", self.name)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_seek_is_told_in_records() {
        let text = |dry_run, back, forward| {
            let answer = SeekSubscriptionResponse { back, forward, ..Default::default() };
            Sought::of("tax/people".parse().unwrap(), dry_run, answer).text()
        };
        assert_eq!(
            text(true, Some(7), Some(0)),
            "would move tax/people: back over 7 records, which come again"
        );
        assert_eq!(
            text(false, Some(0), Some(2)),
            "moved tax/people: forward over 2 records, which are left out"
        );
        assert_eq!(text(false, Some(0), Some(0)), "tax/people stays where it is");
        assert!(text(false, None, Some(0)).contains("that a row filter hides"));
    }
}
