//! A hub's directory and the process on it.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use crate::{ndxp, text};

/// Begins a hub in a directory.
pub(crate) fn init(data: &Path) -> Output {
    let mut command = ndxp();
    command.args(["init", "--trust-domain", "hub.example", "--authority", "hub"]);
    command.args(["--authority-name-vi", "Trung tâm", "--authority-name-en", "Hub"]);
    command.args(["--officer", "officer-1", "--officer", "officer-2"]);
    command.arg("--data").arg(data).output().unwrap()
}

/// Makes an authority, the server's certificate and one officer's.
pub(crate) fn certificates(data: &Path) {
    pki(data, &["init", "--trust-domain", "hub.example"]);
    pki(data, &["server"]);
    pki(data, &["officer", "hub/officer/officer-1"]);
}

pub(crate) fn pki(data: &Path, args: &[&str]) {
    let output = ndxp().arg("pki").args(args).arg("--data").arg(data).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
}

/// A running hub.
#[derive(Debug)]
pub(crate) struct Hub {
    child: Child,
    pub(crate) grpc: String,
    pub(crate) http: String,
    words: BufReader<std::process::ChildStderr>,
}

/// Prepares `ndxp serve` on free ports.
pub(crate) fn serve(data: &Path) -> Command {
    let mut command = ndxp();
    command.args(["serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
    command.args(["--set", "telemetry.format=json", "--data"]).arg(data);
    command
}

impl Hub {
    /// Starts it and waits until it says that it is ready.
    pub(crate) fn start(data: &Path) -> Self {
        let mut child = serve(data).stderr(Stdio::piped()).spawn().unwrap();
        let words = BufReader::new(child.stderr.take().unwrap());
        let mut hub = Self { child, grpc: String::new(), http: String::new(), words };
        let mut before = String::new();
        while hub.grpc.is_empty() {
            let mut line = String::new();
            assert!(hub.words.read_line(&mut line).unwrap() > 0, "it did not start: {before}");
            let ready = line.trim().strip_prefix("ready: gRPC on ");
            if let Some((grpc, rest)) = ready.and_then(|rest| rest.split_once(", ")) {
                hub.grpc = grpc.to_owned();
                hub.http = rest.rsplit("http://").next().unwrap().to_owned();
            }
            before += &line;
        }
        hub
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own kill: a small system has no other.
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until it says something; returns all that it said up to there.
    pub(crate) fn says(&mut self, wanted: &str) -> String {
        let mut said = String::new();
        while !said.contains(wanted) {
            assert!(self.words.read_line(&mut said).unwrap() > 0, "it has ended: {said}");
        }
        said
    }

    /// SIGTERM; returns the exit status and what it still said.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        let mut words = String::new();
        self.words.read_to_string(&mut words).unwrap();
        (status.code(), words)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Already gone where the test has ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
