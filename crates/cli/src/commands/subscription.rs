//! `ndxp subscription`.

use anyhow::Result;
use clap::Subcommand;
use ndxp_client::{
    Client,
    proto::{convert, exchange},
};
use ndxp_model::{AgreementId, DatasetName, PurposeCode, SubscriptionId, SubscriptionName};

use crate::{
    connection::Connect,
    exit::ExitStatus,
    printer::Printer,
    view::{self, Changed, SubscriptionView},
};

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
        Command::Create { subscription, dataset, terms } => {
            let name = resolve(&client, &subscription).await?;
            let changed = create(&client, &name, &dataset, &terms).await?;
            let text = format!("created subscription {name}{}", changed.evidence());
            printer.data(&changed, text)?;
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
            printer.data(&view, view::table(&[row(&view)]))?;
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
        ..exchange::Subscription::default()
    };
    let answer = client.create_subscription(message).await?;
    let view = view::subscription(answer.subscription.unwrap_or_default(), None)?;
    Ok(Changed::new(view, answer.receipt))
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
