//! NDX002: the values of annotations. NDX014: what is deprecated, and until when it is there.

use serde_json::Value;

use super::super::{
    Found, On,
    document::{Document, Place},
    fix::Edit,
    ignore,
};

const CLASSIFICATIONS: &[&str] = &["public", "internal", "confidential", "secret"];
const PERSONAL_DATA: &[&str] = &["none", "basic", "sensitive"];
const MASKS: &[&str] = &["hash", "last4", "year", "null"];

pub(super) fn apply(document: &Document<'_>, found: &mut Vec<Found>) {
    for place in &document.places {
        let Value::Object(members) = place.schema else { continue };
        found.extend(members.iter().filter_map(|(name, value)| annotation(place, name, value)));
        found.extend(sunset(place));
    }
}

fn annotation(place: &Place<'_>, name: &str, value: &Value) -> Option<Found> {
    let expected = match name.strip_prefix("x-ndxp-")? {
        "classification" => return one_of(place, name, value, CLASSIFICATIONS),
        "personal-data" => return one_of(place, name, value, PERSONAL_DATA),
        "mask" => return one_of(place, name, value, MASKS),
        "bigint" => value.as_bool() != Some(true),
        "sunset" => !value.as_str().is_some_and(is_date),
        "codelist" => !value.as_str().is_some_and(is_codelist),
        "lint-ignore" => ignore::shape(value).is_some(),
        "purpose" | "legal-basis" | "retention" | "owner" => {
            value.as_str().is_none_or(|text| text.trim().is_empty())
        }
        _ => return None,
    };
    expected.then(|| {
        Found::new("NDX002", place.keyword(name), On::Value, format!("{name} is {}", form(name)))
    })
}

fn form(name: &str) -> &'static str {
    match name {
        "x-ndxp-bigint" => "true, or absent",
        "x-ndxp-sunset" => "a date, as 2027-01-01",
        "x-ndxp-codelist" => "a dataset as agency/name, or <dataset>@sha256:<64 hex digits>",
        "x-ndxp-lint-ignore" => "an object from rule id to reason",
        _ => "a text",
    }
}

fn one_of(place: &Place<'_>, name: &str, value: &Value, allowed: &[&str]) -> Option<Found> {
    let text = value.as_str().unwrap_or_default();
    if allowed.contains(&text) {
        return None;
    }
    let message = format!("{name} is one of {}", allowed.join(", "));
    let found = Found::new("NDX002", place.keyword(name), On::Value, message);
    let meant = text.trim().to_lowercase();
    Some(if allowed.contains(&meant.as_str()) {
        found.hint(format!("write {meant}")).fixed_by(Edit::Replace(format!("\"{meant}\"")))
    } else {
        found
    })
}

/// Tells whether the text has the form of a date; the calendar is the format's business.
fn is_date(text: &str) -> bool {
    text.parse::<Date>().is_ok()
}

/// A day of the Gregorian calendar.
struct Date;

impl std::str::FromStr for Date {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let form = text.len() == 10
            && text.bytes().enumerate().all(|(n, byte)| match n {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let number = |range: std::ops::Range<usize>| {
            text.get(range).and_then(|digits| digits.parse::<u32>().ok()).ok_or(())
        };
        if !form {
            return Err(());
        }
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        if (1..=days).contains(&day) { Ok(Self) } else { Err(()) }
    }
}

fn is_codelist(text: &str) -> bool {
    let (dataset, pin) = text.split_once('@').map_or((text, None), |(name, pin)| (name, Some(pin)));
    let named = dataset.split_once('/').is_some_and(|(agency, name)| {
        !agency.is_empty() && !name.is_empty() && !name.contains('/')
    });
    let pinned = pin.is_none_or(|pin| {
        let hex = pin.strip_prefix("sha256:").unwrap_or_default();
        hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    named && pinned
}

fn sunset(place: &Place<'_>) -> Option<Found> {
    let deprecated = place.schema.get("deprecated") == Some(&Value::Bool(true));
    match (deprecated, place.schema.get("x-ndxp-sunset")) {
        (true, None) => Some(
            Found::new(
                "NDX014",
                place.keyword("deprecated"),
                On::Key,
                "deprecated, but until when?",
            )
            .hint("add x-ndxp-sunset with the date from which it may be removed"),
        ),
        (false, Some(_)) => Some(
            Found::new(
                "NDX014",
                place.keyword("x-ndxp-sunset"),
                On::Key,
                "it ends, but is not deprecated",
            )
            .hint("add \"deprecated\": true, so that readers hear of it"),
        ),
        _ => None,
    }
}
