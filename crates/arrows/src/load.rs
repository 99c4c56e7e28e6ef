//! Reads the workspace from cargo and from disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::{
    CargoOpt, DependencyKind, Metadata, MetadataCommand, Node, Package, PackageId,
};
use thiserror::Error;

use crate::tree::{Crate, Dependency, Features, Kind, Source, Tree};

/// Why the workspace could not be read.
#[derive(Debug, Error)]
pub enum LoadError {
    /// `cargo metadata` failed, for instance since a manifest is wrong.
    #[error("cargo metadata failed")]
    Metadata(#[from] cargo_metadata::Error),
    /// A command or a file could not be read.
    #[error("cannot read {what}")]
    Read {
        /// The command or path.
        what: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// Reads the workspace of `manifest`, with all features on and for this machine's platform, whose
/// packages a build has already brought.
///
/// # Errors
/// [`LoadError`] if cargo fails or a source cannot be read.
pub fn load(manifest: &Path) -> Result<Tree, LoadError> {
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .features(CargoOpt::AllFeatures)
        .other_options(["--filter-platform".to_owned(), host()?])
        .exec()?;
    let names: BTreeMap<&PackageId, &Package> =
        metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let nodes: BTreeMap<&PackageId, &Node> =
        metadata.resolve.iter().flat_map(|resolve| &resolve.nodes).map(|n| (&n.id, n)).collect();
    let crates = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| read_crate(&metadata, package, reaches(&package.id, &nodes, &names)))
        .collect::<Result<_, _>>()?;
    let features = nodes
        .values()
        .filter_map(|node| Some((names.get(&node.id)?, node)))
        .map(|(package, node)| Features {
            package: package.name.to_string(),
            on: node.features.iter().map(ToString::to_string).collect(),
        })
        .collect();
    Ok(Tree { crates, features })
}

fn host() -> Result<String, LoadError> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let read = |source| LoadError::Read { what: format!("{rustc} --print host-tuple"), source };
    let output = Command::new(&rustc).args(["--print", "host-tuple"]).output().map_err(read)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn reaches(
    from: &PackageId,
    nodes: &BTreeMap<&PackageId, &Node>,
    names: &BTreeMap<&PackageId, &Package>,
) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        let Some(node) = nodes.get(id) else { continue };
        let linked = node
            .deps
            .iter()
            .filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        for dep in linked {
            if seen.insert(&dep.pkg) {
                open.push(&dep.pkg);
            }
        }
    }
    seen.into_iter().filter_map(|id| names.get(id)).map(|p| p.name.to_string()).collect()
}

fn read_crate(
    metadata: &Metadata,
    package: &Package,
    reaches: BTreeSet<String>,
) -> Result<Crate, LoadError> {
    let root = metadata.workspace_root.as_std_path();
    let directory = package.manifest_path.as_std_path().parent().unwrap_or(root);
    let mut sources = Vec::new();
    read_sources(root, &directory.join("src"), &mut sources)?;
    Ok(Crate {
        name: crate::short(package.name.as_ref()).to_owned(),
        dependencies: package.dependencies.iter().filter_map(dependency).collect(),
        reaches,
        sources,
        clippy: fs::read_to_string(directory.join("clippy.toml")).unwrap_or_default(),
    })
}

fn dependency(line: &cargo_metadata::Dependency) -> Option<Dependency> {
    let kind = match line.kind {
        DependencyKind::Normal => Kind::Normal,
        DependencyKind::Build => Kind::Build,
        DependencyKind::Development => Kind::Dev,
        DependencyKind::Unknown => return None,
    };
    Some(Dependency { package: line.name.clone(), kind })
}

fn read_sources(root: &Path, directory: &Path, into: &mut Vec<Source>) -> Result<(), LoadError> {
    let failed = |path: &Path| {
        let what = path.display().to_string();
        move |source| LoadError::Read { what, source }
    };
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .map_err(failed(directory))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed(directory))?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_sources(root, &path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).map_err(failed(&path))?;
            let path = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            into.push(Source { path, text });
        }
    }
    Ok(())
}
