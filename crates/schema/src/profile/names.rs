//! What a property's name lets one expect about the data behind it.

use serde::{Deserialize, Serialize};

/// Names that personal data usually has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameHint {
    /// The value of `x-ndxp-personal-data` to expect: `basic` or `sensitive`.
    pub level: PersonalData,
    /// Names as words parted by spaces, lower-case and without accents, for example `date of birth`.
    pub words: Vec<String>,
}

/// How personal a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonalData {
    /// It says who somebody is.
    Basic,
    /// It says what can be held against somebody.
    Sensitive,
}

impl PersonalData {
    /// Returns the value of the annotation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Sensitive => "sensitive",
        }
    }
}

impl NameHint {
    /// Tells whether a property's name holds one of the names, whole words only.
    pub(super) fn fits(&self, padded: &str) -> bool {
        self.words.iter().any(|name| padded.contains(&format!(" {name} ")))
    }
}

/// Returns the words of a property's name, lower-case, without accents, each between spaces: ` date of birth `.
pub(super) fn padded(property: &str) -> String {
    let mut words = String::from(" ");
    let mut after_lower = false;
    for c in property.chars().take(256).flat_map(plain) {
        if c.is_uppercase() && after_lower || !c.is_alphanumeric() {
            words.push(' ');
        }
        after_lower = c.is_lowercase() || c.is_numeric();
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        }
    }
    words.push(' ');
    words.split_whitespace().fold(String::from(" "), |all, word| all + word + " ")
}

fn plain(c: char) -> impl Iterator<Item = char> {
    use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
    let c = match c {
        'đ' => 'd',
        'Đ' => 'D',
        other => other,
    };
    std::iter::once(c).nfd().filter(|c| !is_combining_mark(*c)).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::padded;

    #[test]
    fn names_of_every_style_have_the_same_words() {
        for name in ["date_of_birth", "dateOfBirth", "Date-Of-Birth", "date of birth"] {
            assert_eq!(padded(name), " date of birth ", "{name}");
        }
        assert_eq!(padded("điện_thoại"), " dien thoai ");
        assert_eq!(padded(""), " ");
    }
}
