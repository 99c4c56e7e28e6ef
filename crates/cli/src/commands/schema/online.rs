//! `ndxp schema register`, `compatibility`, `override`, `get`, `list`.

use std::path::PathBuf;

use anyhow::Result;
use ndxp_client::proto::{convert, registry, schema as pb};
use ndxp_model::{DatasetName, SchemaVersion};
use serde::Serialize;

use super::diff::EffectView;
use crate::{
    connection::Connect,
    exit::ExitStatus,
    input,
    printer::Printer,
    view::{self, Changed, SchemaView},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Register {
    #[command(flatten)]
    connect: Connect,
    /// The dataset
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
    /// A JSON Schema of draft 2020-12 or draft-07; '-' for stdin
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    #[command(flatten)]
    connect: Connect,
    /// The dataset
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
    /// The version [default: the newest]
    version: Option<SchemaVersion>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    connect: Connect,
    /// The dataset
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Mode {
    #[command(flatten)]
    connect: Connect,
    /// The dataset
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
    /// backward: new readers read old records; forward: old readers read new ones; full: both
    #[arg(value_enum)]
    mode: ModeName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ModeName {
    Backward,
    Forward,
    Full,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Override {
    #[command(flatten)]
    connect: Connect,
    /// The dataset
    #[arg(value_name = "AGENCY/DATASET")]
    dataset: DatasetName,
    /// The schema, as another officer is to register it; '-' for stdin
    file: PathBuf,
    /// Why it is known to lose no record; it stands in the registry
    #[arg(long)]
    reason: String,
}

/// What a registration changed, and for whom.
#[derive(Debug, Serialize)]
struct Registered {
    #[serde(flatten)]
    changed: Changed<SchemaView>,
    changes: Vec<ChangeView>,
    effects: Vec<EffectView>,
}

#[derive(Debug, Serialize)]
struct ChangeView {
    kind: String,
    pointer: String,
    message: String,
}

pub(crate) async fn register(args: Register, printer: &mut Printer) -> Result<ExitStatus> {
    let document = input::read(&args.file)?;
    let client = args.connect.client()?;
    let answer = client.register_schema(&args.dataset.resource(), document).await?;
    let changed = Changed::new(view::schema(answer.schema.unwrap_or_default())?, answer.receipt);
    let changes = answer.changes.into_iter().map(change).collect();
    let effects = answer.effects.into_iter().map(effect).collect();
    let registered = Registered { changed, changes, effects };
    printer.data(&registered, registered.text())?;
    Ok(ExitStatus::Done)
}

impl Registered {
    fn text(&self) -> String {
        let SchemaView { dataset, version, hash, .. } = &self.changed.resource;
        let evidence = self.changed.evidence();
        let mut lines = vec![format!("{dataset} has schema {version}, {hash}{evidence}")];
        lines.extend(self.changes.iter().map(|one| format!("  {}: {}", one.pointer, one.message)));
        lines.extend(self.effects.iter().map(|one| {
            let EffectView { agreement, consumer, field, message, .. } = one;
            format!("  {agreement} with {consumer}, {field}: {message}")
        }));
        lines.join("\n")
    }
}

fn change(change: pb::SchemaChange) -> ChangeView {
    ChangeView { kind: change.kind, pointer: change.pointer, message: change.message }
}

pub(super) fn effect(effect: pb::AgreementEffect) -> EffectView {
    let kind = effect.kind().as_str_name().trim_start_matches("AGREEMENT_EFFECT_KIND_");
    EffectView {
        kind: kind.to_ascii_lowercase().replace('_', "-"),
        agreement: effect.agreement,
        consumer: effect.consumer,
        field: effect.field,
        message: effect.message,
    }
}

pub(crate) async fn compatibility(args: Mode, printer: &mut Printer) -> Result<ExitStatus> {
    let mode = match args.mode {
        ModeName::Backward => registry::Compatibility::Backward,
        ModeName::Forward => registry::Compatibility::Forward,
        ModeName::Full => registry::Compatibility::Full,
    };
    let client = args.connect.client()?;
    let answer = client.set_compatibility(&args.dataset.resource(), mode).await?;
    let word = mode.as_str_name().trim_start_matches("COMPATIBILITY_").to_ascii_lowercase();
    let changed = Changed::new(word, answer.receipt);
    let text = format!("{} is {}{}", args.dataset, changed.resource, changed.evidence());
    printer.data(&changed, text)?;
    Ok(ExitStatus::Done)
}

pub(crate) async fn override_comparison(
    args: Override,
    printer: &mut Printer,
) -> Result<ExitStatus> {
    let document = input::read(&args.file)?;
    let client = args.connect.client()?;
    let resource = args.dataset.resource();
    let answer = client.override_comparison(&resource, document, &args.reason).await?;
    let changed = Changed::new(answer.hash, answer.receipt);
    let text = format!(
        "you answer for {} of {}{}; another officer may register it now",
        changed.resource,
        args.dataset,
        changed.evidence()
    );
    printer.data(&changed, text)?;
    Ok(ExitStatus::Done)
}

/// Prints the document as it was registered, byte for byte.
pub(crate) async fn get(args: Get, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    let version = match args.version {
        Some(version) => version,
        None => SchemaVersion(client.get_dataset(&args.dataset.resource()).await?.schema_version),
    };
    let name = convert::schema_resource(&args.dataset, version);
    printer.bytes(&client.get_schema(&name).await?.document)?;
    Ok(ExitStatus::Done)
}

pub(crate) async fn list(args: List, printer: &mut Printer) -> Result<ExitStatus> {
    let found = args.connect.client()?.list_schemas(&args.dataset.resource()).await?;
    let all = view::all(found, view::schema)?;
    let row = |view: &SchemaView| {
        let when = view.registered_at.map(|instant| instant.to_string());
        vec![view.version.to_string(), view.hash.clone(), when.unwrap_or_default()]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    printer.data(&all, view::table(&rows))?;
    Ok(ExitStatus::Done)
}
