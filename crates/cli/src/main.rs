//! `ndxp`: the hub and everything that talks to it, in one binary.
//!
//! Data goes to stdout, words go to stderr. Exit status 0: done; 1: refused, or something was
//! found; 2: could not run (usage, files, no connection).

mod args;
mod commands;
mod exit;
#[cfg(all(test, feature = "client"))]
mod golden;
mod printer;
#[cfg(feature = "client")]
mod report;

#[cfg(feature = "hub")]
mod backing;
#[cfg(feature = "hub")]
mod config;
#[cfg(feature = "client")]
mod connection;
#[cfg(feature = "hub")]
mod identities;
#[cfg(any(feature = "client", feature = "schema"))]
mod input;
#[cfg(feature = "hub")]
mod nation;
#[cfg(feature = "hub")]
mod node;
#[cfg(feature = "client")]
mod view;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::Args, printer::Printer};

/// A delivered record is half a dozen small allocations, made by one thread and freed by another:
/// the system's allocator took a third of a hub's time for them (docs/performance.md).
#[cfg(feature = "hub")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    let mut printer = Printer::standard(args.format());
    let outcome = commands::run(args.command, &mut printer);
    exit::finish(outcome, &mut printer).into()
}
