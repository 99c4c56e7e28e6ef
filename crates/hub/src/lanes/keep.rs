//! Taking the lanes that the engine gives to this node, and letting go those that it takes away.

use std::{collections::BTreeMap, sync::Arc};

use ndxp_log::ReadError;
use tokio::task::JoinHandle;

use super::take::{let_go, own};
use crate::core::Core;

/// Follows the engine's word until the node drains; then other nodes get the lanes.
///
/// # Errors
/// [`ReadError`] if this node cannot join the others.
pub(crate) async fn keep(core: Arc<Core>) -> Result<(), ReadError> {
    if !core.log.is_shared() {
        return Ok(());
    }
    let mut wanted = core.log.lanes()?;
    let mut owners: BTreeMap<u32, JoinHandle<()>> = BTreeMap::new();
    loop {
        let lanes = wanted.borrow_and_update().clone();
        for (lane, owner) in owners.extract_if(.., |lane, _| !lanes.0.contains(lane)) {
            owner.abort();
            let_go(&core, lane);
        }
        for &lane in &lanes.0 {
            owners.entry(lane).or_insert_with(|| tokio::spawn(own(Arc::clone(&core), lane)));
        }
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { break },
            () = core.drain.cancelled() => break,
        }
    }
    owners.into_values().for_each(|owner| owner.abort());
    Ok(())
}
