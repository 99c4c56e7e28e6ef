//! The words of the hub as types: ids, principals, datasets, agreements, records, instants.
//!
//! This crate is pure: no clock, file, socket, random source or runtime. A value of a type in
//! here proves that its text was checked once; nothing in here decides or stores.
//!
//! The JSON forms of these types are the registry's stored format and the form that `ndxp apply`
//! reads, so a change to one is a change to a stored format (golden files in `registry`).

mod agency;
mod agreement;
mod dataset;
mod id;
mod keep;
mod pointer;
mod principal;
mod record;
mod subscription;
#[cfg(test)]
mod tests;
mod time;
mod topic;

pub use agency::{Agency, AgencyKind, AgencyStatus, Officer, Role, System, Title};
pub use agreement::{
    AgreementRef, FieldGrant, Operation, PurposeGrant, RowFilter, Terms, TermsProblem, Validity,
};
pub use dataset::{
    Category, Classification, Compatibility, Dataset, DatasetState, MAX_PARTITIONS, SchemaVersion,
};
pub use id::{
    AgencyId, AgreementId, DatasetId, DatasetName, InvalidId, OfficerId, PurposeCode, RequestId,
    SubscriptionId, SubscriptionName, SystemId, SystemName, TrustDomain,
};
pub use keep::{Keep, Retention};
pub use pointer::{InvalidPointer, Pointer};
pub use principal::{InvalidPrincipal, Principal, PrincipalName};
pub use record::{InvalidRecordId, Op, RecordId};
pub use subscription::{DeliveryOptions, DeliveryOrder, OnExpired, OptionRange};
pub use time::{InvalidTimestamp, Timestamp};
pub use topic::{HubTopic, LANES, Topic};
