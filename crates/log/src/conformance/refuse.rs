//! What is refused, whole.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use bytes::Bytes;
use ndxp_model::{HubTopic, Keep, LANES, Timestamp};

use super::{Rig, fixture::*};
use crate::{AppendError, Covered, MAX_RECORD_BYTES, ReadError, Record};

pub(super) async fn too_large_record_refuses_the_whole_call(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 1, Keep::Everything).await.unwrap();
    let value = Bytes::from(vec![0; MAX_RECORD_BYTES]);
    let large = Record { key: Some(Bytes::from_static(b"k")), value, ..Record::default() };
    let refused = AppendError::TooLarge { bytes: MAX_RECORD_BYTES + 1, limit: MAX_RECORD_BYTES };
    let covered = records(0, [record("a"), large.clone()]);
    let answer = log.append_after(record("entry"), covered).await;
    assert_eq!(answer.unwrap_err(), refused);
    let answer = log.append_after(large.clone(), records(0, [record("a")])).await;
    assert_eq!(answer.unwrap_err(), refused);
    let answer = log.append(HubTopic::Registry, 0, vec![record("a"), large]).await;
    assert_eq!(answer.unwrap_err(), refused);
    for at in [audit(), data(0), hub(HubTopic::Registry, 0)] {
        assert_eq!(end(&*log, &at).await, 0, "{at}");
    }
}

pub(super) async fn unknown_partition_refuses_the_whole_call(rig: &mut dyn Rig) {
    let log = rig.open().await;
    let refused = |at| Err(AppendError::NoSuchPartition(at));
    let covered = records(0, [record("a")]);
    let answer = log.append_after(record("entry"), covered.clone()).await;
    assert_eq!(answer, refused("ndxp.data.tax.income/0".to_owned()), "before it is created");
    log.create(&dataset(), 2, Keep::Everything).await.unwrap();
    let covered = vec![(0, record("a")), (2, record("b"))];
    let covered = Covered::Records { dataset: dataset(), records: covered };
    let answer = log.append_after(record("entry"), covered).await;
    assert_eq!(answer, refused("ndxp.data.tax.income/2".to_owned()));
    let handed = Covered::Handed { lane: LANES, record: record("a") };
    let answer = log.append_after(record("entry"), handed).await;
    assert_eq!(answer, refused("ndxp.delivery/64".to_owned()));
    for records in [vec![], vec![record("a")]] {
        let answer = log.append(HubTopic::Registry, 1, records).await;
        assert_eq!(answer.unwrap_err(), AppendError::NoSuchPartition("ndxp.registry/1".into()));
    }
    assert_eq!(end(&*log, &audit()).await, 0);
    assert_eq!(end(&*log, &data(0)).await, 0);
}

pub(super) async fn unknown_partition_is_not_read(rig: &mut dyn Rig) {
    let log = rig.open().await;
    let refused = ReadError::NoSuchPartition("ndxp.data.tax.income/0".to_owned());
    assert_eq!(log.read(&data(0), 0, PAGE).await.unwrap_err(), refused);
    assert_eq!(log.follow(&data(0)).unwrap_err(), refused);
    let answer = log.offset_at(&data(0), Timestamp::default()).await;
    assert_eq!(answer.unwrap_err(), refused);
    assert!(log.follow(&hub(HubTopic::Delivery, LANES)).is_err());
}

pub(super) async fn create_is_idempotent_and_keeps_its_count(rig: &mut dyn Rig) {
    let log = rig.open().await;
    log.create(&dataset(), 2, Keep::Everything).await.unwrap();
    publish(&*log, 1, &["a"]).await;
    log.create(&dataset(), 2, Keep::Everything).await.unwrap();
    assert_eq!(end(&*log, &data(1)).await, 1, "what is there stays");
    for other in [1, 3] {
        let answer = log.create(&dataset(), other, Keep::Everything).await;
        assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
    }
    for impossible in [0, 65] {
        let answer = log.create(&"tax/other".parse().unwrap(), impossible, Keep::Everything).await;
        assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
    }
    assert!(log.follow(&data(2)).is_err());
}
