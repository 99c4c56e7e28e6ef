//! Random entries come back from their bytes, and each flipped bit shows.

use std::num::NonZeroU64;

use ndxp_audit::{
    Boot, Caller, DatasetAt, Delivered, Deny, Entry, EntryId, Publish, Registry, Release,
    Sha256Hex, Stamp, Under, Way, Word, encode, leaf_hash, parse,
};
use ndxp_model::{PrincipalName, PurposeCode, SchemaVersion, Timestamp};
use proptest::{option, prelude::*};

const ID: &str = "[a-z]([a-z0-9-]{0,20}[a-z0-9])?";
const INTEGER: std::ops::Range<u64> = 0..1 << 53;

fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(text: String) -> T {
    text.parse().unwrap()
}

fn any_hash() -> impl Strategy<Value = Sha256Hex> {
    any::<[u8; 32]>().prop_map(Sha256Hex::from)
}

fn any_word() -> impl Strategy<Value = Word> {
    "[!#-\\[\\]-~]{1,40}".prop_map(read)
}

fn any_purpose() -> impl Strategy<Value = PurposeCode> {
    ID.prop_map(read)
}

fn any_by() -> impl Strategy<Value = PrincipalName> {
    let kind = prop::sample::select(&["system", "officer"][..]);
    (ID, kind, ID).prop_map(|(agency, kind, id)| read(format!("agency/{agency}/{kind}/{id}")))
}

fn any_dataset() -> impl Strategy<Value = DatasetAt> {
    (ID, ID, option::of(any::<u32>())).prop_map(|(agency, dataset, version)| DatasetAt {
        name: read(format!("{agency}/{dataset}")),
        version: version.map(SchemaVersion),
    })
}

prop_compose! {
    fn any_under()(
        id in ID, revision in any::<u32>(), agrh in any_hash(), pol in any_hash(),
        purp in any_purpose(), basis in any_purpose(),
    ) -> Under {
        Under { agr: read(format!("{id}@{revision}")), agrh, pol, purp, basis }
    }
}

prop_compose! {
    fn any_publish()(
        by in any_by(), ds in any_dataset(), n in INTEGER, vid in any_hash(),
        under in option::of(any_under()),
    ) -> Entry {
        Entry::Publish(Publish { by, ds, n, vid, under })
    }
}

fn any_range() -> impl Strategy<Value = Delivered> {
    (any::<u32>(), INTEGER, INTEGER).prop_map(|(partition, a, b)| Delivered {
        partition,
        first: a.min(b),
        last: a.max(b),
    })
}

prop_compose! {
    fn any_release()(
        by in any_by(), ds in any_dataset(), sub in (ID, ID), under in any_under(), n in INTEGER,
        rng in option::of(prop::collection::vec(any_range(), 0..20)), again in any::<bool>(),
        way in prop_oneof![Just(Way::Stream), Just(Way::DeadLetter)],
    ) -> Entry {
        let sub = read(format!("{}/{}", sub.0, sub.1));
        Entry::Release(Release { by, way, ds, sub, under, rng, n, again })
    }
}

fn any_caller() -> impl Strategy<Value = Caller> {
    prop_oneof![
        any_by().prop_map(Caller::Principal),
        any::<[u8; 32]>().prop_map(|hash| Caller::Certificate(hash.into())),
    ]
}

prop_compose! {
    fn any_deny()(
        by in any_caller(), ds in option::of(any_dataset()), op in any_word(), why in any_word(),
        clause in option::of(any::<u8>()), purp in option::of(any_purpose()),
        agr in option::of(any_under()), n in 1..INTEGER.end,
    ) -> Entry {
        let (agr, n) = (agr.map(|under| under.agr), NonZeroU64::new(n).unwrap());
        Entry::Deny(Deny { by, ds, op, why, clause, purp, agr, n })
    }
}

prop_compose! {
    fn any_registry()(
        by in any_by(), op in any_word(), position in INTEGER, hash in any_hash(),
    ) -> Entry {
        Entry::Registry(Registry { by, op, position, hash })
    }
}

prop_compose! {
    fn any_boot()(
        version in any_word(), position in INTEGER, incarnation in any_word(),
    ) -> Entry {
        Entry::Boot(Boot { version, position, incarnation })
    }
}

fn any_entry() -> impl Strategy<Value = Entry> {
    prop_oneof![any_publish(), any_release(), any_deny(), any_registry(), any_boot()]
}

prop_compose! {
    fn any_stamp()(
        id in any::<[u8; 16]>(), t in 0..253_402_207_200_000_i64, gw in any_word(), seq in INTEGER,
    ) -> Stamp {
        Stamp { id: EntryId(id), t: Timestamp::from_millis(t), gw, seq }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn an_entry_comes_back_from_its_leaf(stamp in any_stamp(), entry in any_entry()) {
        let leaf = encode(&stamp, &entry).unwrap();
        let bytes = leaf.as_bytes();
        prop_assert!(bytes.iter().all(|b| (b' '..=b'~').contains(b) && *b != b'\\'));
        prop_assert_eq!(leaf.hash(), leaf_hash(bytes));
        prop_assert_eq!(parse(bytes), Ok((stamp, entry)));
    }

    #[test]
    fn a_leaf_is_its_own_rfc_8785_form(stamp in any_stamp(), entry in any_entry()) {
        let leaf = encode(&stamp, &entry).unwrap();
        let value: serde_json::Value = serde_json::from_slice(leaf.as_bytes()).unwrap();
        let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
        prop_assert_eq!(canonical, leaf.as_bytes());
    }

    #[test]
    fn a_flipped_bit_never_says_the_same(
        stamp in any_stamp(), entry in any_entry(), at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let mut bytes = encode(&stamp, &entry).unwrap().into_bytes();
        let whole = leaf_hash(&bytes);
        let at = at.index(bytes.len());
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1_u8 << bit;
        }
        prop_assert_ne!(leaf_hash(&bytes), whole);
        prop_assert_ne!(parse(&bytes), Ok((stamp, entry)));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in "[{}\\[\\]\",:a-z0-9@/ -]{0,200}") {
        let _ = parse(bytes.as_bytes());
    }
}
