//! Every key, with its default. `config/ndxp.toml` says the same with words; a test compares them.

/// A key of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its name, with its section: `log.min_free`.
    pub(crate) name: &'static str,
    /// Its value where nothing else is said.
    pub(crate) default: &'static str,
}

/// All keys, in the order of the file.
pub(crate) const KEYS: &[Key] = &[
    Key { name: "node", default: "n1" },
    Key { name: "data", default: "ndxp-data" },
    Key { name: "grpc.listen", default: "127.0.0.1:7443" },
    Key { name: "http.listen", default: "127.0.0.1:7480" },
    Key { name: "nodes.listen", default: "" },
    Key { name: "nodes.advertise", default: "" },
    Key { name: "nodes.chain", default: "" },
    Key { name: "nodes.key", default: "" },
    Key { name: "nodes.ca", default: "" },
    Key { name: "tls.chain", default: "" },
    Key { name: "tls.key", default: "" },
    Key { name: "tls.client_ca", default: "" },
    Key { name: "tls.crl", default: "" },
    Key { name: "log.engine", default: "embedded" },
    Key { name: "log.min_free", default: "256MiB" },
    Key { name: "schema.profile", default: "vn" },
    Key { name: "kafka.brokers", default: "" },
    Key { name: "kafka.prefix", default: "" },
    Key { name: "kafka.replication", default: "3" },
    Key { name: "kafka.min_in_sync", default: "2" },
    Key { name: "kafka.compression", default: "lz4" },
    Key { name: "kafka.append_timeout_s", default: "20" },
    Key { name: "kafka.security", default: "tls" },
    Key { name: "kafka.ca", default: "" },
    Key { name: "kafka.certificate", default: "" },
    Key { name: "kafka.key", default: "" },
    Key { name: "kafka.sasl", default: "none" },
    Key { name: "kafka.user", default: "" },
    Key { name: "kafka.password_file", default: "" },
    Key { name: "telemetry.format", default: "text" },
    Key { name: "telemetry.level", default: "info" },
];

impl Key {
    /// Returns the environment variable that overrides it.
    pub(crate) fn variable(&self) -> String {
        format!("NDXP_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}

/// Finds a key by its name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Returns the sections: what stands before the dots.
pub(crate) fn sections() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    KEYS.iter().filter_map(|key| key.name.split_once('.')).filter_map(move |(section, _)| {
        let is_new = section != last;
        last = section;
        is_new.then_some(section)
    })
}
