//! Owning the lanes that are this node's share.

use std::sync::Arc;

use ndxp_model::LANES;
use tokio::task::JoinSet;

use super::take::own;
use crate::core::Core;

/// Takes the lanes of the node's share until it drains; on a log that it writes alone all lanes are
/// there. A lane that is another's share by now is kept until that node takes it: it is somebody's all
/// the time.
pub(crate) async fn keep(core: Arc<Core>) {
    let Some(nodes) = &core.nodes else { return };
    let mut owners = JoinSet::new();
    for lane in 0..LANES {
        owners.spawn(own(Arc::clone(&core), lane, nodes.share()));
    }
    core.drain.cancelled().await;
    // What is held stays so until the node leaves.
    owners.shutdown().await;
}
