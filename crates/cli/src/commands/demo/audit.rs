//! The audit log of the stopped hub against what publisher and consumers hold. It is read here as
//! anybody would who has `docs/storage.md`: leaves are JSON, their hash is SHA-256.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use ndxp_log::{Log, Partition, ReadLimits, Stored};
use ndxp_model::{HubTopic, Topic};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    setting::Setting,
    story::{Story, grouped},
};
use crate::{backing::Backing, node::Engine};

const PAGE: ReadLimits = ReadLimits { records: 1_000, bytes: 4 << 20 };

/// The members of an audit entry that are counted.
#[derive(Debug, Deserialize)]
struct Leaf {
    kind: String,
    #[serde(default)]
    n: usize,
    #[serde(default)]
    why: String,
}

/// Reads the log of the stopped hub, and compares.
pub(super) async fn count(
    setting: &Setting,
    backing: &Backing,
    story: &mut Story<'_>,
) -> Result<()> {
    story.chapter("The hub has ended; its audit log is counted against the deliveries")?;
    let engine = Engine::open(&setting.data, &backing.log()?).await?;
    let counted = compare(setting, story, &*engine.log()).await;
    engine.close().await;
    counted
}

async fn compare(setting: &Setting, story: &mut Story<'_>, log: &dyn Log) -> Result<()> {
    let data = Topic::Data("home-affairs/administrative-units".parse()?);
    let stored = all(log, &Partition { topic: data, number: 0 }).await?.len();
    let audit = Partition { topic: Topic::Hub(HubTopic::Audit), number: 0 };
    let entries = all(log, &audit).await?;
    let mut leaves = BTreeMap::new();
    for entry in &entries {
        let leaf: Leaf = serde_json::from_slice(&entry.record.value)
            .with_context(|| format!("audit entry {}", entry.offset))?;
        leaves.insert(entry.offset, (leaf, hash(&entry.record.value)));
    }
    let sum = |kind: &str| {
        leaves.values().filter(|(leaf, _)| leaf.kind == kind).map(|(leaf, _)| leaf.n).sum::<usize>()
    };
    let (published, denied) = (sum("publish"), sum("deny"));
    story.tell(format!(
        "{} entries; those of publishing stand for {} records, the log holds {}.",
        grouped(entries.len()),
        grouped(published),
        grouped(stored)
    ))?;
    story.must_be("records_in_the_log", stored, setting.published)?;
    story.must_be("records_by_publish_entries", published, setting.published)?;
    releases(setting, story, &leaves)?;
    let why =
        |reason: &str| leaves.values().any(|(leaf, _)| leaf.kind == "deny" && leaf.why == reason);
    story.must_be("malformed_is_audited", why("SCHEMA_VIOLATION"), true)?;
    story.must_be("no_agreement_is_audited", why("AGREEMENT_MISSING"), true)?;
    story.must_be("suspended_is_audited", why("AGREEMENT_SUSPENDED"), true)?;
    story.tell(format!("{denied} refusals are there with their reasons."))?;
    Ok(())
}

type Leaves = BTreeMap<u64, (Leaf, Vec<u8>)>;

/// Each receipt has its entry with that hash and that number of records; an entry without a
/// receipt is only right where the hub died before the records were through.
fn releases(setting: &Setting, story: &mut Story<'_>, leaves: &Leaves) -> Result<()> {
    let (mut receipts, mut records, mut wrong) = (0, 0, 0);
    for (index, (leaf_hash, count)) in setting.consumers.iter().flat_map(|(_, got)| &got.receipts) {
        receipts += 1;
        records += count;
        let is_right = leaves.get(index).is_some_and(|(leaf, hash)| {
            leaf.kind == "release" && leaf.n == *count && hash == leaf_hash
        });
        wrong += usize::from(!is_right);
    }
    let held =
        |index: &u64| setting.consumers.iter().any(|(_, got)| got.receipts.contains_key(index));
    let boots = leaves.iter().filter(|(_, (leaf, _))| leaf.kind == "boot").map(|(index, _)| *index);
    let last_boot = boots.max().unwrap_or_default();
    let lost: Vec<_> =
        leaves.iter().filter(|(index, (leaf, _))| leaf.kind == "release" && !held(index)).collect();
    let unexplained = lost.iter().filter(|(index, _)| **index > last_boot).count();
    let died: usize = lost.iter().map(|(_, (leaf, _))| leaf.n).sum();
    story.tell(format!(
        "{} deliveries of {} records in all: each one's receipt names an entry, with that hash and \
         that count.",
        grouped(receipts),
        grouped(records)
    ))?;
    if !lost.is_empty() {
        let on_the_way = lost.len();
        story.tell(format!(
            "{on_the_way} more entries: {died} records were on their way when the hub died, and \
             came again."
        ))?;
    }
    let delivered: usize = setting.consumers.iter().map(|(_, got)| got.records).sum();
    story.must_be("deliveries_by_receipts", records, delivered)?;
    story.must_be("receipts_without_their_entry", wrong, 0)?;
    story.must_be("releases_that_nobody_got", unexplained, 0)?;
    story.figure("receipts", receipts);
    story.figure("releases_lost_with_the_hub", lost.len());
    Ok(())
}

async fn all(log: &dyn Log, at: &Partition) -> Result<Vec<Stored>> {
    let mut found: Vec<Stored> = Vec::new();
    loop {
        let next = found.last().map_or(0, |stored| stored.offset + 1);
        let page = log.read(at, next, PAGE).await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

/// The leaf hash of RFC 6962: SHA-256 over a zero byte and the leaf.
fn hash(leaf: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().to_vec()
}
