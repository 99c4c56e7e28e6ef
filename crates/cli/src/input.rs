//! Reading files: strict JSON with places, and stdin as `-`.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context, Result};
#[cfg(feature = "client")]
use serde::de::DeserializeOwned;

/// The name that stands for stdin.
pub(crate) const STDIN: &str = "-";

/// Reads a whole file, or stdin for `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    if path.as_os_str() == STDIN {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("cannot read stdin")?;
        return Ok(bytes);
    }
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a JSON file into a type; a mistake is named with its line and column.
#[cfg(feature = "client")]
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = read(path)?;
    // Strict first: serde alone would let duplicate keys of a map and rounded numbers through.
    ndxp_schema::json::read(&bytes, &ndxp_schema::json::Limits::default())
        .with_context(|| path.display().to_string())?;
    serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
}

/// Reads a word of an enumeration as its JSON form writes it, for arguments.
#[cfg(feature = "client")]
pub(crate) fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let value = serde_json::Value::String(text.to_owned());
    serde_json::from_value(value).map_err(|error| error.to_string())
}
