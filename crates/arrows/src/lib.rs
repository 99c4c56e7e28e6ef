//! Keeps the arrows between the crates one-way and the pure crates pure.
//!
//! The rules are the tables of `rules.rs`, a row with its reason each; [`check`] applies them to the
//! [`Tree`] that [`load`] reads from `cargo metadata` and the sources. For development only: it
//! depends on no crate of the workspace, so it judges a tree that does not compile yet.
//!
//! What it cannot see is a macro of another crate that reads a clock, or an alias of a module: the
//! pure crates' own `clippy.toml` covers the usual ones.

mod load;
mod rules;
mod source;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;

pub use load::{LoadError, load};
use rules::{
    ABSENT, BANNED, CLIPPY_BANS, DEV_ONLY, EDGES, GENERATED, IMPURE, KEEPERS, OFF, PURE, Reach,
};
pub use tree::{Crate, Dependency, Features, Kind, Source, Tree};

/// A rule that the workspace breaks, written `ndxp-audit -> ndxp-log: why`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The crate, and the edge, file or feature that is wrong.
    pub what: String,
    /// The reason of the rule's row.
    pub why: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// Returns every violation in `tree`, sorted; empty if all rules hold.
#[must_use]
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for krate in &tree.crates {
        edges(krate, &mut found);
        keepers(krate, &mut found);
        generated(krate, &mut found);
        if PURE.contains(&krate.name.as_str()) {
            pure_tests(krate, &mut found);
            impure_packages(krate, &mut found);
            banned_texts(krate, &mut found);
            clippy_bans(krate, &mut found);
        }
    }
    features(tree, &mut found);
    absent_packages(tree, &mut found);
    found.sort();
    found
}

/// Returns a workspace crate's name without its prefix, any other name as it is.
fn short(package: &str) -> &str {
    package.strip_prefix("ndxp-").unwrap_or(package)
}

fn violation(what: String, why: &str) -> Violation {
    Violation { what, why: why.to_owned() }
}

fn arrow(krate: &Crate, package: &str) -> String {
    format!("ndxp-{} -> {package}", krate.name)
}

/// Dependencies of the crate that ship or build it.
fn shipped(krate: &Crate) -> impl Iterator<Item = &Dependency> {
    krate.dependencies.iter().filter(|line| line.kind != Kind::Dev)
}

fn edges(krate: &Crate, found: &mut Vec<Violation>) {
    let Some(row) = EDGES.iter().find(|row| row.of == krate.name) else {
        let why = "a crate needs a row in the table of edges, with its reason";
        found.push(violation(format!("ndxp-{}", krate.name), why));
        return;
    };
    for line in shipped(krate) {
        let Some(name) = line.package.strip_prefix("ndxp-") else { continue };
        if DEV_ONLY.contains(&name) {
            let why = "it is for development: only a dev-dependency may name it";
            found.push(violation(arrow(krate, &line.package), why));
        } else if !row.may_know.contains(&name) {
            found.push(violation(arrow(krate, &line.package), row.why));
        }
    }
}

/// Tests of pure crates stay quick to build: the test kit would bring the hub and its engine along.
fn pure_tests(krate: &Crate, found: &mut Vec<Violation>) {
    for line in krate.dependencies.iter().filter(|line| line.kind == Kind::Dev) {
        let Some(name) = line.package.strip_prefix("ndxp-") else { continue };
        if !PURE.contains(&name) {
            let why = "a pure crate's tests need no shell, and build in seconds";
            found.push(violation(format!("{} (dev)", arrow(krate, &line.package)), why));
        }
    }
}

fn keepers(krate: &Crate, found: &mut Vec<Violation>) {
    for line in shipped(krate) {
        let row = KEEPERS.iter().find(|row| row.package == line.package);
        if let Some(row) = row.filter(|row| !row.only.contains(&krate.name.as_str())) {
            found.push(violation(arrow(krate, &line.package), row.why));
        }
    }
}

fn generated(krate: &Crate, found: &mut Vec<Violation>) {
    let (text, only, why) = GENERATED;
    if krate.name != only && !DEV_ONLY.contains(&krate.name.as_str()) {
        text_in_sources(krate, text, why, found);
    }
}

fn impure_packages(krate: &Crate, found: &mut Vec<Violation>) {
    for row in IMPURE {
        let named = shipped(krate).any(|line| line.package == row.package);
        let linked = matches!(row.reach, Reach::Linked) && krate.reaches.contains(row.package);
        if named || linked {
            let how = if named { "" } else { " (through another package)" };
            found.push(violation(format!("{}{how}", arrow(krate, row.package)), row.why));
        }
    }
}

fn banned_texts(krate: &Crate, found: &mut Vec<Violation>) {
    for row in BANNED {
        text_in_sources(krate, row.text, row.why, found);
    }
}

fn text_in_sources(krate: &Crate, text: &str, why: &str, found: &mut Vec<Violation>) {
    for file in &krate.sources {
        for line in source::lines_with(file, text) {
            found.push(violation(format!("{}:{line} has {text}", file.path), why));
        }
    }
}

fn clippy_bans(krate: &Crate, found: &mut Vec<Violation>) {
    for text in CLIPPY_BANS {
        if !krate.clippy.contains(text) {
            let why = "clippy sees through imports where a search for texts does not";
            let what = format!("crates/{}/clippy.toml does not ban {text}", krate.name);
            found.push(violation(what, why));
        }
    }
}

fn features(tree: &Tree, found: &mut Vec<Violation>) {
    for row in OFF {
        let on = |package: &&Features| {
            package.package == row.package && package.on.iter().any(|name| name == row.feature)
        };
        if tree.features.iter().any(|package| on(&package)) {
            found.push(violation(format!("{} has feature {}", row.package, row.feature), row.why));
        }
    }
}

fn absent_packages(tree: &Tree, found: &mut Vec<Violation>) {
    for row in ABSENT {
        if tree.features.iter().any(|package| package.package == row.package) {
            found.push(violation(format!("{} is in the build", row.package), row.why));
        }
    }
}
