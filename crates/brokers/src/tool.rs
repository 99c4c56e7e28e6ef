//! Kafka's own command-line tools: readers and writers that share no code with the hub.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

use crate::Installation;

/// One record as Kafka's console consumer shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The partition's number.
    pub partition: u32,
    /// The offset.
    pub offset: u64,
    /// Name and value, each as text.
    pub headers: Vec<(String, String)>,
    /// The key as text, `null` without one.
    pub key: String,
    /// The value as text, `null` for a tombstone.
    pub value: String,
}

impl Line {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, '\t').skip(1);
        let partition = parts.next()?.strip_prefix("Partition:")?.parse().ok()?;
        let offset = parts.next()?.strip_prefix("Offset:")?.parse().ok()?;
        let headers = parts.next()?.split(',').filter_map(|header| header.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (key, value) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { partition, offset, headers, key, value })
    }

    /// Returns a header's text; empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }
}

/// Kafka's tools for one cluster.
#[derive(Debug, Clone)]
pub struct Tool {
    installation: Installation,
    bootstrap: String,
}

impl Tool {
    pub(crate) fn new(installation: Installation, bootstrap: String) -> Self {
        Self { installation, bootstrap }
    }

    /// Reads a topic from its beginning with Kafka's console consumer and returns its lines: for
    /// each record `<timestamp>\t<partition>\t<offset>\t<headers>\t<key>\t<value>`.
    ///
    /// # Errors
    /// If the tool cannot be run or fails.
    pub fn consume(&self, topic: &str, records: usize) -> io::Result<Vec<String>> {
        let shown = ["timestamp", "partition", "offset", "headers", "key"];
        let mut command = self.command("org.apache.kafka.tools.consumer.ConsoleConsumer");
        command.args(["--topic", topic, "--from-beginning", "--timeout-ms", "20000"]);
        command.args(["--max-messages", &records.to_string()]);
        for what in shown {
            command.args(["--property", &format!("print.{what}=true")]);
        }
        run(&mut command)
    }

    /// Reads all of a topic as it is now.
    ///
    /// # Errors
    /// If the tool cannot be run, or says what nobody understands.
    pub fn all(&self, topic: &str) -> io::Result<Vec<Line>> {
        let shown = ["timestamp", "partition", "offset", "headers", "key"];
        let mut command = self.command("org.apache.kafka.tools.consumer.ConsoleConsumer");
        // It ends once nothing has come for so long, which it calls an error.
        command.args(["--topic", topic, "--from-beginning", "--timeout-ms", "5000"]);
        for what in shown {
            command.args(["--property", &format!("print.{what}=true")]);
        }
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let read = |line: &str| Line::read(line).ok_or_else(|| io::Error::other(line.to_owned()));
        text.lines().filter(|line| !line.is_empty()).map(read).collect()
    }

    /// Returns what Kafka's configuration tool says of a topic's own settings.
    ///
    /// # Errors
    /// If the tool cannot be run or fails.
    pub fn settings(&self, topic: &str) -> io::Result<Vec<String>> {
        let mut command = self.command("kafka.admin.ConfigCommand");
        command.args(["--describe", "--entity-type", "topics", "--entity-name", topic]);
        run(&mut command)
    }

    /// Changes one of a topic's own settings, `name=value`, as an operator would.
    ///
    /// # Errors
    /// If the tool cannot be run or fails.
    pub fn set(&self, topic: &str, setting: &str) -> io::Result<()> {
        let mut command = self.command("kafka.admin.ConfigCommand");
        command.args(["--alter", "--entity-type", "topics", "--entity-name", topic]);
        command.args(["--add-config", setting]);
        run(&mut command).map(drop)
    }

    /// Deletes the records of a topic's partition 0 before an offset, as retention would.
    ///
    /// # Errors
    /// If the tool cannot be run or fails.
    pub fn delete_before(&self, topic: &str, offset: u64) -> io::Result<()> {
        let wanted = tempfile::NamedTempFile::new()?;
        let json = format!(
            r#"{{"partitions":[{{"topic":"{topic}","partition":0,"offset":{offset}}}],"version":1}}"#
        );
        std::fs::write(wanted.path(), json)?;
        let mut command = self.command("org.apache.kafka.tools.DeleteRecordsCommand");
        command.arg("--offset-json-file").arg(wanted.path());
        run(&mut command).map(drop)
    }

    /// Returns the number of the broker that leads a topic's partition 0.
    ///
    /// # Errors
    /// If the tool cannot be run or fails, or nobody leads it.
    pub fn leader(&self, topic: &str) -> io::Result<u32> {
        let mut command = self.command("org.apache.kafka.tools.TopicCommand");
        command.args(["--describe", "--topic", topic]);
        let said = run(&mut command)?;
        let first = said.iter().find(|line| line.contains("Partition: 0"));
        let after = first.and_then(|line| line.split_once("Leader: ")).map(|(_, rest)| rest);
        let number = after.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other(said.join("\n")))
    }

    /// Has a topic's partition 0 led by the first of these brokers, which are all that keep it, as
    /// an operator would who balances a cluster. Everybody stays up.
    ///
    /// # Errors
    /// If a tool cannot be run or fails.
    pub fn lead(&self, topic: &str, brokers: &[u32]) -> io::Result<()> {
        let wanted = tempfile::NamedTempFile::new()?;
        let json = format!(
            r#"{{"partitions":[{{"topic":"{topic}","partition":0,"replicas":{brokers:?}}}],"version":1}}"#
        );
        std::fs::write(wanted.path(), json)?;
        let reassign = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
        let mut order = self.command(reassign);
        order.arg("--execute").arg("--reassignment-json-file").arg(wanted.path());
        run(&mut order)?;
        let mut elect = self.command("org.apache.kafka.tools.LeaderElectionCommand");
        elect.args(["--election-type", "preferred", "--topic", topic, "--partition", "0"]);
        run(&mut elect).map(drop)
    }

    /// Runs a shell script that calls `kafka-acls.sh` and finds the brokers by the variable
    /// `BOOTSTRAP`, with these further variables; returns what it said.
    ///
    /// # Errors
    /// If the script cannot be run or fails.
    pub fn acls(&self, script: &Path, variables: &[(&str, &str)]) -> io::Result<Vec<String>> {
        let java = self.installation.java(128, "org.apache.kafka.tools.AclCommand");
        let words = java.get_args().map(|word| format!("'{}' ", word.to_string_lossy()));
        // As the programs of Kafka's own `bin` are: a script of that name on the path.
        let bin = tempfile::tempdir()?;
        let program = bin.path().join("kafka-acls.sh");
        std::fs::write(&program, format!("exec java {}\"$@\"\n", words.collect::<String>()))?;
        let mut command = Command::new("sh");
        command.arg(script).env("BOOTSTRAP", &self.bootstrap).stdin(Stdio::null());
        command.env("KAFKA_ACLS", format!("sh {}", program.display()));
        command.envs(variables.iter().copied());
        run(&mut command)
    }

    /// Asks one broker's agent how much of a topic it has sent to readers; 0 if nothing yet.
    pub(crate) fn bytes_out(&self, port: u16, topic: &str) -> io::Result<u64> {
        let mut command = self.installation.java(128, "org.apache.kafka.tools.JmxTool");
        command.stdin(Stdio::null()).args(["--one-time", "--attributes", "Count"]);
        command.args(["--report-format", "properties", "--jmx-url"]);
        command.arg(format!("service:jmx:rmi:///jndi/rmi://127.0.0.1:{port}/jmxrmi"));
        let name = "kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec";
        command.args(["--object-name", &format!("{name},topic={topic}")]);
        let lines = match run(&mut command) {
            // A topic that nobody has read is not counted yet.
            Err(error) if error.to_string().contains("No matched attributes") => Vec::new(),
            said => said?,
        };
        let count = lines.iter().filter(|line| line.starts_with("kafka.server"));
        Ok(count.filter_map(|line| line.rsplit_once('=')?.1.trim().parse::<u64>().ok()).sum())
    }

    fn command(&self, class: &str) -> Command {
        let mut command = self.installation.java(128, class);
        command.args(["--bootstrap-server", &self.bootstrap]).stdin(Stdio::null());
        command
    }
}

fn run(command: &mut Command) -> io::Result<Vec<String>> {
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(said));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
