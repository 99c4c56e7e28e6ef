//! Bounds that move by one, parts that nobody can prove, and schemas that both sides share but see differently.

use super::*;

fn verdicts(old: &str, new: &str, policy: Policy) -> [Verdict; 2] {
    [Mode::Backward, Mode::Forward].map(|mode| compared(old, new, mode, policy).verdict)
}

#[test]
fn a_bound_that_moves_by_one_is_seen() {
    for upper in ["maxLength", "maximum", "maxItems", "maxProperties", "exclusiveMaximum"] {
        let bound = |n: u32| {
            format!("{{\"type\":[\"string\",\"integer\",\"array\",\"object\"],\"{upper}\":{n}}}")
        };
        let expected = [Verdict::Breaking, Verdict::Compatible];
        assert_eq!(verdicts(&bound(4), &bound(3), Policy::Strict), expected, "{upper}");
    }
    for lower in ["minLength", "minimum", "minItems", "minProperties", "exclusiveMinimum"] {
        let bound = |n: u32| {
            format!("{{\"type\":[\"string\",\"integer\",\"array\",\"object\"],\"{lower}\":{n}}}")
        };
        let expected = [Verdict::Breaking, Verdict::Compatible];
        assert_eq!(verdicts(&bound(3), &bound(4), Policy::Strict), expected, "{lower}");
    }
}

#[test]
fn ways_that_nobody_can_close_leave_it_undecided() {
    let old = r#"{"type":"string","anyOf":[{"format":"date","pattern":"^a"},{"format":"date","pattern":"^b"}]}"#;
    let found = compared(old, r#"{"type":"number"}"#, Mode::Backward, Policy::Strict);
    assert_eq!(found.verdict, Verdict::Undecided, "{found:?}");
    assert!(found.reason.is_some());
}

#[test]
fn a_schema_that_both_sides_share_is_not_the_same_to_a_reader_that_sees_less() {
    let shared = r#""type":"object","allOf":[{"properties":{"a":{}},"required":["b"]}]"#;
    let old = format!(r#"{{{shared},"properties":{{"b":{{}}}}}}"#);
    let new = format!("{{{shared}}}");
    let found = compared(&old, &new, Mode::Backward, Policy::Role);
    assert_eq!(found.verdict, Verdict::Breaking, "{found:?}");
    assert!(found.witness.is_some());
    assert_eq!(verdicts(&old, &new, Policy::Strict), [Verdict::Compatible; 2]);
}
