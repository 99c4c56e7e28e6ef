//! `ndxp init`: the beginning of a hub.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context, Result, ensure};
use ndxp_hub::{CursorKey, Genesis, GenesisError, Keys};
use ndxp_model::{Agency, AgencyId, AgencyKind, OfficerId, Title, TrustDomain};

use crate::{
    commands::serve::ConfigArgs,
    config::LogConfig,
    exit::ExitStatus,
    node::{self, Engine, HubDirectory},
    printer::Printer,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// The hub's directory
    #[arg(long, env = "NDXP_DATA", value_name = "DIR", hide_env_values = true)]
    data: PathBuf,
    /// The name space of its certificates, for example ndxp.gov.vn
    #[arg(long, value_name = "DOMAIN")]
    trust_domain: TrustDomain,
    /// The agency that supervises the others
    #[arg(long, value_name = "ID")]
    authority: AgencyId,
    /// Its name in Vietnamese
    #[arg(long, value_name = "NAME")]
    authority_name_vi: String,
    /// Its name in English
    #[arg(long, value_name = "NAME")]
    authority_name_en: String,
    /// Its first officers, at least two: four eyes need two persons
    #[arg(long = "officer", value_name = "ID", required = true)]
    officers: Vec<OfficerId>,
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let different: BTreeSet<_> = args.officers.iter().collect();
    ensure!(different.len() >= 2, "--officer at least twice: a hub begins with two officers");
    let authority = Agency {
        id: args.authority,
        name: Title { vi: args.authority_name_vi, en: args.authority_name_en },
        kind: AgencyKind::GovernmentAgency,
    };
    // Where the log is, is the configuration's word; the rest of it is the running hub's.
    let log = args.config.load(Vec::new())?.config.log;
    let data = HubDirectory::new(args.data);
    let beginning = Beginning { domain: args.trust_domain, authority, officers: args.officers };
    if begin(&data, beginning, &log).await? == Begun::Before {
        printer.say(&format!("refused: {} holds a hub already", data.path().display()));
        return Ok(ExitStatus::Refused);
    }
    let text = format!("{} holds a hub: next, its TLS files and ndxp serve", data.path().display());
    printer.data(&serde_json::json!({ "data": data.path() }), text)?;
    Ok(ExitStatus::Done)
}

/// What a hub begins with, but for chance.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) domain: TrustDomain,
    pub(crate) authority: Agency,
    pub(crate) officers: Vec<OfficerId>,
}

/// Whether a hub was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    Now,
    Before,
}

/// Makes a hub's keys and its log's first record. What an interrupted run left is taken up; a hub
/// that is there already is not touched.
pub(crate) async fn begin(data: &HubDirectory, with: Beginning, log: &LogConfig) -> Result<Begun> {
    let engine = Engine::create(data, log).await?;
    let begun = begin_in(data, with, &engine).await;
    engine.close().await;
    begun
}

async fn begin_in(data: &HubDirectory, with: Beginning, engine: &Engine) -> Result<Begun> {
    // First the key: a hub without one could not start, a key without a hub harms nobody.
    let keys = data.keys();
    match Keys::create(&keys, &node::random()?) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        made => made.with_context(|| format!("cannot write the key in {}", keys.display()))?,
    }
    // All keys from the start: a further node begins with a copy of them.
    CursorKey::load_or_create(&keys, &node::random()?)
        .with_context(|| format!("cannot write the key of cursors in {}", keys.display()))?;
    let genesis = Genesis {
        trust_domain: with.domain,
        authority: with.authority,
        officers: with.officers,
        incarnation: node::random()?,
    };
    match ndxp_hub::genesis(&engine.log(), genesis, node::now()).await {
        Ok(()) => Ok(Begun::Now),
        Err(GenesisError::NotEmpty) => Ok(Begun::Before),
        Err(error) => Err(error.into()),
    }
}
