//! What is no leaf.

use ndxp_audit::{Delivered, EncodeError, Entry, LeafProblem, MAX_LEAF, Stamp, encode, parse};
use ndxp_model::Timestamp;

use super::{boot, deny, publish, release, stamp};

fn text(entry: &Entry) -> String {
    String::from_utf8(encode(&stamp(), entry).unwrap().into_bytes()).unwrap()
}

/// Replaces a part of a good leaf and checks what the reader says.
#[track_caller]
fn check(entry: Entry, part: &str, by: &str, expected: LeafProblem) {
    let good = text(&entry);
    assert!(good.contains(part), "{part} in {good}");
    assert_eq!(parse(good.replacen(part, by, 1).as_bytes()), Err(expected), "{part} -> {by}");
}

#[test]
fn a_second_text_of_one_meaning_is_no_leaf() {
    let boot = || Entry::Boot(boot());
    for (part, by) in [
        (r#""v":1,"#, r#""v":1,"v":1,"#),
        (r#""v":1,"#, r#""v":2,"v":1,"#),
        (r#","v":1,"#, r#", "v":1,"#),
        (r#""v":1,"#, r#""v":1.0,"#),
        (r#""v":1,"#, r#""v":1e0,"#),
        ("n3-17", r"n3\u002d17"),
        ("n3-17", "n3-17đ"),
        ("0.1.0\"}", "0.1.0\"}\n"),
    ] {
        check(boot(), part, by, LeafProblem::NotCanonical);
    }
    let end = "0.1.0\"}";
    for later in ["null", "-1", "0.5", "9007199254740992", r#"[{"a":[null]}]"#, r#""a\"b""#] {
        let by = format!(r#"0.1.0","z":{later}}}"#);
        check(boot(), end, &by, LeafProblem::NotCanonical);
    }
    for good in ["1", "9007199254740991", r#"[{"a":[true]}]"#] {
        let leaf = text(&boot()).replacen(end, &format!(r#"0.1.0","z":{good}}}"#), 1);
        assert!(parse(leaf.as_bytes()).is_ok(), "{leaf}");
    }
    check(boot(), end, r#"0.1.0","a":1}"#, LeafProblem::NotCanonical);
}

#[test]
fn members_that_join_later_are_passed_over() {
    let entry = Entry::Publish(publish());
    let later = text(&entry).replacen(r#""op":"#, r#""new":{"a":[1,true,"x"]},"op":"#, 1);
    let later = later.replacen(r#""t":"#, r#""subj":{"ep":4,"n":2,"root":"ab"},"t":"#, 1);
    assert_eq!(parse(later.as_bytes()), Ok((stamp(), entry)));
}

#[test]
fn unknown_version_and_kind_stop_the_reader() {
    check(Entry::Boot(boot()), r#""v":1"#, r#""v":2"#, LeafProblem::UnknownVersion);
    check(Entry::Boot(boot()), r#""kind":"boot""#, r#""kind":"beet""#, LeafProblem::UnknownKind);
}

#[test]
fn wrong_members_are_named() {
    let (release, deny) = (|| Entry::Release(release()), || Entry::Deny(deny()));
    let member = LeafProblem::Member;
    check(release(), r#""n":213,"#, "", member("n"));
    check(release(), r#""dec":"allow""#, r#""dec":"deny""#, member("dec"));
    check(release(), r#""cons":"social-security""#, r#""cons":"health""#, member("cons"));
    check(release(), r#""prov":"tax""#, r#""prov":"land""#, member("prov"));
    check(release(), "[5,0,0]", "[5,1,0]", member("rng"));
    check(release(), "[5,0,0]", "[5,0]", member("rng"));
    check(release(), "[5,0,0]", "[4294967296,0,0]", member("rng"));
    check(release(), r#""agr":"agr-0042@7","#, "", member("agr"));
    for revision in ["07", "+7"] {
        check(release(), "agr-0042@7", &format!("agr-0042@{revision}"), member("agr"));
        check(release(), "income@3", &format!("income@{revision}"), member("ds"));
    }
    check(release(), &"9b".repeat(32), &"9B".repeat(32), member("agrh"));
    check(release(), "01938f2c-7b1e", "01938f2c7b1e-", member("id"));
    let both = format!(r#""crt":"{}","dec":"deny""#, "33".repeat(32));
    check(deny(), r#""dec":"deny""#, &both, member("crt"));
    check(deny(), r#""n":1"#, r#""n":0"#, member("n"));
    check(deny(), r#""clause":8"#, r#""clause":256"#, member("clause"));
    check(Entry::Boot(boot()), r#""pos":4712"#, r#""pos":"4712""#, member("reg"));
}

#[test]
fn what_is_no_object_is_no_leaf() {
    for bytes in [&b""[..], b"{", b"\xff", b"{} {}", "[".repeat(8_000).as_bytes()] {
        assert_eq!(parse(bytes), Err(LeafProblem::NotJson));
    }
    assert_eq!(parse(b"[]"), Err(LeafProblem::NotJson));
    assert_eq!(parse(b"{}"), Err(LeafProblem::Member("v")));
    assert_eq!(parse(&[b' '; MAX_LEAF + 1]), Err(LeafProblem::TooLong(MAX_LEAF + 1)));
}

#[test]
fn a_leaf_over_8_kib_is_not_written() {
    let ranges = |count: u64| {
        let single = |n| Delivered { partition: 63, first: n * 1_000, last: n * 1_000 };
        Entry::Release(ndxp_audit::Release {
            rng: Some((0..count).map(single).collect()),
            ..release()
        })
    };
    assert!(encode(&stamp(), &ranges(300)).unwrap().as_bytes().len() <= MAX_LEAF);
    let refused = encode(&stamp(), &ranges(1_000));
    assert!(matches!(refused, Err(EncodeError::TooLong(length)) if length > MAX_LEAF));
}

#[test]
fn integers_stay_where_every_reader_keeps_them() {
    let end = 1 << 53;
    let with_seq = |seq| encode(&Stamp { seq, ..stamp() }, &Entry::Boot(boot()));
    let last = with_seq(end - 1).unwrap();
    assert_eq!(parse(last.as_bytes()).unwrap().0.seq, end - 1);
    assert_eq!(with_seq(end), Err(EncodeError::Integer("seq")));
    let before_1970 = Stamp { t: Timestamp::from_millis(-1), ..stamp() };
    assert_eq!(encode(&before_1970, &Entry::Boot(boot())), Err(EncodeError::Integer("t")));
    let range = |first, last| {
        let rng = Some(vec![Delivered { partition: 0, first, last }]);
        encode(&stamp(), &Entry::Release(ndxp_audit::Release { rng, ..release() }))
    };
    assert_eq!(range(0, end), Err(EncodeError::Integer("rng")));
    assert_eq!(range(2, 1), Err(EncodeError::Range));
}
