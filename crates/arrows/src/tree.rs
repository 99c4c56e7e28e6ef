//! The workspace as the rules see it: plain data, so that a test can build one that breaks a rule.

use std::collections::BTreeSet;

/// The whole workspace.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// The workspace's crates, without the prefix `ndxp-` in their names.
    pub crates: Vec<Crate>,
    /// Features that cargo switches on, for every package of the build, all features asked for.
    pub features: Vec<Features>,
}

/// One crate of the workspace.
#[derive(Debug, Clone, Default)]
pub struct Crate {
    /// The package's name without `ndxp-`.
    pub name: String,
    /// What its manifest names, optional dependencies included.
    pub dependencies: Vec<Dependency>,
    /// Every package that ends up in a program with this crate: normal dependencies, and theirs.
    pub reaches: BTreeSet<String>,
    /// Its files under `src`.
    pub sources: Vec<Source>,
    /// The text of its own `clippy.toml`, empty if there is none.
    pub clippy: String,
}

/// A line of a manifest's dependencies.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The package: `ndxp-log`, `fjall`.
    pub package: String,
    /// In which table it stands.
    pub kind: Kind,
}

/// When a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In the program.
    Normal,
    /// By the build script.
    Build,
    /// By tests, examples and benchmarks.
    Dev,
}

/// A source file.
#[derive(Debug, Clone)]
pub struct Source {
    /// The path from the workspace's root.
    pub path: String,
    /// The file's text.
    pub text: String,
}

/// A package with the features that are on.
#[derive(Debug, Clone)]
pub struct Features {
    /// The package, of the workspace or not.
    pub package: String,
    /// The names of its features.
    pub on: Vec<String>,
}
