//! What a tool needs for the hub's verdicts, page by page: first the schemas, behind them the code lists in pieces.

use std::collections::BTreeSet;

use ndxp_model::AgencyId;
use ndxp_proto::{
    convert::Page,
    error::Refusal,
    schema::{CodeListChunk, ExportSchemaBundleResponse},
};
use ndxp_registry::State;
use ndxp_schema::CodeList;

use super::{cut, message, sortable};
use crate::{
    code_lists::{InForce, PIECE},
    core::Core,
    refuse::Failed,
};

/// Begins the tokens of pages behind the schemas; no dataset's name has it.
const BEHIND: char = '~';

pub(super) async fn page(
    core: &Core,
    agency: &AgencyId,
    page: &Page,
) -> Result<ExportSchemaBundleResponse, Failed> {
    let in_force = core.code_lists().await?;
    let mut answer = ExportSchemaBundleResponse {
        verdict: Some(in_force.message()),
        ..ExportSchemaBundleResponse::default()
    };
    if page.after.is_none() {
        answer.profile = core.schemas.profile().national.source().as_bytes().to_vec();
    }
    let piece = match page.after.as_deref().and_then(|after| after.strip_prefix(BEHIND)) {
        None => {
            (answer.schemas, answer.next_page_token) = core.registry.read(|state| {
                let seen = state.datasets.keys().filter_map(|name| {
                    let (version, entry) = state.visible(agency, name)?.schema(None)?;
                    Some((sortable(name), message(name, version, entry, false)))
                });
                cut(page, seen)
            });
            if !answer.next_page_token.is_empty() {
                return Ok(answer);
            }
            None
        }
        Some(number) => {
            let unknown = || Refusal::field("page_token", "is not a token of this list");
            Some(number.parse::<usize>().map_err(|_| unknown())?)
        }
    };
    let states = states(core, agency, &in_force).await?;
    answer.code_lists = piece.and_then(|number| chunk(&states, number)).into_iter().collect();
    let next = piece.map_or(0, |number| number.saturating_add(1));
    if chunk(&states, next).is_some() {
        answer.next_page_token = Page::token(&format!("{BEHIND}{next}"));
    }
    Ok(answer)
}

/// The states in force, and those that a schema names which the caller may know of.
async fn states(
    core: &Core,
    agency: &AgencyId,
    in_force: &InForce,
) -> Result<Vec<CodeList>, Failed> {
    let mut states: Vec<CodeList> = in_force.states().cloned().collect();
    let named = core.registry.read(|state| named(state, agency)).into_iter();
    let here = |(dataset, sha256): &(String, String)| {
        states.iter().any(|state| state.dataset() == dataset && state.sha256() == sha256)
    };
    let named = named.filter(|name| !here(name)).collect();
    states.extend(core.states(named).await?);
    Ok(states)
}

/// The pinned states whose names stand in a schema.
fn named(state: &State, agency: &AgencyId) -> BTreeSet<(String, String)> {
    let visible =
        state.datasets.keys().filter_map(|name| state.visible(agency, name)?.schema(None));
    let documents: Vec<&str> = visible
        .map(|(_, schema)| &*schema.document)
        .filter(|document| document.contains("@sha256:"))
        .collect();
    let pinned = state.code_lists.iter();
    let pinned = pinned.flat_map(|(name, pins)| pins.iter().map(|pin| (name.to_string(), pin)));
    pinned
        .filter(|(name, pin)| {
            let written = format!("{name}@{}", pin.sha256);
            documents.iter().any(|document| document.contains(&written))
        })
        .map(|(name, pin)| (name, pin.sha256.clone()))
        .collect()
}

/// The piece of this number, counted over all states.
fn chunk(states: &[CodeList], mut number: usize) -> Option<CodeListChunk> {
    for state in states {
        let total = state.bytes().len().div_ceil(PIECE).max(1);
        if let Some(behind) = number.checked_sub(total) {
            number = behind;
            continue;
        }
        let rows = state.bytes().chunks(PIECE).nth(number).unwrap_or_default();
        return Some(CodeListChunk {
            dataset: state.dataset().to_owned(),
            sha256: state.sha256().to_owned(),
            number: u32::try_from(number).ok()?,
            total: u32::try_from(total).ok()?,
            rows: rows.to_vec(),
        });
    }
    None
}
