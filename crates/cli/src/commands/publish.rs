//! `ndxp publish`: NDJSON in, durable records out, over one stream. A file goes on where it was.

mod lines;
mod position;
mod records;
mod refused;
mod sender;
mod summary;

use std::path::PathBuf;

use anyhow::Result;
use ndxp_client::{
    Batcher, Client, PublishTo, PublisherOptions,
    proto::{convert, exchange::ResultMode},
};
use ndxp_model::{AgreementId, Category, DatasetName, Op, Pointer, PurposeCode};

use crate::{
    connection::Connect,
    exit::ExitStatus,
    input::{self, STDIN},
    printer::Printer,
    view,
};
use lines::{Lines, Next};
use position::{Position, Prefix};
use records::Maker;
use sender::Sender;

pub(crate) use refused::LinesRefused;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: Connect,
    /// The dataset
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
    /// Records, one JSON object a line; '-' for stdin
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Begin at the first line of a file, also where the hub has its first lines already [default:
    /// go on behind the last durable line]
    #[arg(long)]
    from_start: bool,
    /// Take the good lines and list the others [default: a bad line refuses its batch and ends it]
    #[arg(long)]
    per_record: bool,
    /// What the records do: UPSERT, DELETE or EVENT [default: by the dataset's category]
    #[arg(long, value_parser = input::word::<Op>)]
    op: Option<Op>,
    /// The field that holds the record's id, for example /code [default: a hash of the line, so
    /// that equal lines count once in 24 hours]
    #[arg(long, value_name = "POINTER")]
    id_field: Option<Pointer>,
    /// The schema's version that the records follow [default: the newest]
    #[arg(long, value_name = "NUMBER")]
    schema_version: Option<u32>,
    /// What for: only for another agency's dataset
    #[arg(long, value_name = "CODE")]
    purpose: Option<PurposeCode>,
    /// Under which agreement: only for another agency's dataset
    #[arg(long, value_name = "ID", requires = "purpose")]
    agreement: Option<AgreementId>,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    // A file that is not there is told before anybody is asked.
    let opened = Lines::open(&args.file)?;
    let client = args.connect.client()?;
    let op = match args.op {
        Some(op) => op,
        None => default_op(&client, &args.dataset).await?,
    };
    let maker = Maker { op, id_field: args.id_field.clone() };
    let is_file = args.file.as_os_str() != STDIN;
    let mut source = Source { lines: opened, prefix: Prefix::of(&maker), is_file };
    let mut resumed = 0;
    if is_file && !args.from_start {
        resumed = source.resume(&args, &client, &maker).await?;
    }
    if resumed > 0 {
        printer.say(&format!(
            "the hub has this file up to line {resumed}; going on behind it (--from-start sends all)"
        ));
    }
    let access = args.purpose.as_ref();
    let to = PublishTo {
        dataset: args.dataset.resource(),
        schema_version: args.schema_version.unwrap_or(0),
        access: access.map(|purpose| convert::access_message(purpose, args.agreement.as_ref())),
    };
    let result_mode = if args.per_record { ResultMode::PerRecord } else { ResultMode::Unspecified };
    let options = PublisherOptions { result_mode, ..PublisherOptions::default() };
    let mut sender = Sender::new(client.publisher(to, options), resumed, printer);
    publish(&mut source, &maker, &mut sender).await?;
    let summary = sender.finish();
    printer.data(&summary, summary.text())?;
    Ok(if summary.refused == 0 { ExitStatus::Done } else { ExitStatus::Refused })
}

/// Sends all lines.
async fn publish(source: &mut Source, maker: &Maker, sender: &mut Sender<'_>) -> Result<()> {
    let mut batcher = Batcher::new();
    let mut numbers = Vec::new();
    // Where the file is up to the batch's last line.
    let mut position = source.position();
    while let Some(next) = source.lines.next(!numbers.is_empty() || sender.is_waiting()).await? {
        match next {
            Next::Line(line) => {
                if let Some(batch) = batcher.push(maker.record(line.bytes.clone())) {
                    sender.send(batch, std::mem::take(&mut numbers), &position).await?;
                }
                numbers.push(line.number);
                source.prefix.add(&line);
                position = source.position();
            }
            Next::Quiet => {
                if let Some(batch) = std::mem::take(&mut batcher).finish() {
                    sender.send(batch, std::mem::take(&mut numbers), &position).await?;
                }
                sender.flush().await?;
            }
        }
    }
    if let Some(batch) = batcher.finish() {
        sender.send(batch, numbers, &position).await?;
    }
    sender.flush().await
}

/// The lines, and what came of them so far.
struct Source {
    lines: Lines,
    prefix: Prefix,
    is_file: bool,
}

impl Source {
    /// Passes over the lines that the hub has, if they are those of this file; returns the last
    /// one's number, or 0.
    async fn resume(&mut self, args: &Args, client: &Client, maker: &Maker) -> Result<u64> {
        let known = client.resume_from(&args.dataset.resource()).await?;
        let Some(position) = known.as_deref().and_then(Position::read) else { return Ok(0) };
        while let Some(Next::Line(line)) = self.lines.next(false).await? {
            self.prefix.add(&line);
            if line.number >= position.line {
                break;
            }
        }
        if self.prefix.position() == position {
            return Ok(position.line);
        }
        (self.lines, self.prefix) = (Lines::open(&args.file)?, Prefix::of(maker));
        Ok(0)
    }

    /// Says where the publisher stands; a pipe cannot be gone back in, so it has no position.
    fn position(&self) -> String {
        if self.is_file { self.prefix.position().to_string() } else { String::new() }
    }
}

async fn default_op(client: &Client, dataset: &DatasetName) -> Result<Op> {
    let found = view::dataset(client.get_dataset(&dataset.resource()).await?)?;
    Ok(match found.dataset.category {
        Category::Reference | Category::Master => Op::Upsert,
        Category::Event | Category::Case => Op::Event,
    })
}
