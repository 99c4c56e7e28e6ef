//! `ndxp publish`: NDJSON in, durable records out.

mod lines;
mod records;
mod refused;

use std::{path::PathBuf, time::Instant};

use anyhow::Result;
use ndxp_client::{
    Batcher, Client, PublishTo,
    proto::{convert, exchange::Record},
};
use ndxp_model::{AgreementId, Category, DatasetName, Op, Pointer, PurposeCode};
use serde::Serialize;

use crate::{
    connection::Connect,
    exit::ExitStatus,
    input,
    printer::Printer,
    view::{self, ReceiptView},
};
use lines::Lines;
use records::Maker;

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

/// What was done, as `--json` prints it.
#[derive(Debug, Default, Serialize)]
struct Summary {
    records: u64,
    accepted: u64,
    duplicates: u64,
    calls: u64,
    seconds: f64,
    records_per_second: f64,
    last_receipt: Option<ReceiptView>,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let mut lines = Lines::open(&args.file)?;
    let client = args.connect.client()?;
    let op = match args.op {
        Some(op) => op,
        None => default_op(&client, &args.dataset).await?,
    };
    let maker = Maker { op, id_field: args.id_field.clone() };
    let access = args.purpose.as_ref();
    let to = PublishTo {
        dataset: args.dataset.resource(),
        schema_version: args.schema_version.unwrap_or(0),
        access: access.map(|purpose| convert::access_message(purpose, args.agreement.as_ref())),
    };
    let mut sender = Sender::new(client, to, printer);
    let mut batcher = Batcher::new();
    while let Some(line) = lines.next(sender.is_waiting()).await? {
        let full = match line {
            lines::Next::Line(line) => {
                sender.numbers.push(line.number);
                batcher.push(maker.record(line.bytes))
            }
            lines::Next::Quiet => std::mem::take(&mut batcher).finish(),
        };
        if let Some(batch) = full {
            sender.send(batch).await?;
        }
    }
    if let Some(batch) = batcher.finish() {
        sender.send(batch).await?;
    }
    let summary = sender.finish();
    printer.data(&summary, human(&summary))?;
    Ok(ExitStatus::Done)
}

async fn default_op(client: &Client, dataset: &DatasetName) -> Result<Op> {
    let found = view::dataset(client.get_dataset(&dataset.resource()).await?)?;
    Ok(match found.dataset.category {
        Category::Reference | Category::Master => Op::Upsert,
        Category::Event | Category::Case => Op::Event,
    })
}

/// Sends batches and keeps count; knows which line each record came from.
struct Sender<'p> {
    client: Client,
    to: PublishTo,
    printer: &'p mut Printer,
    /// Lines of the records that are not durable yet, in order.
    numbers: Vec<u64>,
    summary: Summary,
    last_line: u64,
    since: Instant,
}

impl<'p> Sender<'p> {
    fn new(client: Client, to: PublishTo, printer: &'p mut Printer) -> Self {
        let (numbers, summary) = (Vec::new(), Summary::default());
        Self { client, to, printer, numbers, summary, last_line: 0, since: Instant::now() }
    }

    /// Says whether lines were read that have not been sent.
    fn is_waiting(&self) -> bool {
        !self.numbers.is_empty()
    }

    async fn send(&mut self, batch: Vec<Record>) -> Result<()> {
        let rest = self.numbers.split_off(batch.len().min(self.numbers.len()));
        let lines = std::mem::replace(&mut self.numbers, rest);
        match self.client.publish_batch(&self.to, batch).await {
            Ok(answer) => {
                self.summary.records += lines.len() as u64;
                self.summary.accepted += u64::from(answer.accepted);
                self.summary.duplicates += u64::from(answer.duplicates);
                self.summary.calls += 1;
                self.summary.last_receipt = answer.receipt.map(ReceiptView::of);
                self.last_line = lines.last().copied().unwrap_or(self.last_line);
                let rate = rate(self.summary.records, self.since.elapsed().as_secs_f64());
                let records = self.summary.records;
                self.printer.progress(&format!("{records} records durable, {rate:.0}/s"));
                Ok(())
            }
            Err(failure) => {
                let (durable, last) = (self.summary.records, self.last_line);
                Err(LinesRefused::new(failure, &lines, durable, last).into())
            }
        }
    }

    fn finish(self) -> Summary {
        let seconds = self.since.elapsed().as_secs_f64();
        let records_per_second = rate(self.summary.records, seconds).round();
        Summary { seconds, records_per_second, ..self.summary }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(records: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { records as f64 / seconds } else { 0.0 }
}

fn human(summary: &Summary) -> String {
    let Summary { records, accepted, duplicates, seconds, records_per_second, .. } = summary;
    let evidence = summary.last_receipt.as_ref().map(|receipt| format!(", {}", receipt.place()));
    format!(
        "{records} records durable: {accepted} new, {duplicates} already there; {seconds:.2} s, \
         {records_per_second:.0} records/s{}",
        evidence.unwrap_or_default()
    )
}
