//! `ndxp apply`: makes the hub hold what a directory describes. It reads both, shows the
//! difference, then does what is missing; run again, it finds nothing to do.

mod act;
mod callers;
mod files;
mod plan;
mod show;
mod state;
mod work;

use std::{path::PathBuf, sync::Arc, time::Instant};

use anyhow::{Context, Result, bail};
use ndxp_model::PrincipalName;

use crate::{
    connection::{Caller, Connect},
    exit::ExitStatus,
    printer::Printer,
};
use callers::Callers;
use files::Nation;
use plan::Plan;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: Connect,
    /// What the hub shall hold: agencies/*.json, datasets/AGENCY/DATASET/dataset.json and
    /// schema.json, agreements/*.json
    #[arg(short, long = "file", value_name = "DIR")]
    file: PathBuf,
    /// Show what would be done, and do nothing
    #[arg(long)]
    plan: bool,
    /// The certificates of those who act, as `ndxp pki` writes them [default: pki in --data]
    #[arg(long, env = "NDXP_IDENTITIES", value_name = "DIR", hide_env_values = true)]
    identities: Option<PathBuf>,
    /// Who registers agencies, systems and officers [default: the first officer with role
    /// authority in the files]
    #[arg(long, value_name = "AGENCY/officer/OFFICER")]
    authority: Option<Caller>,
}

impl Args {
    /// Applies a directory to the hub of a directory, with the certificates that are there.
    #[cfg(feature = "hub")]
    pub(crate) fn to_hub_in(data: PathBuf, file: PathBuf) -> Self {
        let connect = Connect::in_directory(data);
        Self { connect, file, plan: false, identities: None, authority: None }
    }
}

pub(crate) async fn run(args: Args, printer: &mut Printer) -> Result<ExitStatus> {
    let since = Instant::now();
    let nation = Arc::new(files::load(&args.file)?);
    let directory = args.identities.clone().or_else(|| args.connect.certificates());
    let directory = directory.context("--identities says whose certificates to use")?;
    let callers = Arc::new(Callers::new(directory, args.connect.hub()));
    let authority = authority(&args, &nation, &callers)?;
    printer.progress("reading what the hub holds");
    let state = state::read(&nation, &callers, &authority).await?;
    let plan = plan::plan(&nation, &state);
    show::plan(&plan, printer);
    let has_conflicts = !plan.conflicts.is_empty();
    if args.plan || has_conflicts || plan.is_empty() {
        show::outcome(&plan, false, since.elapsed(), printer)?;
        return Ok(if has_conflicts { ExitStatus::Refused } else { ExitStatus::Done });
    }
    execute(&plan, &nation, &callers, &authority, printer).await?;
    show::outcome(&plan, true, since.elapsed(), printer)?;
    Ok(ExitStatus::Done)
}

fn authority(args: &Args, nation: &Nation, callers: &Callers) -> Result<PrincipalName> {
    if let Some(Caller(name)) = &args.authority {
        return Ok(name.clone());
    }
    let candidates = nation.officers_with(ndxp_model::Role::Authority);
    match candidates.into_iter().find(|name| callers.has(name)) {
        Some(name) => Ok(name),
        None => bail!("no certificate of an officer with role authority: --authority names one"),
    }
}

/// Does the phases one after the other; within one, agencies go side by side.
async fn execute(
    plan: &Plan,
    nation: &Arc<Nation>,
    callers: &Arc<Callers>,
    authority: &PrincipalName,
    printer: &mut Printer,
) -> Result<()> {
    let total = plan.steps();
    let done = work::Counter::default();
    for phase in &plan.phases {
        let lines: Vec<_> = phase.values().cloned().collect();
        let act = |steps: Vec<plan::Step>| {
            let (nation, callers) = (Arc::clone(nation), Arc::clone(callers));
            let (authority, done) = (authority.clone(), done.clone());
            async move {
                for step in steps {
                    let what = step.to_string();
                    act::act(step, &nation, &callers, &authority).await.context(what)?;
                    done.add();
                }
                Ok(())
            }
        };
        work::side_by_side(lines, act, |_| {
            printer.progress(&format!("{} of {total} done", done.get()));
        })
        .await?;
    }
    Ok(())
}
