use super::*;

/// Parses under the hub's profile; the problems as `line:column keyword pointer`.
fn problems(schema: &str) -> Vec<String> {
    match Schema::parse(schema.as_bytes(), &Profile::default()) {
        Ok(schema) => {
            schema.compile().unwrap();
            Vec::new()
        }
        Err(problems) => problems
            .0
            .iter()
            .map(|p| format!("{}:{} {} {}", p.at.line, p.at.column, p.keyword, p.pointer))
            .collect(),
    }
}

fn check(schema: &str, expected: &[&str]) {
    assert_eq!(problems(schema), expected, "{schema}");
}

#[test]
fn good_schemas_parse_and_compile() {
    for good in [
        "true",
        "{}",
        r##"{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/a","definitions":{"a":{}}}"##,
        r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://example.vn/a"}"#,
        r##"{"$ref":"#/$defs/a%20b","$defs":{"a b":{"$anchor":"x","properties":{"n":{"$ref":"#x"}}}}}"##,
        r#"{"$ref":"https://json-schema.org/draft/2020-12/schema"}"#,
        r#"{"x-other":1,"x-ndxp-classification":"public","format":"vn-cccd"}"#,
    ] {
        check(good, &[]);
    }
}

#[test]
fn every_problem_is_listed_in_the_order_of_the_bytes() {
    check(
        "{\"type\":\"strnig\",\n\"properties\":{\"a\":{\"format\":\"vn-ccd\"},\n\"b\":{\"pattern\":\"(?=a)\"},\n\
         \"c\":{\"$ref\":\"https://example.vn/x\"},\n\"d\":{\"$ref\":\"#/nowhere\"},\n\"e\":{\"x-ndxp-ownr\":\"\"}}}",
        &[
            "1:9 type /type",
            "2:29 format /properties/a/format",
            "3:16 pattern /properties/b/pattern",
            "4:13 $ref /properties/c/$ref",
            "5:13 $ref /properties/d/$ref",
            "6:20 x-ndxp-ownr /properties/e/x-ndxp-ownr",
        ],
    );
}

#[test]
fn problems_say_the_next_step() {
    for (schema, words) in [
        (r#"{"format":"vn-ccd"}"#, "did you mean vn-cccd?"),
        (r#"{"x-ndxp-purpos":""}"#, "did you mean x-ndxp-purpose?"),
        (r#"{"pattern":"^(?!a)"}"#, "look-around"),
        (r#"{"pattern":"(a)\\1"}"#, "back-references"),
        (r#"{"patternProperties":{"(":{}}}"#, "not a regular expression"),
        (r#"{"$ref":"file:///etc/passwd"}"#, "nothing is fetched"),
    ] {
        let problems = Schema::parse(schema.as_bytes(), &Profile::default()).unwrap_err();
        assert!(problems.to_string().contains(words), "{problems}");
    }
}

#[test]
fn other_dialects_and_dynamic_references_are_refused() {
    check(r#"{"$schema":"http://json-schema.org/draft-04/schema#"}"#, &["1:12 $schema /$schema"]);
    check(
        r#"{"$schema":"https://json-schema.org/draft/2019-09/schema"}"#,
        &["1:12 $schema /$schema"],
    );
    check("[]", &["1:1 json "]);
    check(r##"{"$dynamicRef":"#a"}"##, &["1:16 $dynamicRef /$dynamicRef"]);
    check(r##"{"$recursiveRef":"#"}"##, &["1:18 $recursiveRef /$recursiveRef"]);
    check(r##"{"$defs":{"a":{"$id":"b"}}}"##, &["1:22 $id /$defs/a/$id"]);
    check(r##"{"x-a":{},"$ref":"#/x-a"}"##, &["1:18 $ref /$ref"]);
}

#[test]
fn strict_json_rules_hold_for_schemas_too() {
    check("{\"a\":1,\n\"a\":2}", &["2:1 duplicate-key /a"]);
    check("{\"maximum\":9007199254740993}", &["1:12 limit /maximum"]);
    check("{", &["1:2 json "]);
}

#[test]
fn the_limits_hold() {
    let many = |n: usize| format!("{{\"allOf\":[{}]}}", vec!["{}"; n].join(","));
    check(&many(1999), &[]);
    check(&many(2000), &["1:1 limit "]);
    let members = |n: usize| {
        format!("{{\"enum\":[{}]}}", (0..n).map(|n| n.to_string()).collect::<Vec<_>>().join(","))
    };
    check(&members(1000), &[]);
    check(&members(1001), &["1:9 limit /enum"]);
    let nested = |n: usize| format!("{}{{}}{}", "{\"not\":".repeat(n), "}".repeat(n));
    check(&nested(31), &[]);
    assert_eq!(problems(&nested(32)).len(), 1);
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(256 << 10));
    assert_eq!(problems(&large).len(), 1);
    check(r#"{"pattern":"(\\p{L}{1,100}){1,100}"}"#, &["1:12 pattern /pattern"]);
}

#[test]
fn a_cycle_must_pass_through_a_property_or_an_item() {
    let tree = r##"{"properties":{"left":{"$ref":"#"}},"items":{"anyOf":[{"$ref":"#"},{"type":"null"}]}}"##;
    check(tree, &[]);
    assert_eq!(problems(r##"{"$ref":"#"}"##).len(), 1);
    assert_eq!(
        problems(
            r##"{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"not":{"$ref":"#/$defs/a"}}}}"##
        )
        .len(),
        1
    );
    let chain = |n: usize| {
        let links: Vec<String> =
            (0..n).map(|i| format!("\"d{i}\":{{\"$ref\":\"#/$defs/d{}\"}}", i + 1)).collect();
        format!("{{\"$defs\":{{{},\"d{n}\":{{}}}}}}", links.join(","))
    };
    check(&chain(31), &[]);
    assert_eq!(problems(&chain(32)).len(), 1);
}

#[test]
fn the_hash_ignores_spacing_and_order_and_nothing_else() {
    let hash =
        |text: &str| Schema::parse(text.as_bytes(), &Profile::default()).unwrap().hash().to_owned();
    let one = hash(r#"{"type":"object","minProperties":1}"#);
    assert_eq!(one, hash("{ \"minProperties\": 1.0,\n \"type\": \"\\u006fbject\" }"));
    assert_ne!(one, hash(r#"{"type":"object","minProperties":2}"#));
    // sha256 of the two bytes {}.
    assert_eq!(
        hash("{}"),
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    );
}

#[test]
fn declared_properties_are_found_through_references_and_items() {
    let schema = r##"{
        "properties": {"id": {}, "address": {"$ref": "#/$defs/address"}, "children": {"items": {"$ref": "#"}},
            "pair": {"prefixItems": [{"properties": {"first": {}}}]}, "a/b": {}},
        "allOf": [{"properties": {"extra": {}}}, {"anyOf": [{"properties": {"choice": {}}}]}],
        "not": {"properties": {"absent": {}}},
        "$defs": {"address": {"properties": {"street": {}}}}
    }"##;
    let schema = Schema::parse(schema.as_bytes(), &Profile::default()).unwrap();
    for declared in [
        "/id",
        "/address",
        "/address/street",
        "/children",
        "/children/*/id",
        "/children/0/address/street",
        "/children/*/children/*/extra",
        "/pair/0/first",
        "/pair/*/first",
        "/extra",
        "/choice",
        "/a~1b",
    ] {
        assert!(schema.declares(declared), "{declared}");
    }
    for other in [
        "",
        "id",
        "/street",
        "/absent",
        "/children/*",
        "/children/id",
        "/address/*",
        "/pair/1/first",
        "/a",
    ] {
        assert!(!schema.declares(other), "{other}");
    }
}
