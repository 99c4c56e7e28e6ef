//! Real Kafka brokers for tests: processes of the jars that `tools/kafka/fetch.sh` fetches, on free
//! ports of the loopback, in a temporary directory, killed when dropped.
//!
//! It stands on nothing of the workspace: what a test finds wrong is never shared with this.
//! Where there is no Java or no jars, [`Installation::find`] says what is missing and a test
//! calls [`skip`] and returns.

mod broker;
mod cluster;
mod installation;
mod proxy;
mod skip;
mod tool;

pub use broker::{Broker, StartError};
pub use cluster::{Cluster, Options, Secure};
pub use installation::{Installation, Missing};
pub use proxy::Way;
pub use skip::skip;
pub use tool::{Line, Tool};
