//! Publishing: decide, validate, recognise repeats, append behind the audit entry.

mod key;
mod prepare;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ndxp_audit::{DatasetAt, Entry, Publish, Under};
use ndxp_log::{AppendError, Covered, Partition, Record};
use ndxp_model::{Dataset, DatasetState, Operation, SchemaVersion, SystemName, Topic};
use ndxp_proto::{
    convert,
    error::{Reason, Refusal},
    exchange::{PublishRequest, PublishResponse},
};

use crate::{
    call::Call,
    core::{Core, receipt_message},
    decide::Asked,
    duplicates::{Clash, Dataset as Window, Identity, Reserved},
    headers::{Facts, source},
    ledger::{LedgerError, Receipt},
    metrics::{DatasetLabels, PublishLabels, Stage},
    receipts,
    refuse::{self, Failed},
    schemas::Contract,
};
use prepare::Prepared;

/// Payloads above this are judged off the async threads.
const INLINE_BYTES: usize = 64 << 10;

/// What a call publishes into, as it stood when the call was decided.
struct Target {
    dataset: Arc<Dataset>,
    version: SchemaVersion,
    contract: Arc<Contract>,
    under: Option<Under>,
}

/// What is needed to find out later whether an append took place.
struct Doubt<'a> {
    window: &'a Window,
    reserved: Reserved,
    /// The partitions' durable ends from before the append.
    ends: BTreeMap<u32, u64>,
}

impl Core {
    /// Publishes a call's records, whole or nothing.
    pub(crate) async fn publish(
        self: &Arc<Self>,
        call: &Call,
        request: PublishRequest,
    ) -> Result<PublishResponse, Failed> {
        let system = call.system()?;
        let target = self.target(call, &request).await?;
        self.limits.check(&request)?;
        let bytes: usize = request.records.iter().map(|record| record.payload.len()).sum();
        let batch = self.judge(call, &target, request, bytes).await?;
        let name = target.dataset.name.to_string();
        let count = |outcome, n: usize| {
            let labels = PublishLabels { dataset: name.clone(), outcome };
            self.metrics.published.get_or_create(&labels).inc_by(n as u64);
        };
        let (accepted, duplicates, receipt) = self.take(call, &system, &target, batch).await?;
        let bytes = if accepted == 0 { 0 } else { bytes };
        count("accepted", accepted);
        count("duplicate", duplicates);
        let labels = DatasetLabels { dataset: name.clone() };
        self.metrics.published_bytes.get_or_create(&labels).inc_by(bytes as u64);
        Ok(PublishResponse {
            accepted: u32::try_from(accepted).unwrap_or(u32::MAX),
            duplicates: u32::try_from(duplicates).unwrap_or(u32::MAX),
            receipt: Some(receipt_message(receipt, &self.schemas.verdict().to_string())),
            results: Vec::new(),
        })
    }

    /// Finds the dataset and its schema, and decides whether the caller may publish into it.
    async fn target(&self, call: &Call, request: &PublishRequest) -> Result<Target, Failed> {
        let _timer = self.metrics.stage(Stage::Decide);
        let name = convert::dataset_name(&request.dataset, "dataset")?;
        let version = Some(request.schema_version).filter(|v| *v != 0).map(SchemaVersion);
        let entry = self.registry.read(|state| {
            if !state.is_active(&call.principal.agency) {
                return Err(refuse::agency_suspended());
            }
            let found = state.visible(&call.principal.agency, &name).cloned();
            found.ok_or_else(|| refuse::not_found(&name.resource()))
        })?;
        call.is_about(|about| {
            about.dataset = Some(DatasetAt { name: name.clone(), version: None });
        });
        let under = self.may_publish(call, &name, request)?;
        if entry.state != DatasetState::Active {
            let text = format!("{} is not active", name.resource());
            return Err(
                Refusal::new(Reason::DatasetNotActive, text, "activate the dataset first").into()
            );
        }
        let unknown =
            || Refusal::field("schema_version", "the dataset has no schema of this version");
        let (version, schema) = entry.schema(version).ok_or_else(unknown)?;
        let document = Arc::clone(&schema.document);
        let contract = self.schemas.contract(&schema.hash, || Some(document)).await?;
        Ok(Target { dataset: entry.dataset, version, contract, under })
    }

    /// One's own dataset needs no agreement; another's needs one with PUBLISH.
    fn may_publish(
        &self,
        call: &Call,
        name: &ndxp_model::DatasetName,
        request: &PublishRequest,
    ) -> Result<Option<Under>, Failed> {
        if call.principal.agency == name.agency {
            return Ok(None);
        }
        let (purpose, picked) = convert::access(request.access.clone(), "access")?;
        call.is_about(|about| about.purpose = Some(purpose.clone()));
        let asked = Asked {
            dataset: name,
            operation: Operation::Publish,
            purpose: &purpose,
            agreement: picked.as_ref(),
        };
        match self.decide(call, asked, call.now) {
            Ok(grant) => Ok(Some(under(&grant, purpose)?)),
            Err(denial) => Err(call.denied(&denial).into()),
        }
    }

    /// Reads and validates all records, large batches off the async threads.
    async fn judge(
        self: &Arc<Self>,
        call: &Call,
        target: &Target,
        request: PublishRequest,
        bytes: usize,
    ) -> Result<Vec<Prepared>, Failed> {
        let timer = self.metrics.stage(Stage::Schema);
        let rules = prepare::Rules {
            dataset: Arc::clone(&target.dataset),
            contract: Arc::clone(&target.contract),
            now: call.now,
            traceparent: call.traceparent.clone(),
        };
        let judged = if bytes <= INLINE_BYTES {
            prepare::all(&rules, request.records)
        } else {
            let work = move || prepare::all(&rules, request.records);
            tokio::task::spawn_blocking(work).await.map_err(|cause| refuse::bug(&cause))?
        };
        drop(timer);
        Ok(judged?)
    }

    /// Appends what is new of a batch; returns how many are new, how many repeats, and the receipt.
    async fn take(
        &self,
        call: &Call,
        system: &SystemName,
        target: &Target,
        batch: Vec<Prepared>,
    ) -> Result<(usize, usize, Receipt), Failed> {
        let from = source(system);
        // Before anything is reserved: an early return must leave nothing behind.
        let ends = self.ends(&target.dataset, &batch)?;
        let identities: Vec<Identity> = batch.iter().map(|record| record.identity(&from)).collect();
        let window = self.duplicates.of(&target.dataset.name, target.dataset.partitions);
        let timer = self.metrics.stage(Stage::Dedup);
        let reserved = window.reserve(&self.log, &identities, call.now).await?;
        drop(timer);
        let reserved = reserved.map_err(clash)?;
        if reserved.fresh.is_empty() {
            return Ok((0, reserved.duplicates, self.receipt_of(reserved.first_entry).await?));
        }
        let (accepted, duplicates) = (reserved.fresh.len(), reserved.duplicates);
        let doubt = Doubt { window: &window, reserved, ends };
        let receipt = self.append(call, system, target, &batch, doubt).await?;
        Ok((accepted, duplicates, receipt))
    }

    async fn append(
        &self,
        call: &Call,
        system: &SystemName,
        target: &Target,
        batch: &[Prepared],
        doubt: Doubt<'_>,
    ) -> Result<Receipt, Failed> {
        let Doubt { window, reserved, ends } = doubt;
        let dataset = target.dataset.name.clone();
        let fresh = reserved.fresh.iter().filter_map(|index| batch.get(*index));
        let records: Vec<(u32, Record)> =
            fresh.map(|record| (record.partition, stored(call, system, target, record))).collect();
        let entry = Entry::Publish(Publish {
            by: call.principal.clone(),
            ds: DatasetAt { name: dataset.clone(), version: Some(target.version) },
            n: records.len() as u64,
            vid: self.schemas.verdict(),
            under: target.under.clone(),
        });
        match self.ledger.write(&entry, Covered::Records { dataset, records }).await {
            Ok((receipt, _)) => {
                window.written(&reserved, receipt.index).await;
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

    /// The durable ends of the partitions that a batch goes to.
    fn ends(&self, dataset: &Dataset, batch: &[Prepared]) -> Result<BTreeMap<u32, u64>, Failed> {
        let numbers: BTreeSet<u32> = batch.iter().map(|record| record.partition).collect();
        let end = |number| {
            let at = Partition { topic: Topic::Data(dataset.name.clone()), number };
            Ok((number, *self.log.follow(&at)?.borrow()))
        };
        numbers.into_iter().map(end).collect()
    }

    async fn receipt_of(&self, entry: Option<u64>) -> Result<Receipt, Failed> {
        let index = entry.unwrap_or_default();
        let limits = ndxp_log::ReadLimits { records: 1, bytes: usize::MAX };
        let page = self.log.read(&receipts::audit(), index, limits).await?;
        let missing = || ndxp_log::ReadError::Corrupt(format!("audit entry {index} is missing"));
        let leaf = page.into_iter().next().ok_or_else(missing)?.record;
        let leaf_hash = ndxp_audit::leaf_hash(&leaf.value);
        Ok(Receipt { index, leaf_hash, issued_at: leaf.timestamp })
    }
}

/// What a leaf says about the agreement of a grant.
pub(crate) fn under(
    grant: &ndxp_policy::Grant,
    purp: ndxp_model::PurposeCode,
) -> Result<Under, Failed> {
    let bug = |cause: ndxp_audit::InvalidSha256| refuse::bug(&cause);
    Ok(Under {
        agr: grant.agreement.clone(),
        agrh: grant.terms_hash.parse().map_err(bug)?,
        pol: grant.plan.hash().parse().map_err(bug)?,
        purp,
        basis: grant.basis.clone(),
    })
}

fn clash(clash: Clash) -> Refusal {
    match clash {
        Clash::Reused(index) => {
            let path = format!("records[{index}].record_id");
            let text = format!("{path}: was used within 24 hours for a record with other content");
            Refusal::new(Reason::RecordIdReused, text, "give a changed record a new record_id")
                .with("path", path)
        }
        Clash::Busy => Refusal::new(
            Reason::OutcomeUnknown,
            "another call is writing a record with the same record_id",
            "send the same request again after the delay",
        ),
    }
}

fn stored(call: &Call, system: &SystemName, target: &Target, record: &Prepared) -> Record {
    let facts = Facts {
        dataset: &target.dataset.name,
        system,
        record_id: &record.record_id,
        op: record.op,
        event_time: record.event_time,
        schema: target.version,
        schema_hash: &target.contract.hash,
        traceparent: &record.traceparent,
    };
    Record {
        key: Some(record.key.clone().into()),
        value: record.payload.clone(),
        timestamp: call.now,
        headers: facts.headers(&record.key),
    }
}
