//! What a hub knows of the dataset that a schema is for: the schema in force, what binds, and whom a change touches.

use anyhow::{Context as _, Result, anyhow, bail};
use ndxp_client::{
    Client,
    proto::{convert, schema as pb},
};
use ndxp_model::{Compatibility, DatasetName, PrincipalName, SchemaVersion};

use super::{
    Document,
    touched::{Earlier, Registered},
};
use crate::commands::schema::{hub::Online, online};

/// The schema in force and what the hub says of the new one.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) old: Vec<u8>,
    pub(super) registered: Registered,
}

/// Asks the hub about `new`; which dataset is meant is said, or told by the schema that it is compared with.
pub(super) fn ask(
    online: &Online,
    dataset: Option<&str>,
    old: Option<&Document>,
    new: &[u8],
) -> Result<Found> {
    crate::commands::runtime()?.block_on(asked(online, dataset, old, new))
}

async fn asked(
    online: &Online,
    dataset: Option<&str>,
    old: Option<&Document>,
    new: &[u8],
) -> Result<Found> {
    let client = &online.client()?;
    let dataset: DatasetName = match (dataset, old) {
        (Some(name), _) => name.parse().with_context(|| format!("--dataset {name}"))?,
        (None, Some(old)) => of(client, old).await?,
        (None, None) => bail!("--dataset AGENCY/DATASET says which dataset the schema is for"),
    };
    let resource = dataset.resource();
    let described = client.get_dataset(&resource).await?;
    if described.schema_version == 0 {
        bail!("{dataset} has no schema yet: there is nothing to compare with");
    }
    let name = convert::schema_resource(&dataset, SchemaVersion(described.schema_version));
    let newest = client.get_schema(&name).await?;
    if let Some(old) = old.filter(|old| old.schema.hash() != newest.hash) {
        let (file, here) = (&old.name, old.schema.hash());
        bail!("{file} is {here}, but the newest schema of {dataset} is {} ({name})", newest.hash);
    }
    let answer = client.check_compatibility(&resource, new.to_vec()).await?;
    let me: PrincipalName = client.who_am_i().await?.principal.parse()?;
    let whole = me.agency == dataset.agency;
    let version = described.schema_version;
    let registered = registered(dataset, version, newest.hash, whole, answer)?;
    Ok(Found { name, old: newest.document, registered })
}

/// The dataset whose newest schema that is.
async fn of(client: &Client, old: &Document) -> Result<DatasetName> {
    let all = client.export_schema_bundle().await?.schemas;
    let same: Vec<_> = all.iter().filter(|one| one.hash == old.schema.hash()).collect();
    match same.as_slice() {
        [one] => {
            let (dataset, _) =
                convert::schema_name(&one.name, "name").map_err(|refused| anyhow!("{refused}"))?;
            Ok(dataset)
        }
        [] => bail!(
            "{} ({}) is the newest schema of no dataset that you may know of; --dataset AGENCY/DATASET compares with \
             the newest one",
            old.name,
            old.schema.hash()
        ),
        _ => bail!("{} is the newest schema of several datasets: say --dataset", old.name),
    }
}

fn registered(
    dataset: DatasetName,
    version: u32,
    hash: String,
    whole: bool,
    answer: pb::CheckCompatibilityResponse,
) -> Result<Registered> {
    let mode: Compatibility =
        convert::compatibility(answer.mode, "mode").map_err(|refused| anyhow!("{refused}"))?;
    let verdict = word(answer.verdict());
    Ok(Registered {
        dataset,
        version,
        hash,
        whole,
        mode,
        verdict,
        earlier: answer.comparisons.into_iter().map(earlier).collect(),
        effects: answer.effects.into_iter().map(online::effect).collect(),
        unclassified: answer.unclassified,
    })
}

fn earlier(comparison: pb::SchemaComparison) -> Earlier {
    let verdict = word(comparison.verdict());
    let pb::SchemaComparison { version, hash, reason, .. } = comparison;
    Earlier { version, hash, verdict, reason }
}

/// A verdict that this version does not know is not taken for a good one.
fn word(verdict: pb::CompatibilityVerdict) -> &'static str {
    match verdict {
        pb::CompatibilityVerdict::Compatible => "compatible",
        pb::CompatibilityVerdict::Breaking => "breaking",
        pb::CompatibilityVerdict::Undecided | pb::CompatibilityVerdict::Unspecified => "undecided",
    }
}
