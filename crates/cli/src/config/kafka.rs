//! The section `kafka`: it is looked at only where `log.engine` is `kafka`.

use std::{path::PathBuf, str::FromStr, time::Duration};

use super::{ConfigError, value::Values};

/// Where the brokers are and how they keep what they are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KafkaConfig {
    pub(crate) brokers: String,
    pub(crate) prefix: String,
    pub(crate) replication: u32,
    pub(crate) min_in_sync: u32,
    pub(crate) compression: Compression,
    pub(crate) append_timeout: Duration,
    pub(crate) tls: Option<Tls>,
    pub(crate) login: Option<Login>,
}

/// TLS to the brokers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tls {
    /// Whom to trust; the system's authorities if there is none.
    pub(crate) ca: Option<PathBuf>,
    /// The hub's certificate and key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
}

/// The hub's Kafka user. Its password stands in a file of its own, so that no command shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) mechanism: Scram,
    pub(crate) user: String,
    pub(crate) password_file: PathBuf,
}

/// A hash of SCRAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scram {
    Sha256,
    Sha512,
}

/// How batches are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Lz4,
    Zstd,
}

impl FromStr for Compression {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "none" => Ok(Self::None),
            "lz4" => Ok(Self::Lz4),
            "zstd" => Ok(Self::Zstd),
            _ => Err(()),
        }
    }
}

/// Reads the section.
pub(super) fn read(values: &Values<'_>) -> Result<KafkaConfig, ConfigError> {
    let replication = copies(values, "kafka.replication", "a whole number from 1 to 100", 100)?;
    let least = "a whole number from 1 to kafka.replication";
    let seconds = copies(values, "kafka.append_timeout_s", "seconds from 1 to 600", 600)?;
    Ok(KafkaConfig {
        brokers: brokers(values)?,
        prefix: prefix(values)?,
        replication,
        min_in_sync: copies(values, "kafka.min_in_sync", least, replication)?,
        compression: values.parsed("kafka.compression", "none, lz4 or zstd")?,
        append_timeout: Duration::from_secs(seconds.into()),
        tls: tls(values)?,
        login: login(values)?,
    })
}

fn brokers(values: &Values<'_>) -> Result<String, ConfigError> {
    let key = "kafka.brokers";
    let is_one = |text: &str| {
        let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        parts.is_some_and(|(_, port)| port.parse::<u16>().is_ok())
    };
    let all: Vec<_> = values.text(key).split(',').map(str::trim).collect();
    if all.iter().all(|broker| is_one(broker)) {
        return Ok(all.join(","));
    }
    let expected = "hosts with ports where the engine is kafka, for example b1:9093,b2:9093";
    Err(values.wrong(key, expected))
}

/// What Kafka takes in a topic's name.
fn prefix(values: &Values<'_>) -> Result<String, ConfigError> {
    let text = values.text("kafka.prefix");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if text.len() <= 64 && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(values.wrong("kafka.prefix", "letters, digits, dots, hyphens and _, at most 64"))
}

fn copies(
    values: &Values<'_>,
    key: &str,
    expected: &'static str,
    most: u32,
) -> Result<u32, ConfigError> {
    let number: u32 = values.parsed(key, expected)?;
    if (1..=most).contains(&number) { Ok(number) } else { Err(values.wrong(key, expected)) }
}

fn tls(values: &Values<'_>) -> Result<Option<Tls>, ConfigError> {
    let path = |key| Some(values.text(key)).filter(|text| !text.is_empty()).map(PathBuf::from);
    let is_on = match values.text("kafka.security") {
        "tls" => true,
        "plaintext" => false,
        _ => return Err(values.wrong("kafka.security", "tls or plaintext")),
    };
    let files = ["kafka.ca", "kafka.certificate", "kafka.key"];
    if !is_on {
        let named = files.into_iter().find(|key| !values.text(key).is_empty());
        let wrong = |key| Err(values.wrong(key, "empty where kafka.security is plaintext"));
        return named.map_or(Ok(None), wrong);
    }
    let identity = match (path("kafka.certificate"), path("kafka.key")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => return Err(values.wrong("kafka.key", "the certificate's key")),
        (None, Some(_)) => {
            return Err(values.wrong("kafka.certificate", "the certificate of kafka.key"));
        }
    };
    Ok(Some(Tls { ca: path("kafka.ca"), identity }))
}

fn login(values: &Values<'_>) -> Result<Option<Login>, ConfigError> {
    let mechanism = match values.text("kafka.sasl") {
        "scram-sha-256" => Scram::Sha256,
        "scram-sha-512" => Scram::Sha512,
        "none" => {
            let named = ["kafka.user", "kafka.password_file"];
            let named = named.into_iter().find(|key| !values.text(key).is_empty());
            let wrong = |key| Err(values.wrong(key, "empty where kafka.sasl is none"));
            return named.map_or(Ok(None), wrong);
        }
        _ => return Err(values.wrong("kafka.sasl", "none, scram-sha-256 or scram-sha-512")),
    };
    Ok(Some(Login {
        mechanism,
        user: values.filled("kafka.user")?.to_owned(),
        password_file: values.filled("kafka.password_file")?.into(),
    }))
}
