//! How a subscription is delivered, as flags.

use std::{fmt, str::FromStr, time::Duration};

use ndxp_client::proto::{self, exchange::DeliveryOptions};
use ndxp_model::{self as model, DeliveryOptions as Told, DeliveryOrder};

/// What is not said has its default, or stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Options {
    /// In which order records come [default: by-key for a dataset of states, else none]
    #[arg(long, value_enum)]
    order: Option<Order>,
    /// What happens when records that were not received are no longer kept [default: fail]
    #[arg(long, value_enum)]
    on_expired: Option<OnExpired>,
    /// Records outstanding at most [default: 1000]
    #[arg(long, value_name = "RECORDS")]
    max_outstanding: Option<u32>,
    /// How long a record may be outstanding [default: 60s]
    #[arg(long, value_name = "DURATION")]
    lease: Option<Span>,
    /// The delay before a record's first retry; each further one doubles it [default: 1s]
    #[arg(long, value_name = "DURATION")]
    retry_first: Option<Span>,
    /// The longest delay between retries [default: 5m]
    #[arg(long, value_name = "DURATION")]
    retry_last: Option<Span>,
    /// How many attempts must fail before a record is a dead letter [default: 20]
    #[arg(long, value_name = "COUNT")]
    max_attempts: Option<u32>,
    /// How long after its first failure it is one at the earliest [default: 1h]
    #[arg(long, value_name = "DURATION")]
    retry_horizon: Option<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Order {
    ByKey,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnExpired {
    Fail,
    Earliest,
    Latest,
}

/// A duration as people write it: `500ms`, `60s`, `5m`, `1h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl FromStr for Span {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "must be a number with ms, s, m, h or d, for example 60s";
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let factor: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong),
        };
        let number: u64 = number.parse().map_err(|_| wrong)?;
        number.checked_mul(factor).map(Duration::from_millis).map(Self).ok_or(wrong)
    }
}

impl fmt::Display for Span {
    /// Writes it in the largest unit that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        let whole = units.into_iter().find(|(unit, _)| ms > 0 && ms.is_multiple_of(*unit));
        let (unit, name) = whole.unwrap_or((1, "ms"));
        write!(f, "{}{name}", ms / unit)
    }
}

/// Tells options as they are in force.
pub(super) fn text(options: &Told) -> String {
    let span = |ms| Span(Duration::from_millis(ms));
    let order = match options.order {
        None => "by the dataset's category",
        Some(DeliveryOrder::ByKey) => "by key",
        Some(DeliveryOrder::None) => "none",
    };
    let on_expired = match options.on_expired {
        model::OnExpired::Fail => "fail",
        model::OnExpired::Earliest => "go on at the earliest record",
        model::OnExpired::Latest => "go on with what is published from then on",
    };
    [
        format!("  order         {order}"),
        format!("  on expiry     {on_expired}"),
        format!(
            "  outstanding   {} records, {} bytes at most",
            options.max_outstanding_records, options.max_outstanding_bytes
        ),
        format!(
            "  lease         {}, extended by {} at most",
            span(options.lease_ms),
            span(options.max_extension_ms)
        ),
        format!(
            "  retry         after {}, doubled up to {}",
            span(options.retry_first_ms),
            span(options.retry_last_ms)
        ),
        format!(
            "  dead letter   after {} attempts, {} after the first failure at the earliest",
            options.max_attempts,
            span(options.retry_horizon_ms)
        ),
    ]
    .join("\n")
}

impl Options {
    /// Puts what was said over what is there.
    pub(crate) fn over(&self, base: DeliveryOptions) -> DeliveryOptions {
        let order = self.order.map(|order| match order {
            Order::ByKey => proto::exchange::DeliveryOrder::ByKey,
            Order::None => proto::exchange::DeliveryOrder::None,
        });
        let on_expired = self.on_expired.map(|on_expired| match on_expired {
            OnExpired::Fail => proto::exchange::OnExpired::Fail,
            OnExpired::Earliest => proto::exchange::OnExpired::Earliest,
            OnExpired::Latest => proto::exchange::OnExpired::Latest,
        });
        let millis = |span: Span| u64::try_from(span.0.as_millis()).unwrap_or(u64::MAX);
        let duration = |span: Option<Span>| span.and_then(|span| proto::duration(millis(span)));
        DeliveryOptions {
            order: order.map_or(base.order, Into::into),
            on_expired: on_expired.map_or(base.on_expired, Into::into),
            max_outstanding_records: self.max_outstanding.unwrap_or(base.max_outstanding_records),
            lease: duration(self.lease).or(base.lease),
            retry_first: duration(self.retry_first).or(base.retry_first),
            retry_last: duration(self.retry_last).or(base.retry_last),
            max_attempts: self.max_attempts.unwrap_or(base.max_attempts),
            retry_horizon: duration(self.retry_horizon).or(base.retry_horizon),
            ..base
        }
    }

    /// Says whether nothing was said.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_with_their_unit() {
        let millis = |text: &str| text.parse::<Span>().map(|span| span.0.as_millis());
        assert_eq!([millis("5m"), millis("250ms")], [Ok(300_000), Ok(250)]);
        for wrong in ["", "5", "m", "-1s", "1 h", "99999999999999999999d"] {
            assert!(millis(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_read_as_committed() {
        let told = text(&Told { retry_first_ms: 250, ..Told::default() });
        crate::golden::check("subscription/options.txt", &(told + "\n"));
    }

    #[test]
    fn what_is_not_said_stays() {
        let base =
            DeliveryOptions { max_attempts: 7, max_outstanding_bytes: 9, ..Default::default() };
        let said = Options { lease: Some(Span(Duration::from_secs(5))), ..Options::default() };
        let options = said.over(base);
        assert_eq!((options.max_attempts, options.max_outstanding_bytes), (7, 9));
        assert_eq!(options.lease.map(|lease| lease.seconds), Some(5));
    }
}
