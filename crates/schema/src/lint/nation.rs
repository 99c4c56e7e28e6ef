//! What the national profile tells the rules: names of personal data, formats and what they accept.

use crate::profile::{NationalFormat, Profile};

/// Returns how personal data of that name usually is: `basic` or `sensitive`.
pub(crate) fn personal_name(profile: &Profile, name: &str) -> Option<&'static str> {
    profile.national.personal_name(name).map(|level| level.as_str())
}

/// Tells whether values of that format belong to a person: it is named like personal data itself.
pub(crate) fn is_personal_format(profile: &Profile, format: &str) -> bool {
    profile.national_format(format).is_some() && personal_name(profile, format).is_some()
}

/// Returns the personal format that a text has, if it has no other.
pub(crate) fn personal_format_of<'p>(profile: &'p Profile, text: &str) -> Option<&'p str> {
    let having: Vec<&str> = telling(profile)
        .filter(|format| format.matches(text))
        .map(|format| format.name.as_str())
        .collect();
    let all_personal = having.iter().all(|name| is_personal_format(profile, name));
    having.first().copied().filter(|_| all_personal)
}

/// Tells whether a text is the profile's own example of a format.
pub(super) fn is_example(profile: &Profile, text: &str) -> bool {
    profile.national.formats().iter().any(|format| format.example == text)
}

/// Returns the formats whose texts are hardly anything else; one that accepts any letter and any digit is no sign.
pub(crate) fn telling(profile: &Profile) -> impl Iterator<Item = &NationalFormat> {
    profile.national.formats().iter().filter(|format| is_telling(format))
}

/// Tells whether a text that has the format by chance is rare.
pub(crate) fn is_telling(format: &NationalFormat) -> bool {
    !["A", "1"].iter().all(|text| format.matches(text))
}

/// Tells whether the format accepts a short text of digits, so that its pattern alone says little.
pub(crate) fn is_short(format: &NationalFormat) -> bool {
    (1..6).any(|length| format.matches(&"0".repeat(length)))
}

/// Tells whether a property's name has all words of the format's, the country apart.
pub(crate) fn is_meant_by(format: &NationalFormat, name: &str) -> bool {
    let (own, name) = (words(&format.name), words(name));
    own.len() > 1 && own.iter().skip(1).all(|word| name.contains(word))
}

fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect()
}
