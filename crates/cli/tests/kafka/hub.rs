//! A hub in a process of its own, with the demonstration nation, on a broker.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::UNITS;

/// A running hub.
pub(crate) struct Hub {
    dir: TempDir,
    broker: String,
    child: Child,
    /// Where health is served.
    http: String,
}

/// Prepares the binary, without the environment's own settings, and writes `hub.toml` for it.
pub(crate) fn ndxp(dir: &Path, broker: &str) -> Command {
    let copies = broker.split(',').count();
    let least = copies.div_ceil(2);
    let config = format!(
        "[log]\nengine = \"kafka\"\n[kafka]\nbrokers = \"{broker}\"\nsecurity = \"plaintext\"\n\
         replication = {copies}\nmin_in_sync = {least}\nappend_timeout_s = 5\n"
    );
    std::fs::write(dir.join("hub.toml"), config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndxp"));
    let ours = |name: &std::ffi::OsString| name.to_string_lossy().starts_with("NDXP_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command
}

/// Starts it and returns where health is served.
fn serve(dir: &Path, broker: &str) -> (Child, String) {
    let mut command = ndxp(dir, broker);
    command.args(["dev", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data"]).arg(dir);
    command.arg("--config").arg(dir.join("hub.toml"));
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut read = BufReader::new(child.stdout.as_mut().unwrap());
    while !said.contains("The hub is ready") {
        assert!(read.read_line(&mut said).unwrap() > 0, "it did not start: {said}");
    }
    let http = said.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    (child, http)
}

impl Hub {
    /// Starts it and waits until the nation is in it.
    pub(crate) fn start(broker: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (child, http) = serve(dir.path(), broker);
        Self { dir, broker: broker.to_owned(), child, http }
    }

    /// Kills it and starts it again.
    pub(crate) fn restart(mut self) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.child, self.http) = serve(self.dir.path(), &self.broker);
        self
    }

    /// Asks for `/readyz`, and returns status and body.
    pub(crate) fn ready(&self) -> (u16, String) {
        let mut socket = TcpStream::connect(&self.http).unwrap();
        socket.write_all(b"GET /readyz HTTP/1.0\r\nhost: hub\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = ndxp(self.dir.path(), &self.broker);
        command.args(args).env("NDXP_DATA", self.dir.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Publishes one unit of this name; a repetition has the same record id.
    pub(crate) fn publish(&self, name: &str) -> Output {
        self.publishing(name).wait_with_output().unwrap()
    }

    /// Begins to publish.
    pub(crate) fn publishing(&self, name: &str) -> Child {
        let mut child = self.command(&["publish", UNITS, "-", "--as", UNITS]).spawn().unwrap();
        let record = format!(
            "{{\"code\":\"00070\",\"name\":\"{name}\",\"kind\":\"ward\",\"level\":2,\"parent_code\":\"01\"}}\n"
        );
        child.stdin.take().unwrap().write_all(record.as_bytes()).unwrap();
        child
    }

    /// Starts a consumer that stays, also when its stream is interrupted.
    pub(crate) fn subscribe(&self) -> Child {
        let args = ["subscribe", "evn/units", "--dataset", UNITS, "--as", "evn/customers"];
        let mut command =
            self.command(&[&args[..], &["--purpose", "reference-data", "--follow"]].concat());
        command.stderr(Stdio::inherit()).spawn().unwrap()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Already gone where the test has ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
