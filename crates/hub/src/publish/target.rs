//! What is published into, and whether the caller may.

use std::sync::Arc;

use ndxp_audit::{DatasetAt, Under};
use ndxp_model::{
    AgreementId, Dataset, DatasetName, DatasetState, Operation, PurposeCode, SchemaVersion,
    SystemName, Timestamp,
};
use ndxp_proto::{
    common::AccessContext,
    convert,
    error::{Reason, Refusal},
};

use super::{judge::Mode, prepare::Rules};
use crate::{
    call::Call,
    core::Core,
    decide::Asked,
    headers::source,
    metrics::Stage,
    refuse::{self, Failed},
    schemas::Contract,
};

/// What a call or a stream wants to publish into.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    dataset: DatasetName,
    /// `None`: the newest.
    version: Option<SchemaVersion>,
    /// Why, and under which agreement; read only where one is needed.
    access: Option<AccessContext>,
    /// What stands before a field's name in a refusal.
    prefix: &'static str,
}

impl Ask {
    /// Reads what a request says; `prefix` is the path of the message with its dot.
    pub(super) fn read(
        dataset: &str,
        version: u32,
        access: Option<AccessContext>,
        prefix: &'static str,
    ) -> Result<Self, Refusal> {
        let dataset = convert::dataset_name(dataset, &format!("{prefix}dataset"))?;
        let version = Some(version).filter(|v| *v != 0).map(SchemaVersion);
        Ok(Self { dataset, version, access, prefix })
    }

    /// The same with a version that holds from here on.
    pub(super) fn pinned(self, version: SchemaVersion) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The same under the agreement by which it was allowed; `None` if there was none.
    pub(super) fn under(&self, allowed: &Target) -> Option<Self> {
        let agreement = allowed.under.as_ref()?.agr.id.to_string();
        let access = self.access.clone().map(|access| AccessContext { agreement, ..access });
        Some(Self { access, ..self.clone() })
    }
}

/// What was found and decided, as it stood at one moment.
#[derive(Debug)]
pub(super) struct Target {
    pub dataset: Arc<Dataset>,
    pub version: SchemaVersion,
    pub contract: Arc<Contract>,
    pub under: Option<Under>,
    /// The registry's position at the decision.
    decided_at: u64,
    /// When the agreement's decision ends by the clock.
    holds_until: Option<Timestamp>,
}

impl Target {
    /// Says whether a decision now would find what this one found.
    pub(super) fn holds(&self, position: u64, now: Timestamp) -> bool {
        self.decided_at == position && self.holds_until.is_none_or(|until| now < until)
    }

    /// Returns when the decision ends by the clock, if it does.
    pub(super) fn holds_until(&self) -> Option<Timestamp> {
        self.holds_until
    }

    /// Returns what records are judged by.
    pub(super) fn rules(
        &self,
        traceparent: &str,
        now: Timestamp,
        system: &SystemName,
        mode: Mode,
    ) -> Rules {
        Rules {
            dataset: Arc::clone(&self.dataset),
            contract: Arc::clone(&self.contract),
            now,
            traceparent: traceparent.into(),
            source: source(system),
            mode,
        }
    }
}

impl Core {
    /// Finds the dataset and its schema, and decides whether the caller may publish into it.
    pub(super) async fn target(
        &self,
        call: &Call,
        ask: &Ask,
        now: Timestamp,
    ) -> Result<Target, Failed> {
        let _timer = self.metrics.stage(Stage::Decide);
        let name = &ask.dataset;
        // Before anything is read: a change in between makes the decision look older than it is.
        let decided_at = *self.registry.position().borrow();
        let (entry, pins) = self.registry.read(|state| {
            if !state.is_active(&call.principal.agency) {
                return Err(refuse::agency_suspended());
            }
            let found = state.visible(&call.principal.agency, name).cloned();
            let found = found.ok_or_else(|| refuse::not_found(&name.resource()))?;
            Ok::<_, Refusal>((found, state.pins))
        })?;
        call.is_about(|about| {
            about.dataset = Some(DatasetAt { name: name.clone(), version: None });
        });
        let (under, holds_until) = self.may_publish(call, ask, now)?.unzip();
        if entry.state != DatasetState::Active {
            let text = format!("{} is not active", name.resource());
            return Err(
                Refusal::new(Reason::DatasetNotActive, text, "activate the dataset first").into()
            );
        }
        let unknown = || {
            let path = format!("{}schema_version", ask.prefix);
            Refusal::field(path, "the dataset has no schema of this version")
        };
        let (version, schema) = entry.schema(ask.version).ok_or_else(unknown)?;
        if !entry.binds(version) {
            let path = format!("{}schema_version", ask.prefix);
            let text = "this schema was replaced before the dataset was activated";
            return Err(Refusal::field(path, text).into());
        }
        let schema = (schema.hash.as_str(), &schema.document);
        let contract = self.contract(name, schema, pins, now).await?;
        Ok(Target { dataset: entry.dataset, version, contract, under, decided_at, holds_until })
    }

    /// One's own dataset needs no agreement; another's needs one with PUBLISH.
    fn may_publish(
        &self,
        call: &Call,
        ask: &Ask,
        now: Timestamp,
    ) -> Result<Option<(Under, Timestamp)>, Failed> {
        if call.principal.agency == ask.dataset.agency {
            return Ok(None);
        }
        let path = format!("{}access", ask.prefix);
        let (purpose, picked): (PurposeCode, Option<AgreementId>) =
            convert::access(ask.access.clone(), &path)?;
        call.is_about(|about| about.purpose = Some(purpose.clone()));
        let asked = Asked {
            dataset: &ask.dataset,
            operation: Operation::Publish,
            purpose: &purpose,
            agreement: picked.as_ref(),
        };
        match self.decide(call, asked, now) {
            Ok(grant) => Ok(Some((under(&grant, purpose)?, grant.holds_until))),
            Err(denial) => Err(call.denied(&denial).into()),
        }
    }
}

/// What a leaf says about the agreement of a grant.
pub(crate) fn under(grant: &ndxp_policy::Grant, purp: PurposeCode) -> Result<Under, Failed> {
    let bug = |cause: ndxp_audit::InvalidSha256| refuse::bug(&cause);
    Ok(Under {
        agr: grant.agreement.clone(),
        agrh: grant.terms_hash.parse().map_err(bug)?,
        pol: grant.plan.hash().parse().map_err(bug)?,
        purp,
        basis: grant.basis.clone(),
    })
}
