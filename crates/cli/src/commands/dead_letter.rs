//! `ndxp dead-letter`: what a subscription could not take.

mod filter;
mod letter;

use anyhow::Result;
use clap::Subcommand;
use ndxp_client::Client;
use ndxp_model::SubscriptionName;
use serde::Serialize;

use super::subscription;
use crate::{
    connection::Connect,
    exit::ExitStatus,
    printer::{Format, Printer},
    view::{self, ReceiptView},
};
use filter::Filter;
use letter::Letter;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: Connect,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List dead letters in the order in which they became so
    List {
        /// The subscription: its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
        #[command(flatten)]
        filter: Filter,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = 500)]
        most: usize,
    },
    /// Show one dead letter with its record; the release is decided and audited
    Get {
        /// The subscription: its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
        /// The dead letter's id
        id: String,
    },
    /// Offer dead letters to their subscription once more (officers of the consumer)
    Redrive {
        /// The subscription: its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
        #[command(flatten)]
        filter: Filter,
        /// How many a second at most
        #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        rate: u32,
        /// Only say what it would do
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove dead letters for good (officers of the consumer)
    Purge {
        /// The subscription: its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
        #[command(flatten)]
        filter: Filter,
        /// Only say what it would do
        #[arg(long)]
        dry_run: bool,
    },
}

/// What redriving did, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Redriven {
    dry_run: bool,
    redriven: u64,
    superseded: u64,
    expired: u64,
    receipt: Option<ReceiptView>,
}

/// What purging did, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Purged {
    dry_run: bool,
    purged: u64,
    receipt: Option<ReceiptView>,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    match args.command {
        Command::List { subscription, filter, most } => {
            let name = subscription::resolve(&client, &subscription).await?;
            let (parent, filter) = (name.resource(), filter.message(&name));
            let found = client.list_dead_letters(&parent, &filter, most).await?;
            let all: Vec<_> = found.into_iter().map(Letter::of).collect();
            let rows: Vec<_> = all.iter().map(Letter::row).collect();
            let none = || format!("{name} has no such dead letters");
            let text = if rows.is_empty() { none() } else { view::table(&rows) };
            printer.data(&all, text)?;
        }
        Command::Get { subscription, id } => {
            let name = subscription::resolve(&client, &subscription).await?;
            let answer = client.get_dead_letter(&filter::resource(&name, &id)).await?;
            match printer.format() {
                Format::Json => printer.bytes(letter::json(&answer).as_bytes())?,
                Format::Human => printer.line(letter::text(&answer))?,
            }
        }
        Command::Redrive { subscription, filter, rate, dry_run } => {
            let name = subscription::resolve(&client, &subscription).await?;
            redrive(&client, &name, &filter, rate, dry_run, printer).await?;
        }
        Command::Purge { subscription, filter, dry_run } => {
            let name = subscription::resolve(&client, &subscription).await?;
            purge(&client, &name, &filter, dry_run, printer).await?;
        }
    }
    Ok(ExitStatus::Done)
}

async fn redrive(
    client: &Client,
    name: &SubscriptionName,
    filter: &Filter,
    rate: u32,
    dry_run: bool,
    printer: &mut Printer,
) -> Result<()> {
    let (parent, filter) = (name.resource(), filter.message(name));
    let answer = client.redrive_dead_letters(&parent, filter, rate, dry_run).await?;
    let redriven = Redriven {
        dry_run,
        redriven: answer.redriven,
        superseded: answer.superseded,
        expired: answer.expired,
        receipt: answer.receipt.map(ReceiptView::of),
    };
    Ok(printer.data(&redriven, redriven.text(name))?)
}

/// Removes; says first how many that will be, since nothing brings them back.
async fn purge(
    client: &Client,
    name: &SubscriptionName,
    filter: &Filter,
    dry_run: bool,
    printer: &mut Printer,
) -> Result<()> {
    let (parent, filter) = (name.resource(), filter.message(name));
    if !dry_run {
        let first = client.purge_dead_letters(&parent, filter.clone(), true).await?;
        printer.say(&format!("removing {} of {name}", letters(first.purged)));
    }
    let answer = client.purge_dead_letters(&parent, filter, dry_run).await?;
    let receipt = answer.receipt.map(ReceiptView::of);
    let purged = Purged { dry_run, purged: answer.purged, receipt };
    Ok(printer.data(&purged, purged.text(name))?)
}

impl Redriven {
    fn text(&self, name: &SubscriptionName) -> String {
        let word = if self.dry_run { "to be offered" } else { "offered" };
        format!(
            "{} of {name} {word} again; closed: {} superseded by newer records, {} no longer kept{}",
            letters(self.redriven),
            self.superseded,
            self.expired,
            evidence(self.receipt.as_ref())
        )
    }
}

impl Purged {
    fn text(&self, name: &SubscriptionName) -> String {
        let word = if self.dry_run { "to be removed" } else { "removed" };
        let evidence = evidence(self.receipt.as_ref());
        format!("{} of {name} {word}{evidence}", letters(self.purged))
    }
}

fn letters(count: u64) -> String {
    if count == 1 { "1 dead letter".to_owned() } else { format!("{count} dead letters") }
}

fn evidence(receipt: Option<&ReceiptView>) -> String {
    receipt.map(|receipt| format!(" ({})", receipt.place())).unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_done_is_told_as_that() {
        let name = "tax/people".parse().unwrap();
        let purged = |dry_run| Purged { dry_run, purged: 3, receipt: None }.text(&name);
        assert_eq!(purged(true), "3 dead letters of tax/people to be removed");
        assert_eq!(purged(false), "3 dead letters of tax/people removed");
        let one = Purged { dry_run: false, purged: 1, receipt: None }.text(&name);
        assert_eq!(one, "1 dead letter of tax/people removed");
        let redriven =
            Redriven { dry_run: true, redriven: 5, superseded: 2, expired: 1, receipt: None };
        assert_eq!(
            redriven.text(&name),
            "5 dead letters of tax/people to be offered again; closed: 2 superseded by newer \
             records, 1 no longer kept"
        );
    }
}
