//! placeholder
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}
pub(crate) async fn run(_args: Args, _printer: &mut crate::printer::Printer) -> anyhow::Result<crate::exit::ExitStatus> { Ok(crate::exit::ExitStatus::Done) }
