//! When a call is repeated: only where the hub says that it may help.

use std::time::Duration;

use ndxp_proto::error::Failure;

/// The most times that one call is sent.
const TRIES: u32 = 5;
/// The longest wait before a repetition.
const LONGEST: Duration = Duration::from_secs(10);

/// Returns how long to wait before try number `next` (the first is 0), or `None` to give up.
///
/// The hub's delay doubles with each try; `chance` spreads it over one to two times its length, so
/// that clients refused together do not return together.
pub(crate) fn delay(next: u32, failure: &Failure, chance: u32) -> Option<Duration> {
    if next >= TRIES {
        return None;
    }
    let asked = failure.retry_after?;
    let grown = asked.saturating_mul(1 << (next - 1).min(8));
    let spread = 1.0 + f64::from(chance) / f64::from(u32::MAX);
    Some(grown.min(LONGEST).mul_f64(spread))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure;

    fn refused(retry_after: Option<Duration>) -> Failure {
        Failure { retry_after, ..failure::local(tonic::Code::Unavailable, "later") }
    }

    #[test]
    fn nothing_is_repeated_without_retry_info() {
        assert_eq!(delay(1, &refused(None), 0), None);
    }

    #[test]
    fn delay_doubles_and_ends() {
        let failure = refused(Some(Duration::from_millis(100)));
        let waits: Vec<_> = (1..=TRIES).map(|next| delay(next, &failure, 0)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [ms(100), ms(200), ms(400), ms(800), None]);
    }

    #[test]
    fn chance_at_most_doubles_a_delay() {
        let failure = refused(Some(Duration::from_millis(100)));
        assert_eq!(delay(1, &failure, u32::MAX), Some(Duration::from_millis(200)));
    }
}
