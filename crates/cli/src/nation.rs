//! The demonstration nation, as it lies in `seeds/nation` when the binary is built.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use ndxp_model::{Agency, AgencyId, AgencyKind, Officer, Principal, PrincipalName, System, Title};
use serde::Deserialize;

/// Each file's name below `seeds/nation`, and what is in it.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/nation.rs"));

/// The agency that supervises the others; its officers are those of the genesis.
pub(crate) const AUTHORITY: &str = "data-authority";
/// The name space of the demonstration's certificates.
pub(crate) const TRUST_DOMAIN: &str = "nation.example";

/// An agency of the nation with what belongs to it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Body {
    pub(crate) id: AgencyId,
    name: Title,
    kind: AgencyKind,
    systems: Vec<System>,
    pub(crate) officers: Vec<Officer>,
}

impl Body {
    pub(crate) fn agency(&self) -> Agency {
        Agency { id: self.id.clone(), name: self.name.clone(), kind: self.kind }
    }

    /// Returns everybody who needs a certificate.
    pub(crate) fn principals(&self) -> impl Iterator<Item = PrincipalName> {
        let systems = self.systems.iter().map(|system| Principal::System(system.id.clone()));
        let officers = self.officers.iter().map(|officer| Principal::Officer(officer.id.clone()));
        let named = |principal| PrincipalName { agency: self.id.clone(), principal };
        systems.chain(officers).map(named)
    }
}

/// Returns one file of the nation.
pub(crate) fn file(name: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

/// Counts the datasets.
pub(crate) fn datasets() -> usize {
    FILES.iter().filter(|(name, _)| name.ends_with("/dataset.json")).count()
}

/// Reads all agencies.
pub(crate) fn bodies() -> Result<Vec<Body>> {
    let agencies = FILES.iter().filter(|(name, _)| name.starts_with("agencies/"));
    let read = |(name, bytes): &(&str, &[u8])| {
        serde_json::from_slice(bytes).with_context(|| (*name).to_owned())
    };
    agencies.map(read).collect()
}

/// Writes the nation's files below a directory, so that they can be read, changed and applied
/// again. A file that is there already is left as it is: it may have been changed.
pub(crate) fn unpack(directory: &Path) -> Result<()> {
    for (name, bytes) in FILES {
        let path = directory.join(name);
        write_new(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().map_or_else(PathBuf::new, Path::to_owned))?;
    if path.exists() { Ok(()) } else { fs::write(path, bytes) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn packed_nation_is_whole() {
        let bodies = bodies().unwrap();
        assert_eq!(bodies.len(), 95);
        assert_eq!(bodies.iter().map(|body| body.systems.len()).sum::<usize>(), 388);
        assert_eq!(bodies.iter().filter(|body| body.id.as_str() == AUTHORITY).count(), 1);
        let units = file("records/administrative-units.ndjson").unwrap();
        assert_eq!(
            units.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(),
            3_355
        );
    }

    #[test]
    fn unpacking_leaves_a_changed_file_alone() {
        let dir = tempfile::tempdir().unwrap();
        unpack(dir.path()).unwrap();
        let changed = dir.path().join("agencies/tax.json");
        fs::write(&changed, "changed").unwrap();
        unpack(dir.path()).unwrap();
        assert_eq!(fs::read_to_string(changed).unwrap(), "changed");
    }
}
