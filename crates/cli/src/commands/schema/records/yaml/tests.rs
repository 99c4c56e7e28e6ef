use serde_json::json;

use super::*;

fn values(text: &str) -> Vec<Result<Value, (&'static str, usize, usize)>> {
    let place = |fault: Fault| (fault.keyword, fault.place.line, fault.place.column);
    documents(text.as_bytes(), Limits::default())
        .into_iter()
        .map(|found| found.map(|document| document.value).map_err(place))
        .collect()
}

#[test]
fn scalars_are_read_by_the_core_schema() {
    let text = "a: 12\nb: 0x1F\nc: -1.5e1\nd: yes\ne: ~\nf: 'true'\ng: TRUE\nh: 01\ni: !!str 7\nj: 2025-07-01\n1: x\n";
    let expected = json!({"a": 12, "b": 31, "c": -15.0, "d": "yes", "e": null, "f": "true", "g": true,
        "h": 1, "i": "7", "j": "2025-07-01", "1": "x"});
    assert_eq!(values(text), [Ok(expected)]);
}

#[test]
fn documents_are_records_and_aliases_are_what_they_stand_for() {
    let text = "base: &b {n: 1}\nuse: *b\n---\n[1, two]\n";
    assert_eq!(
        values(text),
        [Ok(json!({"base": {"n": 1}, "use": {"n": 1}})), Ok(json!([1, "two"]))]
    );
    let found = documents("a:\n  - x\n  - ế: 1\n".as_bytes(), Limits::default());
    let root = &found[0].as_ref().unwrap().root;
    assert_eq!(root.value("/a/1/ế"), Place { line: 3, column: 8 });
    assert_eq!(root.key("/a/1/ế"), Place { line: 3, column: 5 });
    assert_eq!(root.value("/none"), root.at);
}

#[test]
fn what_json_cannot_hold_is_refused_at_its_place() {
    assert_eq!(values("a: 1\na: 2\n"), [Err(("duplicate-key", 2, 1))]);
    assert_eq!(values("a: 9007199254740993\n"), [Err(("limit", 1, 4))]);
    assert_eq!(values("a: .inf\n"), [Err(("limit", 1, 4))]);
    assert_eq!(values("? [1]\n: 2\n"), [Err(("yaml", 1, 3))]);
    assert!(values("a: [1\n").iter().all(Result::is_err));
    assert_eq!(values(&"[".repeat(65)), [Err(("limit", 1, 65))]);
}

#[test]
fn a_bomb_of_aliases_is_refused_before_it_unfolds() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..20 {
        let all = vec![format!("*a{}", n - 1); 10].join(", ");
        text.push_str(&format!("a{n}: &a{n} [{all}]\n"));
    }
    let found = values(&text);
    assert!(matches!(found.as_slice(), [Err(("limit", line, _))] if *line < 8), "{found:?}");
}

#[test]
fn a_collection_in_brackets_is_not_held_without_bound() {
    let many = format!("a:\n  b: [{}1]\n", "1,".repeat(70_000));
    let found = values(&many);
    assert!(matches!(found.as_slice(), [Err(("limit", 2, _))]), "{:?}", found.first());
    let text = format!("a: \"{}\"\n", "1,".repeat(20_000));
    assert!(matches!(values(&text).as_slice(), [Ok(_)]));
    let lines = format!("a:\n{}", "  - [1, 2]\n".repeat(20_000));
    assert!(matches!(values(&lines).as_slice(), [Ok(_)]));
}

#[test]
fn values_are_counted_beside_their_text() {
    for (line, times) in [("- 1\n", 61_000), ("- {a: 1}\n", 20_900)] {
        let text = line.repeat(times);
        assert!(matches!(values(&text).as_slice(), [Ok(_)]), "{line}");
        let found = values(&text.repeat(2));
        assert!(matches!(found.as_slice(), [Err(("limit", ..))]), "{line} {found:?}");
    }
}
