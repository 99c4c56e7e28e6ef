use super::*;

const RECORD: &str =
    "{\n  \"tên\": \"phố\", \"a\": [10,\n\t{\"x/y\": \"q\\\"]\", \"é\": null}]\n}\n";

fn check(pointer: &str, expected: Option<(usize, usize, &str)>) {
    let found = value(RECORD.as_bytes(), pointer);
    let found =
        found.map(|s| (s.start.line, s.start.column, &RECORD[s.start.offset..s.end.offset]));
    assert_eq!(found, expected, "{pointer}");
}

#[test]
fn values_are_found_by_line_and_code_point() {
    check("", Some((1, 1, RECORD.trim_end())));
    check("/tên", Some((2, 10, "\"phố\"")));
    check("/a/0", Some((2, 23, "10")));
    check("/a/1/x~1y", Some((3, 10, "\"q\\\"]\"")));
    check("/a/1/é", Some((3, 23, "null")));
    check("/a/2", None);
    check("/b", None);
    check("/tên/0", None);
    check("a", None);
}

#[test]
fn keys_are_found_with_their_quotes() {
    let span = key(RECORD.as_bytes(), "/a/1/é").unwrap();
    assert_eq!((span.start.line, span.start.column), (3, 18));
    assert_eq!(&RECORD[span.start.offset..span.end.offset], "\"é\"");
    assert_eq!(key(RECORD.as_bytes(), ""), None);
}

#[test]
fn offsets_beyond_the_end_count_as_the_end() {
    assert_eq!(at(b"a\nb", 99), Position { offset: 3, line: 2, column: 2 });
}
