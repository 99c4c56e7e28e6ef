//! Telling the other nodes what this one is.

use std::{sync::Arc, time::Duration};

use ndxp_log::{AppendError, Record};
use ndxp_model::HubTopic;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::warn;

use super::{NodeRecord, Nodes, raise};
use crate::core::Core;

/// How often it is told even where nothing has changed.
const RHYTHM: Duration = Duration::from_secs(5);
/// Lanes that change together are told together.
const TOGETHER: Duration = Duration::from_millis(20);

/// Tells it whenever it changes, until the node drains; then, that it does.
pub(crate) async fn announce(core: Arc<Core>) {
    let Some(nodes) = &core.nodes else { return };
    let mut lanes = core.lanes.changes();
    let mut rhythm = interval(RHYTHM);
    rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !core.drain.is_cancelled() {
        lanes.mark_unchanged();
        tell(&core, nodes).await;
        raise(&core).await;
        tokio::select! {
            _ = rhythm.tick() => {}
            _ = lanes.changed() => sleep(TOGETHER).await,
            () = core.drain.cancelled() => {}
        }
    }
    tell(&core, nodes).await;
}

async fn tell(core: &Core, nodes: &Nodes) {
    let node = NodeRecord {
        v: 1,
        boot: core.lanes.by().to_owned(),
        address: nodes.address.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        format: ndxp_registry::FORMAT,
        lanes: core.lanes.all(),
        draining: core.drain.is_cancelled(),
    };
    if let Err(cause) = append(core, &node).await {
        warn!(%cause, "the other nodes could not be told of this one; trying again");
    }
}

async fn append(core: &Core, node: &NodeRecord) -> Result<(), AppendError> {
    let (key, value) = (Some(core.node.clone().into()), node.encode().into());
    let record = Record { key, value, timestamp: core.now(), headers: Vec::new() };
    core.log.append(HubTopic::Nodes, 0, vec![record]).await.map(drop)
}
