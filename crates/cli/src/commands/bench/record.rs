//! Records of the load test: synthetic case files of exactly 700 bytes.

use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
};

use ndxp_client::proto::exchange::{Op, Record};

/// Bytes of each payload.
pub(super) const BYTES: usize = 700;

/// Makes records, no two alike.
#[derive(Debug, Default)]
pub(super) struct Maker(AtomicU64);

impl Maker {
    pub(super) fn batch(&self, count: usize) -> Vec<Record> {
        (0..count).map(|_| self.record()).collect()
    }

    fn record(&self) -> Record {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Record {
            record_id: format!("case-{number}"),
            op: Op::Event.into(),
            payload: payload(number).into(),
            ..Record::default()
        }
    }
}

/// What stands behind the text that is padded.
const TAIL: &str = r#"","steps":[{"at":"2026-03-02T08:20:11+07:00","office":"Bộ phận một cửa","outcome":"accepted"},{"at":"2026-03-02T09:02:47+07:00","office":"Phòng chuyên môn","outcome":"forwarded"},{"at":"2026-03-03T14:40:05+07:00","office":"Lãnh đạo","outcome":"approved"}]}"#;

/// Returns letters without a pattern, for real texts do not compress to nothing either: SplitMix64
/// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014), 5 bits each.
fn letters(number: u64) -> impl Iterator<Item = char> {
    let words = (0..).map(move |step: u64| {
        let mut word = (number << 16 | step).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    });
    const ALPHABET: [char; 32] = [
        'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's',
        't', 'u', 'v', 'w', 'x', 'y', 'z', ' ', '.', '-', '1', '2', '3', '4',
    ];
    words.flat_map(|word| (0..12).map(move |of| ALPHABET[(word >> (5 * of)) as usize % 32]))
}

/// Writes a payload in one go: the callers share the processor with the hub.
fn payload(number: u64) -> Vec<u8> {
    let fee = 8_000 + number % 1_000;
    let mut text = String::with_capacity(BYTES);
    let _ = write!(
        text,
        r#"{{"code":"H01-{number:012}","service":"1.000656","province":"01","received_at":"2026-03-02T08:15:00+07:00","due_at":"2026-03-09T17:00:00+07:00","channel":"online","fee_dong":{fee},"subject":"Hồ sơ thử tải số {number} "#
    );
    let missing = BYTES.saturating_sub(text.len() + TAIL.len());
    text.extend(letters(number).take(missing));
    text.push_str(TAIL);
    text.into_bytes()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_size_that_the_figures_name() {
        for number in [0, 9, 123_456, u64::from(u32::MAX)] {
            let payload = payload(number);
            assert_eq!(payload.len(), BYTES);
            serde_json::from_slice::<serde_json::Value>(&payload).unwrap();
        }
    }
}
