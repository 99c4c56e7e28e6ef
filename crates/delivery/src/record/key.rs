//! The keys of the delivery topic.

use ndxp_model::SubscriptionName;

/// A record's key without the subscription. Their order is that in which records are forgotten: what
/// an older record says may be hidden by a newer one, so the older one goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordKey {
    pub(crate) epoch: u64,
    pub(crate) slot: Slot,
}

/// What an epoch holds one of, or one for each number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Sought,
    Opened,
    Base,
    Handed(u64),
    Failed(u64),
    Letter(u64),
    Settled,
    Cursor,
    Outage,
    Viewed,
}

impl RecordKey {
    pub(crate) fn text(self, sub: &SubscriptionName) -> String {
        let epoch = self.epoch;
        match self.slot {
            Slot::Sought => format!("{sub}/{epoch}/sought"),
            Slot::Opened => format!("{sub}/{epoch}/opened"),
            Slot::Base => format!("{sub}/{epoch}/base"),
            Slot::Handed(n) => format!("{sub}/{epoch}/handed/{n}"),
            Slot::Failed(n) => format!("{sub}/{epoch}/failed/{n}"),
            Slot::Letter(n) => format!("{sub}/{epoch}/letter/{n}"),
            Slot::Settled => format!("{sub}/{epoch}/settled"),
            Slot::Cursor => format!("{sub}/{epoch}/cursor"),
            Slot::Outage => format!("{sub}/{epoch}/outage"),
            Slot::Viewed => format!("{sub}/{epoch}/viewed"),
        }
    }

    /// Reads what [`RecordKey::text`] wrote for this subscription, nothing else.
    pub(crate) fn parse(text: &str, sub: &SubscriptionName) -> Option<Self> {
        let rest = text.strip_prefix(&sub.to_string())?.strip_prefix('/')?;
        let mut parts = rest.split('/');
        let epoch = parts.next()?.parse().ok()?;
        let kind = parts.next()?;
        let n = parts.next().map(|n| n.parse().ok());
        let slot = match (kind, n) {
            ("sought", None) => Slot::Sought,
            ("opened", None) => Slot::Opened,
            ("base", None) => Slot::Base,
            ("handed", Some(Some(n))) => Slot::Handed(n),
            ("failed", Some(Some(n))) => Slot::Failed(n),
            ("letter", Some(Some(n))) => Slot::Letter(n),
            ("settled", None) => Slot::Settled,
            ("cursor", None) => Slot::Cursor,
            ("outage", None) => Slot::Outage,
            ("viewed", None) => Slot::Viewed,
            _ => return None,
        };
        let key = Self { epoch, slot };
        (key.text(sub) == text).then_some(key)
    }
}
