//! How the engine is set up, and what that means in librdkafka's words.

use std::{fmt, path::PathBuf, time::Duration};

use rdkafka::{ClientConfig, config::RDKafkaLogLevel};

use super::message::MAX_WIRE_BYTES;
use crate::embedded::TailLimits;

/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Brokers to start from, `host:port,host:port`.
    pub bootstrap: String,
    /// How connections to them are secured.
    pub security: Security,
    /// This node's name in the brokers' logs and quotas.
    pub client_id: String,
    /// What stands before every topic's name, so that several hubs share a cluster; usually empty.
    pub prefix: String,
    /// On how many brokers a new topic is kept.
    pub replication: u32,
    /// How many of them must have a record before it is acknowledged.
    pub min_in_sync: u32,
    /// How batches are compressed on the way and at rest.
    pub compression: Compression,
    /// How long calls wait.
    pub timeouts: Timeouts,
    /// How many producers the partitions are spread over.
    pub producers: usize,
    /// Bytes of records on their way to the brokers; further appends wait for a place.
    pub queue_bytes: usize,
    /// How much of each followed partition's end stays in memory.
    pub tail: TailLimits,
    /// How many reads near an end run at once, besides what memory answers; each has a consumer.
    pub readers: usize,
    /// How many reads far behind an end run at once; they never hold up the others.
    pub lagging_readers: usize,
}

/// How long calls wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the brokers' word that an append is durable; then its outcome is unknown. It is to be
    /// longer than a partition takes to move to another broker (9 seconds by Kafka's defaults).
    pub append: Duration,
    /// For a page of records or an offset.
    pub read: Duration,
    /// For the cluster on opening, and for a topic to be made.
    pub admin: Duration,
}

/// How connections to the brokers are secured.
#[derive(Debug, Clone, Default)]
pub enum Security {
    /// Not at all: for the loopback.
    #[default]
    Plaintext,
    /// TLS; the brokers know the hub by its certificate if it has one.
    Tls(Tls),
    /// SASL SCRAM over TLS, or without TLS for the loopback.
    Scram {
        /// The hash.
        mechanism: Scram,
        /// The hub's Kafka user.
        user: String,
        /// Its password.
        password: Secret,
        /// TLS beneath.
        tls: Option<Tls>,
    },
}

/// Files of TLS, in PEM.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Whom to trust; the system's authorities if there is none.
    pub ca: Option<PathBuf>,
    /// Certificate chain and key of the hub.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// A hash of SCRAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scram {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

/// A text that no log shows.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How batches are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Cheap.
    Lz4,
    /// Small.
    Zstd,
}

impl Config {
    /// Sets the engine up for a cluster of at least three brokers.
    #[must_use]
    pub fn new(bootstrap: impl Into<String>) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            security: Security::Plaintext,
            client_id: "ndxp".into(),
            prefix: String::new(),
            replication: 3,
            min_in_sync: 2,
            compression: Compression::Lz4,
            timeouts: Timeouts {
                append: Duration::from_secs(20),
                read: Duration::from_secs(10),
                admin: Duration::from_secs(30),
            },
            producers: 2,
            queue_bytes: 64 * 1024 * 1024,
            tail: TailLimits { records: 4096, bytes: 1024 * 1024 },
            readers: 4,
            lagging_readers: 4,
        }
    }

    /// What every client of the engine has.
    pub(super) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &self.bootstrap)
            .set("client.id", &self.client_id)
            // A broker that comes back is noticed soon; the pauses grow to a second and no further.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("socket.keepalive.enable", "true")
            .set("log.connection.close", "false")
            .set_log_level(RDKafkaLogLevel::Info);
        self.security.apply(&mut client);
        client
    }

    pub(super) fn producer(&self) -> ClientConfig {
        let mut client = self.client();
        client
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // Calls in flight together fill batches; a call alone waits for nobody.
            .set("linger.ms", "0")
            .set("compression.codec", self.compression.name())
            .set("message.max.bytes", MAX_WIRE_BYTES.to_string())
            .set("message.timeout.ms", millis(self.timeouts.append))
            .set("request.timeout.ms", millis(self.timeouts.append))
            .set("retry.backoff.ms", "50")
            .set("topic.metadata.refresh.fast.interval.ms", "50")
            // The engine's own bound comes first, since librdkafka's would refuse the middle of a call.
            .set("queue.buffering.max.messages", "0")
            .set("queue.buffering.max.kbytes", i32::MAX.to_string());
        client
    }

    pub(super) fn consumer(&self) -> ClientConfig {
        let mut client = self.client();
        client
            // librdkafka assigns partitions only to a consumer with a group's name; nobody joins it.
            .set("group.id", format!("{}ndxp.readers", self.prefix))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("allow.auto.create.topics", "false")
            // An offset that is gone is an error to report, never a silent jump.
            .set("auto.offset.reset", "error")
            // There are no transactions on these topics; what lies below the high watermark counts.
            .set("isolation.level", "read_uncommitted")
            .set("queued.max.messages.kbytes", "256")
            .set("queued.min.messages", "1000")
            // A full queue is emptied within milliseconds; by default the next fetch waits a second.
            .set("fetch.queue.backoff.ms", "5")
            .set("fetch.error.backoff.ms", "50")
            // A reader that has come to an end asks again, and what it is to read next waits for the answer.
            .set("fetch.wait.max.ms", "20");
        client
    }
}

impl Compression {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

impl Security {
    fn apply(&self, client: &mut ClientConfig) {
        match self {
            Self::Plaintext => {}
            Self::Tls(tls) => {
                client.set("security.protocol", "ssl");
                tls.apply(client);
            }
            Self::Scram { mechanism, user, password, tls } => {
                let protocol = if tls.is_some() { "sasl_ssl" } else { "sasl_plaintext" };
                let mechanism = match mechanism {
                    Scram::Sha256 => "SCRAM-SHA-256",
                    Scram::Sha512 => "SCRAM-SHA-512",
                };
                client
                    .set("security.protocol", protocol)
                    .set("sasl.mechanism", mechanism)
                    .set("sasl.username", user)
                    .set("sasl.password", &password.0);
                if let Some(tls) = tls {
                    tls.apply(client);
                }
            }
        }
    }
}

impl Tls {
    fn apply(&self, client: &mut ClientConfig) {
        if let Some(ca) = &self.ca {
            client.set("ssl.ca.location", ca.to_string_lossy());
        }
        if let Some((certificate, key)) = &self.identity {
            client
                .set("ssl.certificate.location", certificate.to_string_lossy())
                .set("ssl.key.location", key.to_string_lossy());
        }
    }
}

fn millis(duration: Duration) -> String {
    duration.as_millis().clamp(1, 2_147_483_647).to_string()
}
