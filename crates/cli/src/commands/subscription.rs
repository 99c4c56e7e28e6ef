//! `ndxp subscription`.

mod options;
mod seek;
mod status;

use anyhow::{Result, ensure};
use clap::Subcommand;
use ndxp_client::{
    Client,
    proto::{convert, exchange},
};
use ndxp_model::{AgreementId, DatasetName, PurposeCode, SubscriptionId, SubscriptionName};
use serde::Serialize;

use crate::{
    connection::Connect,
    exit::ExitStatus,
    printer::Printer,
    view::{self, Changed, ReceiptView, SubscriptionView},
};

pub(crate) use options::Options;
pub(crate) use status::pause;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: Connect,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a durable subscription of your agency; the hub keeps its cursor
    Create {
        /// Its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
        /// What to receive
        #[arg(long, value_name = "AGENCY/DATASET")]
        dataset: DatasetName,
        #[command(flatten)]
        terms: Terms,
        #[command(flatten, next_help_heading = "Delivery")]
        options: Options,
    },
    /// Change how a subscription is delivered; what is not said stays
    Update {
        /// Its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
        #[command(flatten, next_help_heading = "Delivery")]
        options: Options,
    },
    /// Delete a subscription with its cursor and its dead letters
    Delete {
        /// Its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
    },
    /// Move a subscription's cursor: back to receive again, forward to leave out
    Seek {
        /// Its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
        #[command(flatten)]
        place: seek::Place,
        /// Only say what it would do
        #[arg(long)]
        dry_run: bool,
    },
    /// Say where a subscription stands
    Status {
        /// Its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
    },
    /// List your agency's subscriptions
    List,
    /// Show one subscription
    Get {
        /// Its id within your agency, or AGENCY/SUBSCRIPTION
        subscription: String,
    },
}

/// Why something is received, and from where on.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Terms {
    /// What for: a code of the agreement's purposes
    #[arg(long, value_name = "CODE")]
    pub(crate) purpose: PurposeCode,
    /// Under which agreement [default: the first that allows it]
    #[arg(long, value_name = "ID")]
    pub(crate) agreement: Option<AgreementId>,
    /// Where it begins: the earliest record kept, or what is published from now on
    #[arg(long, value_enum, default_value_t = Start::Earliest)]
    pub(crate) from: Start,
}

/// Where a new subscription begins: at the earliest record that is kept, or with what is published
/// from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Start {
    Earliest,
    Latest,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    match args.command {
        Command::Create { subscription, dataset, terms, options } => {
            let name = resolve(&client, &subscription).await?;
            let changed = create(&client, &name, &dataset, &terms, &options).await?;
            let text = format!("created subscription {name}{}", changed.evidence());
            printer.data(&changed, text)?;
        }
        Command::Update { subscription, options } => {
            ensure!(!options.is_empty(), "say what is to change; --help lists it");
            let name = resolve(&client, &subscription).await?;
            let changed = update(&client, &name, &options).await?;
            let options = options::text(&changed.resource.options);
            let text = format!("changed subscription {name}{}\n{options}", changed.evidence());
            printer.data(&changed, text)?;
        }
        Command::Delete { subscription } => {
            let name = resolve(&client, &subscription).await?;
            printer.say(&format!(
                "deleting subscription {name} with its cursor and its dead letters; its name is \
                 never given again"
            ));
            let answer = client.delete_subscription(&name.resource()).await?;
            let deleted = Deleted { name, receipt: answer.receipt.map(ReceiptView::of) };
            printer.data(&deleted, deleted.text())?;
        }
        Command::Seek { subscription, place, dry_run } => {
            let name = resolve(&client, &subscription).await?;
            seek::run(&client, name, place, dry_run, printer).await?;
        }
        Command::Status { subscription } => {
            let name = resolve(&client, &subscription).await?;
            status::run(&client, name, printer).await?;
        }
        Command::List => {
            let found = client.list_subscriptions().await?;
            let all = view::all(found, |message| view::subscription(message, None))?;
            let rows: Vec<_> = all.iter().map(row).collect();
            printer.data(&all, view::table(&rows))?;
        }
        Command::Get { subscription } => {
            let name = resolve(&client, &subscription).await?;
            let answer = client.get_subscription(&name.resource()).await?;
            let message = answer.subscription.unwrap_or_default();
            let view = view::subscription(message, Some(answer.connected))?;
            let text = format!("{}\n{}", view::table(&[row(&view)]), options::text(&view.options));
            printer.data(&view, text)?;
        }
    }
    Ok(ExitStatus::Done)
}

/// Completes a subscription's name with the caller's agency.
pub(crate) async fn resolve(client: &Client, text: &str) -> Result<SubscriptionName> {
    if text.contains('/') {
        return Ok(text.parse()?);
    }
    let subscription: SubscriptionId = text.parse()?;
    let caller: ndxp_model::PrincipalName = client.who_am_i().await?.principal.parse()?;
    Ok(SubscriptionName::new(caller.agency, subscription))
}

pub(crate) async fn create(
    client: &Client,
    name: &SubscriptionName,
    dataset: &DatasetName,
    terms: &Terms,
    options: &Options,
) -> Result<Changed<SubscriptionView>> {
    let start = match terms.from {
        Start::Earliest => exchange::StartPosition::Earliest,
        Start::Latest => exchange::StartPosition::Latest,
    };
    let message = exchange::Subscription {
        name: name.resource(),
        dataset: dataset.resource(),
        access: Some(convert::access_message(&terms.purpose, terms.agreement.as_ref())),
        start: start.into(),
        options: (!options.is_empty()).then(|| options.over(exchange::DeliveryOptions::default())),
        ..exchange::Subscription::default()
    };
    let answer = client.create_subscription(message).await?;
    let view = view::subscription(answer.subscription.unwrap_or_default(), None)?;
    Ok(Changed::new(view, answer.receipt))
}

/// Reads what is there, puts over it what was said, and writes all of it: the hub takes options
/// whole.
async fn update(
    client: &Client,
    name: &SubscriptionName,
    options: &Options,
) -> Result<Changed<SubscriptionView>> {
    let found = client.get_subscription(&name.resource()).await?;
    let base = found.subscription.and_then(|found| found.options).unwrap_or_default();
    let answer = client.update_subscription(&name.resource(), options.over(base)).await?;
    let view = view::subscription(answer.subscription.unwrap_or_default(), None)?;
    Ok(Changed::new(view, answer.receipt))
}

/// A subscription is gone, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Deleted {
    name: SubscriptionName,
    receipt: Option<ReceiptView>,
}

impl Deleted {
    fn text(&self) -> String {
        let evidence = self.receipt.as_ref().map(|receipt| format!(" ({})", receipt.place()));
        format!("deleted subscription {}{}", self.name, evidence.unwrap_or_default())
    }
}

fn row(view: &SubscriptionView) -> Vec<String> {
    let connected = match view.connected {
        Some(true) => "connected",
        Some(false) => "not connected",
        None => "",
    };
    let (name, connected) = (view.name.to_string(), connected.to_owned());
    vec![name, view.dataset.clone(), view.purpose.clone(), connected]
}
