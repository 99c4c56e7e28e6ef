//! Generated files, and how a directory differs from them.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Serialize;

/// The folders of a nation. Other folders and files beside them are left alone.
const FOLDERS: [&str; 4] = ["agencies", "agreements", "datasets", "records"];

/// Files by their path within the nation, written with `/`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FileTree {
    files: BTreeMap<String, String>,
}

/// One way in which a directory is not the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A file that is generated is not there.
    Missing(String),
    /// A file has other bytes than the generated one.
    Changed(String),
    /// A file is there that is not generated.
    Unexpected(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => write!(f, "missing: {path}"),
            Self::Changed(path) => write!(f, "changed: {path}"),
            Self::Unexpected(path) => write!(f, "unexpected: {path}"),
        }
    }
}

impl FileTree {
    /// Returns the files, path and text, in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Returns the text of one file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    pub(crate) fn insert(&mut self, path: impl Into<String>, text: String) {
        self.files.insert(path.into(), text);
    }

    /// Adds a value as JSON: 2 spaces, LF, a trailing newline.
    pub(crate) fn insert_json(&mut self, path: String, value: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(value).with_context(|| path.clone())?;
        text.push('\n');
        self.insert(path, text);
        Ok(())
    }

    /// Compares the tree with the nation in `dir`, in the order of paths.
    ///
    /// # Errors
    /// A folder or file that cannot be read.
    pub fn differences(&self, dir: &Path) -> Result<Vec<Difference>> {
        let mut found = Vec::new();
        for (path, text) in &self.files {
            match fs::read_to_string(dir.join(path)) {
                Ok(there) if there == *text => {}
                Ok(_) => found.push(Difference::Changed(path.clone())),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    found.push(Difference::Missing(path.clone()));
                }
                Err(error) => return Err(error).with_context(|| path.clone()),
            }
        }
        let unexpected = present(dir)?.into_iter().filter(|path| !self.files.contains_key(path));
        found.extend(unexpected.map(Difference::Unexpected));
        Ok(found)
    }

    /// Makes the nation in `dir` equal to the tree and returns what it changed: writes files,
    /// removes the others of its folders.
    ///
    /// # Errors
    /// A folder or file that cannot be read, written or removed; some may be written by then.
    pub fn write(&self, dir: &Path) -> Result<Vec<Difference>> {
        let differences = self.differences(dir)?;
        for difference in &differences {
            match difference {
                Difference::Missing(path) | Difference::Changed(path) => {
                    let text = self.get(path).unwrap_or_default();
                    write_file(&dir.join(path), text)?;
                }
                Difference::Unexpected(path) => {
                    fs::remove_file(dir.join(path)).with_context(|| path.clone())?;
                }
            }
        }
        Ok(differences)
    }
}

fn write_file(path: &Path, text: &str) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

/// Returns the paths of the files in the nation's folders, sorted.
fn present(dir: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    while let Some(folder) = folders.pop() {
        let full = dir.join(&folder);
        if !full.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&full).with_context(|| full.display().to_string())? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    files.sort();
    Ok(files)
}
