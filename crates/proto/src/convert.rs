//! Conversions between the wire and the model.
//!
//! Reading checks: each function takes the path of its field in the request and refuses with that
//! path, naming all that is wrong in a message at once. Writing cannot fail. What only the registry
//! can judge (whether a title is too long, a dataset exists) is not judged here.

mod agency;
mod agreement;
mod dataset;
mod name;
mod page;
mod problem;
mod problems;
mod record;
mod subscription;
#[cfg(test)]
mod tests;
mod time;

pub use agency::{agency, agency_message, officer, system, title};
pub use agreement::{access, access_message, terms};
pub use dataset::{compatibility, dataset, dataset_message};
pub use name::{
    agency_name, agency_resource, agreement_name, agreement_resource, dataset_name, request_id,
    revision_name, revision_resource, schema_name, schema_resource, subscription_name,
};
pub use page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page, page};
pub use problem::problem;
pub use problems::Problems;
pub use record::{op, record_id};
pub use subscription::{delivery_options, delivery_options_message};
pub use time::{duration, instant, millis, optional_instant, timestamp};
