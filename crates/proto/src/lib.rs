//! The wire contract: types generated from `proto/`, every conversion between them and the model,
//! and the one place that makes errors.
//!
//! No generated type goes further inwards than the services; no other crate names prost.

pub mod about;
pub mod convert;
pub mod error;
pub mod header;

#[expect(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    reason = "generated code; its comments come from the proto files"
)]
mod generated {
    pub mod common {
        pub mod v1 {
            tonic::include_proto!("ndxp.common.v1");
        }
    }
    pub mod registry {
        pub mod v1 {
            tonic::include_proto!("ndxp.registry.v1");
        }
    }
    pub mod schema {
        pub mod v1 {
            tonic::include_proto!("ndxp.schema.v1");
        }
    }
    pub mod agreement {
        pub mod v1 {
            tonic::include_proto!("ndxp.agreement.v1");
        }
    }
    pub mod exchange {
        pub mod v1 {
            tonic::include_proto!("ndxp.exchange.v1");
        }
    }
}

pub use convert::{duration, timestamp};
pub use generated::agreement::v1 as agreement;
pub use generated::common::v1 as common;
pub use generated::exchange::v1 as exchange;
pub use generated::registry::v1 as registry;
pub use generated::schema::v1 as schema;

/// The encoded descriptors of all services, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
