//! Raising the registry's format, once all nodes can read the next one.

use std::{sync::Arc, time::Duration};

use ndxp_model::RequestId;
use ndxp_registry::{FORMAT, GOAL};
use tracing::warn;

use crate::core::Core;

/// How often it is looked whether all nodes can read the next one.
const RHYTHM: Duration = Duration::from_secs(5);

/// Looks until the node drains.
pub(crate) async fn keep_raising(core: Arc<Core>) {
    loop {
        raise(&core).await;
        tokio::select! {
            () = core.drain.cancelled() => return,
            () = tokio::time::sleep(RHYTHM) => {}
        }
    }
}

/// Raises the format where that is this node's to do: where it owns the first lane, or is alone. One
/// that loses a race with another change tries again at the next call.
pub(crate) async fn raise(core: &Core) {
    let readable = match &core.nodes {
        None => vec![FORMAT],
        Some(nodes) if core.lanes.all().contains_key(&0) => nodes.formats(core.now()),
        Some(_) => return,
    };
    let mut id = [0; 16];
    if getrandom::fill(&mut id).is_err() {
        return;
    }
    let id = RequestId::from_bytes(id);
    if let Err(cause) = core.registry.raise(GOAL, readable, id, core.now()).await {
        warn!(%cause, "the registry's format could not be raised; trying again");
    }
}
