//! The real binary as a child, and how it is reached and killed.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::JoinHandle,
};

use ndxp_client::{Client, Identity};

/// A hub's directory.
#[derive(Debug)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// Runs `init` and makes the authority.
    pub(crate) fn create(dir: &Path) -> Self {
        let home = Self(dir.join("hub"));
        let domain = ["--trust-domain", "crash.ndxp.example"];
        let names = ["--authority-name-vi", "Trung tâm", "--authority-name-en", "Hub"];
        let officers = ["--officer", "officer-1", "--officer", "officer-2"];
        let init = ["init", "--authority", "hub"];
        home.run(&[&init[..], &domain, &names, &officers].concat());
        home.run(&[&["pki", "init"][..], &domain].concat());
        home.run(&["pki", "server"]);
        for officer in ["officer-1", "officer-2"] {
            home.run(&["pki", "officer", &format!("hub/officer/{officer}")]);
        }
        for agency in ["tax", "statistics"] {
            home.run(&["pki", "system", &format!("{agency}/portal")]);
            for officer in ["steward-1", "approver-1"] {
                home.run(&["pki", "officer", &format!("{agency}/officer/{officer}")]);
            }
        }
        home
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    fn run(&self, args: &[&str]) {
        let output = ndxp().args(args).arg("--data").arg(&self.0).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Returns a client on a connection of its own.
    pub(crate) fn client(&self, hub: &Hub, principal: &str) -> Client {
        let parts: Vec<_> = principal.split('/').collect();
        let [_, agency, kind, id] = parts[..] else { panic!("{principal} is no principal") };
        let pki = self.0.join("pki");
        let files = pki.join("agencies").join(agency).join(format!("{kind}s")).join(id);
        let identity = Identity::load_with_ca(&files, &pki.join("ca.pem"), &hub.endpoint).unwrap();
        Client::lazy(&identity).unwrap()
    }
}

/// A running hub.
#[derive(Debug)]
pub(crate) struct Hub {
    child: Child,
    endpoint: String,
    /// Reads on, so that the hub never waits for its own words.
    words: Option<JoinHandle<String>>,
}

impl Hub {
    /// Starts it and waits until it serves.
    pub(crate) fn start(home: &Home) -> Self {
        let mut child = ndxp()
            .args(["serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .args(["--set", "telemetry.level=warn", "--data"])
            .arg(home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut before = String::new();
        let endpoint = loop {
            let mut line = String::new();
            let read = lines.read_line(&mut line).unwrap();
            assert!(read > 0, "the hub did not start:\n{before}");
            if let Some((address, _)) =
                line.strip_prefix("ready: gRPC on ").and_then(|rest| rest.split_once(','))
            {
                break format!("https://{address}");
            }
            before += &line;
        };
        let words = std::thread::spawn(move || {
            let _ = lines.read_to_string(&mut before);
            before
        });
        Self { child, endpoint, words: Some(words) }
    }

    /// `kill -9`; returns what the hub has said.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.words()
    }

    /// SIGTERM, and an orderly end.
    pub(crate) fn stop(mut self) {
        // The shell's own: a small system has no other.
        let kill = format!("kill {}", self.child.id());
        let killed = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(killed.success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.words());
    }

    fn words(&mut self) -> String {
        self.words.take().map(|words| words.join().unwrap()).unwrap_or_default()
    }
}

impl Drop for Hub {
    /// A test that failed leaves no process behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary, without the environment's own settings.
fn ndxp() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndxp"));
    for (name, _) in std::env::vars_os()
        .filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("NDXP_")))
    {
        command.env_remove(name);
    }
    command
}
