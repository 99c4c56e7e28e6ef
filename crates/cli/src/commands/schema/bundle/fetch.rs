//! Schemas that are referred to and not at hand, from a hub.

use anyhow::{Context as _, Result, anyhow};
use ndxp_client::Client;
use ndxp_model::DatasetName;
use ndxp_schema::{Bundle, BundleError};
use serde_json::Value;

use super::{Store, at_hand};
use crate::commands::schema::hub::Online;

/// Bundles, and asks the hub for one missing schema after the other. Each is asked for once: it is at hand then, or the
/// bundle says what is wrong with it.
pub(super) fn bundle(
    root: &Value,
    store: &mut Store,
    online: &Online,
) -> Result<Result<Bundle, BundleError>> {
    crate::commands::runtime()?.block_on(async {
        let client = online.client()?;
        loop {
            match at_hand(root, store) {
                Err(BundleError::Missing { address, pointer }) => {
                    let asked = fetch(&client, store, &address).await;
                    asked.with_context(|| format!("{pointer}: {address}"))?;
                }
                found => return Ok(found),
            }
        }
    })
}

async fn fetch(client: &Client, store: &mut Store, address: &str) -> Result<()> {
    // The address was read when the bundle was made.
    let parts = address.strip_prefix("ndxp:").and_then(|text| text.split_once('@'));
    let (dataset, hash) = parts.with_context(|| format!("{address} is no address"))?;
    let dataset: DatasetName = dataset.parse().context("the address names no dataset")?;
    let all = client.list_schemas(&dataset.resource()).await?;
    let known = all.into_iter().find(|schema| schema.hash == hash);
    let known =
        known.ok_or_else(|| anyhow!("the hub has no schema of {dataset} with this hash"))?;
    store.put(hash.to_owned(), client.get_schema(&known.name).await?.document);
    Ok(())
}
