//! `ndxp.lock`: which rules and schemas a hub had, by hash, and the files beside it that hold them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use ndxp_model::DatasetName;
use ndxp_schema::{CodeList, CodeLists, National, Profile, Schema, VerdictIdentity};
use serde::{Deserialize, Serialize};

/// The form of the file that this version reads and writes.
pub(super) const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    pub(super) version: u32,
    /// What gave the hub's verdicts.
    pub(super) verdict: VerdictIdentity,
    /// The national profile's file, beside the lock.
    pub(super) profile: PathBuf,
    /// The newest schema of each dataset.
    pub(super) schemas: BTreeMap<DatasetName, Locked>,
    /// The states of code lists: those in force, which the verdict names, and those that a schema names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) code_lists: Vec<LockedList>,
}

/// A state of a code list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockedList {
    pub(super) dataset: String,
    /// `sha256:` and the hash of the file.
    pub(super) sha256: String,
    /// Its rows, beside the lock.
    pub(super) file: PathBuf,
}

/// A schema of the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Locked {
    pub(super) version: u32,
    /// `sha256:` and the hash of its RFC 8785 form.
    pub(super) hash: String,
    /// Its file, beside the lock.
    pub(super) file: PathBuf,
}

impl Lock {
    /// Reads a lock.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let context = || format!("cannot read {}", path.display());
        let bytes = fs::read(path).with_context(context)?;
        let lock: Self = serde_json::from_slice(&bytes).with_context(context)?;
        if lock.version != VERSION {
            let found = lock.version;
            bail!("{}: form {found}, this version reads {VERSION}", path.display());
        }
        Ok(lock)
    }

    /// Returns the national profile that the lock names.
    pub(super) fn national(&self, path: &Path) -> Result<Arc<National>> {
        let file = beside(path, &self.profile);
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Arc::new(National::parse(&bytes).with_context(|| file.display().to_string())?))
    }

    /// Refuses rules that are not the hub's, and names the part that differs.
    pub(super) fn confirm(&self, path: &Path, profile: &Profile) -> Result<()> {
        let code_list_sha256s = self.code_lists(path, profile)?.sha256s();
        let here = VerdictIdentity { code_list_sha256s, ..profile.verdict_identity() };
        match here.difference(&self.verdict) {
            None => Ok(()),
            Some(difference) => bail!(
                "verdicts would not be the hub's; {difference} ({}): `ndxp schema pull` fetches the hub's rules, \
                 another engine needs another version of ndxp",
                path.display()
            ),
        }
    }

    /// Returns the code lists, once each file has the hash of the lock.
    pub(super) fn code_lists(&self, path: &Path, profile: &Profile) -> Result<CodeLists> {
        let mut lists = CodeLists::new(&profile.national);
        for locked in &self.code_lists {
            let list = locked.read(path)?;
            let in_force = self.verdict.code_list_sha256s.get(&locked.dataset);
            let put = if in_force == Some(&locked.sha256) {
                lists.put_in_force(list, &profile.national)
            } else {
                lists.add(list, &profile.national)
            };
            put.with_context(|| format!("code list {}", locked.dataset))?;
        }
        Ok(lists)
    }

    /// Returns the file of a dataset's schema, once its content has the hash of the lock.
    pub(super) fn schema(
        &self,
        path: &Path,
        name: &DatasetName,
        profile: &Profile,
    ) -> Result<PathBuf> {
        let unknown = || format!("{} has no schema of {name}", path.display());
        let locked = self.schemas.get(name).with_context(unknown)?;
        let file = beside(path, &locked.file);
        let shown = file.display();
        let bytes = fs::read(&file).with_context(|| format!("cannot read {shown}"))?;
        let schema = Schema::parse(&bytes, profile).with_context(|| shown.to_string())?;
        if schema.hash() != locked.hash {
            bail!(
                "verdicts would not be the hub's; schema {name}: {} here, {} there ({shown})",
                schema.hash(),
                locked.hash
            );
        }
        Ok(file)
    }

    /// Returns what differs between two locks, a line each; the order of the parts, then of the datasets.
    #[cfg(feature = "client")]
    pub(super) fn differences(&self, hub: &Self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.verdict.difference(&hub.verdict).iter().map(ToString::to_string).collect();
        let names: std::collections::BTreeSet<_> =
            self.schemas.keys().chain(hub.schemas.keys()).collect();
        for name in names {
            let shown = |lock: &Self| {
                let locked = lock.schemas.get(name);
                locked.map_or_else(
                    || "none".to_owned(),
                    |one| format!("{} {}", one.version, one.hash),
                )
            };
            let (here, there) = (shown(self), shown(hub));
            if here != there {
                lines.push(format!("schema {name}: {here} here, {there} there"));
            }
        }
        lines
    }
}

impl LockedList {
    fn read(&self, path: &Path) -> Result<CodeList> {
        let file = beside(path, &self.file);
        let shown = file.display();
        let bytes = fs::read(&file).with_context(|| format!("cannot read {shown}"))?;
        let list = CodeList::parse(&self.dataset, &bytes).with_context(|| shown.to_string())?;
        if list.sha256() != self.sha256 {
            bail!(
                "verdicts would not be the hub's; code list {}: {} here, {} there ({shown})",
                self.dataset,
                list.sha256(),
                self.sha256
            );
        }
        Ok(list)
    }
}

/// A path of the lock is relative to the lock.
pub(super) fn beside(lock: &Path, file: &Path) -> PathBuf {
    lock.parent().unwrap_or(Path::new("")).join(file)
}
