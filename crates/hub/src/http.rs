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

use crate::{core::Core, registry::Sight};

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
    /// Empty if nothing is wrong; what will stop the component, if it is ready all the same.
    reason: String,
}

impl Component {
    fn new(component: &'static str, trouble: Option<String>) -> Self {
        Self { component, ready: trouble.is_none(), reason: trouble.unwrap_or_default() }
    }

    fn or_warning(self, warning: Option<String>) -> Self {
        match warning {
            Some(reason) if self.ready => Self { reason, ..self },
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
    let log = core.ledger.trouble();
    let drain = core.drain.is_cancelled().then(|| "the node is shutting down".to_owned());
    let sight = (core.registry.sight() != Sight::Clear)
        .then(|| "this node may have missed a change: the log does not confirm its end".to_owned());
    let domain = core.registry.read(|state| state.trust_domain.is_none());
    vec![
        Component::new("node", drain),
        Component::new("log", log.clone()),
        Component::new("audit", log),
        Component::new("tls", core.tls.refusing(core.now()))
            .or_warning(core.tls.warning(core.now())),
        Component::new(
            "registry",
            domain.then(|| "there is no genesis: run ndxp init".to_owned()).or(sight),
        ),
    ]
}

async fn metrics(State(internal): State<Internal>) -> impl IntoResponse {
    let measured = tokio::task::spawn_blocking(move || {
        let metrics = &internal.core.metrics;
        metrics.log_size.set((internal.log_size)());
        metrics.registry_position.set(internal.core.registry.read(|state| state.count));
        metrics.encode()
    });
    let text = measured.await.unwrap_or_default();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text)
}
