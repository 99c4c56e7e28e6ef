//! `ndxp subscribe`: records out, one JSON object a line, acknowledged once they are printed.

mod output;

use std::time::Duration;

use anyhow::Result;
use ndxp_client::{Ack, Client, Delivery, Event, Failure, SubscribeOptions, Subscription};
use ndxp_model::{AgreementId, DatasetName, PurposeCode, SubscriptionName};
use tokio::{signal, time};

use super::subscription::{self, Start, Terms};
use crate::{connection::Connect, exit::ExitStatus, printer::Printer};

/// How long acknowledgements may take to become durable at the end.
const LAST_ACKS: Duration = Duration::from_secs(5);
/// Before connecting again where the hub did not say when.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: Connect,
    /// The subscription: its id within your agency, or AGENCY/SUBSCRIPTION
    subscription: String,
    /// End after this many records
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End when everything that is there was delivered
    #[arg(long)]
    until_idle: bool,
    /// Connect again when the stream is interrupted
    #[arg(long)]
    follow: bool,
    /// Create the subscription if it does not exist, of this dataset
    #[arg(long, value_name = "AGENCY/DATASET", requires = "purpose")]
    dataset: Option<DatasetName>,
    /// What for, when it is created
    #[arg(long, value_name = "CODE", requires = "dataset")]
    purpose: Option<PurposeCode>,
    /// Under which agreement, when it is created [default: the first that allows it]
    #[arg(long, value_name = "ID", requires = "dataset")]
    agreement: Option<AgreementId>,
    /// Where it begins, when it is created
    #[arg(long, value_enum, default_value_t = Start::Earliest)]
    from: Start,
    /// Records that may come before they are acknowledged
    #[arg(long, value_name = "RECORDS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    credit: u32,
}

/// Why receiving ended without an error.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// What was asked for is there, or the user has had enough.
    Enough,
    /// The hub ends the stream in an orderly way.
    Interrupted(Duration),
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    let name = subscription::resolve(&client, &args.subscription).await?;
    let mut left = args.count.unwrap_or(u64::MAX);
    loop {
        let outcome = receive(&client, &name, &args, &mut left, printer).await;
        let delay = match outcome {
            Ok(End::Enough) => return Ok(ExitStatus::Done),
            Ok(End::Interrupted(after)) if args.follow => after,
            Ok(End::Interrupted(_)) => {
                printer.say("the hub has ended the stream; --follow connects again");
                return Ok(ExitStatus::Done);
            }
            Err(error) => match again(&error).filter(|_| args.follow) {
                Some(delay) => delay,
                None => return Err(error),
            },
        };
        printer.say("interrupted; connecting again");
        time::sleep(delay).await;
    }
}

/// Returns when to try again after an error: at once where the connection was lost, never where
/// the hub has refused for good.
fn again(error: &anyhow::Error) -> Option<Duration> {
    let failure = error.downcast_ref::<Failure>()?;
    match &failure.reason {
        None => Some(AGAIN),
        Some(_) => failure.retry_after,
    }
}

async fn receive(
    client: &Client,
    name: &SubscriptionName,
    args: &Args,
    left: &mut u64,
    printer: &mut Printer,
) -> Result<End> {
    let mut stream = open(client, name, args, *left, printer).await?;
    let ready = stream.ready();
    printer.progress(&format!("{name}: epoch {}, {}", ready.epoch, ready.agreement));
    let stop = signal::ctrl_c();
    tokio::pin!(stop);
    loop {
        let event = tokio::select! {
            // Cancel-safe: `next` loses nothing when Ctrl-C wins.
            event = stream.next() => event?,
            _ = &mut stop => None,
        };
        match event {
            None => return finish(stream, End::Enough).await,
            Some(Event::Deliver(delivery)) => {
                deliver(&mut stream, delivery, left, printer).await?;
                if *left == 0 {
                    return finish(stream, End::Enough).await;
                }
            }
            Some(Event::Idle) if args.until_idle => return finish(stream, End::Enough).await,
            Some(Event::Draining { retry_after, .. }) => {
                return finish(stream, End::Interrupted(retry_after)).await;
            }
            // The stream's end follows, with the whole reason.
            Some(Event::Suspended { agreement, reason }) => {
                printer.say(&format!("cut: {agreement} {reason}"));
            }
            Some(Event::Settled { lost, .. }) if !lost.is_empty() => {
                printer.say(&format!("{} acknowledgements came too late", lost.len()));
            }
            Some(Event::Idle | Event::Settled { .. }) => {}
        }
    }
}

async fn open(
    client: &Client,
    name: &SubscriptionName,
    args: &Args,
    left: u64,
    printer: &mut Printer,
) -> Result<Subscription> {
    let options = SubscribeOptions {
        instance_id: format!("ndxp-{}", std::process::id()),
        records: args.credit,
        // What is delivered but not printed would only come again.
        at_most: args.count.map(|_| left),
        ..SubscribeOptions::default()
    };
    let opened = client.subscribe(&name.resource(), &options).await;
    let missing = |failure: &Failure| failure.reason.as_deref() == Some("RESOURCE_NOT_FOUND");
    match (opened, &args.dataset, &args.purpose) {
        (Err(failure), Some(dataset), Some(purpose)) if missing(&failure) => {
            let (purpose, agreement) = (purpose.clone(), args.agreement.clone());
            let terms = Terms { purpose, agreement, from: args.from };
            let created = subscription::create(client, name, dataset, &terms).await?;
            printer.say(&format!("created subscription {name}{}", created.evidence()));
            Ok(client.subscribe(&name.resource(), &options).await?)
        }
        (opened, _, _) => Ok(opened?),
    }
}

/// Prints first, then acknowledges: what was not printed comes again.
async fn deliver(
    stream: &mut Subscription,
    mut delivery: Delivery,
    left: &mut u64,
    printer: &mut Printer,
) -> Result<()> {
    let most = usize::try_from(*left).unwrap_or(usize::MAX);
    delivery.records.truncate(most);
    for record in &delivery.records {
        printer.bytes(output::line(record, delivery.receipt.as_ref()).as_bytes())?;
    }
    printer.flush()?;
    *left -= delivery.records.len() as u64;
    let acks: Vec<Ack> = delivery.records.iter().map(Ack::of).collect();
    Ok(stream.ack(&acks).await?)
}

/// Waits until the last acknowledgements are durable: else their records would come again.
async fn finish(mut stream: Subscription, end: End) -> Result<End> {
    match time::timeout(LAST_ACKS, stream.settled()).await {
        Ok(settled) => settled?,
        Err(_) => anyhow::bail!("the hub did not confirm the last acknowledgements in time"),
    }
    Ok(end)
}
