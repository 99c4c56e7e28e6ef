//! A subscription's options as the machine takes them.

use std::time::Duration;

use ndxp_delivery::{
    Backoff, InvalidLimits, InvalidOption, Lease, Limits, Options, Order, Patience,
};
use ndxp_model::{Category, DeliveryOptions, DeliveryOrder};
use thiserror::Error;

/// Dead letters are kept for 30 days.
const LETTERS_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Options that the registry took and the machine does not.
#[derive(Debug, Error)]
pub(super) enum Unfit {
    #[error(transparent)]
    Limits(#[from] InvalidLimits),
    #[error(transparent)]
    Option(#[from] InvalidOption),
}

/// Returns the order in which records are handed out: unless it was chosen, what the dataset needs.
pub(super) fn order(options: &DeliveryOptions, category: Category) -> DeliveryOrder {
    let own = if category.is_state() { DeliveryOrder::ByKey } else { DeliveryOrder::None };
    options.order.unwrap_or(own)
}

/// Reads options for the machine.
pub(super) fn of(options: &DeliveryOptions, category: Category) -> Result<Options, Unfit> {
    let ms = Duration::from_millis;
    Ok(Options {
        order: match order(options, category) {
            DeliveryOrder::ByKey => Order::ByKey,
            DeliveryOrder::None => Order::None,
        },
        limits: Limits::new(
            u64::from(options.max_outstanding_records),
            options.max_outstanding_bytes,
        )?,
        lease: Lease::new(ms(options.lease_ms), ms(options.max_extension_ms))?,
        backoff: Backoff::new(ms(options.retry_first_ms), ms(options.retry_last_ms), 2)?,
        patience: Patience::new(options.max_attempts, ms(options.retry_horizon_ms), LETTERS_KEPT)?,
        ..Options::default()
    })
}
