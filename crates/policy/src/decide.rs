//! The decision: clauses in a fixed order, the first that fails is the reason.

use std::sync::Arc;

use ndxp_model::{AgreementId, PurposeCode, Timestamp, Validity};

use crate::{
    AccessRequest, Agreements, Decision, Denial, Grant, Reason, Status, agreements::Compiled,
};

/// Decides whether `request` is allowed at `now`.
///
/// An allow needs one agreement that passes every clause; of several the one that the caller named
/// is taken, else the one with the lowest id. A refusal explains the agreement that the caller named,
/// else the one that fails latest, of several the one with the lowest id. The cost depends on the
/// agreements of this consumer on this dataset only.
#[must_use]
pub fn decide(agreements: &Agreements, request: &AccessRequest<'_>, now: Timestamp) -> Decision {
    if !request.consumer_active {
        return Decision::Deny(Denial::new(Reason::AgencySuspended, None));
    }
    let candidates = agreements.candidates(request.consumer, request.dataset);
    let mut verdicts: Vec<Verdict<'_>> =
        candidates.iter().map(|compiled| judge(compiled, request, now)).collect();
    // Stable, and candidates are ordered by id: the named one first, then the lowest id.
    verdicts.sort_by_key(|verdict| Some(verdict.id()) != request.agreement);

    if let Some((compiled, basis)) = verdicts.iter().find_map(Verdict::passed) {
        return Decision::Allow(grant(compiled, basis, holds_until(candidates, now)));
    }
    let failures = verdicts.into_iter().filter_map(Verdict::failed);
    // The reasons are ordered as they are looked for. Of equals `min_by_key` takes the first.
    let nearest = failures.min_by_key(|denial| {
        let id = denial.agreement.as_ref().map(|agreement| &agreement.id);
        (id != request.agreement, std::cmp::Reverse(denial.reason))
    });
    Decision::Deny(nearest.unwrap_or_else(|| Denial::new(Reason::AgreementMissing, None)))
}

/// What one agreement, taken alone, says to a request.
enum Verdict<'a> {
    Pass { compiled: &'a Compiled, basis: &'a PurposeCode },
    Fail { compiled: &'a Compiled, denial: Denial },
}

impl<'a> Verdict<'a> {
    fn id(&self) -> &'a AgreementId {
        let (Self::Pass { compiled, .. } | Self::Fail { compiled, .. }) = self;
        &compiled.standing.reference.id
    }

    fn passed(&self) -> Option<(&'a Compiled, &'a PurposeCode)> {
        match self {
            Self::Pass { compiled, basis } => Some((compiled, basis)),
            Self::Fail { .. } => None,
        }
    }

    fn failed(self) -> Option<Denial> {
        match self {
            Self::Pass { .. } => None,
            Self::Fail { denial, .. } => Some(denial),
        }
    }
}

fn judge<'a>(compiled: &'a Compiled, request: &AccessRequest<'_>, now: Timestamp) -> Verdict<'a> {
    let checked = in_force(compiled, request, now)
        .and_then(|()| operation(compiled, request))
        .and_then(|()| purpose(compiled, request));
    match checked {
        Ok(basis) => Verdict::Pass { compiled, basis },
        Err(denial) => Verdict::Fail { compiled, denial },
    }
}

fn refused(compiled: &Compiled, reason: Reason) -> Denial {
    Denial::new(reason, Some(compiled.standing.reference.clone()))
}

/// Clause 5: state and validity. What is final comes first, since waiting cannot mend it.
fn in_force(
    compiled: &Compiled,
    request: &AccessRequest<'_>,
    now: Timestamp,
) -> Result<(), Denial> {
    let Validity { not_before, not_after } = compiled.standing.terms.valid;
    let outside = |reason| {
        let window = vec![not_before.to_string(), not_after.to_string()];
        Err(refused(compiled, reason).comparing(now.to_string(), window))
    };
    let suspended = match compiled.standing.status {
        Status::Active => !request.provider_active,
        Status::Suspended => true,
        Status::Terminated => return Err(refused(compiled, Reason::AgreementTerminated)),
    };
    if now >= not_after {
        return outside(Reason::AgreementExpired);
    }
    if suspended {
        return Err(refused(compiled, Reason::AgreementSuspended));
    }
    if now < not_before {
        return outside(Reason::OutsideTimeWindow);
    }
    Ok(())
}

/// Clause 6.
fn operation(compiled: &Compiled, request: &AccessRequest<'_>) -> Result<(), Denial> {
    let granted = &compiled.standing.terms.operations;
    if granted.contains(&request.operation) {
        return Ok(());
    }
    let allowed = granted.iter().map(|operation| operation.as_str().to_owned()).collect();
    let asked = request.operation.as_str().to_owned();
    Err(refused(compiled, Reason::OperationNotGranted).comparing(asked, allowed))
}

/// Clause 8: returns the purpose's legal basis; of several the first by its code.
fn purpose<'a>(
    compiled: &'a Compiled,
    request: &AccessRequest<'_>,
) -> Result<&'a PurposeCode, Denial> {
    let granted = &compiled.standing.terms.purposes;
    if let Some(found) = granted.iter().find(|grant| grant.code == *request.purpose) {
        return Ok(&found.basis);
    }
    let mut allowed: Vec<String> = granted.iter().map(|grant| grant.code.to_string()).collect();
    allowed.dedup();
    let asked = request.purpose.to_string();
    Err(refused(compiled, Reason::PurposeNotAllowed).comparing(asked, allowed))
}

fn grant(compiled: &Compiled, basis: &PurposeCode, holds_until: Timestamp) -> Grant {
    Grant {
        agreement: compiled.standing.reference.clone(),
        terms_hash: compiled.standing.terms_hash.clone(),
        basis: basis.clone(),
        plan: Arc::clone(&compiled.plan),
        holds_until,
    }
}

/// Returns the next instant at which any candidate begins or ends. A candidate that is not in use
/// counts too: with a lower id it takes over the moment it begins.
fn holds_until(candidates: &[Arc<Compiled>], now: Timestamp) -> Timestamp {
    let validities = candidates.iter().map(|compiled| compiled.standing.terms.valid);
    let edges = validities.flat_map(|valid| [valid.not_before, valid.not_after]);
    // An allow has an end ahead of it; without one it would hold for no time at all.
    edges.filter(|edge| *edge > now).min().unwrap_or(now)
}

#[cfg(test)]
mod tests;
