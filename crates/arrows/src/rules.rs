//! The rules as tables: a row is what is forbidden or allowed, and why.

/// Crates with no clock, file, socket, environment, chance or runtime.
pub(crate) const PURE: &[&str] = &["model", "schema", "policy", "registry", "audit", "delivery"];

/// Crates that only tests and developers use.
pub(crate) const DEV_ONLY: &[&str] = &["testkit", "arrows", "join"];

/// What a crate of the workspace may depend on within it.
pub(crate) struct Edges {
    pub(crate) of: &'static str,
    pub(crate) may_know: &'static [&'static str],
    pub(crate) why: &'static str,
}

/// One row a crate; a crate without a row is a violation. Dev-dependencies are not meant here.
pub(crate) const EDGES: &[Edges] = &[
    Edges { of: "model", may_know: &[], why: "the words of the domain stand on nothing" },
    Edges {
        of: "schema",
        may_know: &["model"],
        why: "a verdict depends on schema and record alone",
    },
    Edges {
        of: "policy",
        may_know: &["model"],
        why: "a decision depends on agreements and request",
    },
    Edges {
        of: "registry",
        may_know: &["model", "schema", "policy"],
        why: "it decides on commands with the two verdicts, and stores nothing itself",
    },
    Edges { of: "audit", may_know: &["model"], why: "a verifier must run without the hub" },
    Edges {
        of: "delivery",
        may_know: &["model"],
        why: "the state machine returns actions, others act",
    },
    Edges { of: "proto", may_know: &["model"], why: "it converts between wire and model, no more" },
    Edges { of: "log", may_know: &["model"], why: "an engine stores bytes and knows no rule" },
    Edges { of: "pki", may_know: &["model"], why: "a development authority only names principals" },
    Edges { of: "identity", may_know: &["model"], why: "it tells who calls, not what they may do" },
    Edges {
        of: "seeds",
        may_know: &["model"],
        why: "it writes files that the hub reads as any other",
    },
    Edges {
        of: "hub",
        may_know: &[
            "model", "schema", "policy", "registry", "audit", "delivery", "proto", "log", "pki",
            "identity",
        ],
        why: "it joins the parts and is joined by the binary alone",
    },
    Edges {
        of: "client",
        may_know: &["model", "proto"],
        why: "an agency's program must not carry the hub and its engines",
    },
    Edges {
        of: "cli",
        may_know: &[
            "model", "schema", "policy", "registry", "audit", "delivery", "proto", "log", "pki",
            "identity", "hub", "client", "seeds", "brokers",
        ],
        why: "the binary joins all that ships; what is for development does not",
    },
    Edges {
        of: "testkit",
        may_know: &[
            "model", "schema", "policy", "registry", "audit", "delivery", "proto", "log", "pki",
            "identity", "hub", "client", "seeds",
        ],
        why: "fakes and fixtures of every crate but the binary",
    },
    Edges { of: "arrows", may_know: &[], why: "it must build while the crates it judges do not" },
    Edges {
        of: "brokers",
        may_know: &[],
        why: "what starts the brokers must not share an error with what talks to them",
    },
    Edges {
        of: "join",
        may_know: &[],
        why: "a judge that shares code with what it judges shares its errors",
    },
];

/// A third-party package that only some crates may name, in their normal or build dependencies.
pub(crate) struct Keeper {
    pub(crate) package: &'static str,
    pub(crate) only: &'static [&'static str],
    pub(crate) why: &'static str,
}

pub(crate) const KEEPERS: &[Keeper] = &[
    // `join` judges the engine's files from outside.
    Keeper { package: "fjall", only: &["log", "join"], why: "engines stay behind the trait `Log`" },
    Keeper { package: "rdkafka", only: &["log"], why: "engines stay behind the trait `Log`" },
    // librdkafka brings it for its own connections; nothing else may stand on it.
    Keeper { package: "openssl-sys", only: &[], why: "ring is the one provider: docs/adr/0002" },
    Keeper { package: "openssl", only: &[], why: "ring is the one provider: docs/adr/0002" },
    Keeper { package: "prost", only: &["proto"], why: "generated types stay behind `proto`" },
    Keeper { package: "prost-types", only: &["proto"], why: "generated types stay behind `proto`" },
    Keeper { package: "tonic-prost", only: &["proto"], why: "generated types stay behind `proto`" },
    Keeper { package: "tonic-prost-build", only: &["proto"], why: "one crate generates code" },
    Keeper { package: "protox", only: &["proto"], why: "one crate generates code" },
    Keeper { package: "jsonschema", only: &["schema"], why: "one crate gives the one verdict" },
    Keeper { package: "rcgen", only: &["pki"], why: "only the development authority issues" },
    Keeper {
        package: "anyhow",
        only: &["cli", "testkit", "seeds"],
        why: "a library's errors are typed, so that a caller can tell them apart",
    },
];

/// How far from a pure crate a package is forbidden.
#[derive(Clone, Copy)]
pub(crate) enum Reach {
    /// The crate's own manifest; others' use of it, for their hash maps say, is theirs.
    Named,
    /// Anything that ends up in a program with the crate.
    Linked,
}

/// A third-party package that no pure crate may have.
pub(crate) struct Impure {
    pub(crate) package: &'static str,
    pub(crate) reach: Reach,
    pub(crate) why: &'static str,
}

pub(crate) const IMPURE: &[Impure] = &[
    Impure { package: "tokio", reach: Reach::Linked, why: "async stops at the shell" },
    Impure { package: "tonic", reach: Reach::Linked, why: "the wire stops at the shell" },
    Impure { package: "hyper", reach: Reach::Linked, why: "no sockets" },
    Impure { package: "rustls", reach: Reach::Linked, why: "no sockets" },
    Impure { package: "rdkafka", reach: Reach::Linked, why: "storage stops at the shell" },
    Impure { package: "fjall", reach: Reach::Linked, why: "storage stops at the shell" },
    Impure { package: "ring", reach: Reach::Linked, why: "keys and native code stay in shells" },
    Impure { package: "getrandom", reach: Reach::Named, why: "chance comes in as an argument" },
    Impure { package: "rand", reach: Reach::Named, why: "chance comes in as an argument" },
];

/// A text that production code of a pure crate may not contain; `std::` items also when grouped.
pub(crate) struct Banned {
    pub(crate) text: &'static str,
    pub(crate) why: &'static str,
}

pub(crate) const BANNED: &[Banned] = &[
    Banned { text: "SystemTime::now", why: "time is an argument: a replay uses the record's" },
    Banned { text: "Instant::now", why: "time is an argument: a test moves it" },
    Banned { text: "Timestamp::now", why: "time is an argument: a replay uses the record's" },
    Banned { text: "std::fs", why: "the same input gives the same answer on every machine" },
    Banned { text: "std::env", why: "the same input gives the same answer on every machine" },
    Banned { text: "std::net", why: "the same input gives the same answer on every machine" },
    Banned { text: "std::process", why: "the same input gives the same answer on every machine" },
    Banned { text: "thread::spawn", why: "an order of threads is chance" },
    Banned { text: "Uuid::now_v7", why: "ids come from a generator passed in" },
    Banned { text: "Uuid::new_v4", why: "ids come from a generator passed in" },
];

/// A text that only some crates' production code may contain.
pub(crate) const GENERATED: (&str, &str, &str) =
    ("include_proto!", "proto", "generated types stay behind `proto`");

/// Words that a pure crate's `clippy.toml` must contain: clippy sees through imports, a text does not.
pub(crate) const CLIPPY_BANS: &[&str] =
    &["std::time::SystemTime::now", "std::time::Instant::now", "std::fs::", "std::env::"];

/// A feature that stays off in the whole build, since features are global.
pub(crate) struct Off {
    pub(crate) package: &'static str,
    pub(crate) feature: &'static str,
    pub(crate) why: &'static str,
}

pub(crate) const OFF: &[Off] = &[
    Off {
        package: "serde_json",
        feature: "arbitrary_precision",
        why: "numbers become maps inside and other crates' verdicts change",
    },
    Off {
        package: "serde_json",
        feature: "preserve_order",
        why: "sorted keys are what stored bytes and replays are compared by",
    },
];

/// A third-party package that the whole build does without.
pub(crate) struct Absent {
    pub(crate) package: &'static str,
    pub(crate) why: &'static str,
}

pub(crate) const ABSENT: &[Absent] =
    &[Absent { package: "aws-lc-rs", why: "ring is the one provider: docs/adr/0002" }];
