//! Taking judged batches: sort out repeats, append what is new behind one audit entry, and say what
//! became of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use bytes::Bytes;
use ndxp_audit::{DatasetAt, Entry, Publish, Sha256Hex};
use ndxp_log::{AppendError, Covered, Partition, Record};
use ndxp_model::{SystemName, Timestamp, Topic};
use ndxp_proto::{common, error::Reason, exchange::RecordResult};
use thiserror::Error;

use super::{
    judge::Mode,
    prepare::{Judged, Prepared},
    result,
    state::Position,
    target::Target,
};
use crate::{
    call::Call,
    core::{Core, receipt_message},
    duplicates::{Dataset as Window, Finding, Identity, Reserved},
    headers::{Facts, Shared},
    ledger::{LedgerError, Receipt},
    metrics::{DatasetLabels, PublishLabels, Stage},
    receipts,
    refuse::{self, Failed},
};

/// A batch that may be taken.
#[derive(Debug)]
pub(super) struct Batch {
    pub judged: Judged,
    /// Where the publisher stands in its source once this is durable, if it said so.
    pub position: Option<Position>,
}

/// What became of a batch: it is durable.
#[derive(Debug)]
pub(super) struct Taken {
    pub accepted: u32,
    pub duplicates: u32,
    /// None if nothing of it was taken.
    pub receipt: Option<common::Receipt>,
    /// Only where each record has a result of its own.
    pub results: Vec<RecordResult>,
}

/// A defect: neither taken nor refused.
#[derive(Debug, Error)]
#[error("a batch was neither taken nor refused")]
pub(super) struct NothingTaken;

/// Who publishes into what, at one moment.
struct Scene<'a> {
    call: &'a Call,
    system: &'a SystemName,
    target: &'a Target,
    now: Timestamp,
}

impl Core {
    /// Takes batches in their order with one append, up to the first that cannot be taken: then
    /// that one's failure comes second, and nothing behind it is taken. When the append itself
    /// fails, none is taken and the failure is the first one's.
    pub(super) async fn take(
        &self,
        call: &Call,
        system: &SystemName,
        target: &Target,
        mode: Mode,
        batches: &[Batch],
        now: Timestamp,
    ) -> (Vec<Taken>, Option<Failed>) {
        let scene = Scene { call, system, target, now };
        let (reserved, refused) = match self.reserve(&scene, mode, batches).await {
            Ok(sorted) => sorted,
            Err(failed) => return (Vec::new(), Some(failed)),
        };
        let (window, reserved, ends) = reserved;
        let findings = reserved.findings.clone();
        let new = batches.iter().flat_map(|batch| &batch.judged.good).zip(&findings);
        let new = new.filter(|(_, finding)| matches!(finding, Finding::Fresh));
        let new: Vec<&Prepared> = new.map(|(record, _)| record).collect();
        let receipt = if new.is_empty() {
            None
        } else {
            // INVARIANT: batches of one append were judged alike.
            let verdict = batches.first().map(|batch| batch.judged.verdict);
            let Some(verdict) = verdict else {
                return (Vec::new(), Some(refuse::bug(&super::take::NothingTaken).into()));
            };
            match self.append(&scene, (&new, verdict), &window, reserved, ends).await {
                Ok(receipt) => Some(receipt),
                Err(failed) => return (Vec::new(), Some(failed)),
            }
        };
        let (mut taken, mut position) = (Vec::with_capacity(batches.len()), None);
        for (batch, range) in whole(batches, findings.len()) {
            let findings = findings.get(range).unwrap_or_default();
            // A record that is to be sent again lies behind the position: it must not move on.
            if !findings.contains(&Finding::Busy) {
                position = batch.position.as_ref().or(position);
            }
            match self.taken(&scene, mode, batch, findings, receipt).await {
                Ok(one) => taken.push(one),
                Err(failed) => return (taken, Some(failed)),
            }
        }
        match self.note_position(&scene, position).await {
            Ok(()) => (taken, refused),
            Err(failed) => (Vec::new(), Some(failed)),
        }
    }

    /// Makes the last position of the batches that were taken durable. Until it is, they are not
    /// answered: their outcome is unknown to the publisher, who sends them again.
    async fn note_position(
        &self,
        scene: &Scene<'_>,
        position: Option<&Position>,
    ) -> Result<(), Failed> {
        let Some(position) = position else { return Ok(()) };
        let owner = (&scene.target.dataset.name, scene.system);
        let written = self.publish_states.write(&self.log, owner, position, scene.now).await;
        written.map_err(|cause| refuse::append(&AppendError::Unknown(cause.to_string())).into())
    }

    /// Sorts the records and reserves what is new, up to the first batch that cannot be taken.
    async fn reserve(
        &self,
        scene: &Scene<'_>,
        mode: Mode,
        batches: &[Batch],
    ) -> Result<((std::sync::Arc<Window>, Reserved, BTreeMap<u32, u64>), Option<Failed>), Failed>
    {
        let dataset = &scene.target.dataset;
        self.know(dataset).await?;
        let good = || batches.iter().flat_map(|batch| &batch.judged.good);
        // Before anything is reserved: an early return must leave nothing behind.
        let ends = self.ends(scene, good())?;
        let identities: Vec<Identity> = good().map(|record| record.identity).collect();
        let window = self.duplicates.of(&dataset.name, dataset.partitions);
        let timer = self.metrics.stage(Stage::Dedup);
        let mut reserved = window.reserve(&self.log, (&identities, &ends), scene.now).await?;
        drop(timer);
        let Some((from, refusal)) = first_clash(mode, batches, &reserved.findings) else {
            return Ok(((window, reserved, ends), None));
        };
        window.give_back(&mut reserved, from).await;
        Ok(((window, reserved, ends), Some(refusal)))
    }

    async fn append(
        &self,
        scene: &Scene<'_>,
        (new, verdict): (&[&Prepared], Sha256Hex),
        window: &Window,
        reserved: Reserved,
        ends: BTreeMap<u32, u64>,
    ) -> Result<Receipt, Failed> {
        let (target, dataset) = (scene.target, scene.target.dataset.name.clone());
        let shared = scene.shared();
        let stored =
            |record: &Prepared| scene.stored(&shared, record, reserved.known(record.partition));
        let records = new.iter().map(|record| (record.partition, stored(record))).collect();
        let entry = Entry::Publish(Publish {
            by: scene.call.principal.clone(),
            ds: DatasetAt { name: dataset.clone(), version: Some(target.version) },
            n: new.len() as u64,
            vid: verdict,
            under: target.under.clone(),
        });
        match self.ledger.write(&entry, Covered::Records { dataset, records }).await {
            Ok((receipt, appended)) => {
                let places = new.iter().map(|record| record.partition).zip(appended.covered);
                window.written(&reserved, receipt.index, places).await;
                Ok(receipt)
            }
            Err(error) => {
                if matches!(error, LedgerError::Append(AppendError::Unknown(_))) {
                    window.unknown(reserved, ends).await;
                } else {
                    window.not_written(&reserved).await;
                }
                Err(error.into())
            }
        }
    }

    /// Says what became of one batch, and counts it.
    async fn taken(
        &self,
        scene: &Scene<'_>,
        mode: Mode,
        batch: &Batch,
        findings: &[Finding],
        receipt: Option<Receipt>,
    ) -> Result<Taken, Failed> {
        let count = |of: fn(&Finding) -> bool| findings.iter().filter(|found| of(found)).count();
        let accepted = count(|found| matches!(found, Finding::Fresh));
        let duplicates = count(|found| matches!(found, Finding::Duplicate(_)));
        let first = findings.iter().find_map(|found| match found {
            Finding::Duplicate(entry) => *entry,
            Finding::Fresh | Finding::Reused | Finding::Busy => None,
        });
        let receipt = match (accepted, first) {
            (0, Some(entry)) => Some(self.receipt_of(entry).await?),
            (0, None) if duplicates == 0 => None,
            _ => receipt.map(|receipt| (receipt, batch.judged.verdict)),
        };
        self.audit_rejected(scene, batch, findings).await?;
        self.count(scene, batch, accepted, duplicates);
        let whole = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(Taken {
            accepted: whole(accepted),
            duplicates: whole(duplicates),
            receipt: receipt
                .map(|(receipt, verdict)| receipt_message(receipt, &verdict.to_string())),
            results: match mode {
                Mode::Whole => Vec::new(),
                Mode::PerRecord | Mode::PerRecordInOrder => results(batch, findings),
            },
        })
    }

    /// A refused record is audited as a refused call is: once a reason.
    async fn audit_rejected(
        &self,
        scene: &Scene<'_>,
        batch: &Batch,
        findings: &[Finding],
    ) -> Result<(), Failed> {
        let bad = batch.judged.bad.iter().map(|(_, refusal)| refusal.reason);
        let reused = findings.iter().filter(|found| matches!(found, Finding::Reused));
        let reasons: BTreeSet<Reason> = bad.chain(reused.map(|_| Reason::RecordIdReused)).collect();
        for reason in reasons {
            self.ledger.deny(scene.call.denial(reason)).await?;
        }
        Ok(())
    }

    fn count(&self, scene: &Scene<'_>, batch: &Batch, accepted: usize, duplicates: usize) {
        let name = scene.target.dataset.name.to_string();
        let rejected = batch.judged.bad.len();
        for (outcome, n) in
            [("accepted", accepted), ("duplicate", duplicates), ("rejected", rejected)]
        {
            let labels = PublishLabels { dataset: name.clone(), outcome };
            if n > 0 || outcome != "rejected" {
                self.metrics.published.get_or_create(&labels).inc_by(n as u64);
            }
        }
        let bytes = if accepted == 0 { 0 } else { batch.judged.bytes };
        let labels = DatasetLabels { dataset: name };
        self.metrics.published_bytes.get_or_create(&labels).inc_by(bytes as u64);
    }

    /// The durable ends of the partitions that records go to.
    fn ends<'a>(
        &self,
        scene: &Scene<'_>,
        records: impl Iterator<Item = &'a Prepared>,
    ) -> Result<BTreeMap<u32, u64>, Failed> {
        let numbers: BTreeSet<u32> = records.map(|record| record.partition).collect();
        let end = |number| {
            let at = Partition { topic: Topic::Data(scene.target.dataset.name.clone()), number };
            Ok((number, *self.log.follow(&at)?.borrow()))
        };
        numbers.into_iter().map(end).collect()
    }

    /// The receipt of an earlier publication, with the identity of its verdicts.
    async fn receipt_of(&self, index: u64) -> Result<(Receipt, Sha256Hex), Failed> {
        let limits = ndxp_log::ReadLimits { records: 1, bytes: usize::MAX };
        let page = self.log.read(&receipts::audit(), index, limits).await?;
        let missing = || ndxp_log::ReadError::Corrupt(format!("audit entry {index} is missing"));
        let leaf = page.into_iter().next().ok_or_else(missing)?.record;
        let leaf_hash = ndxp_audit::leaf_hash(&leaf.value);
        let Ok((_, Entry::Publish(publish))) = ndxp_audit::parse(&leaf.value) else {
            let text = format!("audit entry {index} is of no publication");
            return Err(ndxp_log::ReadError::Corrupt(text).into());
        };
        Ok((Receipt { index, leaf_hash, issued_at: leaf.timestamp }, publish.vid))
    }
}

/// Each batch with the places of its good records among all, as far as all of them are there.
fn whole(batches: &[Batch], there: usize) -> impl Iterator<Item = (&Batch, Range<usize>)> {
    let mut next = 0;
    let placed = batches.iter().map(move |batch| {
        let from = next;
        next += batch.judged.good.len();
        (batch, from..next)
    });
    // A batch that was cut off has its first record behind the end; an empty one may come after
    // the cut only where nothing was cut.
    placed.take_while(move |(_, range)| range.end <= there)
}

/// The place at which the first batch begins that holds a clash, and the refusal.
fn first_clash(mode: Mode, batches: &[Batch], findings: &[Finding]) -> Option<(usize, Failed)> {
    let clash = findings.iter().position(|found| mode.refuses(*found))?;
    let (batch, range) =
        whole(batches, findings.len()).find(|(_, range)| range.contains(&clash))?;
    let index = batch.judged.good.get(clash - range.start)?.index;
    let refusal = match findings.get(clash)? {
        Finding::Reused => result::reused(index),
        _ => result::busy(),
    };
    Some((range.start, refusal.into()))
}

/// One result a record, in the order in which the batch had them.
fn results(batch: &Batch, findings: &[Finding]) -> Vec<RecordResult> {
    let good = batch.judged.good.iter().zip(findings);
    let good = good.map(|(record, found)| (record.index, result::of(*found, record.index)));
    let bad = batch.judged.bad.iter().map(|(index, refusal)| (*index, result::rejected(refusal)));
    let mut all: Vec<(usize, RecordResult)> = good.chain(bad).collect();
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, result)| result).collect()
}

impl Scene<'_> {
    /// What the headers of all records have alike.
    fn shared(&self) -> Shared {
        let Target { dataset, version, contract, .. } = self.target;
        Shared::new(&dataset.name, self.system, (*version, &contract.hash))
    }

    fn stored(&self, shared: &Shared, record: &Prepared, known: Option<u64>) -> Record {
        let key = Bytes::from(record.key.clone());
        let facts = Facts {
            shared,
            record_id: &record.record_id,
            key: key.clone(),
            op: record.op,
            event_time: record.event_time,
            traceparent: &record.traceparent,
            known,
        };
        Record {
            key: Some(key),
            value: record.payload.clone(),
            timestamp: self.now,
            headers: facts.headers(),
        }
    }
}
