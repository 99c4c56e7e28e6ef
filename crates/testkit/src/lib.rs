//! What tests of several crates share: a whole hub in the test's process, fixtures, fault
//! injection, and [`skip()`].
//!
//! For development only: no crate depends on it but as a dev-dependency, and nothing in here is
//! reached by the binary. Its functions panic when the set-up fails: that is a failed test.
//!
//! ```no_run
//! # async fn example() {
//! use ndxp_testkit::{Grant, TestHub, citizens};
//! let hub = TestHub::start().await;
//! hub.agency("tax").await;
//! hub.agency("land").await;
//! hub.dataset(&citizens("tax/citizens")).await;
//! hub.agreement(&Grant::of("agr-1", "tax/citizens", "land", &["/id", "/name"])).await;
//! # }
//! ```

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    reason = "a set-up that fails is a failed test, and says where"
)]

mod chance;
mod clock;
mod cluster;
mod engine;
mod http;
mod hub;
mod identities;
mod journal;
mod nation;
mod publishing;
mod records;
pub mod skip;
mod stream;

pub use chance::Chance;
pub use clock::TestClock;
pub use engine::Engine;
pub use hub::{TEST_DRAIN, Template, TestHub, ready_at};
pub use journal::journal;
pub use nation::{Grant, Spec, citizens};
pub use publishing::{Heard, RawPublish};
pub use records::{delete, event, upsert};
pub use skip::skip;
pub use stream::{Frame, RawStream};
