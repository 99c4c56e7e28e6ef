//! The producers: each partition's records go through one of them, so that they keep their order.

use std::{
    sync::{Arc, PoisonError, RwLock},
    thread,
};

use rdkafka::{
    ClientConfig, ClientContext,
    config::{FromClientConfigAndContext, RDKafkaLogLevel},
    error::{KafkaError, KafkaResult},
    message::DeliveryResult,
    message::Message,
    producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer},
    types::RDKafkaErrorCode,
};

use super::{
    call::{self, Reply, Ticket},
    context::Context,
    message::{self, Cover},
    partitions::{Slot, lock},
};
use crate::Record;
use ndxp_model::{HubTopic, Topic};

/// A record and where it goes.
pub(super) type Item = (Arc<Slot>, Record);

/// Turns delivery reports into the answers of calls.
#[derive(Debug, Clone)]
pub(super) struct Reports(Context);

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, said: &str) {
        self.0.log(level, facility, said);
    }

    fn error(&self, error: KafkaError, said: &str) {
        self.0.error(error, said);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, report: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        match report {
            Ok(message) => {
                ticket.slot().trial.answered();
                match message::offset(message.offset()) {
                    Some(offset) => ticket.delivered(offset),
                    // A repetition that the broker knows, but no longer from where.
                    None => ticket.lost("the broker did not say where it is".into()),
                }
            }
            Err((error, _)) => {
                // Whatever the error is: an earlier attempt may have been taken, and the report
                // does not say. So a failed report is never "not written".
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageTimedOut) {
                    ticket.slot().trial.failed();
                } else {
                    ticket.slot().trial.answered();
                }
                self.0.alarm().ring();
                ticket.lost(error.to_string());
            }
        }
    }
}

type OneProducer = Arc<ThreadedProducer<Reports>>;

/// The producers of one engine: the first is the audit's alone, since a broker answers the requests
/// of one connection in their order, and every call waits for its entry first.
pub(super) struct Producers {
    config: ClientConfig,
    reports: Reports,
    all: Vec<RwLock<OneProducer>>,
}

impl std::fmt::Debug for Producers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producers").field("count", &self.all.len()).finish_non_exhaustive()
    }
}

impl Producers {
    pub(super) fn start(config: ClientConfig, context: Context, count: usize) -> KafkaResult<Self> {
        let reports = Reports(context);
        let all = (0..=count.clamp(1, 64))
            .map(|_| make(&config, &reports).map(RwLock::new))
            .collect::<KafkaResult<_>>()?;
        Ok(Self { config, reports, all })
    }

    /// Hands all records of one call over. Returns whether any of them was taken; if not, its
    /// outcome has been told.
    pub(super) fn send(&self, items: Vec<Item>, reply: Reply) -> bool {
        let slots = items.iter().map(|(slot, _)| Arc::clone(slot)).collect();
        let entry = reply.entry;
        let mut sent = 0;
        for (((slot, record), ticket), position) in
            items.iter().zip(call::tickets(slots, reply)).zip(0..)
        {
            let cover = entry.map(|entry| Cover { entry, position });
            match self.send_one(slot, record, cover, ticket) {
                Ok(()) => sent += 1,
                Err((why, ticket)) if sent == 0 => {
                    ticket.refused(why.to_string());
                    return false;
                }
                Err((why, ticket)) => ticket.lost(why.to_string()),
            }
        }
        true
    }

    fn send_one(
        &self,
        slot: &Slot,
        record: &Record,
        cover: Option<Cover>,
        ticket: Ticket,
    ) -> Result<(), (KafkaError, Box<Ticket>)> {
        let producer = match self.of(slot) {
            Ok(producer) => producer,
            Err(error) => return Err((error, Box::new(ticket))),
        };
        let mut message: BaseRecord<'_, [u8], [u8], Box<Ticket>> =
            BaseRecord::with_opaque_to(&slot.topic, Box::new(ticket))
                .partition(slot.number)
                .headers(message::headers(record, cover));
        let key = message::key(record, cover, slot.needs_keys());
        message.key = key.as_deref();
        // No value at all is what Kafka takes for a tombstone.
        message.payload = (!record.value.is_empty()).then_some(&*record.value);
        if !slot.keeps_times() {
            return give(&producer, message);
        }
        // Held until the record is in the queue: the order of times is the order of records.
        let mut clock = lock(&slot.clock);
        let time = record.timestamp.millis().max(clock.unwrap_or_default());
        message.timestamp = Some(message::time(time));
        give(&producer, message)?;
        *clock = Some(time);
        Ok(())
    }

    /// Returns the producer of a partition, a new one if the old one has failed for good.
    fn of(&self, slot: &Slot) -> KafkaResult<OneProducer> {
        let place = match (&slot.at.topic, self.all.as_slice()) {
            (Topic::Hub(HubTopic::Audit), [audit, ..]) => audit,
            (_, [_, others @ ..]) => &others[slot.spread % others.len()],
            (_, []) => return Err(KafkaError::Canceled),
        };
        let producer = Arc::clone(&place.read().unwrap_or_else(PoisonError::into_inner));
        if producer.client().fatal_error().is_none() {
            return Ok(producer);
        }
        let mut place = place.write().unwrap_or_else(PoisonError::into_inner);
        let Some((code, said)) = place.client().fatal_error() else {
            return Ok(Arc::clone(&place)); // somebody was faster
        };
        tracing::warn!(%code, "a producer failed for good and is replaced: {said}");
        let new = make(&self.config, &self.reports)?;
        retire(std::mem::replace(&mut place, Arc::clone(&new)));
        Ok(new)
    }
}

fn make(config: &ClientConfig, reports: &Reports) -> KafkaResult<OneProducer> {
    ThreadedProducer::from_config_and_context(config, reports.clone()).map(Arc::new)
}

/// Lets a producer go on a thread of its own: it waits for its last reports.
fn retire(producer: OneProducer) {
    let retiring = thread::Builder::new().name("kafka-retire".into()).spawn(|| drop(producer));
    if let Err(error) = retiring {
        tracing::warn!(%error, "no thread to let a producer go on");
    }
}

fn give(
    producer: &ThreadedProducer<Reports>,
    message: BaseRecord<'_, [u8], [u8], Box<Ticket>>,
) -> Result<(), (KafkaError, Box<Ticket>)> {
    producer.send(message).map_err(|(error, message)| (error, message.delivery_opaque))
}
