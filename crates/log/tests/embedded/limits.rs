//! A full disk.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use ndxp_log::AppendError;

use super::*;

#[tokio::test]
async fn full_disk_refuses_appends_and_room_takes_them_again() {
    let dir = tempfile::tempdir().unwrap();
    let free = Arc::new(AtomicU64::new(10_000));
    let disk = Arc::clone(&free);
    let free_space = FreeSpace::measured(move |_| Ok(disk.load(SeqCst)));
    let config = Config { min_free: 4_000, free_space, ..config(dir.path()) };
    let log = Embedded::open(config).unwrap();
    log.create(&dataset(), 1, ndxp_model::Keep::Everything).await.unwrap();
    publish(&log, ["fits".to_owned()]).await;
    free.store(3_999, SeqCst);
    let full = AppendError::Full { free: 3_999, min_free: 4_000 };
    let answer = log.append(HubTopic::Registry, 0, vec![sized(4_000)]).await;
    assert_eq!(answer, Err(full.clone()));
    let covered = Covered::Records { dataset: dataset(), records: vec![(0, sized(4_000))] };
    assert_eq!(log.append_after(Record::default(), covered).await, Err(full));
    assert_eq!(read_all(&log, &registry()).await.unwrap().len(), 0);
    assert_eq!(read_all(&log, &audit()).await.unwrap().len(), 1, "readers go on");
    free.store(20_000, SeqCst);
    log.append(HubTopic::Registry, 0, vec![sized(4_000)]).await.unwrap();
    assert!(log.fatal().borrow().is_none(), "a full disk is no failure of the store");
}

#[tokio::test]
async fn unmeasurable_disk_refuses_appends() {
    let dir = tempfile::tempdir().unwrap();
    let free_space = FreeSpace::measured(|_| Err(io::Error::other("gone")));
    let log = Embedded::open(Config { free_space, ..config(dir.path()) }).unwrap();
    let answer = log.append(HubTopic::Registry, 0, vec![sized(1)]).await;
    assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
}
