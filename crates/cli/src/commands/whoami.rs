//! `ndxp whoami`.

use anyhow::Result;
use ndxp_client::proto::{convert, registry as pb};
use ndxp_model::Timestamp;
use serde::Serialize;

use crate::{connection::Connect, exit::ExitStatus, printer::Printer, view};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: Connect,
}

#[derive(Debug, Serialize)]
struct View {
    principal: String,
    agency: Option<ndxp_model::Title>,
    roles: Vec<String>,
    certificate_not_after: Option<Timestamp>,
    limits: Limits,
    verdict_identity: String,
    verdict: Option<Verdict>,
    registry_position: u64,
    version: String,
}

/// The parts of the verdicts' identity.
#[derive(Debug, Serialize)]
struct Verdict {
    engine_version: String,
    profile_sha256: String,
    code_list_sha256s: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct Limits {
    publish_records: u32,
    publish_bytes: u64,
    record_bytes: u64,
    record_depth: u32,
    outstanding_records: u32,
    outstanding_bytes: u64,
    message_bytes: u64,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let view = view(args.connect.client()?.who_am_i().await?);
    printer.data(&view, human(&view))?;
    Ok(ExitStatus::Done)
}

fn view(answer: pb::WhoAmIResponse) -> View {
    let limits = answer.limits.unwrap_or_default();
    let roles = answer.roles().map(|role| word(role.as_str_name(), "ROLE_")).collect();
    View {
        principal: answer.principal,
        agency: answer.agency.map(|title| ndxp_model::Title { vi: title.vi, en: title.en }),
        roles,
        certificate_not_after: convert::instant(answer.certificate_not_after, "").ok(),
        limits: Limits {
            publish_records: limits.publish_records,
            publish_bytes: limits.publish_bytes,
            record_bytes: limits.record_bytes,
            record_depth: limits.record_depth,
            outstanding_records: limits.outstanding_records,
            outstanding_bytes: limits.outstanding_bytes,
            message_bytes: limits.message_bytes,
        },
        verdict_identity: answer.verdict_identity,
        verdict: answer.verdict.map(|parts| Verdict {
            engine_version: parts.engine_version,
            profile_sha256: parts.profile_sha256,
            code_list_sha256s: parts
                .code_lists
                .into_iter()
                .map(|list| (list.dataset, list.sha256))
                .collect(),
        }),
        registry_position: answer.registry_position,
        version: answer.version,
    }
}

fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_ascii_lowercase()
}

fn human(view: &View) -> String {
    let agency = view.agency.as_ref().map(|title| format!("{} ({})", title.vi, title.en));
    let until = view.certificate_not_after.map(|instant| instant.to_string());
    let limits = &view.limits;
    let row = |name: &str, text: String| vec![name.to_owned(), text];
    view::table(&[
        row("principal", view.principal.clone()),
        row("agency", agency.unwrap_or_default()),
        row("roles", view.roles.join(", ")),
        row("certificate until", until.unwrap_or_default()),
        row(
            "publish",
            format!(
                "{} records, {} bytes, {} bytes a record, depth {}",
                limits.publish_records,
                limits.publish_bytes,
                limits.record_bytes,
                limits.record_depth
            ),
        ),
        row(
            "outstanding",
            format!("{} records, {} bytes", limits.outstanding_records, limits.outstanding_bytes),
        ),
        row("verdicts", view.verdict_identity.clone()),
        row("hub", format!("{}, registry at {}", view.version, view.registry_position)),
    ])
}
