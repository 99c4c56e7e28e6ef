//! Telling the other nodes what this one is.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ndxp_log::{AppendError, Record};
use ndxp_model::HubTopic;
use tokio::{
    pin,
    time::{sleep, timeout},
};
use tracing::warn;

use super::{NodeRecord, Nodes, locked};
use crate::core::Core;

/// How long after a word came through the next one follows, also where nothing has changed: others
/// count silence by them, so what waited comes no faster.
const RHYTHM: Duration = Duration::from_secs(1);
/// Lanes that change together are told together.
const TOGETHER: Duration = Duration::from_millis(20);
/// How long the last word of a node may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Tells it in a rhythm, and at once when it changes, until it is cancelled.
pub(crate) async fn announce(core: Arc<Core>) {
    let Some(nodes) = &core.nodes else { return };
    let on = async {
        loop {
            beat(&core, nodes).await;
            nodes.beat.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::select! {
        () = on => {}
        () = nodes.superseded() => {}
    }
}

/// Lasts until the next beat.
async fn beat(core: &Core, nodes: &Nodes) {
    let mut lanes = core.lanes.changes();
    let was_draining = core.drain.is_cancelled();
    tell(core, nodes).await;
    let next = sleep(RHYTHM);
    pin!(next);
    loop {
        tokio::select! {
            () = &mut next => return,
            changed = lanes.changed() => match changed {
                Ok(()) => sleep(TOGETHER).await,
                Err(_) => return next.await,
            },
            () = core.drain.cancelled(), if !was_draining => return,
        }
        lanes.mark_unchanged();
        tell(core, nodes).await;
    }
}

/// Says that the node has no lanes any more, so that the others take them at once. What is not heard
/// in time they find out by its silence.
pub(crate) async fn leave(core: &Core) {
    let Some(nodes) = &core.nodes else { return };
    core.lanes.clear();
    if !nodes.share.borrow().is_superseded() {
        let _ = timeout(FAREWELL, tell(core, nodes)).await;
    }
}

async fn tell(core: &Core, nodes: &Nodes) {
    let node = NodeRecord {
        v: 1,
        boot: nodes.boot.id.clone(),
        beat: nodes.beat.load(Ordering::Relaxed),
        address: nodes.boot.address.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        format: ndxp_registry::FORMAT,
        lanes: core.lanes.all(),
        draining: core.drain.is_cancelled(),
    };
    let told = append(core, &node).await;
    let unsaid = told.err().map(|cause| format!("ndxp.nodes does not take its word: {cause}"));
    if let Some(unsaid) = &unsaid {
        warn!("the other nodes do not hear this one, and take its lanes; trying again: {unsaid}");
    }
    *locked(&nodes.unsaid) = unsaid;
}

async fn append(core: &Core, node: &NodeRecord) -> Result<(), AppendError> {
    let (key, value) = (Some(core.node.clone().into()), node.encode().into());
    let record = Record { key, value, timestamp: core.now(), headers: Vec::new() };
    core.log.append(HubTopic::Nodes, 0, vec![record]).await.map(drop)
}
