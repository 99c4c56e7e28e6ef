//! One broker: its directory, its process, and killing it by its id.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use thiserror::Error;

use crate::{Installation, Options, Secure};

/// Far above what a start takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The same for every cluster: they never meet.
const CLUSTER_ID: &str = "bmR4cC1icm9rZXJzLXRlcw";

/// Why a broker did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A file or process could not be made.
    #[error("could not set a broker up")]
    Io(#[from] io::Error),
    /// Its directory could not be formatted.
    #[error("could not format the directory of broker {id}: {said}")]
    Format {
        /// The broker.
        id: u32,
        /// What the tool said.
        said: String,
    },
    /// It ended or did not serve in time.
    #[error("broker {id} does not serve ({why}); its last words: {said}")]
    NotServing {
        /// The broker.
        id: u32,
        /// What was waited for.
        why: &'static str,
        /// The end of its log.
        said: String,
    },
}

/// The ports of a broker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) client: u16,
    pub(crate) controller: u16,
    pub(crate) secure: u16,
    pub(crate) mutual: u16,
    pub(crate) counters: u16,
    /// Where the broker's third listener is reached.
    pub(crate) proxy: Option<u16>,
}

/// Where a broker lives.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) dir: PathBuf,
    pub(crate) id: u32,
    pub(crate) own: Ports,
}

/// One broker, which is controller as well.
#[derive(Debug)]
pub struct Broker {
    place: Place,
    installation: Installation,
    heap_mib: u32,
    has_counters: bool,
    is_measured: bool,
    is_apart: bool,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    // Only so that a broker can be shared between threads.
    serves: Mutex<mpsc::Receiver<()>>,
}

impl Broker {
    /// Writes its properties and formats its directory.
    pub(crate) fn prepare(
        installation: &Installation,
        options: &Options,
        place: Place,
        all: &[Ports],
    ) -> Result<Self, StartError> {
        fs::create_dir_all(&place.dir)?;
        let properties = place.dir.join("server.properties");
        let mut text = self::properties(&place, all);
        let mut format = installation.java(128, "kafka.tools.StorageTool");
        format.args(["format", "-t", CLUSTER_ID, "-c"]).arg(&properties);
        if let Some(secure) = &options.secure {
            text += &secured(&place, secure)?;
            let Secure { user, password, .. } = secure;
            for hash in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
                let user = format!("{hash}=[name={user},password={password}]");
                format.args(["--add-scram", &user]);
            }
        }
        if options.authorizes {
            text += AUTHORIZER;
        }
        if !options.is_measured {
            text += SMALL;
        }
        text += &proxied(&place);
        options.properties.iter().for_each(|line| text += &format!("{line}\n"));
        fs::write(&properties, text)?;
        let formatted = format.output()?;
        if !formatted.status.success() {
            let said = String::from_utf8_lossy(&formatted.stderr).into_owned();
            return Err(StartError::Format { id: place.id, said });
        }
        let installation = installation.clone();
        let Options { heap_mib, counters: has_counters, is_measured, apart: is_apart, .. } =
            *options;
        let running = None;
        Ok(Self { place, installation, heap_mib, has_counters, is_measured, is_apart, running })
    }

    pub(crate) fn launch(&mut self) -> Result<(), StartError> {
        let (installation, class) = (&self.installation, "kafka.Kafka");
        let mut java = match self.is_measured {
            true => installation.java_to_measure(self.heap_mib, class),
            false => installation.java(self.heap_mib, class),
        };
        if self.has_counters {
            java.env("JDK_JAVA_OPTIONS", agent(self.place.own.counters));
        }
        if self.is_apart {
            java.process_group(0);
        }
        let mut child = java
            .arg(self.place.dir.join("server.properties"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let (tell, serves) = mpsc::channel();
        if let Some(said) = child.stderr.take() {
            thread::spawn(move || listen(BufReader::new(said), log, &tell));
        }
        self.running = Some(Running { child, serves: Mutex::new(serves) });
        Ok(())
    }

    pub(crate) fn wait_until_it_serves(&mut self) -> Result<(), StartError> {
        let Some(running) = &self.running else { return Ok(()) };
        let serves = running.serves.lock().unwrap_or_else(PoisonError::into_inner);
        let why = match serves.recv_timeout(PATIENCE) {
            Ok(()) => return Ok(()),
            Err(RecvTimeoutError::Timeout) => "it took too long",
            Err(RecvTimeoutError::Disconnected) => "it ended",
        };
        let said = fs::read_to_string(self.log()).unwrap_or_default();
        let last: Vec<_> = said.lines().rev().take(20).collect();
        let said = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        Err(StartError::NotServing { id: self.place.id, why, said })
    }

    /// Starts it again after [`Broker::kill`], on the same ports and directory, and waits until it
    /// serves.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn restart(&mut self) -> Result<(), StartError> {
        self.launch()?;
        self.wait_until_it_serves()
    }

    /// Ends it with SIGKILL, as a machine that loses its power would. Nothing if it does not run.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            // An error means that it has ended already.
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }

    /// Stops its clock with SIGSTOP: connections stay open and nothing is answered.
    ///
    /// # Errors
    /// If the signal cannot be sent.
    pub fn pause(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Goes on after [`Broker::pause`].
    ///
    /// # Errors
    /// If the signal cannot be sent.
    pub fn resume(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let Some(running) = &self.running else { return Ok(()) };
        let id = running.child.id().to_string();
        Command::new("kill").args([signal, &id]).status()?;
        Ok(())
    }

    /// Returns the number of its process, if it runs.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
    }

    /// Returns the port on which Java's own agent serves what the broker counts.
    pub(crate) fn counters(&self) -> u16 {
        self.place.own.counters
    }

    /// Returns the address that it serves.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.place.own.client)
    }

    pub(crate) fn secure_address(&self) -> String {
        // By the name in the certificate.
        format!("localhost:{}", self.place.own.secure)
    }

    pub(crate) fn mutual_address(&self) -> String {
        format!("localhost:{}", self.place.own.mutual)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.place.dir.join("broker.log")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Copies what a broker says into its log, and tells once it says that it serves.
fn listen(said: impl BufRead, mut log: File, tell: &mpsc::Sender<()>) {
    for line in said.lines().map_while(Result::ok) {
        // A full disk must not end the broker by a closed pipe.
        let _ = writeln!(log, "{line}");
        if line.contains("Kafka Server started") {
            // Nobody waits any more: it was started long ago.
            let _ = tell.send(());
        }
    }
}

/// What starts Java's agent, on the loopback alone.
fn agent(port: u16) -> String {
    let name = "-Dcom.sun.management.jmxremote";
    format!(
        "{name} {name}.host=127.0.0.1 {name}.port={port} {name}.rmi.port={port} \
         {name}.authenticate=false {name}.ssl=false -Djava.rmi.server.hostname=127.0.0.1"
    )
}

fn properties(place: &Place, all: &[Ports]) -> String {
    let voters: Vec<_> = (1..)
        .zip(all)
        .map(|(id, ports): (u32, _)| format!("{id}@127.0.0.1:{}", ports.controller))
        .collect();
    let copies = all.len().min(3);
    let most = copies.div_ceil(2);
    let (id, Ports { client, controller, .. }) = (place.id, place.own);
    let dir = place.dir.join("data");
    format!(
        "process.roles=broker,controller\n\
         node.id={id}\n\
         controller.quorum.voters={}\n\
         listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{client}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n\
         log.dirs={}\n\
         num.network.threads=2\n\
         num.io.threads=4\n\
         auto.create.topics.enable=false\n\
         broker.session.timeout.ms=4000\n\
         broker.heartbeat.interval.ms=500\n\
         replica.lag.time.max.ms=5000\n\
         offsets.topic.num.partitions=1\n\
         offsets.topic.replication.factor={copies}\n\
         transaction.state.log.num.partitions=1\n\
         transaction.state.log.replication.factor={copies}\n\
         transaction.state.log.min.isr={most}\n\
         share.coordinator.state.topic.num.partitions=1\n\
         share.coordinator.state.topic.replication.factor={copies}\n\
         group.initial.rebalance.delay.ms=0\n",
        voters.join(","),
        dir.display(),
    )
}

/// The listener behind a proxy, in the place of the secure one.
fn proxied(place: &Place) -> String {
    let Ports { client, controller, secure, proxy: Some(proxy), .. } = place.own else {
        return String::new();
    };
    let open = format!("PLAINTEXT://127.0.0.1:{client}");
    format!(
        "listeners={open},PROXIED://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners={open},PROXIED://127.0.0.1:{proxy}\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT\n"
    )
}

/// Little memory and disk. A segment ends by its size and before its indices are full (an entry for
/// each 4 KiB, 4,096 of 5,460): what a killed broker indexes anew when it starts are more entries than
/// there were, and one too many ends it for good.
const SMALL: &str = "log.segment.bytes=16777216\n\
     log.index.size.max.bytes=65536\n\
     log.cleaner.dedupe.buffer.size=8388608\n";

/// Brokers and controllers talk in clear here, so nobody is somebody.
const AUTHORIZER: &str = "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
     super.users=User:ANONYMOUS\n";

/// The further listeners. Of a property that stands twice the last one holds.
fn secured(place: &Place, with: &Secure) -> io::Result<String> {
    let keystore = place.dir.join("keystore.pem");
    fs::write(&keystore, &with.keystore)?;
    let Ports { client, controller, secure, mutual, .. } = place.own;
    let (mut listeners, mut advertised, mut more) = (String::new(), String::new(), String::new());
    if let Some(client_ca) = &with.client_ca {
        let truststore = place.dir.join("truststore.pem");
        fs::write(&truststore, client_ca)?;
        listeners = format!(",SSL://127.0.0.1:{mutual}");
        advertised = format!(",SSL://localhost:{mutual}");
        more = format!(
            "listener.name.ssl.ssl.client.auth=required\n\
             listener.name.ssl.ssl.truststore.type=PEM\n\
             listener.name.ssl.ssl.truststore.location={}\n",
            truststore.display()
        );
    }
    let open = format!("PLAINTEXT://127.0.0.1:{client}");
    let login = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    Ok(format!(
        "listeners={open},SASL_SSL://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}{listeners}\n\
         advertised.listeners={open},SASL_SSL://localhost:{secure}{advertised}\n\
         listener.security.protocol.map=\
         CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL\n\
         sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512\n\
         listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={login}\n\
         listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login}\n\
         ssl.keystore.type=PEM\n\
         ssl.keystore.location={}\n\
         {more}",
        keystore.display(),
    ))
}
