//! The Kafka engine. The hub's directory has its lock: two hubs with one key and one name would
//! take each other's turns. (Nothing keeps a hub of another directory from the same topics yet.)

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
    sync::Arc,
};

use ndxp_log::{
    Log,
    kafka::{self, Config, Kafka, Secret, Security, Timeouts},
};

use super::OpenFailed;
use crate::{
    config::{Compression, KafkaConfig, Login, Scram, Tls},
    node::HubDirectory,
};

/// The open engine.
#[derive(Debug)]
pub(crate) struct Opened {
    log: Arc<Kafka>,
    lock: File,
}

impl Opened {
    pub(super) async fn new(data: &HubDirectory, with: &KafkaConfig) -> Result<Self, OpenFailed> {
        let settings = settings(with)?;
        // Brokers that do not answer must not leave what looks like a hub.
        let log = Kafka::open(settings).await?;
        let lock = lock(data)?;
        Ok(Self { log: Arc::new(log), lock })
    }

    pub(super) fn log(&self) -> Arc<dyn Log> {
        Arc::<Kafka>::clone(&self.log)
    }

    pub(super) async fn close(self) {
        self.log.close().await;
        // A child process may have inherited the file, and the lock with it.
        let _ = self.lock.unlock();
    }
}

/// Takes the lock, which goes with the file, also when the process is killed.
fn lock(data: &HubDirectory) -> Result<File, OpenFailed> {
    let place = data.kafka();
    let lock = place.join("lock");
    let made = fs::create_dir_all(&place)
        .and_then(|()| File::options().create(true).truncate(false).write(true).open(&lock));
    let file = made.map_err(|source| file(&lock, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenFailed::InUse { data: data.path().to_owned() }),
        Err(TryLockError::Error(source)) => Err(self::file(&lock, source)),
    }
}

fn file(path: &Path, source: io::Error) -> OpenFailed {
    OpenFailed::File { path: path.to_owned(), source }
}

fn settings(with: &KafkaConfig) -> Result<Config, OpenFailed> {
    let config = Config::new(&with.brokers);
    Ok(Config {
        security: security(with)?,
        prefix: with.prefix.clone(),
        replication: with.replication,
        min_in_sync: with.min_in_sync,
        compression: match with.compression {
            Compression::None => kafka::Compression::None,
            Compression::Lz4 => kafka::Compression::Lz4,
            Compression::Zstd => kafka::Compression::Zstd,
        },
        timeouts: Timeouts { append: with.append_timeout, ..config.timeouts },
        ..config
    })
}

fn security(with: &KafkaConfig) -> Result<Security, OpenFailed> {
    let tls = with.tls.clone().map(|Tls { ca, identity }| kafka::Tls { ca, identity });
    let Some(Login { mechanism, user, password_file }) = &with.login else {
        return Ok(tls.map_or(Security::Plaintext, Security::Tls));
    };
    let password = fs::read_to_string(password_file).map_err(|e| file(password_file, e))?;
    Ok(Security::Scram {
        mechanism: match mechanism {
            Scram::Sha256 => kafka::Scram::Sha256,
            Scram::Sha512 => kafka::Scram::Sha512,
        },
        user: user.clone(),
        password: Secret::new(password.trim_end_matches(['\r', '\n'])),
        tls,
    })
}
