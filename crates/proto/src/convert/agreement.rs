//! Agreements' documents, and why a caller reads data.

use std::collections::BTreeSet;

use ndxp_model::{
    AgreementId, FieldGrant, Operation, PurposeCode, PurposeGrant, RowFilter, Terms, TermsProblem,
    Validity,
};

use super::{
    name::{agency_name, agency_resource, dataset_name},
    problems::{Problems, each, parse, required},
    time::{instant, timestamp},
};
use crate::{agreement as pb, common, error::Refusal};

/// Reads an agreement's document, and checks what is wrong with it in itself. What is named twice in
/// a list counts once.
///
/// # Errors
/// `INVALID_FIELD` at `path` or below.
pub fn terms(message: Option<pb::Terms>, path: &str) -> Result<Terms, Refusal> {
    let message = message.ok_or_else(|| required(path))?;
    let mut problems = Problems::default();
    let at = |member: &str| format!("{path}.{member}");
    let id = problems.take(parse(&message.id, &at("id")));
    let provider = problems.take(agency_name(&message.provider, &at("provider")));
    let consumer = problems.take(agency_name(&message.consumer, &at("consumer")));
    let dataset = problems.take(dataset_name(&message.dataset, &at("dataset")));
    let operations: Option<BTreeSet<_>> =
        problems.take(each(message.operations, &at("operations"), operation));
    let purposes: Option<BTreeSet<_>> =
        problems.take(each(message.purposes, &at("purposes"), purpose));
    let fields: Option<BTreeSet<_>> = problems.take(each(message.fields, &at("fields"), field));
    let rows = problems.take(message.rows.map(|rows| row_filter(rows, &at("rows"))).transpose());
    let not_before = problems.take(instant(message.not_before, &at("not_before")));
    let not_after = problems.take(instant(message.not_after, &at("not_after")));
    let terms = (|| {
        Some(Terms {
            id: id?,
            provider: provider?,
            consumer: consumer?,
            dataset: dataset?,
            operations: operations?,
            purposes: purposes?,
            fields: fields?,
            rows: rows?,
            valid: Validity { not_before: not_before?, not_after: not_after? },
        })
    })();
    for problem in terms.iter().flat_map(Terms::problems) {
        problems.add(at(member(&problem)), problem.to_string());
    }
    problems.finish(terms)
}

/// Returns the member of the message that a problem of the document is about: on the wire, the
/// validity is two members.
fn member(problem: &TermsProblem) -> &'static str {
    match problem {
        TermsProblem::Validity => "not_after",
        other => other.field(),
    }
}

/// Reads why data is read, and under which agreement if the caller picks one.
///
/// # Errors
/// `INVALID_FIELD` at `path` or below.
pub fn access(
    message: Option<common::AccessContext>,
    path: &str,
) -> Result<(PurposeCode, Option<AgreementId>), Refusal> {
    let message = message.ok_or_else(|| required(path))?;
    let mut problems = Problems::default();
    let purpose = problems.take(parse(&message.purpose, &format!("{path}.purpose")));
    let picked = Some(message.agreement).filter(|id| !id.is_empty());
    let agreement = picked.map(|id| parse(&id, &format!("{path}.agreement"))).transpose();
    let agreement = problems.take(agreement);
    problems.finish(purpose.zip(agreement))
}

/// Writes why data is read.
#[must_use]
pub fn access_message(
    purpose: &PurposeCode,
    agreement: Option<&AgreementId>,
) -> common::AccessContext {
    let agreement = agreement.map(ToString::to_string).unwrap_or_default();
    common::AccessContext { purpose: purpose.to_string(), agreement }
}

fn operation(number: i32, path: &str) -> Result<Operation, Refusal> {
    match pb::Operation::try_from(number).unwrap_or_default() {
        pb::Operation::Unspecified => Err(required(path)),
        pb::Operation::Subscribe => Ok(Operation::Subscribe),
        pb::Operation::Publish => Ok(Operation::Publish),
    }
}

fn purpose(message: pb::Purpose, path: &str) -> Result<PurposeGrant, Refusal> {
    let mut problems = Problems::default();
    let code = problems.take(parse(&message.code, &format!("{path}.code")));
    let basis = problems.take(parse(&message.basis, &format!("{path}.basis")));
    let purpose = (|| Some(PurposeGrant { code: code?, basis: basis? }))();
    problems.finish(purpose)
}

fn field(message: pb::Field, path: &str) -> Result<FieldGrant, Refusal> {
    Ok(FieldGrant { path: parse(&message.path, &format!("{path}.path"))? })
}

fn row_filter(message: pb::RowFilter, path: &str) -> Result<RowFilter, Refusal> {
    let mut problems = Problems::default();
    let field = problems.take(parse(&message.field, &format!("{path}.field")));
    if message.equals.is_empty() {
        problems.add(format!("{path}.equals"), "is required");
    }
    problems.finish(field.map(|field| RowFilter { field, equals: message.equals }))
}

impl From<Operation> for pb::Operation {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Subscribe => Self::Subscribe,
            Operation::Publish => Self::Publish,
        }
    }
}

impl From<&PurposeGrant> for pb::Purpose {
    fn from(purpose: &PurposeGrant) -> Self {
        Self { code: purpose.code.to_string(), basis: purpose.basis.to_string() }
    }
}

impl From<&Terms> for pb::Terms {
    fn from(terms: &Terms) -> Self {
        let operation = |operation: &Operation| pb::Operation::from(*operation).into();
        let field = |field: &FieldGrant| pb::Field { path: field.path.to_string() };
        let rows = |rows: &RowFilter| pb::RowFilter {
            field: rows.field.to_string(),
            equals: rows.equals.clone(),
        };
        Self {
            id: terms.id.to_string(),
            provider: agency_resource(&terms.provider),
            consumer: agency_resource(&terms.consumer),
            dataset: terms.dataset.resource(),
            operations: terms.operations.iter().map(operation).collect(),
            purposes: terms.purposes.iter().map(Into::into).collect(),
            fields: terms.fields.iter().map(field).collect(),
            rows: terms.rows.as_ref().map(rows),
            not_before: timestamp(terms.valid.not_before),
            not_after: timestamp(terms.valid.not_after),
        }
    }
}
