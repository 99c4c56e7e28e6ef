//! Packs the demonstration nation into the binary, so that `ndxp dev` and `ndxp demo` work
//! wherever the binary is: writes a list of names and contents from `seeds/nation`.

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    // The client and the schema tool carry no nation.
    if env::var_os("CARGO_FEATURE_HUB").is_none() {
        return Ok(());
    }
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let nation = here.join("../../seeds/nation");
    let mut files = Vec::new();
    find(&nation, &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&nation).unwrap_or(file);
        writeln!(code, "    ({name:?}, include_bytes!({file:?})),").unwrap_or_default();
    }
    code.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("nation.rs"), code)
}

/// Finds all files, and has cargo run this again when one comes, goes or changes.
fn find(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", directory.display());
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
