//! Schemas at hand, by their hash.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};
use ndxp_schema::{SchemaLimits, json};
use serde_json::Value;

/// The lock that is taken where it lies.
const LOCK: &str = "ndxp.lock";

/// Files of all stores together; a directory with more was hardly meant.
const MAX_FILES: usize = 10_000;

/// The documents of directories and of a lock, by their hash.
#[derive(Debug, Default)]
pub(super) struct Store {
    by_hash: HashMap<String, PathBuf>,
    /// What a hub handed out.
    fetched: HashMap<String, Vec<u8>>,
    files: usize,
}

impl Store {
    /// Reads every document, before any schema: no file is opened because a schema names it.
    pub(super) fn open(directories: &[PathBuf], lock: Option<&Path>) -> Result<Self> {
        let mut store = Self::default();
        for directory in directories {
            store.directory(directory)?;
        }
        match lock {
            Some(lock) => store.lock(lock)?,
            None if Path::new(LOCK).is_file() => store.lock(Path::new(LOCK))?,
            None => {}
        }
        Ok(store)
    }

    /// Returns how many documents there are.
    pub(super) fn len(&self) -> usize {
        self.by_hash.len() + self.fetched.len()
    }

    /// Keeps a document for the reference that asked for it; its hash is judged when it is bundled.
    #[cfg(feature = "client")]
    pub(super) fn put(&mut self, hash: String, document: Vec<u8>) {
        self.fetched.insert(hash, document);
    }

    /// Returns the bytes of the document with that hash.
    pub(super) fn get(&self, hash: &str) -> Option<Vec<u8>> {
        let fetched = self.fetched.get(hash).cloned();
        fetched.or_else(|| self.by_hash.get(hash).and_then(|path| fs::read(path).ok()))
    }

    fn directory(&mut self, directory: &Path) -> Result<()> {
        let context = || format!("cannot read {}", directory.display());
        for entry in fs::read_dir(directory).with_context(context)? {
            let entry = entry.with_context(context)?;
            let (path, kind) = (entry.path(), entry.file_type().with_context(context)?);
            // A link could lead round in a circle, or out of the directory that was named.
            if kind.is_dir() {
                self.directory(&path)?;
            } else if kind.is_file() && path.extension().is_some_and(|name| name == "json") {
                self.add(path)?;
            }
        }
        Ok(())
    }

    /// The schemas that a lock names; their paths are relative to it.
    fn lock(&mut self, lock: &Path) -> Result<()> {
        let name = lock.display();
        let bytes = fs::read(lock).with_context(|| format!("cannot read {name}"))?;
        let document = json::read(&bytes, &SchemaLimits::none().json)
            .map_err(|refusal| anyhow!("{name}:{refusal}"))?;
        let schemas = document.get("schemas").and_then(Value::as_object);
        let Some(schemas) = schemas else { bail!("{name}: `schemas` is missing") };
        let files = schemas.values().filter_map(|schema| schema.get("file")?.as_str());
        let folder = lock.parent().unwrap_or_else(|| Path::new(""));
        files.into_iter().try_for_each(|file| self.add(folder.join(file)))
    }

    fn add(&mut self, path: PathBuf) -> Result<()> {
        self.files += 1;
        if self.files > MAX_FILES {
            bail!("--store: more than {MAX_FILES} files");
        }
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        // Records and descriptions may lie beside schemas; what is not JSON has no hash.
        if let Ok(document) = json::read(&bytes, &SchemaLimits::default().json) {
            self.by_hash.insert(ndxp_schema::hash(&document), path);
        }
        Ok(())
    }
}
