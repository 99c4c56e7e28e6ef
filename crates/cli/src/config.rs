//! The hub's configuration: flags, environment and one TOML file become a typed [`Config`].
//!
//! [`resolve`] is a pure function of texts; [`load`] is the shell that reads them. Each key is
//! declared once, in [`keys`], with its place in [`Config`].

mod document;
mod error;
#[cfg(feature = "kafka")]
mod kafka;
mod keys;
mod layers;
mod nearest;
#[cfg(test)]
mod tests;
mod value;

use std::{
    collections::BTreeMap,
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use tracing::level_filters::LevelFilter;

pub(crate) use error::{ConfigError, Place};
#[cfg(feature = "kafka")]
pub(crate) use kafka::{Compression, KafkaConfig, Login, Scram, Tls};
pub(crate) use keys::Key;
pub(crate) use layers::Resolved;
pub(crate) use value::{ByteSize, LogFormat};

use layers::Layers;
use value::Values;

/// What a hub runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// The node's name.
    pub(crate) node: String,
    /// The hub's directory.
    pub(crate) data: PathBuf,
    /// Where gRPC is served.
    pub(crate) grpc: SocketAddr,
    /// Where health and metrics are served.
    pub(crate) http: SocketAddr,
    pub(crate) nodes: Option<NodesConfig>,
    pub(crate) tls: TlsPaths,
    pub(crate) log: LogConfig,
    /// The national profile: the name of one that is built in, or its file.
    pub(crate) profile: String,
    pub(crate) telemetry: Telemetry,
}

/// How the node meets the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodesConfig {
    pub(crate) listen: SocketAddr,
    /// Empty: what it listens on.
    pub(crate) advertise: String,
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) ca: PathBuf,
}

/// Where the TLS files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsPaths {
    pub(crate) chain: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) client_ca: PathBuf,
    pub(crate) crl: Crl,
}

/// Whether there is a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Crl {
    /// The configuration names it: it must be there.
    Named(PathBuf),
    /// Beside the development authority: it may be there.
    Beside(PathBuf),
}

/// The log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogConfig {
    pub(crate) engine: EngineConfig,
    /// Of the embedded engine's disk.
    pub(crate) min_free: ByteSize,
}

/// The log's engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EngineConfig {
    /// Files in the hub's directory.
    Embedded,
    /// Kafka's brokers.
    #[cfg(feature = "kafka")]
    Kafka(Box<KafkaConfig>),
}

/// The hub's own log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Telemetry {
    pub(crate) format: LogFormat,
    pub(crate) level: LevelFilter,
}

/// Where a configuration comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// The file's name, for messages, and its text.
    pub(crate) file: Option<(String, String)>,
    /// The environment.
    pub(crate) env: BTreeMap<String, String>,
    /// What the flags say: the key, its value, and how the flag is written.
    pub(crate) flags: Vec<(&'static str, String, &'static str)>,
    /// What `--set KEY=VALUE` says.
    pub(crate) set: Vec<(String, String)>,
}

/// Puts the sources over each other and types every value.
///
/// # Errors
/// [`ConfigError`] names the first thing that is wrong, and where it stands.
pub(crate) fn resolve(sources: &Sources) -> Result<Resolved, ConfigError> {
    let mut layers = Layers::defaults();
    if let Some((name, text)) = &sources.file {
        layers.add_file(name, text)?;
    }
    layers.add_env(&sources.env)?;
    for (key, value, flag) in &sources.flags {
        layers.put(key, value.clone(), Place::Flag((*flag).to_owned()))?;
    }
    for (key, value) in &sources.set {
        layers.put(key, value.clone(), Place::Flag("--set".to_owned()))?;
    }
    layers.finish(typed)
}

/// Reads the file and this process' environment, then resolves.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn load(file: Option<&Path>, mut sources: Sources) -> Result<Resolved, ConfigError> {
    if let Some(path) = file {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        sources.file = Some((path.display().to_string(), text));
    }
    let text = |(key, value): (_, std::ffi::OsString)| {
        let key: std::ffi::OsString = key;
        Some((key.into_string().ok()?, value.into_string().ok()?))
    };
    sources.env = env::vars_os().filter_map(text).collect();
    resolve(&sources)
}

fn typed(values: &Values<'_>) -> Result<Config, ConfigError> {
    let data = PathBuf::from(values.filled("data")?);
    let pki = data.join("pki");
    let path = |key, default: &str| match values.text(key) {
        "" => pki.join(default),
        named => PathBuf::from(named),
    };
    let crl = match values.text("tls.crl") {
        "" => Crl::Beside(pki.join("crl.pem")),
        named => Crl::Named(PathBuf::from(named)),
    };
    Ok(Config {
        node: values.node("node")?,
        grpc: values.parsed("grpc.listen", "an address and a port, for example 127.0.0.1:7443")?,
        http: values.parsed("http.listen", "an address and a port, for example 127.0.0.1:7480")?,
        nodes: match values.text("nodes.listen") {
            "" => None,
            _ => Some(NodesConfig {
                listen: values
                    .parsed("nodes.listen", "an address and a port, for example 10.0.0.1:7444")?,
                advertise: values.text("nodes.advertise").to_owned(),
                chain: path("nodes.chain", "nodes/cert.pem"),
                key: path("nodes.key", "nodes/key.pem"),
                ca: path("nodes.ca", "nodes/ca.pem"),
            }),
        },
        tls: TlsPaths {
            chain: path("tls.chain", "server/cert.pem"),
            key: path("tls.key", "server/key.pem"),
            client_ca: path("tls.client_ca", "ca.pem"),
            crl,
        },
        log: LogConfig {
            engine: engine(values)?,
            min_free: values.parsed("log.min_free", "a size, for example 256MiB")?,
        },
        profile: values.filled("schema.profile")?.to_owned(),
        telemetry: Telemetry {
            format: values.parsed("telemetry.format", "text or json")?,
            level: values.level("telemetry.level")?,
        },
        data,
    })
}

fn engine(values: &Values<'_>) -> Result<EngineConfig, ConfigError> {
    match values.text("log.engine") {
        "embedded" => Ok(EngineConfig::Embedded),
        #[cfg(feature = "kafka")]
        "kafka" => Ok(EngineConfig::Kafka(Box::new(kafka::read(values)?))),
        #[cfg(not(feature = "kafka"))]
        "kafka" => Err(values.wrong("log.engine", "embedded: this ndxp was built without kafka")),
        _ => Err(values.wrong("log.engine", "embedded or kafka")),
    }
}
