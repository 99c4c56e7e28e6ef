//! Vietnamese text: its form, and ids and English names made from it.

/// Each plain letter with its composed Vietnamese forms, lower case.
const LETTERS: [(char, &str); 7] = [
    ('a', "àáảãạăằắẳẵặâầấẩẫậ"),
    ('d', "đ"),
    ('e', "èéẻẽẹêềếểễệ"),
    ('i', "ìíỉĩị"),
    ('o', "òóỏõọôồốổỗộơờớởỡợ"),
    ('u', "ùúủũụưừứửữự"),
    ('y', "ỳýỷỹỵ"),
];

/// Returns the text without diacritics: `Đắk Lắk` becomes `Dak Lak`.
pub(crate) fn fold(text: &str) -> String {
    text.chars().map(plain).collect()
}

fn plain(letter: char) -> char {
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    let Some((plain, _)) = LETTERS.iter().find(|(_, forms)| forms.contains(lower)) else {
        return letter;
    };
    if letter.is_uppercase() { plain.to_ascii_uppercase() } else { *plain }
}

/// Returns the text as an id: `Đắk Lắk` becomes `dak-lak`.
pub(crate) fn slug(text: &str) -> String {
    fold(text).to_ascii_lowercase().replace(' ', "-")
}

/// Says whether the text is in composed form (NFC), as far as Vietnamese goes: every letter of the
/// language has a composed form, so a combining mark means that the text is decomposed.
pub(crate) fn is_composed(text: &str) -> bool {
    !text.chars().any(|letter| ('\u{300}'..='\u{36f}').contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::{fold, is_composed, slug};

    #[test]
    fn diacritics_fold_to_plain_letters_in_the_same_case() {
        assert_eq!(
            fold("Đắk Lắk, Thừa Thiên Huế, Quảng Ngãi"),
            "Dak Lak, Thua Thien Hue, Quang Ngai"
        );
        assert_eq!(slug("Điện Biên"), "dien-bien");
    }

    #[test]
    fn decomposed_text_is_told_from_composed_text() {
        assert!(is_composed("Thống kê"));
        assert!(!is_composed("Tho\u{302}\u{301}ng ke\u{302}"));
    }
}
