//! `ndxp schema bundle`.

#[cfg(feature = "client")]
mod fetch;
mod store;

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, anyhow};
use ndxp_schema::{Bundle, BundleError, Schema, SchemaLimits, json, position};
use serde_json::Value;

use super::{hub::Online, rules::Rules};
use crate::{exit::ExitStatus, input, printer::Printer};
use store::Store;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A reference ndxp:<dataset>@sha256:<hex> names a schema by its hash, as `ndxp schema hash` prints it. In the bundle each \
becomes a definition, and the verdicts stay those of the parts together. Parts are looked for, by their hash, in the \
directories of --store and in the files of --lock, or of the ndxp.lock that lies here, and then with --hub at the hub; \
else nothing is fetched.

Exit status: 0 done; 2 a file cannot be read, or a reference cannot be followed.

Example:
  ndxp schema bundle --store schemas/ family.schema.json --output family.bundle.json")]
pub(crate) struct Args {
    /// The schema; '-' for stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A directory of schemas: every *.json in it, whatever its name
    #[arg(long, value_name = "DIR")]
    store: Vec<PathBuf>,
    /// The file to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    online: Online,
    #[command(flatten)]
    rules: Rules,
}

pub(crate) fn run(args: &Args, printer: &mut Printer) -> Result<ExitStatus> {
    let (profile, context) = args.rules.load()?;
    let file = args.file.display();
    let bytes = input::read(&args.file)?;
    let root = json::read(&bytes, &SchemaLimits::none().json)
        .map_err(|refusal| anyhow!("{file}:{refusal}"))?;
    let mut store = Store::open(&args.store, args.rules.lock())?;
    let bundle = bundle(&root, &mut store, &args.online)?.map_err(|error| {
        let place = place(&error, &root, &bytes);
        anyhow!("{file}{place}: {error}; {} schemas were looked at (--store, --lock)", store.len())
    })?;
    let text = bundle.document.to_string();
    Schema::parse_in(text.as_bytes(), &profile, &context)
        .map_err(|problems| anyhow!("the bundle has problems\n{problems}"))?;
    let text = ndxp_schema::format(text.as_bytes(), &SchemaLimits::none().json)?;
    match &args.output {
        Some(path) => {
            fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        None => printer.bytes(text.as_bytes())?,
    }
    if bundle.parts.is_empty() {
        printer.say("it refers to no schema by its hash");
    }
    for (name, address) in &bundle.parts {
        printer.say(&format!("bundled {address} as {name}"));
    }
    Ok(ExitStatus::Done)
}

/// Bundles what is at hand; what is missing comes from the hub, where one is to be asked.
#[cfg(feature = "client")]
fn bundle(root: &Value, store: &mut Store, online: &Online) -> Result<Result<Bundle, BundleError>> {
    if online.asked() { fetch::bundle(root, store, online) } else { Ok(at_hand(root, store)) }
}

#[cfg(not(feature = "client"))]
fn bundle(root: &Value, store: &mut Store, online: &Online) -> Result<Result<Bundle, BundleError>> {
    if online.asked() { Err(online.refusal()) } else { Ok(at_hand(root, store)) }
}

fn at_hand(root: &Value, store: &Store) -> Result<Bundle, BundleError> {
    ndxp_schema::bundle(root, |hash| store.get(hash))
}

/// Returns line and column of a reference of the root's that cannot be followed; one of a part's has none here.
fn place(error: &BundleError, root: &Value, bytes: &[u8]) -> String {
    let (BundleError::Missing { pointer, address } | BundleError::Address { pointer, address }) =
        error
    else {
        return String::new();
    };
    let pointer = format!("{pointer}/$ref");
    let own =
        root.pointer(&pointer).and_then(Value::as_str).is_some_and(|it| it.starts_with(address));
    let span = own.then(|| position::value(bytes, &pointer)).flatten();
    span.map_or_else(String::new, |span| format!(":{}:{}", span.start.line, span.start.column))
}
