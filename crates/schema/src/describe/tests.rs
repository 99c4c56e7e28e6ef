use serde_json::json;

use super::*;
use crate::Profile;

fn look(schema: &Value, pointer: &str) -> Option<Description> {
    let text = serde_json::to_vec_pretty(schema).unwrap();
    describe(&Schema::parse(&text, &Profile::default()).unwrap(), &text, pointer)
}

fn site() -> Value {
    json!({
        "x-ndxp-classification": "internal",
        "required": ["site"],
        "properties": {"site": {"$ref": "#/$defs/site", "title": "Địa điểm"}},
        "$defs": {
            "site": {
                "title": "A place", "x-ndxp-classification": "public",
                "properties": {"code": {"format": "vn-commune", "type": "string"}},
                "oneOf": [{"required": ["code"]}, {"properties": {"code": {"maxLength": 5}}}],
            },
        },
    })
}

#[test]
fn references_and_branches_apply() {
    let found = look(&site(), "/site/code").unwrap();
    let places: Vec<_> =
        found.schemas.iter().map(|at| (at.pointer.as_str(), at.branch.as_deref())).collect();
    assert_eq!(
        places,
        [
            ("/$defs/site/properties/code", None),
            ("/$defs/site/oneOf/1/properties/code", Some("oneOf")),
        ]
    );
    assert!(!found.required);
    assert_eq!(found.example, Some(json!("00070")));
}

#[test]
fn the_nearest_classification_counts_and_says_where_it_stands() {
    let inherited = |pointer: &str| look(&site(), pointer).unwrap().classification.unwrap();
    let public = Inherited { value: "public".to_owned(), from: "/$defs/site".to_owned() };
    assert_eq!(inherited("/site/code"), public);
    assert_eq!(inherited("/site"), public);
    assert_eq!(inherited("").value, "internal");
}

#[test]
fn a_propertys_own_title_comes_first() {
    let found = look(&site(), "/site").unwrap();
    assert_eq!(found.title.as_deref(), Some("Địa điểm"));
    assert!(found.required);
    assert_eq!(found.properties, ["code"]);
}

#[test]
fn items_maps_and_patterns_are_places() {
    let schema = json!({
        "properties": {
            "list": {"prefixItems": [{"title": "first"}], "items": {"title": "rest"}},
            "map": {"additionalProperties": {"title": "value"}},
            "coded": {"patternProperties": {"^c": {"title": "coded"}}},
        },
    });
    for (pointer, title) in [
        ("/list/0", "first"),
        ("/list/1", "rest"),
        ("/list/*", "rest"),
        ("/map/any", "value"),
        ("/coded/c1", "coded"),
        ("#/properties/list/items", "rest"),
    ] {
        let found = look(&schema, pointer).unwrap();
        assert_eq!(found.title.as_deref(), Some(title), "{pointer}");
    }
    for pointer in ["/none", "/coded/x", "list", "#/nowhere"] {
        assert_eq!(look(&schema, pointer), None, "{pointer}");
    }
}

#[test]
fn an_example_passes_all_that_always_applies() {
    let schema = json!({"allOf": [{"enum": [1, 2]}, {"minimum": 2}], "type": "integer"});
    assert_eq!(look(&schema, "").unwrap().example, Some(json!(2)));
    assert_eq!(look(&json!({"type": "string", "pattern": "^x+$"}), "").unwrap().example, None);
}

#[test]
fn a_page_has_a_row_a_place_and_keeps_texts_in_their_cells() {
    let text = br##"{"title": "A | B", "properties": {
        "z": {"$ref": "#/$defs/z"}, "a": {"items": {"enum": ["x|y"]}}
    }, "$defs": {"z": {"properties": {"deep": {"$ref": "#/$defs/z", "title": "two\nlines"}}}}}"##;
    let schema = Schema::parse(text, &Profile::default()).unwrap();
    let page = markdown(&schema, text);
    assert!(page.starts_with("# A \\| B\n"), "{page}");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), 8, "{page}");
    assert!(
        rows[0].starts_with("| `z` |") && rows[1].starts_with("| `z.deep` | two lines |"),
        "{page}"
    );
    assert_eq!(rows[7], "| `a[]` |  | one of x\\|y |  |  |  |");
}
