use super::*;

fn check(format: &str, text: &str, expected: bool) {
    let schema = json!({ "format": format }).to_string();
    let schema = crate::Schema::parse(schema.as_bytes(), &Profile::default()).unwrap();
    let found = schema.compile().unwrap().decide(&Value::from(text));
    assert_eq!(found, expected, "{format}: {text}");
}

#[test]
fn every_national_format_compiles_and_is_known() {
    for format in Profile::default().national {
        check(format.name, "!", false);
    }
}

#[test]
fn national_formats_decide() {
    for (format, good, bad) in [
        ("vn-cccd", "001234567890", "001234567890\n"),
        ("vn-cccd", "001234567890", "00123456789"),
        ("vn-cccd", "001234567890", "00123456789٣"),
        ("vn-tax-code", "0100109106", "0100109106-1"),
        ("vn-tax-code", "0100109106-001", "01001091060"),
        ("vn-phone", "0912345678", "912345678"),
        ("vn-phone", "+84912345678", "84912345678"),
        ("vn-agency-id", "000.00.01.G09", "000..G09"),
        ("vn-agency-id", "H29", "h29"),
        ("vn-province", "01", "1"),
        ("vn-commune", "00004", "0004"),
        ("vn-date", "2024-02-29", "2025-02-29"),
        ("vn-date", "2000-02-29", "1900-02-29"),
        ("vn-date", "2025-04-30", "2025-04-31"),
        ("vn-date", "2025-12-31", "31/12/2025"),
    ] {
        check(format, good, true);
        check(format, bad, false);
    }
    check("vn-agency-id", &"A".repeat(36), false);
}

#[test]
fn the_identity_changes_with_every_part_of_the_profile() {
    let vn = Profile::default();
    let mut seen =
        std::collections::HashSet::from([vn.verdict_identity()].map(|i| i.profile_sha256));
    for other in [
        Profile { name: "xx", ..vn.clone() },
        Profile { national: &[], ..vn.clone() },
        Profile { formats: FormatMode::Annotate, ..vn.clone() },
        Profile { refs: Refs::Offline, ..vn.clone() },
        Profile { schema: SchemaLimits::none(), ..vn.clone() },
        Profile { record: json::Limits { max_depth: 63, ..vn.record }, ..vn.clone() },
    ] {
        assert!(seen.insert(other.verdict_identity().profile_sha256), "{other:?}");
    }
}

#[test]
fn the_engine_named_is_the_engine_locked() {
    let lock = include_str!("../../../../Cargo.lock");
    assert!(lock.contains(&format!("name = \"jsonschema\"\nversion = \"{JSONSCHEMA_VERSION}\"")));
}
