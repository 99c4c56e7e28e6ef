//! `ndxp subscribe`: records out, one JSON object a line, acknowledged once they are printed.

mod output;

use std::time::Duration;

use anyhow::Result;
use ndxp_client::{
    Client, Delivery, Event, Failure, News, SubscribeOptions, Subscriber, SubscriberOptions,
    proto::exchange::GapCause,
};
use ndxp_model::{AgreementId, DatasetName, PurposeCode, SubscriptionName};
use tokio::{signal, time};

use super::subscription::{self, Options, Start, Terms};
use crate::{connection::Connect, exit::ExitStatus, printer::Printer};

pub(crate) use output::line;

/// How long acknowledgements may take to become durable at the end.
const LAST_ACKS: Duration = Duration::from_secs(5);

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
    // Last: its heading would hold for what follows.
    #[command(flatten, next_help_heading = "Delivery, when it is created")]
    options: Options,
}

/// What comes next.
enum Turn {
    GoOn,
    /// What was asked for is there, or the user has had enough.
    Enough,
    /// The hub ends the stream in an orderly way, and nobody asked to connect again.
    Ended,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    let name = subscription::resolve(&client, &args.subscription).await?;
    let options = SubscriberOptions {
        stream: SubscribeOptions {
            instance_id: format!("ndxp-{}", std::process::id()),
            records: args.credit,
            // What is delivered but not printed would only come again.
            at_most: args.count,
            ..SubscribeOptions::default()
        },
        ..SubscriberOptions::default()
    };
    let mut subscriber = client.subscriber(&name.resource(), options);
    let mut reader = Reader { left: args.count.unwrap_or(u64::MAX), args: &args, name: &name };
    let stop = signal::ctrl_c();
    tokio::pin!(stop);
    let turn = loop {
        let news = tokio::select! {
            // Cancel-safe: `news` loses nothing when Ctrl-C wins.
            news = subscriber.news() => news,
            _ = &mut stop => Ok(None),
        };
        let turn = match news {
            Ok(Some(news)) => reader.take(news, &mut subscriber, printer).await?,
            Ok(None) => Turn::Enough,
            Err(failure) => {
                reader.create(&client, failure, printer).await?;
                Turn::GoOn
            }
        };
        if !matches!(turn, Turn::GoOn) {
            break turn;
        }
    };
    finish(subscriber).await?;
    if matches!(turn, Turn::Ended) {
        printer.say("the hub has ended the stream; --follow connects again");
    }
    Ok(ExitStatus::Done)
}

/// Prints what comes.
struct Reader<'a> {
    args: &'a Args,
    name: &'a SubscriptionName,
    /// How many records are still wanted.
    left: u64,
}

impl Reader<'_> {
    async fn take(
        &mut self,
        news: News,
        subscriber: &mut Subscriber,
        printer: &mut Printer,
    ) -> Result<Turn> {
        match news {
            News::Open { epoch, agreement } => {
                printer.progress(&format!("{}: epoch {epoch}, {agreement}", self.name));
            }
            News::Interrupted { failure, .. } if self.args.follow => {
                let why = failure.reason.as_deref().unwrap_or("the connection was lost");
                printer.say(&format!("interrupted: {why}; connecting again"));
            }
            News::Interrupted { failure, .. } => return Err((*failure).into()),
            News::Event(Event::Deliver(delivery)) => {
                self.deliver(delivery, subscriber, printer).await?;
                if self.left == 0 {
                    return Ok(Turn::Enough);
                }
            }
            News::Event(Event::Idle { .. }) if self.args.until_idle => return Ok(Turn::Enough),
            News::Event(Event::Draining { .. }) if !self.args.follow => return Ok(Turn::Ended),
            News::Event(event) => tell(&event, printer),
        }
        Ok(Turn::GoOn)
    }

    /// Prints first, then acknowledges: what was not printed comes again.
    async fn deliver(
        &mut self,
        mut delivery: Delivery,
        subscriber: &mut Subscriber,
        printer: &mut Printer,
    ) -> Result<()> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        delivery.records.truncate(most);
        for record in &delivery.records {
            printer.bytes(line(record, delivery.receipt.as_ref()).as_bytes())?;
        }
        printer.flush()?;
        self.left -= delivery.records.len() as u64;
        subscriber.ack_all(&delivery).await;
        Ok(())
    }

    /// Creates a subscription that does not exist, if it was said of what.
    async fn create(&self, client: &Client, failure: Failure, printer: &mut Printer) -> Result<()> {
        let is_missing = failure.reason.as_deref() == Some("RESOURCE_NOT_FOUND");
        let (Some(dataset), Some(purpose), true) =
            (&self.args.dataset, &self.args.purpose, is_missing)
        else {
            return Err(failure.into());
        };
        let (purpose, agreement) = (purpose.clone(), self.args.agreement.clone());
        let terms = Terms { purpose, agreement, from: self.args.from };
        let options = &self.args.options;
        let created = subscription::create(client, self.name, dataset, &terms, options).await?;
        printer.say(&format!("created subscription {}{}", self.name, created.evidence()));
        Ok(())
    }
}

fn tell(event: &Event, printer: &mut Printer) {
    match event {
        // The stream's end follows, with the whole reason.
        Event::Suspended { agreement, reason } => {
            printer.say(&format!("cut: {agreement} {reason}"));
        }
        Event::Settled { lost, .. } if !lost.is_empty() => {
            printer.say(&format!("{} acknowledgements came too late", lost.len()));
        }
        Event::Gap { cause, count, .. } => {
            let count = count.map_or("some".to_owned(), |count| format!("at most {count}"));
            let why = match cause {
                GapCause::Unspecified => "for a reason that this version does not know",
                GapCause::Retention => "they are no longer kept",
            };
            printer.say(&format!("{count} records will not come: {why}"));
        }
        Event::Paused { cause, since, next_step } => {
            let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
            printer.say(&format!("paused{since}: {}; {next_step}", subscription::pause(*cause)));
        }
        Event::Deliver(_) | Event::Idle { .. } | Event::Settled { .. } | Event::Draining { .. } => {
        }
    }
}

/// Waits until the last acknowledgements are durable: else their records would come again.
async fn finish(subscriber: Subscriber) -> Result<()> {
    match time::timeout(LAST_ACKS, subscriber.close()).await {
        Ok(settled) => Ok(settled?),
        Err(_) => anyhow::bail!("the hub did not confirm the last acknowledgements in time"),
    }
}
