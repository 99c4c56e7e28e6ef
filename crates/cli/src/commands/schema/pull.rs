//! `ndxp schema pull`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};
use ndxp_client::{
    Client,
    proto::{common, convert, schema as pb},
};
use ndxp_model::{DatasetName, SchemaVersion};
use ndxp_schema::{CodeList, VerdictIdentity};
use serde::Serialize;

use super::lock::{Lock, Locked, LockedList, VERSION, beside};
use crate::{connection::Connect, exit::ExitStatus, printer::Printer};

/// The folder beside the lock that holds what it names.
const FOLDER: &str = "ndxp";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: Connect,
    /// The file to write; what it names goes into the folder ndxp beside it
    #[arg(long, value_name = "FILE", default_value = "ndxp.lock")]
    lock: PathBuf,
    /// Write nothing; exit status 1 if the hub has moved on, or a file here has changed
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    lock: &'a Path,
    schemas: usize,
    verdict_identity: String,
    differences: Vec<String>,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let client = args.connect.client()?;
    let bundle = client.export_schema_bundle().await?;
    let lists = lists(&bundle)?;
    let hub = lock(&bundle, &lists)?;
    let differences = if args.check {
        changed(&args.lock, &hub)?
    } else {
        for (locked, list) in hub.code_lists.iter().zip(&lists) {
            put(&beside(&args.lock, &locked.file), list.bytes())?;
        }
        write(&client, &args.lock, &hub, &bundle).await?;
        Vec::new()
    };
    let digest = bundle.verdict.map(|verdict| verdict.digest).unwrap_or_default();
    let report = Report {
        lock: &args.lock,
        schemas: hub.schemas.len(),
        verdict_identity: digest,
        differences,
    };
    let text = match (args.check, report.differences.is_empty()) {
        (true, true) => format!("{} is what the hub has", args.lock.display()),
        (true, false) => report.differences.join("\n"),
        (false, _) => {
            let lock = args.lock.display();
            match hub.code_lists.len() {
                0 => format!("{lock} names {} schemas and the hub's rules", report.schemas),
                lists => format!(
                    "{lock} names {} schemas, {lists} states of code lists and the hub's rules",
                    report.schemas
                ),
            }
        }
    };
    printer.data(&report, text)?;
    Ok(if report.differences.is_empty() { ExitStatus::Done } else { ExitStatus::Refused })
}

/// Makes the lock that the hub calls for.
fn lock(bundle: &pb::ExportSchemaBundleResponse, lists: &[CodeList]) -> Result<Lock> {
    let verdict = bundle.verdict.clone().context("the hub says nothing of its rules")?;
    let schemas = bundle.schemas.iter().map(|schema| {
        let (name, SchemaVersion(version)) =
            convert::schema_name(&schema.name, "name").map_err(|refused| anyhow!("{refused}"))?;
        let file = format!("{FOLDER}/schemas/{}/{}.schema.json", name.agency, name.dataset);
        Ok((name, Locked { version, hash: schema.hash.clone(), file: file.into() }))
    });
    Ok(Lock {
        version: VERSION,
        verdict: identity(verdict),
        profile: format!("{FOLDER}/profile.toml").into(),
        schemas: schemas.collect::<Result<_>>()?,
        code_lists: lists.iter().map(locked).collect(),
    })
}

fn locked(list: &CodeList) -> LockedList {
    let (dataset, sha256) = (list.dataset().to_owned(), list.sha256().to_owned());
    let hex = sha256.trim_start_matches("sha256:");
    let file = format!("{FOLDER}/codelists/{dataset}/{hex}.ndjson");
    LockedList { dataset, sha256, file: file.into() }
}

/// Puts the states of code lists together. One that is not whole was replaced while it was fetched.
fn lists(bundle: &pb::ExportSchemaBundleResponse) -> Result<Vec<CodeList>> {
    let mut states: BTreeMap<(&str, &str), Vec<u8>> = BTreeMap::new();
    for chunk in &bundle.code_lists {
        let rows = states.entry((&chunk.dataset, &chunk.sha256)).or_default();
        rows.extend_from_slice(&chunk.rows);
    }
    let in_force = bundle.verdict.iter().flat_map(|verdict| &verdict.code_lists);
    for list in in_force {
        // A list that is missing shows as one without rows, which has another hash.
        states.entry((&list.dataset, &list.sha256)).or_default();
    }
    let whole = |((dataset, sha256), rows): ((&str, &str), Vec<u8>)| {
        // The names become a path.
        let _: DatasetName = dataset.parse().with_context(|| format!("code list {dataset}"))?;
        let list =
            CodeList::parse(dataset, &rows).with_context(|| format!("code list {dataset}"))?;
        if list.sha256() != sha256 {
            bail!("the hub pinned another state of code list {dataset} meanwhile: pull again");
        }
        Ok(list)
    };
    states.into_iter().map(whole).collect()
}

fn identity(verdict: common::VerdictIdentity) -> VerdictIdentity {
    let lists = verdict.code_lists.into_iter();
    VerdictIdentity {
        engine_version: verdict.engine_version,
        profile_sha256: verdict.profile_sha256,
        code_list_sha256s: lists.map(|list| (list.dataset, list.sha256)).collect(),
    }
}

/// Compares what lies here with what the hub has; also the files, by their hashes.
fn changed(path: &Path, hub: &Lock) -> Result<Vec<String>> {
    if !path.exists() {
        return Ok(vec![format!("{} does not exist", path.display())]);
    }
    let here = Lock::read(path)?;
    let mut lines = here.differences(hub);
    let national = match here.national(path) {
        Ok(national) => national,
        Err(error) => {
            lines.push(format!("{error:#}"));
            return Ok(lines);
        }
    };
    let profile = ndxp_schema::Profile { national, ..ndxp_schema::Profile::default() };
    let rules = here.confirm(path, &profile).err();
    let schemas = here.schemas.keys().filter_map(|name| here.schema(path, name, &profile).err());
    lines.extend(rules.into_iter().chain(schemas).map(|error| format!("{error:#}")));
    Ok(lines)
}

/// Writes the files first and the lock last: an interrupted pull leaves a lock that names what differs.
async fn write(
    client: &Client,
    path: &Path,
    hub: &Lock,
    bundle: &pb::ExportSchemaBundleResponse,
) -> Result<()> {
    put(&beside(path, &hub.profile), &bundle.profile)?;
    for (name, locked) in &hub.schemas {
        fetch(client, path, name, locked).await?;
    }
    let mut text = serde_json::to_vec_pretty(hub)?;
    text.push(b'\n');
    put(path, &text)
}

/// A schema never changes, so one that is here under its hash is not asked for again.
async fn fetch(client: &Client, path: &Path, name: &DatasetName, locked: &Locked) -> Result<()> {
    let file = beside(path, &locked.file);
    let hash = |bytes: &[u8]| {
        let profile = ndxp_schema::Profile::for_reading();
        Some(ndxp_schema::Schema::parse(bytes, &profile).ok()?.hash().to_owned())
    };
    if fs::read(&file).ok().and_then(|bytes| hash(&bytes)).as_ref() == Some(&locked.hash) {
        return Ok(());
    }
    let resource = convert::schema_resource(name, SchemaVersion(locked.version));
    put(&file, &client.get_schema(&resource).await?.document)
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let context = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(context)?;
    }
    fs::write(path, bytes).with_context(context)
}
