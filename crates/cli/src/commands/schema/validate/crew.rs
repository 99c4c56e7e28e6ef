//! Batches judged side by side, and put together in the order of the file: the same bytes give the same output,
//! whatever the number of workers.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use anyhow::{Result, anyhow};

use super::{
    judge::{Detail, Judge},
    tally::{Tally, Total},
};
use crate::commands::schema::records::{Batch, Source};

/// Bytes between two words about progress.
const PROGRESS: usize = 8 << 20;

/// Judges all of `source` with `jobs` workers.
///
/// # Errors
/// A file cannot be read: what was judged so far is in `total`.
pub(super) fn run(
    source: Source,
    judge: &Judge<'_>,
    jobs: usize,
    total: &mut Total<'_>,
    mut progress: impl FnMut(&str),
) -> Result<()> {
    let mut gauge = Gauge::default();
    let mut tell = |bytes, total: &Total<'_>| {
        if let Some(text) = gauge.passed(bytes, total) {
            progress(&text);
        }
    };
    if jobs == 1 {
        alone(source, judge, total, &mut tell)
    } else {
        together(source, judge, jobs, total, &mut tell)
    }
}

/// How far the work is.
#[derive(Default)]
struct Gauge {
    bytes: usize,
    told: usize,
}

impl Gauge {
    fn passed(&mut self, bytes: usize, total: &Total<'_>) -> Option<String> {
        self.bytes += bytes;
        (self.bytes - self.told >= PROGRESS).then(|| {
            self.told = self.bytes;
            format!(
                "{} MB, {} records, {} invalid",
                self.bytes / 1_000_000,
                total.records,
                total.invalid
            )
        })
    }
}

fn detail(judge: &Judge<'_>, full: bool) -> Detail {
    if full && !judge.summary { Detail::Counts } else { Detail::Findings }
}

fn alone(
    mut source: Source,
    judge: &Judge<'_>,
    total: &mut Total<'_>,
    tell: &mut impl FnMut(usize, &Total<'_>),
) -> Result<()> {
    while let Some(batch) = source.next()? {
        total.add(judge.batch(&batch, detail(judge, total.is_full())));
        tell(batch.bytes, total);
    }
    Ok(())
}

/// A batch with its number in order.
type Numbered<T> = (usize, T);

fn together(
    source: Source,
    judge: &Judge<'_>,
    jobs: usize,
    total: &mut Total<'_>,
    tell: &mut impl FnMut(usize, &Total<'_>),
) -> Result<()> {
    let full = AtomicBool::new(false);
    // Batches between reading and adding: enough for no worker to idle, and a bound for memory, also when one batch
    // takes long and those after it wait for it.
    let most = 4 * jobs;
    let (work, taken) = sync_channel::<Numbered<Batch>>(most);
    let (done, results) = sync_channel::<Numbered<(usize, Tally)>>(most);
    let (free, places) = sync_channel::<()>(most);
    for _ in 0..most {
        free.send(())?;
    }
    let taken = Mutex::new(taken);
    thread::scope(|scope| {
        let reader = scope.spawn(move || read(source, &places, &work));
        for _ in 0..jobs {
            let (done, taken, full) = (done.clone(), &taken, &full);
            scope.spawn(move || judge_all(judge, taken, full, &done));
        }
        drop(done);
        collect(&results, &full, total, |bytes, total| {
            // A reader at the end of its files waits for no place.
            free.send(()).unwrap_or_default();
            tell(bytes, total);
        });
        reader.join().map_err(|_| anyhow!("reading broke off"))?
    })
}

fn read(
    mut source: Source,
    places: &Receiver<()>,
    work: &SyncSender<Numbered<Batch>>,
) -> Result<()> {
    let mut number = 0;
    while places.recv().is_ok() {
        let Some(batch) = source.next()? else { return Ok(()) };
        if work.send((number, batch)).is_err() {
            break;
        }
        number += 1;
    }
    Err(anyhow!("the workers broke off"))
}

fn judge_all(
    judge: &Judge<'_>,
    taken: &Mutex<Receiver<Numbered<Batch>>>,
    full: &AtomicBool,
    done: &SyncSender<Numbered<(usize, Tally)>>,
) {
    loop {
        let next = taken.lock().map(|taken| taken.recv());
        let Ok(Ok((number, batch))) = next else { return };
        // Seen late, it costs explanations that nobody lists, and changes nothing that is written.
        let detail = detail(judge, full.load(Ordering::Relaxed));
        let tally = judge.batch(&batch, detail);
        if done.send((number, (batch.bytes, tally))).is_err() {
            return;
        }
    }
}

/// Adds results in order; those that come early wait.
fn collect(
    results: &Receiver<Numbered<(usize, Tally)>>,
    full: &AtomicBool,
    total: &mut Total<'_>,
    mut added: impl FnMut(usize, &Total<'_>),
) {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (number, result) in results {
        early.insert(number, result);
        while let Some((bytes, tally)) = early.remove(&next) {
            total.add(tally);
            next += 1;
            full.store(total.is_full(), Ordering::Relaxed);
            added(bytes, total);
        }
    }
}
