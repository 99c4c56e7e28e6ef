//! Damaged directories: never wrong records, never fewer than acknowledged.

use std::{fs, path::PathBuf};

use ndxp_log::embedded::Damage;

use super::*;

/// A closed log of a few calls, and what it held.
async fn sample(dir: &Path) -> Vec<Stored> {
    let log = Embedded::open(config(dir)).unwrap();
    log.create(&dataset(), 1, ndxp_model::Keep::Everything).await.unwrap();
    for call in 0..6 {
        publish(&log, (0..3).map(|n| format!("{call}-{n}"))).await;
    }
    let held = read_all(&log, &data()).await.unwrap();
    log.close().await;
    // Off with the zeros in advance: they take a second to copy a hundred times.
    let path = journal(dir);
    let bytes = written(&path);
    fs::write(path, bytes).unwrap();
    held
}

fn journal(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir.join("store")).unwrap().map(|file| file.unwrap().path());
    let mut journals: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|ext| ext == "jnl")).collect();
    assert_eq!(journals.len(), 1);
    journals.remove(0)
}

/// The part of a journal that is written; the rest is zeros in advance.
fn written(journal: &Path) -> Vec<u8> {
    let mut bytes = fs::read(journal).unwrap();
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(length);
    bytes
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            copy_dir(&file.path(), &target);
        } else {
            fs::copy(file.path(), target).unwrap();
        }
    }
}

/// Opens a copy with another journal, which must be refused or hold all that was acknowledged, and
/// says whether it was refused.
async fn check(original: &Path, journal_bytes: &[u8], held: &[Stored], what: &str) -> bool {
    let dir = tempfile::tempdir().unwrap();
    copy_dir(original, dir.path());
    let path = journal(dir.path());
    fs::write(&path, journal_bytes).unwrap();
    match Embedded::open(config(dir.path())) {
        Err(OpenError::Corrupt { kept, .. }) => {
            let kept = kept.unwrap().join(path.file_name().unwrap());
            assert!(fs::read(kept).unwrap() == journal_bytes, "{what}: the copy is the original");
            true
        }
        Err(other) => panic!("{what}: {other}"),
        Ok(log) => {
            assert_eq!(read_all(&log, &data()).await.as_deref(), Ok(held), "{what}");
            log.close().await;
            false
        }
    }
}

#[tokio::test]
async fn cut_journal_never_loses_acknowledged_records_silently() {
    let dir = tempfile::tempdir().unwrap();
    let held = sample(dir.path()).await;
    let bytes = written(&journal(dir.path()));
    for length in (0..bytes.len()).step_by(bytes.len() / 40) {
        let refused = check(dir.path(), &bytes[..length], &held, &format!("cut at {length}")).await;
        assert!(refused, "every record of this journal was acknowledged");
    }
}

#[tokio::test]
async fn flipped_byte_in_the_journal_never_yields_other_records() {
    let dir = tempfile::tempdir().unwrap();
    let held = sample(dir.path()).await;
    let bytes = written(&journal(dir.path()));
    let mut refused = 0;
    for at in (0..bytes.len()).step_by(bytes.len() / 60) {
        let mut other = bytes.clone();
        other[at] ^= 0x20;
        refused += u32::from(check(dir.path(), &other, &held, &format!("flipped at {at}")).await);
    }
    assert!(refused > 40, "only {refused} were noticed");
}

#[tokio::test]
async fn lost_tail_is_named_with_both_ends_and_accepted_by_removing_the_file() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path()).await;
    let path = journal(dir.path());
    let bytes = written(&path);
    fs::write(&path, &bytes[..bytes.len() - 10]).unwrap();
    let error = Embedded::open(config(dir.path())).unwrap_err();
    let OpenError::Corrupt { damage, kept, .. } = &error else { panic!("{error}") };
    let behind = |partition: &str, stored, acknowledged| Damage::EndBehind {
        partition: partition.to_owned(),
        stored,
        acknowledged,
    };
    let expected = [behind("ndxp.audit.main/0", 5, 6), behind("ndxp.data.tax.income/0", 15, 18)];
    assert!(expected.contains(damage), "{error}");
    assert_eq!(kept.as_deref(), Some(&*dir.path().join("journal-damaged-1")));
    let text = error.to_string();
    assert!(text.contains("journal-damaged-1") && text.contains("`ends`"), "{text}");
    Embedded::open(config(dir.path())).unwrap_err();
    fs::remove_file(dir.path().join("ends")).unwrap();
    let log = Embedded::open(config(dir.path())).unwrap();
    assert_eq!(read_all(&log, &data()).await.unwrap().len(), 15);
}

#[tokio::test]
async fn missing_store_and_spoilt_ends_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path()).await;
    let ends = fs::read_to_string(dir.path().join("ends")).unwrap();
    fs::write(dir.path().join("ends"), ends.replace(" 6\n", " 4\n")).unwrap();
    let error = Embedded::open(config(dir.path())).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { damage: Damage::Ends, .. }), "{error}");
    fs::write(dir.path().join("ends"), ends).unwrap();
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    let error = Embedded::open(config(dir.path())).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { damage: Damage::NoStore, .. }), "{error}");
}

#[tokio::test]
async fn opening_that_was_killed_keeps_the_older_copy_of_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let held = sample(dir.path()).await;
    let aside = dir.path().join("journal-before-opening");
    fs::create_dir(&aside).unwrap();
    fs::write(aside.join("0.jnl"), "as it was").unwrap();
    let path = journal(dir.path());
    let whole = fs::read(&path).unwrap();
    fs::write(&path, "").unwrap();
    let error = Embedded::open(config(dir.path())).unwrap_err();
    let OpenError::Corrupt { kept: Some(kept), .. } = &error else { panic!("{error}") };
    assert_eq!(fs::read_to_string(kept.join("0.jnl")).unwrap(), "as it was");
    fs::write(&path, whole).unwrap();
    let log = Embedded::open(config(dir.path())).unwrap();
    assert_eq!(read_all(&log, &data()).await.unwrap(), held);
    assert!(!aside.exists(), "no copy stays behind an opening that went well");
}
