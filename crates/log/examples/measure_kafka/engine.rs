//! The engine: `append_after`, which waits for an audit entry first, and `read`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use ndxp_log::{Covered, Log, Partition, ReadLimits, Record, kafka::Kafka};
use ndxp_model::Topic;

use crate::{BATCH, CALLERS, Figures, ONE_BY_ONE, PARTITIONS, RECORDS, dataset, value};

pub(crate) async fn figures(log: &Arc<Kafka>) -> Figures {
    Figures { times: one_by_one(log).await, written: written(log).await, read: read(log).await }
}

async fn publish(log: &Kafka, number: u32, values: &[Bytes]) {
    let record = |value: &Bytes| (number, Record { value: value.clone(), ..Record::default() });
    let records = values.iter().map(record).collect();
    let covered = Covered::Records { dataset: dataset(), records };
    // As long as a publish entry.
    let entry = Record { value: Bytes::from(vec![b'e'; 400]), ..Record::default() };
    log.append_after(entry, covered).await.unwrap();
}

async fn one_by_one(log: &Kafka) -> Vec<Duration> {
    let value = [value(0)];
    let mut times = Vec::new();
    for _ in 0..ONE_BY_ONE {
        let started = Instant::now();
        publish(log, 0, &value).await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times
}

async fn written(log: &Arc<Kafka>) -> f64 {
    let values: Vec<Bytes> = (0..RECORDS).map(value).collect();
    let shares: Vec<_> = values.chunks(RECORDS / CALLERS).map(<[Bytes]>::to_vec).collect();
    let started = Instant::now();
    let tasks = (0..).zip(shares).map(|(caller, share)| {
        let log = Arc::clone(log);
        tokio::spawn(async move {
            for batch in share.chunks(BATCH) {
                publish(&log, caller % PARTITIONS, batch).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    RECORDS as f64 / started.elapsed().as_secs_f64()
}

/// 128 callers with one record each, as many unary publishers make them.
pub(crate) async fn many_callers(log: &Arc<Kafka>) -> f64 {
    const CALLS: usize = 200;
    let started = Instant::now();
    let tasks: Vec<_> = (0..128)
        .map(|caller| {
            let log = Arc::clone(log);
            tokio::spawn(async move {
                let value = [value(caller as usize)];
                for _ in 0..CALLS {
                    publish(&log, caller % PARTITIONS, &value).await;
                }
            })
        })
        .collect();
    let calls = CALLS * tasks.len();
    for task in tasks {
        task.await.unwrap();
    }
    calls as f64 / started.elapsed().as_secs_f64()
}

/// Reads from the beginning, each partition by a reader of its own.
async fn read(log: &Arc<Kafka>) -> f64 {
    let share = RECORDS / PARTITIONS as usize;
    let started = Instant::now();
    let tasks: Vec<_> = (0..PARTITIONS)
        .map(|number| tokio::spawn(read_one(Arc::clone(log), number, share)))
        .collect();
    let mut records = 0;
    for task in tasks {
        records += task.await.unwrap();
    }
    records as f64 / started.elapsed().as_secs_f64()
}

async fn read_one(log: Arc<Kafka>, number: u32, wanted: usize) -> usize {
    let at = Partition { topic: Topic::Data(dataset()), number };
    let limits = ReadLimits { records: 1_000, bytes: 4 << 20 };
    let (mut from, mut records) = (0, 0);
    while records < wanted {
        let page = log.read(&at, from, limits).await.unwrap();
        let Some(last) = page.last() else { break };
        from = last.offset + 1;
        records += page.len();
    }
    records
}
