//! How much more is asked for.

use ndxp_proto::exchange::SubscribeCredit;

use super::{Settlement, SubscribeOptions};

/// What may still be asked for on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credit {
    left: Option<u64>,
}

impl Credit {
    /// Begins a stream: returns what is asked for at first too.
    pub(super) fn open(options: &SubscribeOptions) -> (Self, SubscribeCredit) {
        let mut credit = Self { left: options.at_most };
        let records = credit.take(options.records.max(1)).max(1);
        (credit, SubscribeCredit { records, bytes: options.bytes.max(1) })
    }

    /// Returns what is asked for in place of settled records, if anything is.
    pub(super) fn again(&mut self, settled: &Settlement) -> Option<SubscribeCredit> {
        let handles = settled.handles();
        let (count, bytes) = handles.fold((0, 0), |(n, bytes), ack| (n + 1, bytes + ack.bytes));
        if let Some(left) = &mut self.left {
            // Those come again, so they have not used up what is wanted.
            *left += settled.retries.len() as u64;
        }
        let records = self.take(count);
        // 0 bytes would mean the hub's default: records without payloads give back one.
        let bytes = bytes.max(1);
        (records > 0).then_some(SubscribeCredit { records, bytes })
    }

    fn take(&mut self, records: u32) -> u32 {
        let Some(left) = &mut self.left else { return records };
        let taken = records.min(u32::try_from(*left).unwrap_or(u32::MAX));
        *left -= u64::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Ack, *};

    fn ack() -> Ack {
        Ack { token: bytes::Bytes::new(), bytes: 3 }
    }

    fn acks(count: usize) -> Settlement {
        Settlement { acks: vec![ack(); count], ..Settlement::default() }
    }

    #[test]
    fn what_is_acknowledged_is_asked_for_again() {
        let (mut credit, first) = Credit::open(&SubscribeOptions::default());
        assert_eq!((first.records, first.bytes), (1_000, 16 << 20));
        assert_eq!(credit.again(&acks(7)), Some(SubscribeCredit { records: 7, bytes: 21 }));
    }

    #[test]
    fn a_retried_record_is_still_wanted() {
        let options = SubscribeOptions { at_most: Some(10), ..Default::default() };
        let (mut credit, _) = Credit::open(&options);
        let retries = vec![(ack(), None); 2];
        let settled = Settlement { retries, ..acks(5) };
        assert_eq!(credit.again(&settled).map(|credit| credit.records), Some(2));
    }

    #[test]
    fn no_more_is_asked_for_than_wanted() {
        let options = SubscribeOptions { at_most: Some(12), records: 10, ..Default::default() };
        let (mut credit, first) = Credit::open(&options);
        assert_eq!(first.records, 10);
        assert_eq!(credit.again(&acks(5)).map(|credit| credit.records), Some(2));
        assert_eq!(credit.again(&acks(5)), None);
    }
}
