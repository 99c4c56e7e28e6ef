//! `ndxp demo`: the hub at work, told in numbered lines with figures. Each figure is compared with
//! what it must be; one that differs makes the exit status 1.

mod audit;
mod chapters;
mod consumer;
mod crash;
mod hub;
mod refusals;
mod setting;
mod story;
mod units;

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail};
use tokio::time::timeout;

use super::serve::Stop;
use crate::{
    backing::{Backing, EngineKind, Wanted},
    exit::ExitStatus,
    node::HubDirectory,
    printer::Printer,
};
use setting::Setting;
use story::Story;

/// A demonstration that is not over by then hangs somewhere.
const AT_MOST: Duration = Duration::from_secs(120);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End after the story; without it the hub stays up until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Remove the directory at the end
    #[arg(long)]
    clean: bool,
    /// Where to work: a new or empty directory [default: one below the system's directory for
    /// temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// What keeps the log: files, or a Kafka broker started for this
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
}

/// Tells the story on the engine. Brokers of its own end after it, however it ends.
pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    // Before there is a broker that only this program ends.
    let mut stop = Stop::listen()?;
    if args.engine == EngineKind::Kafka {
        printer.progress("starting a Kafka broker");
    }
    let backing = Backing::start(args.engine, 1, Wanted::Shown).await?;
    let status = run_on(&backing, &mut stop, args, printer).await;
    backing.stop().await?;
    status
}

async fn run_on(
    backing: &Backing,
    stop: &mut Stop,
    args: Args,
    printer: &mut Printer,
) -> Result<ExitStatus> {
    let path = directory(args.data.as_deref())?;
    let data = HubDirectory::new(&path);
    let mut story = Story::begin(printer);
    let told = tokio::select! {
        told = timeout(AT_MOST, tell(backing, &data, &mut story)) => told,
        // The hub of the story is a process: returning ends it too.
        () = stop.asked() => bail!("interrupted; {} is left behind", path.display()),
    };
    let setting = told.context("the demonstration hangs").flatten().with_context(|| {
        format!("{} is left behind, with the hub's own log in hub.log", path.display())
    })?;
    let status = story.end(&path, args.clean, backing.is_kept())?;
    if !args.once && status == ExitStatus::Done {
        setting.stay(printer, stop).await?;
    }
    if args.clean {
        fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(status)
}

fn directory(named: Option<&std::path::Path>) -> Result<PathBuf> {
    match named {
        Some(path) => {
            fs::create_dir_all(path)?;
            let is_empty = fs::read_dir(path)?.next().is_none();
            anyhow::ensure!(is_empty, "{} is not empty", path.display());
            Ok(path.to_owned())
        }
        None => Ok(tempfile::Builder::new().prefix("ndxp-demo-").tempdir()?.keep()),
    }
}

async fn tell(backing: &Backing, data: &HubDirectory, story: &mut Story<'_>) -> Result<Setting> {
    let mut setting = setting::begin(backing, data, story).await?;
    chapters::publish_and_receive(&mut setting, story).await?;
    refusals::malformed(&setting, story).await?;
    refusals::without_agreement(&setting, story).await?;
    chapters::suspend(&setting, story).await?;
    crash::kill(&mut setting, story).await?;
    setting.hub.stop().await?;
    audit::count(&setting, backing, story).await?;
    Ok(setting)
}
