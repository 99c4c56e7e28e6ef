use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: Result<&str, (Keyword, usize, usize, Option<&str>)>) {
    check_bytes(text.as_bytes(), expected);
}

fn check_bytes(bytes: &[u8], expected: Result<&str, (Keyword, usize, usize, Option<&str>)>) {
    let found = read(bytes, &Limits::default()).map(|value| value.to_string());
    let expected = expected.map(str::to_owned);
    let shown = String::from_utf8_lossy(bytes.get(..80.min(bytes.len())).unwrap());
    let found = found.map_err(|r| (r.keyword, r.at.line, r.at.column, r.pointer));
    let expected = expected.map_err(|(k, line, column, p)| (k, line, column, p.map(str::to_owned)));
    assert_eq!(found, expected, "{shown}");
}

#[test]
fn plain_documents_are_read() {
    check(" null ", Ok("null"));
    check("[1,-2,0.1,true,\"\\u00e9\\ud83d\\ude00\"]", Ok("[1,-2,0.1,true,\"é😀\"]"));
    check("{\"b\":{},\"a\":[]}", Ok("{\"a\":[],\"b\":{}}"));
}

#[test]
fn objects_and_arrays_are_counted() {
    let many = |one: &str, times: usize| format!("[{}]", vec![one; times].join(","));
    let read = |text: &str| {
        read(text.as_bytes(), &Limits::default()).map(drop).map_err(|r| (r.keyword, r.pointer))
    };
    assert_eq!(read(&many("{\"\":0}", 40_000)), Ok(()));
    let refused = Err((Keyword::Limit, Some("/40000".to_owned())));
    assert_eq!(read(&many("{\"\":0}", 40_001)), refused);
    assert_eq!(read(&many("{}", 40_001)), refused);
    assert_eq!(read(&many("[0]", 79_999)), Ok(()));
    let refused = Err((Keyword::Limit, Some("/79999".to_owned())));
    assert_eq!(read(&many("[0]", 80_000)), refused);
    assert_eq!(read(&format!("[{}1]", "1,".repeat(524_000))), Ok(()));
}

#[test]
fn duplicate_keys_are_refused_however_they_are_written() {
    check("{\"a\":1,\"a\":1}", Err((Keyword::DuplicateKey, 1, 8, Some("/a"))));
    check("{\"a\":1,\n \"\\u0061\":2}", Err((Keyword::DuplicateKey, 2, 2, Some("/a"))));
    check("[{\"x/y\":{\"é\":0,\"é\":0}}]", Err((Keyword::DuplicateKey, 1, 16, Some("/0/x~1y/é"))));
    check("{\"a\":{\"b\":1},\"b\":1}", Ok("{\"a\":{\"b\":1},\"b\":1}"));
}

#[test]
fn integers_beyond_two_to_the_53rd_are_refused_however_they_are_written() {
    for good in
        ["9007199254740992", "-9007199254740992", "9007199254740991.0", "1e15", "-0", "0.5", "1e-9"]
    {
        assert!(read(good.as_bytes(), &Limits::default()).is_ok(), "{good}");
    }
    for bad in [
        "9007199254740993",
        "-9007199254740993",
        "9007199254740993.0",
        "9007199254740992.0",
        "-9007199254740992.0",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
        "1e30",
        "-1E+30",
        "1e400",
        "900719925474099.3e1",
        "123456789012345678901234567890",
    ] {
        check(&format!("{{\"n\":[0, {bad}]}}"), Err((Keyword::Limit, 1, 10, Some("/n/1"))));
    }
}

#[test]
fn depth_and_size_have_limits() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(nested(64).as_bytes(), &Limits::default()).is_ok());
    let refused = read(nested(65).as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!((refused.keyword, refused.at.column), (Keyword::Limit, 65));
    // Unclosed and huge: the stack must hold.
    let refused = read("[".repeat(1_000_000).as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!(refused.keyword, Keyword::Limit);
    let deepest = Limits { max_depth: usize::MAX, ..Limits::default() };
    let refused = read("{\"a\":".repeat(1000).as_bytes(), &deepest).unwrap_err();
    assert_eq!(refused.keyword, Keyword::Limit);
    let long = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    assert!(read(long.as_bytes(), &Limits::default()).is_ok());
    let refused = read(format!("{long} ").as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!((refused.keyword, refused.at.offset), (Keyword::Limit, 1 << 20));
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for bad in [
        "",
        " ",
        "nul",
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "+1",
        ".5",
        "1.",
        "'a'",
        "[1,]",
        "{,}",
        "{\"a\":1,}",
        "{a:1}",
        "[1 2]",
        "1 2",
        "{} x",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0061\"",
        "\"\\x\"",
        "\"a",
        "\"\u{1}\"",
        "\u{feff}{}",
        "// c\n1",
        "{\"a\"}",
        "[\"\\ud800\"]",
        "{\"\\ud800\":1}",
        "-",
    ] {
        let refused = read(bad.as_bytes(), &Limits::default()).unwrap_err();
        assert_eq!(refused.keyword, Keyword::Json, "{bad}");
        assert!(refused.at.offset <= bad.len(), "{bad}");
    }
    check("{\"a\":\n  [1, tru]}", Err((Keyword::Json, 2, 10, Some("/a/1"))));
    check("{\"a\":1", Err((Keyword::Json, 1, 7, Some(""))));
    check_bytes(b"{\"a\":\"\xff\"}", Err((Keyword::Json, 1, 7, None)));
    check_bytes(b"\"\xed\xa0\x80\"", Err((Keyword::Json, 1, 2, None)));
    check_bytes(b"\"\xc0\xaf\"", Err((Keyword::Json, 1, 2, None)));
}

#[test]
fn a_refusal_holds_no_value() {
    for bad in
        ["{\"id\":secret}", "{\"id\":\"secret\",\"id\":\"secret\"}", "[\"secret\" 1]", "\"secret"]
    {
        let refused = read(bad.as_bytes(), &Limits::default()).unwrap_err();
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<i32>().prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |n| n.is_finite())
            .prop_map(|n| n.to_string()),
        any::<f64>()
            .prop_filter("JSON has no others", |n| n.is_finite())
            .prop_map(|n| format!("{n:e}")),
        "[a-c\u{e9}]{0,3}".prop_map(|s| format!("\"{s}\"")),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((key_text(), inner), 0..5).prop_map(|members| {
                let members: Vec<String> =
                    members.into_iter().map(|(k, v)| format!("\"{k}\": {v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn key_text() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("\\u0061"), Just("b"), Just("c"), Just("d"), Just("\\u00e9")]
        .prop_map(str::to_owned)
}

/// The naive checker: every object as a list of decoded keys, every number as its text.
fn naive(text: &str) -> (bool, bool) {
    struct Naive<'t>(&'t [u8], usize, bool, bool);
    impl Naive<'_> {
        fn value(&mut self) {
            self.space();
            match self.0.get(self.1) {
                Some(b'{') => self.members(),
                Some(b'[') => self.items(),
                Some(b'"') => drop(self.string()),
                _ => self.word(),
            }
            self.space();
        }
        fn space(&mut self) {
            self.1 += self.0[self.1..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        }
        fn string(&mut self) -> String {
            let length = self.0[self.1 + 1..].iter().position(|b| *b == b'"').unwrap() + 2;
            self.1 += length;
            serde_json::from_slice(&self.0[self.1 - length..self.1]).unwrap()
        }
        fn word(&mut self) {
            let length = self.0[self.1..].iter().take_while(|b| !b",]} ".contains(b)).count();
            let word = std::str::from_utf8(&self.0[self.1..self.1 + length]).unwrap();
            self.1 += length;
            let Ok(number) = word.parse::<f64>() else { return };
            let integer = word.parse::<i128>();
            self.3 |= integer
                .map_or(number.abs() >= 9_007_199_254_740_992.0, |n| n.unsigned_abs() > 1 << 53);
        }
        fn items(&mut self) {
            self.1 += 1;
            self.space();
            while self.0[self.1] != b']' {
                self.value();
                self.1 += usize::from(self.0[self.1] == b',');
            }
            self.1 += 1;
        }
        fn members(&mut self) {
            let mut seen = HashSet::new();
            self.1 += 1;
            while self.0[self.1] != b'}' {
                self.2 |= !seen.insert(self.string());
                self.1 += 1;
                self.value();
                self.1 += usize::from(self.0[self.1] == b',');
            }
            self.1 += 1;
        }
    }
    let mut naive = Naive(text.as_bytes(), 0, false, false);
    naive.value();
    (naive.2, naive.3)
}

proptest! {
    #[test]
    fn the_reader_refuses_exactly_what_a_naive_checker_refuses(text in json_text()) {
        let (duplicate, large) = naive(&text);
        match read(text.as_bytes(), &Limits::default()) {
            Ok(value) => {
                prop_assert!(!duplicate && !large);
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
            Err(refused) => match refused.keyword {
                Keyword::DuplicateKey => prop_assert!(duplicate),
                Keyword::Limit => prop_assert!(large),
                Keyword::Json => prop_assert!(false, "{}", refused),
            },
        }
    }

    #[test]
    fn numbers_come_back_unchanged(number in any::<f64>(), integer in -(1_i64 << 53)..=1 << 53) {
        let read = |text: String| read(text.as_bytes(), &Limits::default());
        prop_assert_eq!(read(integer.to_string()).unwrap().as_i64(), Some(integer));
        if number.is_finite() && number.abs() < 9e15 {
            prop_assert_eq!(read(format!("{number:e}")).unwrap().as_f64(), Some(number));
            let again = read(read(format!("{number:?}")).unwrap().to_string()).unwrap();
            prop_assert_eq!(again.as_f64(), Some(number));
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), pointer in "(/[a0]?){0,3}") {
        let _ = read(&bytes, &Limits::default());
        let _ = position::value(&bytes, &pointer);
        let _ = position::key(&bytes, &pointer);
    }

    #[test]
    fn json_like_bytes_never_panic(text in "[\\[\\]{}\",:0-9eE.ua\\\\ \\n-]{0,60}") {
        if let Err(refused) = read(text.as_bytes(), &Limits::default()) {
            prop_assert!(refused.at.offset <= text.len());
        }
        let _ = position::value(text.as_bytes(), "/0/a");
    }

    #[test]
    fn every_value_is_found_at_its_place(text in json_text()) {
        let Ok(value) = read(text.as_bytes(), &Limits::default()) else { return Ok(()) };
        for (pointer, expected) in every_place(&value) {
            let span = position::value(text.as_bytes(), &pointer).unwrap();
            let found: Value = serde_json::from_str(&text[span.start.offset..span.end.offset]).unwrap();
            prop_assert_eq!(&found, &expected);
        }
    }
}

fn every_place(value: &Value) -> Vec<(String, Value)> {
    let mut open = vec![(String::new(), value)];
    let mut found = Vec::new();
    while let Some((place, value)) = open.pop() {
        found.push((place.clone(), value.clone()));
        match value {
            Value::Array(items) => {
                open.extend(items.iter().enumerate().map(|(n, v)| (format!("{place}/{n}"), v)))
            }
            Value::Object(members) => {
                open.extend(members.iter().map(|(k, v)| (crate::pointer::join(&place, k), v)));
            }
            _ => {}
        }
    }
    found
}
