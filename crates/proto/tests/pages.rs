//! Each reason has a page, and each page is a reason.
#![expect(clippy::unwrap_used, reason = "a test's failure is its message")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use ndxp_proto::error::Reason;

fn pages() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors")
}

fn reasons() -> BTreeSet<String> {
    Reason::ALL.iter().map(|reason| reason.as_str().to_owned()).collect()
}

/// `PERMISSION_DENIED` for `PermissionDenied`.
fn code(reason: Reason) -> String {
    let mut text = String::new();
    for letter in format!("{:?}", reason.code()).chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

fn retry(reason: Reason) -> String {
    reason.retry_after_ms().map_or("no".to_owned(), |ms| format!("after {ms} ms"))
}

#[test]
fn every_reason_has_a_page_and_every_page_is_a_reason() {
    let stem = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let mut found: BTreeSet<String> =
        fs::read_dir(pages()).unwrap().map(|entry| stem(entry.unwrap())).collect();
    assert!(found.remove("README"), "the index is missing");
    assert_eq!(found, reasons());
}

#[test]
fn every_page_says_code_and_retry_as_the_hub_does() {
    for reason in Reason::ALL {
        let name = reason.as_str();
        let page = fs::read_to_string(pages().join(format!("{name}.md"))).unwrap();
        let head = format!("# {name}\n\nCode `{}`. Retry: {}.\n", code(*reason), retry(*reason));
        assert!(page.starts_with(&head), "{name} must begin with\n{head}");
    }
}

#[test]
fn the_index_lists_every_reason_once_in_the_order_of_the_code() {
    let index = fs::read_to_string(pages().join("README.md")).unwrap();
    let rows: Vec<&str> = index.lines().filter(|line| line.starts_with("| [`")).collect();
    let wanted: Vec<String> = Reason::ALL
        .iter()
        .map(|reason| {
            let name = reason.as_str();
            format!("| [`{name}`]({name}.md) | `{}` | {} |", code(*reason), retry(*reason))
        })
        .collect();
    assert_eq!(rows.len(), wanted.len());
    for (row, start) in rows.iter().zip(&wanted) {
        assert!(row.starts_with(start), "{row} must begin with {start}");
    }
}
