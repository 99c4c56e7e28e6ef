//! Leaves of version 1 as they were first written. These files never change: what is wrong with
//! one is wrong for ever in every log. `HASHES` is by `printf '\0' | cat - FILE | sha256sum`.

use ndxp_audit::{encode, leaf_hash, parse};

use super::{samples, stamp};

macro_rules! golden {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_bytes!(concat!("../golden/v1/", $name, ".json")).as_slice())),+]
    };
}

const LEAVES: [(&str, &[u8]); 12] = golden![
    "publish",
    "publish-elsewhere",
    "release",
    "release-filtered-again",
    "release-dead-letter",
    "deny",
    "deny-repeated",
    "deny-unnamed",
    "registry",
    "delivery",
    "delivery-seek",
    "boot",
];

const HASHES: &str = include_str!("../golden/v1/HASHES");

#[test]
fn leaves_of_version_1_are_still_read() {
    for ((name, bytes), (sample, entry)) in LEAVES.into_iter().zip(samples()) {
        assert_eq!(name, sample);
        assert_eq!(parse(bytes), Ok((stamp(), entry)), "{name}");
    }
}

#[test]
fn leaves_of_version_1_are_still_written() {
    for ((name, bytes), (_, entry)) in LEAVES.into_iter().zip(samples()) {
        let leaf = encode(&stamp(), &entry).unwrap();
        assert_eq!(leaf.as_bytes(), bytes, "{name}: {}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn hashes_are_those_that_stock_tools_print() {
    let committed: Vec<(&str, &str)> =
        HASHES.lines().map(|line| line.split_once("  ").unwrap()).collect();
    assert_eq!(committed.len(), LEAVES.len());
    for ((name, bytes), (hash, file)) in LEAVES.into_iter().zip(committed) {
        assert_eq!(format!("{name}.json"), file);
        assert_eq!(hex::encode(leaf_hash(bytes)), hash, "{name}");
    }
}

/// RFC 6962's tree of one empty leaf, as certificate transparency's own tests have it.
#[test]
fn the_empty_leaf_has_its_published_hash() {
    let published = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
    assert_eq!(hex::encode(leaf_hash(b"")), published);
}
