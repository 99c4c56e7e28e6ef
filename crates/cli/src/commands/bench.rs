//! `ndxp bench`: what publishing and receiving cost, against the bare engine in the same run, with
//! every control on.

mod baseline;
#[cfg(feature = "kafka")]
mod brokers;
mod cpu;
mod crew;
mod echo;
mod fanout;
mod figure;
mod host;
mod idle;
mod machine;
mod measure;
mod neighbours;
mod place;
mod receive;
mod record;
mod schema;
mod stages;
mod stream;

use std::{path::PathBuf, time::Duration};

use anyhow::Result;
use clap::Subcommand;

use crate::{
    backing::EngineKind,
    exit::ExitStatus,
    printer::{Format, Printer},
};
use crew::Crew;
use figure::Figure;
use host::Where;
use measure::{Load, Way};
use place::Place;
use stages::Stages;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Publish 700-byte records over mutual TLS into a hub in this process
    Publish(Common),
    /// Drain a dataset by one subscriber, and wait for single records, of a hub in this process
    Subscribe {
        #[command(flatten)]
        common: Common,
        /// Records to drain
        #[arg(long, value_name = "COUNT", default_value_t = 200_000)]
        records: usize,
    },
    /// Deliver to nobody, to one, to those with equal agreements and to those with different ones;
    /// costs of a hub in a process of its own
    Fanout {
        #[command(flatten)]
        disk: Disk,
        /// Records to publish for each; four times as many where there is one subscriber or none
        #[arg(long, value_name = "COUNT", default_value_t = 20_000)]
        records: usize,
        /// Subscribers with agreements of equal text
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        equal: usize,
        /// Subscribers with agreements of which no two grant the same
        #[arg(long, value_name = "COUNT", default_value_t = 300, value_parser = different)]
        different: usize,
    },
    /// Weigh streams that have nothing to say, of a hub in a process of its own
    Idle {
        #[command(flatten)]
        disk: Disk,
        /// Streams to open
        #[arg(long, value_name = "COUNT", default_value_t = 5_000)]
        streams: usize,
    },
    /// Time deliveries to forty alone, and beside a dead, a slow and a never-acknowledging one; of a
    /// hub in a process of its own
    Neighbours(Common),
    /// Decide on records and validate files, beside the bare engine; needs no hub
    Schema(schema::Options),
    /// All of these but the schema tool's, one after the other
    All(Common),
}

#[derive(Debug, Clone, clap::Args)]
struct Common {
    /// How long a figure is measured that takes a time, after a warm-up; the bare engine takes half
    /// of it
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    seconds: u64,
    #[command(flatten)]
    disk: Disk,
}

#[derive(Debug, Clone, clap::Args)]
struct Disk {
    /// On which disk: a new folder is made below, and removed at the end
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// What keeps the log: files, or Kafka brokers started for this
    #[arg(long, value_enum, default_value_t)]
    engine: EngineKind,
    /// Brokers to start
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=9))]
    brokers: u32,
}

fn different(text: &str) -> Result<usize, String> {
    let count: usize = text.parse().map_err(|_| "must be a number".to_owned())?;
    if count < 1_024 { Ok(count) } else { Err("must be below 1024".to_owned()) }
}

/// What is published: a name, how many callers at once, how many records a call.
const LOADS: [(&str, Load); 5] = [
    ("publish_unary", Load { callers: 1, batch: 1, way: Way::Calls }),
    ("publish_32_callers", Load { callers: 32, batch: 1, way: Way::Calls }),
    ("publish_128_callers", Load { callers: 128, batch: 1, way: Way::Calls }),
    ("publish_batch_500", Load { callers: 1, batch: 500, way: Way::Calls }),
    ("publish_stream_500", Load { callers: 1, batch: 500, way: Way::Stream }),
];

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    if let Command::Schema(options) = &args.command {
        return schema::run(options, printer);
    }
    let engine = args.command.engine();
    let mut bench = Bench { printer, figures: Vec::new(), notes: Vec::new() };
    match args.command {
        Command::Publish(common) => bench.publish(&common).await?,
        Command::Subscribe { common, records } => bench.subscribe(&common, records).await?,
        Command::Fanout { disk, records, equal, different } => {
            bench.fanout(&disk, Crew { equal, different }, records).await?;
        }
        Command::Idle { disk, streams } => bench.idle(&disk, streams).await?,
        // Measured above, without a hub.
        Command::Schema(_) => {}
        Command::Neighbours(common) => bench.neighbours(&common).await?,
        Command::All(common) => {
            bench.publish(&common).await?;
            bench.subscribe(&common, 200_000).await?;
            bench.fanout(&common.disk, Crew { equal: 50, different: 300 }, 20_000).await?;
            bench.idle(&common.disk, 5_000).await?;
            bench.neighbours(&common).await?;
        }
    }
    let Bench { printer, mut figures, notes } = bench;
    figures.iter_mut().for_each(|figure| figure.engine = engine);
    match printer.format() {
        Format::Json => printer.json(&figures)?,
        Format::Human => printer.line(text(&figures, &notes))?,
    }
    Ok(ExitStatus::Done)
}

/// Figures as they come.
struct Bench<'p> {
    printer: &'p mut Printer,
    figures: Vec<Figure>,
    notes: Vec<String>,
}

impl Bench<'_> {
    async fn publish(&mut self, common: &Common) -> Result<()> {
        // Brokers are processes: who uses the processor is told if the hub is one as well.
        let at = match common.disk.engine {
            EngineKind::Embedded => Where::Here,
            EngineKind::Kafka => Where::Process,
        };
        let place = Place::prepare(&common.disk, at, Crew::default()).await?;
        let span = Duration::from_secs(common.seconds);
        #[cfg(feature = "kafka")]
        if place.backing.brokers().is_some() {
            self.printer.progress("warming the brokers up");
            brokers::warm_up(&place, span).await?;
        }
        for (name, load) in LOADS {
            self.printer.progress(&format!("measuring {name}"));
            let (figure, stages) = one(&place, name, load, span).await?;
            self.figures.push(figure);
            let unit = match load.way {
                Way::Calls => "call",
                Way::Stream => "batch",
            };
            self.notes.push(format!("{name}, per {unit}:\n{stages}"));
        }
        place.close().await
    }

    async fn subscribe(&mut self, common: &Common, records: usize) -> Result<()> {
        let crew = Crew { equal: 1, different: 0 };
        let place = Place::prepare(&common.disk, Where::Here, crew).await?;
        self.printer.progress(&format!("measuring subscribe_drain: {records} records"));
        let span = Duration::from_secs(common.seconds);
        self.figures.extend(receive::measure(&place, records, span).await?);
        place.close().await
    }

    async fn fanout(&mut self, disk: &Disk, crew: Crew, records: usize) -> Result<()> {
        self.printer.progress("registering consumers and their agreements");
        let place = Place::prepare(disk, Where::Process, crew).await?;
        let progress = |text: &str| self.printer.progress(text);
        self.figures.extend(fanout::measure(&place, crew, records, progress).await?);
        place.close().await
    }

    async fn neighbours(&mut self, common: &Common) -> Result<()> {
        self.printer.progress("registering consumers and their agreements");
        let place = Place::prepare(&common.disk, Where::Process, neighbours::crew()).await?;
        let span = Duration::from_secs(common.seconds) * 3;
        let progress = |text: &str| self.printer.progress(text);
        self.figures.extend(neighbours::measure(&place, span, progress).await?);
        place.close().await
    }

    async fn idle(&mut self, disk: &Disk, streams: usize) -> Result<()> {
        self.printer.progress("registering consumers and their agreements");
        let place = Place::prepare(disk, Where::Process, idle::crew(streams)).await?;
        self.printer.progress(&format!("measuring idle_streams: {streams}"));
        self.figures.push(idle::measure(&place, streams).await?);
        place.close().await
    }
}

async fn one(
    place: &Place,
    name: &'static str,
    load: Load,
    span: Duration,
) -> Result<(Figure, Stages)> {
    #[cfg(feature = "kafka")]
    if place.backing.brokers().is_some() {
        return on_brokers(place, name, load, span).await;
    }
    let bare = baseline::measure(place.scratch()?, load, span / 2).await?;
    measure::run(place, load, span / 5).await?;
    let before = stages::read(place.http()).await?;
    let sample = measure::run(place, load, span).await?;
    let stages = stages::read(place.http()).await?.since(&before);
    let figure = Figure::of(name, load.batch, &sample, bare);
    Ok((beside_echo(figure, load, span).await?, stages))
}

/// The same with librdkafka's bare producer, and with everybody's processor time.
#[cfg(feature = "kafka")]
async fn on_brokers(
    place: &Place,
    name: &'static str,
    load: Load,
    span: Duration,
) -> Result<(Figure, Stages)> {
    let bare = brokers::write(place, load, span / 2).await?;
    measure::run(place, load, span / 5).await?;
    let (before, used) = (stages::read(place.http()).await?, cpu::read(place)?);
    let sample = measure::run(place, load, span).await?;
    let used = cpu::read(place)?.since(used);
    let stages = stages::read(place.http()).await?.since(&before);
    let figure = Figure::of(name, load.batch, &sample, bare.rate());
    let figure = figure.with_cpu(used, sample.records);
    let is_single = load.callers == 1 && load.batch == 1;
    let figure = if is_single { figure.beside(&bare) } else { figure };
    Ok((beside_echo(figure, load, span).await?, stages))
}

/// Puts beside calls of many what they would be if nothing had to be done.
async fn beside_echo(figure: Figure, load: Load, span: Duration) -> Result<Figure> {
    match load.way {
        Way::Calls if load.callers > 1 => {
            Ok(figure.with_echo(echo::measure(load, span / 2).await?))
        }
        _ => Ok(figure),
    }
}

impl Command {
    fn engine(&self) -> &'static str {
        let disk = match self {
            Self::Fanout { disk, .. } | Self::Idle { disk, .. } => disk,
            Self::Subscribe { common, .. }
            | Self::Publish(common)
            | Self::Neighbours(common)
            | Self::All(common) => &common.disk,
            // Has figures of its own.
            Self::Schema(_) => return "jsonschema",
        };
        match disk.engine {
            EngineKind::Embedded => "embedded",
            EngineKind::Kafka => "kafka",
        }
    }
}

fn text(figures: &[Figure], notes: &[String]) -> String {
    let mut parts = vec![machine::describe(), figure::table(figures)];
    parts.extend(notes.iter().cloned());
    parts.join("\n\n")
}
