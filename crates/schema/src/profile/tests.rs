use super::*;

fn check(profile: &Profile, format: &str, text: &str, expected: bool) {
    let schema = json!({ "format": format }).to_string();
    let schema = crate::Schema::parse(schema.as_bytes(), profile).unwrap();
    let found = schema.compile().unwrap().decide(&Value::from(text));
    assert_eq!(found, expected, "{format}: {text}");
}

#[test]
fn every_format_of_vn_takes_its_example_and_nothing_odd() {
    let vn = Profile::default();
    let names: Vec<_> = vn.national.formats().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "nfc",
            "vn-agency-id",
            "vn-cccd",
            "vn-cmnd",
            "vn-commune",
            "vn-date",
            "vn-phone",
            "vn-province",
            "vn-tax-code"
        ]
    );
    for format in vn.national.formats() {
        check(&vn, &format.name, &format.example, true);
        check(&vn, &format.name, "!", format.name == "nfc");
    }
}

#[test]
fn national_formats_decide() {
    let vn = Profile::default();
    for (format, good, bad) in [
        ("vn-cccd", "001234567890", "001234567890\n"),
        ("vn-cccd", "001234567890", "00123456789"),
        ("vn-cccd", "001234567890", "00123456789٣"),
        ("vn-cmnd", "012345678", "0123456789"),
        ("vn-cmnd", "012345678", "12345678"),
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
        ("nfc", "Nguyễn Thị Ánh", "Nguye\u{302}\u{303}n"),
        ("nfc", "hai\ndòng", "do\u{300}ng"),
    ] {
        check(&vn, format, good, true);
        check(&vn, format, bad, false);
    }
    check(&vn, "vn-agency-id", &"A".repeat(36), false);
}

#[test]
fn names_of_personal_data_are_known_in_both_languages() {
    let vn = National::built_in("vn").unwrap();
    for (name, expected) in [
        ("date_of_birth", Some(PersonalData::Basic)),
        ("ngaySinh", Some(PersonalData::Basic)),
        ("họ_tên", Some(PersonalData::Basic)),
        ("applicantFullName", Some(PersonalData::Basic)),
        ("tôn giáo", Some(PersonalData::Sensitive)),
        ("phone_diagnosis", Some(PersonalData::Sensitive)),
        ("unit_code", None),
        ("telephoned", None),
    ] {
        assert_eq!(vn.personal_name(name), expected, "{name}");
    }
    assert_eq!(vn.label(Label::Secret).unwrap().others["vi"], "Mật");
}

/// A country that exists nowhere: its file is all that it brings.
const LUMEN: &str = r#"
name = "lumen"
[[formats]]
name = "lm-person"
pattern = '[0-9]{10}'
check = "luhn"
example = "7992739871 "
hint = "10 digits"
"#;

#[test]
fn another_country_needs_a_file_and_no_code() {
    let good = LUMEN.replace("7992739871 ", "7992739870").replace("luhn", "verhoeff");
    let text = good.replace("7992739870", "1428570000");
    // Some text of ten digits passes Verhoeff's check for each last digit but nine.
    let digit = (0..10).find(|d| {
        let file = text.replace("1428570000", &format!("142857000{d}"));
        National::parse(file.as_bytes()).is_ok()
    });
    let digit = digit.unwrap();
    let file = text.replace("1428570000", &format!("142857000{digit}"));
    let national = Arc::new(National::parse(file.as_bytes()).unwrap());
    let lumen = Profile { national, ..Profile::default() };
    check(&lumen, "lm-person", &format!("142857000{digit}"), true);
    check(&lumen, "lm-person", &format!("142857000{}", (digit + 1) % 10), false);
    let foreign = crate::Schema::parse(br#"{"format":"vn-cccd"}"#, &lumen).unwrap_err();
    assert_eq!(foreign.0[0].keyword, "format");
}

#[test]
fn a_file_that_is_no_profile_is_refused_with_the_reason() {
    for (from, to, words) in [
        ("", "", "format lm-person: its own example"),
        ("lm-person", "date", "format date: is a format of JSON Schema"),
        ("lm-person", "Lm", "format Lm: a name has"),
        ("[0-9]{10}", "(?=a)", "the pattern is refused"),
        ("[0-9]{10}", "a)|(.*", "the pattern is refused"),
        ("luhn", "md5", "unknown variant"),
        ("hint", "hnit", "unknown field"),
        ("name = \"lumen\"", "name = \"\"", "name: has"),
    ] {
        let found = National::parse(LUMEN.replace(from, to).as_bytes()).unwrap_err();
        assert!(found.to_string().contains(words), "{found}");
    }
    assert_eq!(National::parse(&[0xff]).unwrap_err(), NationalError::NotUtf8);
    assert_eq!(National::parse(&vec![b' '; 300 << 10]).unwrap_err(), NationalError::TooLarge);
}

#[test]
fn the_identity_changes_with_every_part_of_the_profile() {
    let vn = Profile::default();
    let mut seen =
        std::collections::HashSet::from([vn.verdict_identity()].map(|i| i.profile_sha256));
    let bare = Arc::new(National::parse(b"name = \"vn\"").unwrap());
    for other in [
        Profile { national: bare, ..vn.clone() },
        Profile { formats: FormatMode::Annotate, ..vn.clone() },
        Profile { refs: Refs::Offline, ..vn.clone() },
        Profile { schema: SchemaLimits::none(), ..vn.clone() },
        Profile { record: json::Limits { max_depth: 63, ..vn.record }, ..vn.clone() },
    ] {
        assert!(seen.insert(other.verdict_identity().profile_sha256), "{other:?}");
    }
}

#[test]
fn spacing_and_comments_of_a_profile_change_no_identity() {
    let text = include_str!("../../profiles/vn.toml");
    let national = Arc::new(National::parse(format!("# again\n\n{text}").as_bytes()).unwrap());
    let again = Profile { national, ..Profile::default() };
    assert_eq!(again.verdict_identity(), Profile::default().verdict_identity());
}

#[test]
fn a_difference_of_identities_is_named() {
    let ours = Profile::default().verdict_identity();
    assert_eq!(ours.difference(&ours.clone()), None);
    let mut theirs = ours.clone();
    theirs.code_list_sha256s.insert("a/b".to_owned(), "sha256:1".to_owned());
    let found = ours.difference(&theirs).unwrap();
    assert_eq!(found.to_string(), "code list a/b: none here, sha256:1 there");
    assert_ne!(ours.digest(), theirs.digest());
    theirs.profile_sha256.clear();
    assert_eq!(ours.difference(&theirs).unwrap().part, "profile");
}

#[test]
fn the_engine_named_is_the_engine_locked() {
    let lock = include_str!("../../../../Cargo.lock");
    assert!(lock.contains(&format!("name = \"jsonschema\"\nversion = \"{JSONSCHEMA_VERSION}\"")));
}
