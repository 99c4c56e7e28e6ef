//! The walk over the text against the projection of values, on texts as a publisher may write them:
//! space anywhere, names and texts with and without escapes, numbers in any form.

use ndxp_model::RowFilter;
use proptest::prelude::*;

use super::{
    naive,
    properties::{any_fields, any_path},
    *,
};

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => Just(""), 1 => Just(" "), 1 => Just("\n"), 1 => Just("\t\r ")]
}

/// A name or a text, in one of the ways to write it.
fn written() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(r#""a""#),
        Just(r#""\u0061""#),
        Just(r#""b""#),
        Just(r#""a/b""#),
        Just(r#""a\/b""#),
        Just(r#""~""#),
        Just(r#""~1""#),
        Just(r#""\u007e1""#),
        Just(r#""/""#),
        Just(r#""""#),
        Just(r#""*""#),
        Just(r#""0""#),
        Just("\"long enough for eight \u{1b0}\""),
        Just(r#""{\"a\":1,[\\""#),
        Just(r#""\ud83d\ude00 \n""#),
    ]
    .prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("0"),
        Just("-0"),
        Just("1e15"),
        Just("1.50"),
        Just("-1E+2"),
        Just("12345678901234"),
        Just("0.1e-7"),
    ];
    let word = prop_oneof![Just("null"), Just("true"), Just("false")];
    prop_oneof![number.prop_map(str::to_owned), word.prop_map(str::to_owned), written()]
}

fn decoded(name: &str) -> String {
    serde_json::from_str(name).unwrap()
}

/// A record's text; no object has a name twice, however it is written.
fn any_text() -> impl Strategy<Value = String> {
    let value = scalar().prop_recursive(4, 40, 5, |inner| {
        let element = (space(), inner.clone(), space()).prop_map(|(a, v, b)| format!("{a}{v}{b}"));
        let member = (space(), written(), space(), space(), inner, space())
            .prop_map(|(a, name, b, c, v, d)| (name.clone(), format!("{a}{name}{b}:{c}{v}{d}")));
        prop_oneof![
            prop::collection::vec(element, 0..4).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|mut all| {
                let mut met = BTreeSet::new();
                all.retain(|(name, _)| met.insert(decoded(name)));
                let all: Vec<_> = all.into_iter().map(|(_, text)| text).collect();
                format!("{{{}}}", all.join(","))
            }),
        ]
    });
    (space(), value, space()).prop_map(|(a, value, b)| format!("{a}{value}{b}"))
}

fn any_rows() -> impl Strategy<Value = Option<RowFilter>> {
    let texts = prop::sample::select(&["a", "a/b", "~1", "", "\u{1f600} \n"][..]);
    let rows =
        (any_path(), texts).prop_map(|(field, text)| RowFilter { field, equals: text.into() });
    prop::option::of(rows)
}

fn shown(plan: &Plan, text: &[u8]) -> Result<Option<Vec<u8>>, Unreadable> {
    let mut out = b"before".to_vec();
    let seen = plan.show(text, &mut out)?;
    assert!(out.starts_with(b"before"));
    assert!(seen == Seen::Admitted || out == b"before", "a withheld record left something");
    Ok((seen == Seen::Admitted).then(|| out.split_off(6)))
}

/// The texts and numbers of a document, as they are written.
fn scalars(text: &[u8]) -> Vec<Vec<u8>> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let start = at;
        match text[at] {
            b'"' => {
                at += 1;
                while text[at] != b'"' {
                    at += 1 + usize::from(text[at] == b'\\');
                }
                at += 1;
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => at += 1,
            _ => at += text[at..].iter().take_while(|b| !b",]} \n\r\t".contains(b)).count(),
        }
        if text[start] == b'"' || at - start > 1 || text[start].is_ascii_digit() {
            all.push(text[start..at].to_vec());
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn text_shows_what_the_value_shows(fields in any_fields(), rows in any_rows(), text in any_text()) {
        let plan = Plan::compile(&fields, rows.as_ref());
        let value: Value = serde_json::from_str(&text).unwrap();
        let out = shown(&plan, text.as_bytes()).unwrap();
        let read = out.map(|out| serde_json::from_slice::<Value>(&out).unwrap());
        prop_assert_eq!(read, naive::shown(&plan, rows.as_ref(), &value), "{}", text);
    }

    #[test]
    fn what_is_shown_stands_as_it_was_written(fields in any_fields(), text in any_text()) {
        let out = shown(&Plan::compile(&fields, None), text.as_bytes()).unwrap().unwrap();
        let mut of_the_record = scalars(text.as_bytes()).into_iter();
        for one in scalars(&out) {
            prop_assert!(of_the_record.any(|other| other == one), "{:?} of {}", one, text);
        }
        prop_assert!(!out.iter().any(|b| b"\n\r\t".contains(b)));
    }

    #[test]
    fn only_json_is_shown(fields in any_fields(), rows in any_rows(), text in "[\\[\\]{}\",:0-2eE.u\\\\ truefalsn-]{0,24}") {
        agree(&Plan::compile(&fields, rows.as_ref()), text.as_bytes())?;
    }

    #[test]
    fn damage_anywhere_is_found(
        fields in any_fields(), text in any_text(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        agree(&Plan::compile(&fields, None), &bytes)?;
        agree(&Plan::compile(&fields, None), &bytes[..at])?;
    }
}

/// The walk refuses what serde_json refuses, but for the size of numbers, and beyond that only what
/// has a name twice.
fn agree(plan: &Plan, bytes: &[u8]) -> Result<(), TestCaseError> {
    match (shown(plan, bytes), serde_json::from_slice::<Value>(bytes)) {
        (Ok(_), Err(error)) => {
            prop_assert!(error.to_string().contains("out of range"), "{error}: {bytes:?}");
        }
        (Err(Unreadable), Ok(value)) => {
            let names = |text: &[u8]| text.iter().filter(|b| **b == b':').count();
            let once = value.to_string();
            prop_assert!(names(once.as_bytes()) < names(bytes), "{bytes:?}");
        }
        _ => {}
    }
    Ok(())
}

#[test]
fn a_number_keeps_its_text() {
    let text = br#"{ "a" : [1e15, 1.50,-0] , "b" : 2 }"#;
    assert_eq!(shown(&plan(&["/a"]), text), Ok(Some(br#"{"a":[1e15,1.50,-0]}"#.to_vec())));
}

#[test]
fn members_keep_the_publishers_order() {
    let text = br#"{"z":1,"y":2,"x":{"d":3,"c":4,"b":5}}"#;
    let expected = br#"{"z":1,"x":{"d":3,"b":5}}"#;
    assert_eq!(shown(&plan(&["/x/b", "/x/d", "/z"]), text), Ok(Some(expected.to_vec())));
}

#[test]
fn a_granted_name_that_stands_twice_is_refused() {
    let plan = plan(&["/a"]);
    assert_eq!(shown(&plan, br#"{"a":1,"\u0061":2}"#), Err(Unreadable));
    let rows = RowFilter { field: "/b".parse().unwrap(), equals: "x".to_owned() };
    let filtered = Plan::compile(&grants(&["/a"]), Some(&rows));
    assert_eq!(shown(&filtered, br#"{"b":"x","a":1,"b":"y"}"#), Err(Unreadable));
}

#[test]
fn depth_is_bounded_whoever_asks() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [64, 126, 127, 128, 129, 100_000] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for plan in [plan(&["/b"]), plan(&["/*/a"])] {
                let fits = serde_json::from_str::<Value>(&text).is_ok();
                assert_eq!(shown(&plan, text.as_bytes()).is_ok(), fits, "{depth}");
            }
        }
    }
}

#[test]
fn more_names_than_bits_are_found() {
    let names: Vec<String> = (0..200).map(|n| format!("/field-{n}")).collect();
    let plan = plan(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let members: Vec<_> = (0..300).map(|n| format!("\"field-{n}\":{n}")).collect();
    let granted = format!("{{{}}}", members[..200].join(","));
    let text = format!("{{{}}}", members.join(","));
    assert_eq!(shown(&plan, text.as_bytes()), Ok(Some(granted.into_bytes())));
    let twice = format!("{{{},\"field-150\":0}}", members.join(","));
    assert_eq!(shown(&plan, twice.as_bytes()), Err(Unreadable));
}
