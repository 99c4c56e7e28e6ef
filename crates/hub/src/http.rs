//! The internal HTTP port: is the process alive, is it ready and if not why, and the metrics.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde::Serialize;

use crate::{core::Core, nodes::Nodes, registry::Sight};

/// Tells the log's size in bytes; may touch the disk.
pub type LogSize = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What the port needs.
#[derive(Clone)]
pub(crate) struct Internal {
    pub core: Arc<Core>,
    pub log_size: LogSize,
}

pub(crate) fn router(internal: Internal) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(internal)
}

/// The state of one component.
#[derive(Debug, Clone, Serialize)]
struct Component {
    component: &'static str,
    ready: bool,
    /// One word for what is wrong, the same for ever; empty if nothing is.
    code: &'static str,
    /// Empty if nothing is wrong; what will stop the component, if it is ready all the same.
    reason: String,
    /// What helps.
    help: &'static str,
}

/// What is wrong, in a word, and what helps.
type Sort = (&'static str, &'static str);

const DRAINING: Sort = ("DRAINING", "nothing: other nodes take the calls");
const BROKERS: Sort = (
    "LOG_UNAVAILABLE",
    "bring the brokers back, never lower kafka.min_in_sync: docs/operations/two-brokers-down.md",
);
const DISK: Sort = ("LOG_UNAVAILABLE", "free the disk or mend it: docs/fail-closed.md");
const LANES: Sort = (
    "NODE_UNHEARD",
    "mend what is named, the node joins by itself: docs/operations/lane-moving.md",
);
const TLS: Sort = ("TLS_FILES", "replace the file that is named: docs/fail-closed.md");
const BEHIND: Sort = (
    "REGISTRY_BEHIND",
    "mend the way from this node to the brokers: docs/operations/registry-behind.md",
);
const NO_GENESIS: Sort = ("NO_GENESIS", "run ndxp init");

impl Component {
    fn new(component: &'static str, trouble: Option<String>, (code, help): Sort) -> Self {
        match trouble {
            Some(reason) => Self { component, ready: false, code, reason, help },
            None => Self { component, ready: true, code: "", reason: String::new(), help: "" },
        }
    }

    fn or_warning(self, warning: Option<String>, (code, help): Sort) -> Self {
        match warning {
            Some(reason) if self.ready => Self { code, reason, help, ..self },
            Some(_) | None => self,
        }
    }
}

async fn ready(State(internal): State<Internal>) -> impl IntoResponse {
    let components = components(&internal.core);
    let all = components.iter().all(|component| component.ready);
    let code = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({ "ready": all, "components": components });
    (code, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n"))
}

fn components(core: &Core) -> Vec<Component> {
    let (log, now) = (core.log_trouble(), core.now());
    let drain = core.drain.is_cancelled().then(|| "the node is shutting down".to_owned());
    let stands_on = if core.log.is_shared() { BROKERS } else { DISK };
    vec![
        Component::new("node", drain, DRAINING),
        Component::new("log", log.clone(), stands_on),
        Component::new("audit", log, stands_on),
        Component::new("lanes", core.nodes.as_ref().and_then(Nodes::trouble), LANES),
        Component::new("tls", core.tls.refusing(now), TLS).or_warning(core.tls.warning(now), TLS),
        registry(core),
    ]
}

fn registry(core: &Core) -> Component {
    if core.registry.read(|state| state.trust_domain.is_none()) {
        return Component::new("registry", Some("there is no genesis".to_owned()), NO_GENESIS);
    }
    let dim = (core.registry.sight() != Sight::Clear)
        .then(|| "this node may have missed a change: the log does not confirm its end".to_owned());
    Component::new("registry", dim, BEHIND)
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

async fn metrics(State(internal): State<Internal>) -> impl IntoResponse {
    let measured = tokio::task::spawn_blocking(move || {
        let metrics = &internal.core.metrics;
        metrics.log_size.set((internal.log_size)());
        metrics.registry_position.set(internal.core.registry.read(|state| state.count));
        metrics.log_ready.set(i64::from(internal.core.log_trouble().is_none()));
        metrics.lanes_owned.set(count(internal.core.lanes.all().len()));
        let nodes = internal.core.nodes.as_ref();
        metrics.nodes_heard.set(count(nodes.map_or(0, Nodes::serving)));
        metrics.encode()
    });
    let text = measured.await.unwrap_or_default();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text)
}
