//! `ndxp-seeds DIR` regenerates the nation of a description;
//! `ndxp-seeds --generate-datasets N DIR [SEEDS]` writes a load for a timed registration.

use std::{
    env,
    io::{self, Write},
    path::Path,
};

use anyhow::{Result, bail, ensure};

const USAGE: &str = "usage: ndxp-seeds SEEDS
       ndxp-seeds --generate-datasets COUNT DIR [SEEDS]

SEEDS holds nation.toml, datasets.toml and agreements.toml, and is `seeds` unless given.";

fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["--generate-datasets", count, dir] => generate(count.parse()?, dir, "seeds"),
        ["--generate-datasets", count, dir, seeds] => generate(count.parse()?, dir, seeds),
        [seeds] if !seeds.starts_with('-') => regenerate(Path::new(seeds)),
        _ => bail!(USAGE),
    }
}

fn regenerate(seeds: &Path) -> Result<()> {
    let tree = ndxp_seeds::nation(seeds)?;
    let changes = tree.write(&seeds.join("nation"))?;
    let mut out = io::stdout().lock();
    for change in &changes {
        writeln!(out, "{change}")?;
    }
    writeln!(out, "{} files, {} brought up to date", tree.iter().count(), changes.len())?;
    Ok(())
}

fn generate(count: u32, dir: &str, seeds: &str) -> Result<()> {
    let dir = Path::new(dir);
    // What is not generated would be removed, and nobody expects that of another directory.
    let empty = !dir.exists() || dir.read_dir()?.next().is_none();
    ensure!(empty, "{} is not empty", dir.display());
    let tree = ndxp_seeds::bulk(Path::new(seeds), count)?;
    tree.write(dir)?;
    writeln!(io::stdout(), "{count} datasets in {} files", tree.iter().count())?;
    Ok(())
}
