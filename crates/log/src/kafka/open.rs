//! Opening: the clients, the hub's own topics, and what is in the cluster already.

use std::{sync::Arc, time::Duration};

use ndxp_model::{HubTopic, Keep, Topic};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    Config, Kafka, OpenError, PLACE,
    admin::Admin,
    cluster::Cluster,
    commit::Commits,
    context::{Alarm, Context},
    names, patience,
    producer::Producers,
    questions::Questions,
    readers::Readers,
    tail::Tail,
};

/// How long to wait before a new topic is asked for again.
const PAUSE: Duration = Duration::from_millis(20);

impl Kafka {
    /// Connects to a cluster, makes the hub's own topics where they are not there, and learns how
    /// far each partition reaches. To be called on a multi-threaded runtime of tokio.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        check(&config)?;
        let alarm = Arc::<Alarm>::default();
        let engine = Self::start(config, &alarm)?;
        engine.reach(&alarm).await?;
        for topic in HubTopic::ALL {
            let (partitions, keep) = (topic.partitions(), topic.keep());
            let topic = Topic::Hub(topic);
            let settled = engine.settle_topic(&topic, partitions, keep).await;
            let name = || names::name(&engine.config.prefix, &topic);
            settled.map_err(|said| OpenError::Topic { topic: name(), said })?;
        }
        Ok(engine)
    }

    fn start(config: Config, alarm: &Arc<Alarm>) -> Result<Self, OpenError> {
        let client = |error: &dyn std::fmt::Display| OpenError::Client(error.to_string());
        let context = Context::new(Arc::clone(alarm));
        let consumer = config.consumer();
        let wait = config.timeouts.read;
        let questions = Questions::start(&consumer, context.clone(), wait);
        let questions = questions.map_err(|error| client(&error))?;
        let admin = Admin::start(&config, context.clone()).map_err(|error| client(&error))?;
        let producers = Producers::start(config.producer(), context.clone(), config.producers);
        let producers = Arc::new(producers.map_err(|error| client(&error))?);
        let commits = Commits::start(Arc::clone(&producers), patience(&config));
        let pool = |count| {
            let pool = Readers::start(&consumer, &context, &questions, count, wait);
            pool.map_err(|error| client(&error))
        };
        let (near, lagging) = (pool(config.readers)?, pool(config.lagging_readers)?);
        let tail = Tail::start(&consumer, context.clone(), Arc::clone(&questions));
        let tail = tail.map_err(|error| client(&error))?;
        let (prefix, limits) = (config.prefix.clone(), config.tail);
        let cluster = Cluster::new(Arc::clone(&questions), prefix, limits, config.min_in_sync);
        let cluster = Arc::new(cluster);
        let watching = tokio::spawn(Arc::clone(&cluster).watch(Arc::clone(alarm)));
        let places = u32::try_from(config.queue_bytes / PLACE).unwrap_or(u32::MAX).max(1);
        Ok(Self {
            cluster,
            questions,
            admin,
            producers,
            commits,
            tail,
            near,
            lagging,
            queue: Arc::new(Semaphore::new(places as usize)),
            places,
            watching,
            config,
        })
    }

    /// Waits until a broker answers.
    async fn reach(&self, alarm: &Alarm) -> Result<(), OpenError> {
        let waited = self.config.timeouts.admin;
        let unreachable = |said: String| OpenError::Unreachable {
            bootstrap: self.config.bootstrap.clone(),
            waited,
            said: alarm.said().unwrap_or(said),
        };
        let questions = Arc::clone(&self.questions);
        let asked = tokio::task::spawn_blocking(move || questions.topics(waited)).await;
        let topics = asked.map_err(|error| unreachable(error.to_string()))?;
        topics.map_err(|error| unreachable(error.to_string())).map(drop)
    }

    /// Makes a topic or settles what is kept of it, and takes it in with its ends.
    pub(super) async fn settle_topic(
        &self,
        topic: &Topic,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), String> {
        let name = names::name(&self.config.prefix, topic);
        let mut slots = self.cluster.partitions.of(topic);
        if slots.is_empty() {
            self.admin.create(&name, topic, partitions, keep).await?;
            self.learn(topic, &name).await?;
            slots = self.cluster.partitions.of(topic);
        }
        if slots.len() != partitions as usize {
            return Err(format!("topic {topic} exists with {} partitions", slots.len()));
        }
        self.admin.keep(&name, keep).await?;
        let is_compacted = matches!(keep, Keep::Newest { .. });
        for slot in slots {
            slot.is_compacted.store(is_compacted, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    }

    /// Takes a topic in once the brokers know it and each partition's leader says how far it
    /// reaches, which takes a moment after a topic was made.
    async fn learn(&self, topic: &Topic, name: &str) -> Result<(), String> {
        let until = Instant::now() + self.config.timeouts.admin;
        loop {
            let error = match self.try_to_learn(topic.clone(), name.to_owned()).await {
                Ok(()) if !self.cluster.partitions.of(topic).is_empty() => return Ok(()),
                Ok(()) => "not every partition has a leader".to_owned(),
                Err(error) => error,
            };
            if Instant::now() > until {
                return Err(error);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_to_learn(&self, topic: Topic, name: String) -> Result<(), String> {
        let (cluster, questions) = (Arc::clone(&self.cluster), Arc::clone(&self.questions));
        let learnt = tokio::task::spawn_blocking(move || {
            let told = questions.topic(&name).map_err(|error| error.to_string())?;
            cluster.learn(&topic, &name, &told)
        });
        learnt.await.map_err(|error| error.to_string())?
    }
}

fn check(config: &Config) -> Result<(), OpenError> {
    if config.replication == 0 || config.min_in_sync == 0 {
        return Err(OpenError::Settings("a topic has at least one replica, in sync"));
    }
    if config.min_in_sync > config.replication {
        return Err(OpenError::Settings("more replicas must be in sync than there are"));
    }
    Ok(())
}
