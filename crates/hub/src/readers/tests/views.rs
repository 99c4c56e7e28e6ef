//! What plans show of shared records.

use ndxp_log::ENTRY_HEADER;
use proptest::prelude::*;

use super::*;
use crate::{
    keys::Keys,
    readers::{Handed, Judged},
};

const FIELDS: [&str; 5] = ["/id", "/name", "/tax", "/home/street", "/home"];

fn any_plan() -> impl Strategy<Value = (Vec<&'static str>, Option<(&'static str, &'static str)>)> {
    let rows = prop::sample::select(&["n0", "n1"][..]).prop_map(|text| ("/name", text));
    (prop::sample::subsequence(FIELDS.to_vec(), 0..5), prop::option::of(rows))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// Invariant 5 under sharing: whoever else reads, and in whatever order, a plan shows what it
    /// shows alone.
    #[test]
    fn two_plans_never_mix(
        plans in prop::collection::vec(any_plan(), 1..6),
        reads in prop::collection::vec((any::<prop::sample::Index>(), 0..30_u64, 1..20_usize), 1..40),
        budget in prop::sample::select(vec![1_usize, 20_000, 1 << 20]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new(budget).await;
            let payload = |n: usize| format!(
                r#"{{"id":"{n}","name":"n{}","tax":{n}e0,"home":{{"street":"s{n}","no":{n}}}}}"#, n % 3);
            bench.publish(0, (0..30).map(|n| record(&n.to_string(), "UPSERT", payload(n)))).await;
            for (index, from, records) in reads {
                let (fields, rows) = index.get(&plans);
                let plan = plan(fields, *rows);
                let by = Projector::new(&dataset(), Arc::clone(&plan));
                let limits = ReadLimits { records, ..ALL };
                let page = bench.readers.read(&at(0), from, limits, &by).await.unwrap();
                for shown in &page.records {
                    let mut alone = Vec::new();
                    let seen = plan.show(payload(shown.offset as usize).as_bytes(), &mut alone);
                    assert_eq!(shown.judged == Judged::Admitted, seen == Ok(ndxp_policy::Seen::Admitted));
                    assert_eq!(shown.payload, alone);
                    let pseudonyms = Keys::from_bytes(&[1; 32]).of(&"tax".parse().unwrap(), &name());
                    let handed = Handed { ack_token: Bytes::new(), attempt: 1, replayed: false };
                    let key = shown.deliver(&pseudonyms, handed).unwrap().key;
                    assert_eq!(key == *shown.facts.key, fields.contains(&"/id"));
                }
            }
        });
    }
}

#[tokio::test]
async fn a_plan_projects_a_record_once() {
    let bench = Bench::new(1 << 20).await;
    bench.publish(0, (0..10).map(person)).await;
    let once = bench.read(0, 0, &projector(&["/tax", "/name"])).await;
    let again = bench.read(0, 0, &projector(&["/name", "/tax"])).await;
    let other = bench.read(0, 0, &projector(&["/name"])).await;
    for ((once, again), other) in once.records.iter().zip(&again.records).zip(&other.records) {
        assert!(Arc::ptr_eq(once, again), "agreements of equal text share");
        assert!(!Arc::ptr_eq(once, other));
    }
    assert_eq!(payloads(&other)[3], r#"{"name":"n3"}"#);
}

#[tokio::test]
async fn withheld_deleted_and_unreadable_say_nothing_of_the_record() {
    let bench = Bench::new(1 << 20).await;
    let no_id = |mut record: Record| {
        record.headers.retain(|header| header.name != "ce_id");
        record
    };
    let broken = record("5", "UPSERT", r#"{"id":"5","province":"01""#);
    let records = [
        record("0", "UPSERT", r#"{"id":"0","province":"01","x":1}"#),
        record("1", "UPSERT", r#"{"id":"1","province":"02","x":1}"#),
        record("2", "DELETE", r#"{"id":"2"}"#),
        no_id(record("3", "UPSERT", r#"{"id":"3","province":"01"}"#)),
        record("4", "MERGE", r#"{"id":"4","province":"01"}"#),
        broken,
    ];
    bench.publish(0, records).await;
    let by = Projector::new(&dataset(), plan(&["/x"], Some(("/province", "01"))));
    let page = bench.read(0, 0, &by).await;
    let judged: Vec<_> = page.records.iter().map(|shown| shown.judged).collect();
    let unreadable = [Judged::Unreadable; 3];
    let expected =
        [&[Judged::Admitted, Judged::Withheld, Judged::Deleted][..], &unreadable].concat();
    assert_eq!(judged, expected);
    assert_eq!(payloads(&page), [r#"{"x":1}"#, "", "", "", "", ""]);
    let pseudonyms = Keys::from_bytes(&[1; 32]).of(&"tax".parse().unwrap(), &name());
    let handed = || Handed { ack_token: Bytes::new(), attempt: 1, replayed: false };
    let delivered: Vec<_> =
        page.records.iter().map(|shown| shown.deliver(&pseudonyms, handed())).collect();
    assert!(delivered[3..].iter().all(Option::is_none));
    let leave = delivered[1].clone().unwrap();
    assert_eq!(leave.op(), ndxp_proto::exchange::Op::Leave);
    assert_eq!((leave.schema_version, leave.event_time, leave.traceparent.as_str()), (0, None, ""));
    assert_eq!(leave.key, pseudonyms.key(b"1"));
}

#[tokio::test]
async fn a_record_without_an_audit_entry_is_unreadable() {
    let stored = |headers: &[(&'static str, &str)]| {
        let mut record = person(1);
        record.headers.extend(headers.iter().map(|(n, v)| Header::new(*n, (*v).to_owned())));
        ndxp_log::Stored { offset: 1, record }
    };
    let judged = |stored| {
        let facts = Arc::new(super::super::shown::Facts::read(stored));
        projector(&["/id"]).show_all(&[facts])[0].judged
    };
    assert_eq!(judged(stored(&[])), Judged::Unreadable);
    assert_eq!(judged(stored(&[(ENTRY_HEADER, "main:x")])), Judged::Unreadable);
    assert_eq!(judged(stored(&[(ENTRY_HEADER, "main:7")])), Judged::Admitted);
}
