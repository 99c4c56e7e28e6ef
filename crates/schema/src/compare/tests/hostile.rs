//! Pairs made to cost: each ends, and none gives a false answer.

use super::*;

fn ends(old: &str, new: &str) -> Vec<Verdict> {
    let (Ok(old), Ok(new)) = (
        Schema::parse(old.as_bytes(), &Profile::default()),
        Schema::parse(new.as_bytes(), &Profile::default()),
    ) else {
        return Vec::new();
    };
    let mut verdicts = Vec::new();
    for policy in [Policy::Strict, Policy::Role] {
        let comparison = compare(&old, &new, Mode::Full, policy, Effort::default());
        verdicts.push(comparison.verdict);
        assert_eq!(comparison.witness.is_some(), comparison.verdict == Verdict::Breaking);
    }
    verdicts
}

fn joined(n: usize, one: impl Fn(usize) -> String) -> String {
    (0..n).map(one).collect::<Vec<_>>().join(",")
}

/// Pairs by name.
pub(super) fn pairs() -> Vec<(&'static str, String, String)> {
    let recursive = |leaf: &str| {
        format!(
            r##"{{"$ref":"#/$defs/n","$defs":{{"n":{{"anyOf":[{leaf},{{"type":"array","items":{{"anyOf":[{{"$ref":"#/$defs/n"}},{{"$ref":"#/$defs/n"}},{{"type":"object","additionalProperties":{{"$ref":"#/$defs/n"}}}}]}}}}]}}}}}}"##
        )
    };
    let enumeration = |from: usize| {
        format!(r#"{{"enum":[{}]}}"#, joined(1_000, |n| format!("\"value {}\"", n + from)))
    };
    let quantifiers = |n: usize| {
        format!(r#"{{"type":"string","pattern":"^(([a-z]{{1,{n}}}){{1,{n}}}){{1,9}}$"}}"#)
    };
    let nested =
        |leaf: &str| format!("{}{leaf}{}", r#"{"properties":{"a":"#.repeat(14), "}}".repeat(14));
    let union = |n: usize, last: &str| {
        format!(
            r#"{{"allOf":[{}]}}"#,
            joined(n, |k| format!(
                r#"{{"anyOf":[{{"required":["a{k}"]}},{{"required":["b{k}"]}},{{"maxProperties":{last}}}]}}"#
            ))
        )
    };
    let one_of = |n: usize| {
        format!(
            r#"{{"oneOf":[{}]}}"#,
            joined(n, |k| format!(r#"{{"minimum":{k},"maximum":{}}}"#, k + 2))
        )
    };
    let patterns = |n: usize| {
        format!(
            r#"{{"patternProperties":{{{}}},"additionalProperties":false}}"#,
            joined(n, |k| format!(r#""^[a-z]*{k}[a-z]{{0,9}}x":{{"minimum":{k}}}"#))
        )
    };
    let unevaluated = |n: usize| {
        format!(
            r#"{{"unevaluatedProperties":false,"anyOf":[{}]}}"#,
            joined(n, |k| format!(r#"{{"properties":{{"p{k}":{{"type":"integer"}}}}}}"#))
        )
    };
    let wide = |n: usize, kind: &str| {
        format!(
            r#"{{"properties":{{{}}}}}"#,
            joined(n, |k| format!(r#""p{k}":{{"type":"{kind}"}}"#))
        )
    };
    let doubling = |n: usize| {
        format!(
            r##"{{"$ref":"#/$defs/d0","$defs":{{{},"d{n}":{{"type":"integer"}}}}}}"##,
            joined(n, |k| format!(
                r##""d{k}":{{"allOf":[{{"$ref":"#/$defs/d{}"}},{{"$ref":"#/$defs/d{}"}}]}}"##,
                k + 1,
                k + 1
            ))
        )
    };
    let lengths = |n: usize| format!(r#"{{"type":"string","minLength":{n},"pattern":"[a-z]"}}"#);
    let contains = |n: usize| {
        format!(
            r#"{{"allOf":[{}],"uniqueItems":true,"maxItems":6}}"#,
            joined(n, |k| format!(r#"{{"contains":{{"minimum":{k}}}}}"#))
        )
    };
    let nots = |n: usize, leaf: &str| format!("{}{leaf}{}", r#"{"not":"#.repeat(n), "}".repeat(n));
    vec![
        ("recursive anyOf", recursive(r#"{"type":"integer"}"#), recursive(r#"{"type":"number"}"#)),
        ("huge enums", enumeration(0), enumeration(1)),
        ("nested quantifiers", quantifiers(20), quantifiers(21)),
        ("deep nesting", nested(r#"{"type":"integer"}"#), nested(r#"{"type":"string"}"#)),
        ("a product of unions", union(16, "3"), union(17, "4")),
        ("many overlapping branches", one_of(60), one_of(61)),
        ("many patterns", patterns(12), patterns(13)),
        ("unevaluated under many branches", unevaluated(20), unevaluated(21)),
        ("many properties", wide(900, "integer"), wide(901, "number")),
        ("references that double", doubling(14), doubling(15)),
        ("long texts", lengths(100_000), lengths(100_001)),
        ("many contains", contains(9), contains(10)),
        ("nots", nots(14, r#"{"type":"integer"}"#), nots(15, r#"{"type":"integer"}"#)),
        (
            "many items",
            r#"{"minItems":100000,"items":{"type":"integer"}}"#.to_owned(),
            r#"{"minItems":100001}"#.to_owned(),
        ),
        (
            "many properties needed",
            r#"{"minProperties":50000}"#.to_owned(),
            r#"{"minProperties":50001}"#.to_owned(),
        ),
    ]
}

#[test]
fn pairs_made_to_cost_end_with_an_answer() {
    for (name, old, new) in pairs() {
        assert!(!ends(&old, &new).is_empty(), "{name}: a limit refused it before the comparison");
        assert_eq!(ends(&old, &old), [Verdict::Compatible; 2], "{name}");
    }
}

#[test]
fn the_default_effort_keeps_a_pair_below_a_tenth_of_a_second() {
    // Steps, not a clock: a hundred thousand took 0.1 s for one direction (docs/performance.md has the figures).
    let Effort { steps, records } = Effort::default();
    assert!(
        2 * steps <= 60_000 && records <= 150,
        "measure the hostile pairs again, both directions"
    );
}
