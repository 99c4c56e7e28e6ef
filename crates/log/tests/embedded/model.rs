//! Random calls: the embedded engine answers as the in-memory one does.

use std::sync::Arc;

use bytes::Bytes;
use ndxp_log::{Header, memory::Memory};
use ndxp_model::{Keep, Timestamp};
use proptest::{collection::vec, prelude::*};

use super::*;

#[derive(Debug, Clone)]
enum Call {
    Create(u32, Keep),
    Append(u32, Vec<Record>),
    Publish(Vec<(u32, Record)>),
    Hand(u32, Record),
    Read(Partition, u64, ReadLimits),
    OffsetAt(Partition, i64),
    Earliest(Partition),
    Tidy(i64),
    Reopen,
}

fn record() -> impl Strategy<Value = Record> {
    let value = prop_oneof![4 => vec(any::<u8>(), 0..50), 2 => Just(Vec::new()), 1 => vec(any::<u8>(), 2_000..3_000)];
    (proptest::option::of(vec(0_u8..3, 0..2)), value, -5_i64..100, 0_usize..3).prop_map(
        |(key, value, millis, headers)| Record {
            key: key.map(Bytes::from),
            value: value.into(),
            timestamp: Timestamp::from_millis(millis),
            headers: (0..headers).map(|n| Header::new(format!("h{n}"), "value")).collect(),
        },
    )
}

fn partition() -> impl Strategy<Value = Partition> {
    let data = (0_u32..4).prop_map(|number| Partition { topic: Topic::Data(dataset()), number });
    let lane =
        (0_u32..2).prop_map(|number| Partition { topic: Topic::Hub(HubTopic::Delivery), number });
    prop_oneof![2 => data, 1 => lane, 1 => Just(audit())]
}

fn keep() -> impl Strategy<Value = Keep> {
    let bound = |most| proptest::option::of(0_u64..most);
    prop_oneof![
        1 => Just(Keep::Everything),
        2 => (bound(120), bound(5_000))
            .prop_map(|(max_age_ms, max_bytes)| Keep::Recent { max_age_ms, max_bytes }),
        3 => (0_u64..60).prop_map(|lag_ms| Keep::Newest { lag_ms }),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    let limits =
        (0_usize..20, 0_usize..5_000).prop_map(|(records, bytes)| ReadLimits { records, bytes });
    prop_oneof![
        2 => (2_u32..4, keep()).prop_map(|(partitions, keep)| Call::Create(partitions, keep)),
        4 => (0_u32..2, vec(record(), 0..5)).prop_map(|(at, records)| Call::Append(at, records)),
        8 => vec((0_u32..3, record()), 0..20).prop_map(Call::Publish),
        4 => (0_u32..2, record()).prop_map(|(lane, record)| Call::Hand(lane, record)),
        12 => (partition(), 0_u64..60, limits).prop_map(|(at, from, l)| Call::Read(at, from, l)),
        3 => (partition(), -10_i64..110).prop_map(|(at, millis)| Call::OffsetAt(at, millis)),
        3 => partition().prop_map(Call::Earliest),
        5 => (0_i64..300).prop_map(Call::Tidy),
        1 => (0_i64..200_000).prop_map(Call::Tidy),
        2 => Just(Call::Reopen),
    ]
}

/// Makes a call and says what came of it, as text that both engines must agree on.
async fn make(log: &dyn Log, call: &Call) -> String {
    match call.clone() {
        Call::Create(partitions, keep) => {
            format!("{:?}", log.create(&dataset(), partitions, keep).await)
        }
        Call::Append(at, records) => {
            format!("{:?}", log.append(HubTopic::Delivery, at, records).await)
        }
        Call::Publish(records) => {
            let covered = Covered::Records { dataset: dataset(), records };
            format!("{:?}", log.append_after(Record::default(), covered).await)
        }
        Call::Hand(lane, record) => {
            let covered = Covered::Handed { lane, record };
            format!("{:?}", log.append_after(Record::default(), covered).await)
        }
        Call::Read(at, from, limits) => format!("{:?}", log.read(&at, from, limits).await),
        Call::OffsetAt(at, millis) => {
            format!("{:?}", log.offset_at(&at, Timestamp::from_millis(millis)).await)
        }
        Call::Earliest(at) => format!("{:?}", log.earliest(&at).await),
        Call::Tidy(now) => format!("{:?}", log.tidy(Timestamp::from_millis(now)).await),
        Call::Reopen => String::new(),
    }
}

async fn compare(calls: Vec<Call>, tail: TailLimits) {
    let dir = tempfile::tempdir().unwrap();
    let open = || Arc::new(Embedded::open(Config { tail, ..config(dir.path()) }).unwrap());
    let model = Memory::new();
    let mut log = open();
    for call in &calls {
        if matches!(call, Call::Reopen) {
            log.close().await;
            log = open();
        }
        assert_eq!(make(&*log, call).await, make(&model, call).await, "{call:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn embedded_engine_answers_as_the_memory_engine(
        calls in vec(call(), 1..60), records in 0_usize..12, bytes in 0_usize..4_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(calls, TailLimits { records, bytes }));
    }
}
