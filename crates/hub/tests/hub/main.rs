//! The hub over real sockets: what it promises, and what it does with bad input.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod audit;
mod certificates;
mod code_lists;
mod contract;
mod converge;
mod cut;
mod drain;
mod durable;
mod evolution;
mod fuzz;
mod gap;
mod hidden;
mod leaves;
mod letters;
mod metrics;
mod nodes;
mod order;
mod path;
mod publish_stream;
mod refusals;
mod registry;
mod reload;
mod replay;
mod seek;
mod settle;
mod setup;
mod slow;
mod streams;
mod undecided;
mod verdict;
