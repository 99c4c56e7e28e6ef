//! Keywords that people rarely write, each pair with its known verdict.

use super::*;

use Verdict::{Breaking, Compatible};

fn check(old: &str, new: &str, expected: Verdict) {
    let found = compared(old, new, Mode::Backward, Policy::Strict);
    assert_eq!(found.verdict, expected, "{old}\n{new}\n{found:?}");
}

#[test]
fn items_evaluated_inside_are_not_refused_outside() {
    // Once called compatible: what refuses nothing inside was not seen from outside.
    let inside = r#"{"allOf":[{"unevaluatedItems":true}],"unevaluatedItems":false}"#;
    check(inside, r#"{"maxItems":0}"#, Breaking);
    check(r#"{"type":"array"}"#, inside, Compatible);
    let listed = r#"{"allOf":[{"prefixItems":[{"type":"string"}]},{"unevaluatedItems":true}],"unevaluatedItems":false}"#;
    check(listed, r#"{"prefixItems":[{"type":"string"}],"maxItems":1}"#, Breaking);
}

#[test]
fn items_that_contains_accepts_are_evaluated() {
    let texts = r#"{"contains":{"type":"string"},"minContains":0,"unevaluatedItems":false}"#;
    check(texts, r#"{"items":{"type":"string"}}"#, Compatible);
    check(r#"{"items":{"type":"string"}}"#, texts, Compatible);
    check(texts, r#"{"items":{"maxLength":3}}"#, Breaking);
    let several = r#"{"allOf":[{"contains":{"const":1}},{"contains":{"const":"a"}}],"unevaluatedItems":{"type":"null"}}"#;
    check(several, r#"{"items":{"enum":[1,"a",null]}}"#, Compatible);
    check(several, r#"{"items":{"enum":[1,"a"]}}"#, Breaking);
}

#[test]
fn what_a_branch_evaluates_counts_where_the_branch_holds() {
    let kinds = r#"{"type":"object","unevaluatedProperties":false,
        "if":{"properties":{"k":{"const":"a"}},"required":["k"]},
        "then":{"properties":{"a":{"type":"string"}}},
        "else":{"properties":{"b":{"type":"string"}}}}"#;
    check(kinds, r#"{"properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#, Compatible);
    check(kinds, r#"{"dependentRequired":{"a":["k"]}}"#, Compatible);
    check(kinds, r#"{"not":{"required":["b"]}}"#, Breaking);
    let depends = r#"{"unevaluatedItems":false,"dependentSchemas":{"a":{"prefixItems":[true]}}}"#;
    check(depends, r#"{"maxItems":0}"#, Compatible);
    let any = r#"{"anyOf":[{"prefixItems":[{"const":1}]},{"prefixItems":[true,{"const":2}]}],"unevaluatedItems":false}"#;
    check(any, r#"{"maxItems":2}"#, Compatible);
    check(any, r#"{"prefixItems":[{"const":1}]}"#, Breaking);
}

#[test]
fn multiples_are_counted_in_decimals() {
    check(r#"{"type":"number","multipleOf":6}"#, r#"{"multipleOf":1.5}"#, Compatible);
    check(r#"{"type":"number","multipleOf":0.5}"#, r#"{"multipleOf":0.1}"#, Compatible);
    check(r#"{"type":"number","multipleOf":0.3}"#, r#"{"multipleOf":0.1}"#, Compatible);
    check(r#"{"type":"integer"}"#, r#"{"multipleOf":0.01}"#, Compatible);
    check(r#"{"type":"integer","multipleOf":1.5}"#, r#"{"multipleOf":3}"#, Compatible);
    check(r#"{"type":"number","multipleOf":1.5}"#, r#"{"multipleOf":3}"#, Breaking);
    check(r#"{"type":"number","multipleOf":0.1}"#, r#"{"multipleOf":0.25}"#, Breaking);
}

#[test]
fn a_pattern_of_few_texts_is_tried_text_by_text() {
    check(r#"{"type":"string","pattern":"^[ab]$"}"#, r#"{"enum":["a","b"]}"#, Compatible);
    check(r#"{"type":"string","pattern":"^[ab]$"}"#, r#"{"enum":["a"]}"#, Breaking);
    check(r#"{"type":"string","pattern":"^x[0-4][01]$"}"#, r#"{"enum":["x00","x31"]}"#, Breaking);
    let named = r#"{"properties":{"mail1":{"type":"string"},"mail2":{"type":"string"}}}"#;
    check(named, r#"{"patternProperties":{"^mail[12]$":{"type":"string"}}}"#, Compatible);
    check(named, r#"{"patternProperties":{"^mail[1-3]$":{"type":"string"}}}"#, Breaking);
    let names = r#"{"propertyNames":{"pattern":"^[ab]$"},"minProperties":3}"#;
    check(names, r#"{"type":["string","number","boolean","array","null"]}"#, Compatible);
}

#[test]
fn items_that_cannot_help_being_counted_are_counted() {
    let five = r#"{"contains":{"type":"boolean"},"minContains":5}"#;
    let three = r#"{"contains":{"type":["boolean","number"]},"minContains":3}"#;
    check(five, three, Compatible);
    check(three, five, Breaking);
    check(five, r#"{"contains":{"type":["boolean","number"]},"minContains":6}"#, Breaking);
    let most = r#"{"contains":{"type":"boolean"},"maxContains":2,"items":{"type":"boolean"}}"#;
    check(most, r#"{"maxItems":2}"#, Compatible);
    check(most, r#"{"maxItems":1}"#, Breaking);
}
