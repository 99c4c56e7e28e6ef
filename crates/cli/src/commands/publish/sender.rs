//! Sends batches and keeps count; knows which line each record came from.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::Result;
use ndxp_client::{Batch, BatchResult, Publisher, Stopped, proto::exchange::Record};
use tokio::time;

use super::{
    refused::LinesRefused,
    summary::{RefusedLine, Summary},
};
use crate::{printer::Printer, view::ReceiptView};

/// After so long a person wants to know.
const LONG: Duration = Duration::from_secs(5);

/// A publisher that thinks in lines.
pub(super) struct Sender<'p> {
    publisher: Publisher,
    printer: &'p mut Printer,
    /// Lines of the batches without an answer, in order.
    lines: VecDeque<Vec<u64>>,
    summary: Summary,
    last_line: u64,
    since: Instant,
}

impl<'p> Sender<'p> {
    pub(super) fn new(publisher: Publisher, resumed: u64, printer: &'p mut Printer) -> Self {
        let summary = Summary::behind(resumed);
        let (lines, since) = (VecDeque::new(), Instant::now());
        Self { publisher, printer, lines, summary, last_line: resumed, since }
    }

    /// Says whether batches have no answer yet.
    pub(super) fn is_waiting(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Sends a batch of records that came from these lines.
    pub(super) async fn send(
        &mut self,
        records: Vec<Record>,
        lines: Vec<u64>,
        position: &str,
    ) -> Result<()> {
        self.lines.push_back(lines);
        let sent = self.publisher.send(Batch { records, source_position: position.to_owned() });
        let sent = told(self.printer, sent).await;
        self.count(sent)
    }

    /// Waits until all is answered.
    pub(super) async fn flush(&mut self) -> Result<()> {
        let flushed = told(self.printer, self.publisher.flush()).await;
        self.count(flushed)
    }

    pub(super) fn finish(self) -> Summary {
        self.summary.after(self.since.elapsed())
    }

    fn count(&mut self, outcome: Result<(), Stopped>) -> Result<()> {
        for result in self.publisher.take_results() {
            self.take(result);
        }
        let Err(stopped) = outcome else { return Ok(()) };
        let lines = self.lines.pop_front().unwrap_or_default();
        let durable = self.summary.records;
        Err(LinesRefused::new(*stopped.failure, &lines, durable, self.last_line).into())
    }

    fn take(&mut self, result: BatchResult) {
        let lines = self.lines.pop_front().unwrap_or_default();
        for (index, refused) in result.refused() {
            let line = lines.get(index).copied().unwrap_or_default();
            let refused = RefusedLine::of(line, index, refused);
            self.printer.say(&refused.text());
            self.summary.refuse(refused);
        }
        let summary = &mut self.summary;
        summary.accepted += u64::from(result.accepted);
        summary.duplicates += u64::from(result.duplicates);
        summary.records = summary.accepted + summary.duplicates;
        summary.calls += 1;
        if let Some(receipt) = result.receipt {
            summary.last_receipt = Some(ReceiptView::of(receipt));
        }
        self.last_line = lines.last().copied().unwrap_or(self.last_line);
        let records = self.summary.records;
        let rate = super::summary::rate(records, self.since.elapsed());
        self.printer.progress(&format!("{records} records durable, {rate:.0}/s"));
    }
}

/// Waits; says so where it takes long, since a hub that restarts is waited for.
async fn told<T>(printer: &mut Printer, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = time::sleep(LONG) => {}
    }
    printer.say("no answer from the hub for 5 s; it is waited for, up to 10 minutes");
    work.await
}
