//! Making the topics, and changing what is kept of them.

use std::{collections::BTreeMap, time::Duration};

use ndxp_model::{Keep, Topic};
use rdkafka::{
    admin::{
        AdminClient, AdminOptions, AlterConfig, ConfigResource, ConfigSource, NewTopic,
        ResourceSpecifier, TopicReplication,
    },
    config::FromClientConfigAndContext,
    error::KafkaResult,
    types::RDKafkaErrorCode,
};
use tokio::time::{Instant, sleep};

use super::{Config, context::Context, message::MAX_WIRE_BYTES};

/// What librdkafka may take longer than it was told.
const GRACE: Duration = Duration::from_secs(5);
/// How long to wait before a topic's settings are asked for again.
const PAUSE: Duration = Duration::from_millis(20);
const MINUTE_MS: u64 = 60_000;
const WEEK_MS: u64 = 7 * 24 * 60 * MINUTE_MS;
const MIB: u64 = 1024 * 1024;

/// The settings of a topic by Kafka's names.
pub(super) type Settings = BTreeMap<&'static str, String>;

/// Makes topics on the cluster.
pub(super) struct Admin {
    client: AdminClient<Context>,
    replication: i32,
    min_in_sync: u32,
    timeout: Duration,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("replication", &self.replication).finish_non_exhaustive()
    }
}

impl Admin {
    pub(super) fn start(config: &Config, context: Context) -> KafkaResult<Self> {
        Ok(Self {
            client: AdminClient::from_config_and_context(&config.client(), context)?,
            replication: i32::try_from(config.replication).unwrap_or(i32::MAX),
            min_in_sync: config.min_in_sync,
            timeout: config.timeouts.admin,
        })
    }

    /// Makes a topic; one that is there already is left as it is.
    pub(super) async fn create(
        &self,
        name: &str,
        topic: &Topic,
        partitions: u32,
        keep: Keep,
    ) -> Result<(), String> {
        let settings = self.settings(topic, keep);
        let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
        let mut new = NewTopic::new(name, partitions, TopicReplication::Fixed(self.replication));
        for (key, value) in &settings {
            new = new.set(key, value);
        }
        let made = self.in_time(self.client.create_topics([&new], &self.options())).await?;
        match made.into_iter().next() {
            Some(Ok(_)) => {
                tracing::info!(topic = name, partitions, "topic made");
                Ok(())
            }
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(()),
            Some(Err((_, code))) => Err(format!("it could not be made: {}", said(code))),
            None => Err("the brokers said nothing of it".into()),
        }
    }

    /// Changes what is kept of a topic, where it differs. An operator's other settings stay.
    pub(super) async fn keep(&self, name: &str, keep: Keep) -> Result<(), String> {
        let wanted = kept(keep);
        let told = self.settings_of(name).await?;
        if holds(&told, &wanted) {
            return Ok(());
        }
        // This request replaces all of a topic's own settings, so the others go with it.
        let mut altered = AlterConfig::new(ResourceSpecifier::Topic(name));
        for entry in &told.entries {
            let is_own = entry.source == ConfigSource::DynamicTopic;
            let is_kept = !KEPT.contains(&entry.name.as_str());
            if let (true, true, Some(value)) = (is_own, is_kept, &entry.value) {
                altered = altered.set(&entry.name, value);
            }
        }
        for (key, value) in &wanted {
            altered = altered.set(key, value);
        }
        let done = self.in_time(self.client.alter_configs([&altered], &self.options())).await?;
        let done = done.into_iter().next();
        done.ok_or("the brokers said nothing of it")?.map_err(|(_, code)| said(code))?;
        self.settled(name, &wanted).await?;
        tracing::info!(topic = name, ?keep, "what is kept of a topic was changed");
        Ok(())
    }

    /// Waits until the brokers say that these settings hold: a refusal of the change, as without the
    /// right to it, does not come through rdkafka.
    async fn settled(&self, name: &str, wanted: &Settings) -> Result<(), String> {
        let until = Instant::now() + GRACE;
        while !holds(&self.settings_of(name).await?, wanted) {
            if Instant::now() > until {
                return Err("what is kept of it did not change: may this user AlterConfigs?".into());
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn settings_of(&self, name: &str) -> Result<ConfigResource, String> {
        let resource = ResourceSpecifier::Topic(name);
        let told = self.in_time(self.client.describe_configs([&resource], &self.options())).await?;
        let told = told.into_iter().next().ok_or("the brokers said nothing of it")?;
        told.map_err(said)
    }

    /// librdkafka answers within its own time-outs; this is for the case that it does not.
    async fn in_time<T>(&self, answer: impl Future<Output = KafkaResult<T>>) -> Result<T, String> {
        match tokio::time::timeout(self.timeout + GRACE, answer).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer came within {:?}", self.timeout + GRACE)),
        }
    }

    fn settings(&self, topic: &Topic, keep: Keep) -> Settings {
        let mut settings = kept(keep);
        // A data topic's times are the brokers', which never go back; the hub's own records have
        // the times that they were decided on.
        let (times, ahead) = match topic {
            Topic::Data(_) => ("LogAppendTime", None),
            Topic::Hub(_) => ("CreateTime", Some(i64::MAX.to_string())),
        };
        settings.insert("message.timestamp.type", times.into());
        if let Some(ahead) = ahead {
            settings.insert("message.timestamp.after.max.ms", ahead);
        }
        settings.insert("max.message.bytes", MAX_WIRE_BYTES.to_string());
        settings.insert("min.insync.replicas", self.min_in_sync.to_string());
        settings.insert("unclean.leader.election.enable", "false".into());
        settings
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new()
            .request_timeout(Some(self.timeout))
            .operation_timeout(Some(self.timeout))
    }
}

/// The brokers' word, with what helps where a right is missing.
fn said(code: RDKafkaErrorCode) -> String {
    match code {
        RDKafkaErrorCode::TopicAuthorizationFailed => format!(
            "{code}: grant the hub's Kafka user Create, Read, Write and AlterConfigs on it, as \
             deploy/kafka/acls.sh does"
        ),
        _ => code.to_string(),
    }
}

fn holds(told: &ConfigResource, wanted: &Settings) -> bool {
    let is = |key: &str, value: &str| {
        told.get(key).is_some_and(|entry| entry.value.as_deref() == Some(value))
    };
    wanted.iter().all(|(key, value)| is(key, value))
}

/// The settings that [`kept`] may name.
const KEPT: &[&str] = &[
    "cleanup.policy",
    "retention.ms",
    "retention.bytes",
    "segment.ms",
    "segment.bytes",
    "min.compaction.lag.ms",
    "delete.retention.ms",
];

/// What is kept, in Kafka's words. A segment is deleted or compacted whole and never while it is
/// written, so segments are a fraction of what is kept.
fn kept(keep: Keep) -> Settings {
    let unlimited = || "-1".to_owned();
    let mut settings = Settings::new();
    match keep {
        Keep::Everything => {
            settings.insert("cleanup.policy", "delete".into());
            settings.insert("retention.ms", unlimited());
            settings.insert("retention.bytes", unlimited());
        }
        Keep::Recent { max_age_ms, max_bytes } => {
            settings.insert("cleanup.policy", "delete".into());
            settings.insert("retention.ms", max_age_ms.map_or_else(unlimited, limit));
            settings.insert("retention.bytes", max_bytes.map_or_else(unlimited, limit));
            let age = max_age_ms.map_or(WEEK_MS, |age| (age / 8).clamp(MINUTE_MS, WEEK_MS));
            settings.insert("segment.ms", age.to_string());
            let bytes = max_bytes.map_or(1024 * MIB, |bytes| (bytes / 8).clamp(MIB, 1024 * MIB));
            settings.insert("segment.bytes", bytes.to_string());
        }
        Keep::Newest { lag_ms } => {
            settings.insert("cleanup.policy", "compact".into());
            settings.insert("min.compaction.lag.ms", limit(lag_ms));
            settings.insert("delete.retention.ms", limit(lag_ms));
            settings.insert("segment.ms", lag_ms.clamp(10 * MINUTE_MS, WEEK_MS).to_string());
        }
    }
    settings
}

/// Kafka's limits are signed.
fn limit(value: u64) -> String {
    value.min(i64::MAX.unsigned_abs()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_what_is_kept_can_be_changed_again() {
        let recent = Keep::Recent { max_age_ms: Some(1), max_bytes: None };
        for keep in [Keep::Everything, recent, Keep::Newest { lag_ms: 1 }] {
            for key in kept(keep).keys() {
                assert!(KEPT.contains(key), "{key}");
            }
        }
    }

    #[test]
    fn state_keeps_superseded_values_for_its_lag() {
        let settings = kept(Keep::Newest { lag_ms: Keep::STATE_LAG_MS });
        assert_eq!(settings["cleanup.policy"], "compact");
        assert_eq!(settings["min.compaction.lag.ms"], "2592000000");
        assert_eq!(settings["delete.retention.ms"], "2592000000");
        assert_eq!(settings["segment.ms"], WEEK_MS.to_string());
    }
}
