//! Questions that the brokers answer: what is there, how far it reaches, where a time begins.
//! They block, so they run on the runtime's blocking threads or on threads of the engine.

use std::{collections::HashMap, sync::Arc, time::Duration};

use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    config::FromClientConfigAndContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult},
    metadata::{Metadata, MetadataPartition},
    types::RDKafkaErrorCode,
};

use super::{context::Context, message};

/// One client that asks.
pub(super) struct Questions {
    client: BaseConsumer<Context>,
    timeout: Duration,
}

impl std::fmt::Debug for Questions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Questions").finish_non_exhaustive()
    }
}

/// What the brokers say of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) number: i32,
    pub(super) has_leader: bool,
    pub(super) in_sync: usize,
    pub(super) replicas: usize,
}

impl Questions {
    pub(super) fn start(
        config: &ClientConfig,
        context: Context,
        timeout: Duration,
    ) -> KafkaResult<Arc<Self>> {
        let client = BaseConsumer::from_config_and_context(config, context)?;
        Ok(Arc::new(Self { client, timeout }))
    }

    /// Returns every topic, by name.
    pub(super) fn topics(&self, timeout: Duration) -> KafkaResult<HashMap<String, Vec<Told>>> {
        let metadata = self.client.fetch_metadata(None, timeout)?;
        // Serves the client's log and errors, which nobody else polls for.
        drop(self.client.poll(Duration::ZERO));
        Ok(told(&metadata))
    }

    /// Returns one topic's partitions; none if it is not there (yet).
    pub(super) fn topic(&self, name: &str) -> KafkaResult<Vec<Told>> {
        let metadata = self.client.fetch_metadata(Some(name), self.timeout)?;
        Ok(told(&metadata).remove(name).unwrap_or_default())
    }

    /// Returns the ends of partitions, in the order asked.
    pub(super) fn ends(&self, of: &[(&str, i32)]) -> KafkaResult<Vec<u64>> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let asked = list(of.iter().map(|(topic, number)| (*topic, *number, Offset::End)))?;
        let answered = self.client.offsets_for_times(asked, self.timeout)?;
        answered
            .elements()
            .iter()
            .map(|element| {
                element.error()?;
                match element.offset() {
                    Offset::Offset(raw) => Ok(message::offset(raw).unwrap_or_default()),
                    _ => Err(KafkaError::MetadataFetch(RDKafkaErrorCode::NoOffset)),
                }
            })
            .collect()
    }

    /// Returns the first offset whose record has this time or a later one; `None` behind the last.
    pub(super) fn offset_at(
        &self,
        topic: &str,
        number: i32,
        millis: i64,
    ) -> KafkaResult<Option<u64>> {
        let asked = list([(topic, number, Offset::Offset(millis))])?;
        let answered = self.client.offsets_for_times(asked, self.timeout)?;
        let Some(element) = answered.elements().into_iter().next() else { return Ok(None) };
        element.error()?;
        match element.offset() {
            Offset::Offset(raw) => Ok(message::offset(raw)),
            _ => Ok(None),
        }
    }

    /// Returns where a partition begins and ends.
    pub(super) fn range(&self, topic: &str, number: i32) -> KafkaResult<(u64, u64)> {
        let (low, high) = self.client.fetch_watermarks(topic, number, self.timeout)?;
        Ok((message::offset(low).unwrap_or_default(), message::offset(high).unwrap_or_default()))
    }
}

fn list<'a>(
    of: impl IntoIterator<Item = (&'a str, i32, Offset)>,
) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (topic, number, offset) in of {
        list.add_partition_offset(topic, number, offset)?;
    }
    Ok(list)
}

fn told(metadata: &Metadata) -> HashMap<String, Vec<Told>> {
    let there = metadata.topics().iter().filter(|topic| topic.error().is_none());
    let topics = there.map(|topic| {
        let mut partitions: Vec<_> = topic.partitions().iter().map(of).collect();
        partitions.sort_by_key(|told| told.number);
        (topic.name().to_owned(), partitions)
    });
    topics.collect()
}

fn of(partition: &MetadataPartition) -> Told {
    Told {
        number: partition.id(),
        has_leader: partition.leader() >= 0,
        in_sync: partition.isr().len(),
        replicas: partition.replicas().len(),
    }
}
