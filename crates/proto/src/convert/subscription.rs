//! How a subscription is delivered.

use ndxp_model::{DeliveryOptions, DeliveryOrder, OnExpired};

use super::{
    problems::Problems,
    time::{duration, millis},
};
use crate::{error::Refusal, exchange as pb};

/// Reads options; what is 0 or absent has its default.
///
/// # Errors
/// `INVALID_FIELD` at `path` or below: a negative duration, or an option out of its range.
pub fn delivery_options(
    message: Option<pb::DeliveryOptions>,
    path: &str,
) -> Result<DeliveryOptions, Refusal> {
    let Some(message) = message else { return Ok(DeliveryOptions::default()) };
    let base = DeliveryOptions::default();
    let (order, on_expired) = (order(message.order()), on_expired(message.on_expired()));
    let mut problems = Problems::default();
    let mut ms = |value, member: &str, default: u64| {
        let read = problems.take(millis(value, &format!("{path}.{member}")));
        read.flatten().unwrap_or(default)
    };
    let options = DeliveryOptions {
        order,
        on_expired,
        max_outstanding_records: or(message.max_outstanding_records, base.max_outstanding_records),
        max_outstanding_bytes: or(message.max_outstanding_bytes, base.max_outstanding_bytes),
        lease_ms: ms(message.lease, "lease", base.lease_ms),
        max_extension_ms: ms(message.max_extension, "max_extension", base.max_extension_ms),
        retry_first_ms: ms(message.retry_first, "retry_first", base.retry_first_ms),
        retry_last_ms: ms(message.retry_last, "retry_last", base.retry_last_ms),
        max_attempts: or(message.max_attempts, base.max_attempts),
        retry_horizon_ms: ms(message.retry_horizon, "retry_horizon", base.retry_horizon_ms),
    };
    if let Some((name, range)) = options.problem() {
        let (least, most) = range.into_inner();
        let text = format!("must be {least} to {most} (milliseconds for a duration)");
        problems.add(format!("{path}.{name}"), text);
    }
    problems.finish(Some(options))
}

/// Writes options, each as it is in force.
#[must_use]
pub fn delivery_options_message(options: &DeliveryOptions) -> pb::DeliveryOptions {
    pb::DeliveryOptions {
        order: options.order.map_or(pb::DeliveryOrder::Unspecified, Into::into).into(),
        on_expired: pb::OnExpired::from(options.on_expired).into(),
        max_outstanding_records: options.max_outstanding_records,
        max_outstanding_bytes: options.max_outstanding_bytes,
        lease: duration(options.lease_ms),
        max_extension: duration(options.max_extension_ms),
        retry_first: duration(options.retry_first_ms),
        retry_last: duration(options.retry_last_ms),
        max_attempts: options.max_attempts,
        retry_horizon: duration(options.retry_horizon_ms),
    }
}

fn or<T: PartialEq + Default>(value: T, default: T) -> T {
    if value == T::default() { default } else { value }
}

fn order(order: pb::DeliveryOrder) -> Option<DeliveryOrder> {
    match order {
        pb::DeliveryOrder::Unspecified => None,
        pb::DeliveryOrder::ByKey => Some(DeliveryOrder::ByKey),
        pb::DeliveryOrder::None => Some(DeliveryOrder::None),
    }
}

fn on_expired(on_expired: pb::OnExpired) -> OnExpired {
    match on_expired {
        pb::OnExpired::Unspecified | pb::OnExpired::Fail => OnExpired::Fail,
        pb::OnExpired::Earliest => OnExpired::Earliest,
        pb::OnExpired::Latest => OnExpired::Latest,
    }
}

impl From<DeliveryOrder> for pb::DeliveryOrder {
    fn from(order: DeliveryOrder) -> Self {
        match order {
            DeliveryOrder::ByKey => Self::ByKey,
            DeliveryOrder::None => Self::None,
        }
    }
}

impl From<OnExpired> for pb::OnExpired {
    fn from(on_expired: OnExpired) -> Self {
        match on_expired {
            OnExpired::Fail => Self::Fail,
            OnExpired::Earliest => Self::Earliest,
            OnExpired::Latest => Self::Latest,
        }
    }
}
