//! What the log of a hub stands on that this program starts for a while: files in the hub's
//! directory, or Kafka's brokers that it starts as well.

use anyhow::Result;
use clap::ValueEnum;

use crate::config::{LogConfig, Sources, resolve};

/// The log's engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineKind {
    // Files in the hub's directory. (No doc comments: the help of a command stays one line a flag.)
    #[default]
    Embedded,
    // Brokers that this program starts, for as long as it runs.
    Kafka,
}

/// What brokers are started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A load test: they are set up as brokers in use are, and the terminal's Ctrl-C ends them too.
    Measured,
    /// A demonstration: they start quickly, and Ctrl-C reaches this program alone, which ends them
    /// after what stands on them.
    Shown,
}

/// The engine, with the brokers if it has any. They end, and their files go, when it is dropped:
/// after the hubs that stand on them.
#[derive(Debug)]
pub(crate) struct Backing {
    settings: Vec<(String, String)>,
    #[cfg(feature = "kafka")]
    brokers: Option<brokers::Brokers>,
}

impl Backing {
    /// Starts what the engine needs: for Kafka so many brokers, which takes seconds.
    ///
    /// # Errors
    /// Where there is no Java, no jars, or no Kafka in this program, that is what it says.
    pub(crate) async fn start(kind: EngineKind, count: u32, wanted: Wanted) -> Result<Self> {
        match kind {
            EngineKind::Embedded => Ok(Self::embedded()),
            EngineKind::Kafka => Self::kafka(count, wanted).await,
        }
    }

    /// Needs nothing but the hub's directory.
    pub(crate) fn embedded() -> Self {
        Self {
            settings: Vec::new(),
            #[cfg(feature = "kafka")]
            brokers: None,
        }
    }

    #[cfg(feature = "kafka")]
    async fn kafka(count: u32, wanted: Wanted) -> Result<Self> {
        let brokers = brokers::Brokers::start(count, wanted).await?;
        Ok(Self { settings: brokers.settings(), brokers: Some(brokers) })
    }

    #[cfg(not(feature = "kafka"))]
    async fn kafka(_count: u32, _wanted: Wanted) -> Result<Self> {
        anyhow::bail!(
            "this ndxp was built without kafka: make build FEATURES=kafka, or make demo ENGINE=kafka"
        )
    }

    /// Returns keys of the configuration with their values: what `--set` says to a hub on it.
    pub(crate) fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    /// Returns how a hub on it opens its log.
    pub(crate) fn log(&self) -> Result<LogConfig> {
        let set = self.settings.clone();
        Ok(resolve(&Sources { set, ..Sources::default() })?.config.log)
    }

    /// Returns the seconds of processor time that brokers have used.
    pub(crate) fn cpu(&self) -> f64 {
        #[cfg(feature = "kafka")]
        return self.brokers.as_ref().map_or(0.0, |brokers| brokers.cpu());
        #[cfg(not(feature = "kafka"))]
        0.0
    }

    /// Returns the brokers, if there are any.
    #[cfg(feature = "kafka")]
    pub(crate) fn brokers(&self) -> Option<&brokers::Brokers> {
        self.brokers.as_ref()
    }

    /// Tells what was started for it.
    pub(crate) fn described(&self) -> Option<String> {
        #[cfg(feature = "kafka")]
        return self.brokers.as_ref().map(brokers::Brokers::described);
        #[cfg(not(feature = "kafka"))]
        None
    }

    /// Whether a log on it outlives this program.
    pub(crate) fn is_kept(&self) -> bool {
        self.settings.is_empty()
    }

    /// Ends what was started.
    pub(crate) async fn stop(self) -> Result<()> {
        #[cfg(feature = "kafka")]
        if let Some(brokers) = self.brokers {
            brokers.stop().await?;
        }
        Ok(())
    }
}

#[cfg(feature = "kafka")]
pub(crate) mod brokers {
    use std::{
        fs,
        sync::Arc,
        time::{Duration, Instant},
    };

    use anyhow::{Context, Result};
    use ndxp_brokers::{Cluster, Installation, Options};
    use ndxp_log::kafka::{Baseline, Config};

    use super::Wanted;
    use crate::node::cpu;

    /// Brokers of this program's own.
    #[derive(Debug)]
    pub(crate) struct Brokers {
        cluster: Arc<Cluster>,
        count: u32,
        took: Duration,
    }

    impl Brokers {
        pub(super) async fn start(count: u32, wanted: Wanted) -> Result<Self> {
            let since = Instant::now();
            let installation = Installation::find()
                .context("the engine kafka starts brokers, for which something is missing")?;
            let options = Options {
                brokers: count,
                heap_mib: 1024,
                counters: true,
                is_measured: wanted == Wanted::Measured,
                apart: wanted == Wanted::Shown,
                ..Options::default()
            };
            let starting =
                tokio::task::spawn_blocking(move || Cluster::start(&installation, &options));
            let cluster = starting.await?.context("the brokers do not start")?;
            Ok(Self { cluster: Arc::new(cluster), count, took: since.elapsed() })
        }

        pub(super) fn settings(&self) -> Vec<(String, String)> {
            let copies = self.count.min(3);
            let settings = [
                ("log.engine", "kafka".to_owned()),
                ("kafka.brokers", self.cluster.bootstrap()),
                ("kafka.replication", copies.to_string()),
                ("kafka.min_in_sync", copies.min(2).to_string()),
                ("kafka.security", "plaintext".to_owned()),
            ];
            settings.map(|(key, value)| (key.to_owned(), value)).into()
        }

        /// Returns a producer of librdkafka's own for a topic, without a hub.
        pub(crate) async fn bare(&self, topic: &str, partitions: u32) -> Result<Baseline> {
            let (replication, min_in_sync) = (self.count.min(3), self.count.min(2));
            let config = Config::new(self.cluster.bootstrap());
            let config = Config { replication, min_in_sync, ..config };
            Ok(Baseline::create(config, topic, partitions).await?)
        }

        /// Returns the bytes of a topic that they have sent to readers. Takes a second.
        pub(crate) async fn bytes_out(&self, topic: &str) -> Result<u64> {
            let (cluster, topic) = (Arc::clone(&self.cluster), topic.to_owned());
            Ok(tokio::task::spawn_blocking(move || cluster.bytes_out(&topic)).await??)
        }

        pub(super) fn cpu(&self) -> f64 {
            let of = |id| cpu(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?);
            self.cluster.processes().into_iter().filter_map(of).sum()
        }

        pub(super) fn described(&self) -> String {
            let (count, seconds) = (self.count, self.took.as_secs_f64());
            let brokers = if count == 1 { "Kafka broker" } else { "Kafka brokers" };
            let at = self.cluster.bootstrap();
            format!("{count} {brokers}, started for this, at {at}: {seconds:.1} s.")
        }

        pub(super) async fn stop(self) -> Result<()> {
            Ok(tokio::task::spawn_blocking(move || drop(self)).await?)
        }
    }
}
