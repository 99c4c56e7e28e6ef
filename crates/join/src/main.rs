//! `ndxp-join DIR [--published FILE]… [--received FILE]…`: prints what fits and what does not.
//! Exit 0: nothing found; 1: something; 2: nothing could be judged.

use std::{env, error::Error, io::Write, path::PathBuf, process::ExitCode};

use ndxp_join::{Evidence, join};

const USAGE: &str = "usage: ndxp-join DIR [--published FILE]... [--received FILE]...";

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<usize, Box<dyn Error>> {
    let mut dir = None;
    let mut evidence = Evidence::none();
    let mut args = env::args_os().skip(1);
    while let Some(arg) = args.next() {
        let mut file = || args.next().map(PathBuf::from).ok_or(USAGE);
        match arg.to_str() {
            Some("--published") => evidence.add_published(&file()?)?,
            Some("--received") => evidence.add_received(&file()?)?,
            Some(flag) if flag.starts_with('-') => return Err(USAGE.into()),
            _ if dir.is_none() => dir = Some(PathBuf::from(arg)),
            _ => return Err(USAGE.into()),
        }
    }
    let report = join(&dir.ok_or(USAGE)?, &evidence)?;
    write!(std::io::stdout(), "{report}")?;
    Ok(report.findings.len())
}
