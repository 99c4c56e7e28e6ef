//! Where Java and the jars are.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use thiserror::Error;

/// What keeps brokers from being started on this machine.
#[derive(Debug, Error)]
pub enum Missing {
    /// There is no Java.
    #[error("there is no java on the path")]
    Java,
    /// There are no jars.
    #[error("there are no jars in {}: run tools/kafka/fetch.sh", .0.display())]
    Jars(PathBuf),
}

/// Java and the jars of a broker.
#[derive(Debug, Clone)]
pub struct Installation {
    libs: PathBuf,
}

impl Installation {
    /// Finds the jars in the folder that `NDXP_BROKERS_LIBS` names, else in `tools/kafka/libs`.
    ///
    /// # Errors
    /// [`Missing`].
    pub fn find() -> Result<Self, Missing> {
        let java = Command::new("java")
            .arg("-version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !java.is_ok_and(|status| status.success()) {
            return Err(Missing::Java);
        }
        let libs = env::var_os("NDXP_BROKERS_LIBS").map_or_else(default_libs, PathBuf::from);
        if !libs.join("complete").exists() {
            return Err(Missing::Jars(libs));
        }
        Ok(Self { libs })
    }

    /// Makes the command that runs a class of the jars with at most this much heap. For a short
    /// life: it starts quickly, and never runs as fast as it could.
    pub(crate) fn java(&self, heap_mib: u32, class: &str) -> Command {
        self.run(heap_mib, &["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"], class)
    }

    /// The same with what Kafka's own start script gives to a broker.
    pub(crate) fn java_to_measure(&self, heap_mib: u32, class: &str) -> Command {
        let collector = "-XX:+UseG1GC";
        let pauses = "-XX:MaxGCPauseMillis=20";
        let begins = "-XX:InitiatingHeapOccupancyPercent=35";
        self.run(heap_mib, &["-server", collector, pauses, begins], class)
    }

    fn run(&self, heap_mib: u32, how: &[&str], class: &str) -> Command {
        let mut command = Command::new("java");
        command
            .arg(format!("-Xmx{heap_mib}m"))
            .args(how)
            .arg("-Xshare:auto")
            .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"])
            .args(["-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info"])
            .arg("-cp")
            .arg(self.libs.join("*"))
            .arg(class);
        command
    }
}

fn default_libs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/kafka/libs")
}
