//! `ndxp bench`: what publishing costs, against the bare engine in the same run.

mod baseline;
mod figure;
mod machine;
mod measure;
mod place;
mod record;
mod stages;

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use clap::Subcommand;

use crate::{
    exit::ExitStatus,
    printer::{Format, Printer},
};
use figure::Figure;
use measure::Load;
use place::Place;
use stages::Stages;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Publish 700-byte records over mutual TLS into a hub in this process, with every control on
    Publish {
        /// How long each figure is measured, after a warm-up; the bare engine takes half of it
        #[arg(long, value_name = "SECONDS", default_value_t = 5)]
        seconds: u64,
        /// On which disk: a new folder is made below, and removed at the end
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
    },
}

/// What is measured: a name, how many callers at once, how many records a call.
const LOADS: [(&str, Load); 3] = [
    ("publish_unary", Load { callers: 1, batch: 1 }),
    ("publish_32_callers", Load { callers: 32, batch: 1 }),
    ("publish_batch_500", Load { callers: 1, batch: 500 }),
];

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let Command::Publish { seconds, dir } = args.command;
    let place = Place::prepare(&dir).await?;
    let mut figures = Vec::new();
    let mut tables = Vec::new();
    for (name, load) in LOADS {
        printer.progress(&format!("measuring {name}"));
        let (figure, stages) = one(&place, name, load, Duration::from_secs(seconds)).await?;
        figures.push(figure);
        tables.push((name, stages));
    }
    place.close().await?;
    match printer.format() {
        Format::Json => printer.json(&figures)?,
        Format::Human => printer.line(text(&figures, &tables))?,
    }
    Ok(ExitStatus::Done)
}

async fn one(
    place: &Place,
    name: &'static str,
    load: Load,
    span: Duration,
) -> Result<(Figure, Stages)> {
    let bare = baseline::measure(place.scratch()?, load, span / 2).await?;
    measure::run(place, load, span / 5).await?;
    let before = stages::read(place.http()).await?;
    let sample = measure::run(place, load, span).await?;
    let stages = stages::read(place.http()).await?.since(&before);
    Ok((Figure::of(name, load, &sample, bare), stages))
}

fn text(figures: &[Figure], tables: &[(&str, Stages)]) -> String {
    let mut parts = vec![machine::describe(), figure::table(figures)];
    parts.extend(tables.iter().map(|(name, stages)| format!("{name}, per call:\n{stages}")));
    parts.join("\n\n")
}
