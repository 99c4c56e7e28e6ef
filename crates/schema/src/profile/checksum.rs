//! The check functions that a profile may name: a fixed set, so that a profile is data and never code.
//!
//! Spaces, dots and hyphens are passed over; any other character that the function cannot count is a no.

use serde::{Deserialize, Serialize};
use unicode_normalization::is_nfc;

/// A check that a pattern cannot make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checksum {
    /// Luhn's formula (ISO/IEC 7812-1), as of payment cards.
    Luhn,
    /// ISO/IEC 7064 MOD 97-10: letters count from A = 10, and the remainder is 1.
    Mod97,
    /// ISO/IEC 7064 MOD 11-2: the last character is a digit or X.
    Mod11,
    /// Verhoeff's dihedral check.
    Verhoeff,
    /// Unicode normalization form C. No sum, but no pattern can say it either.
    Nfc,
}

impl Checksum {
    /// Tells whether `text` passes. One pass over it.
    #[must_use]
    pub fn passes(self, text: &str) -> bool {
        match self {
            Self::Nfc => is_nfc(text),
            Self::Luhn => digits(text).is_some_and(|digits| luhn(&digits)),
            Self::Mod97 => mod97(text),
            Self::Mod11 => mod11(text),
            Self::Verhoeff => digits(text).is_some_and(|digits| verhoeff(&digits)),
        }
    }
}

fn counted(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !matches!(c, ' ' | '.' | '-'))
}

fn digits(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = counted(text).map(|c| value(c, 10)).collect();
    digits.filter(|digits| digits.len() > 1)
}

fn value(c: char, radix: u32) -> Option<u8> {
    c.to_digit(radix).and_then(|digit| u8::try_from(digit).ok())
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().rev().zip([1, 2].into_iter().cycle()).map(doubled).sum();
    sum.is_multiple_of(10)
}

fn doubled((digit, factor): (&u8, u32)) -> u32 {
    let product = u32::from(*digit) * factor;
    if product > 9 { product - 9 } else { product }
}

fn mod97(text: &str) -> bool {
    let mut rest = 0_u32;
    for c in counted(text) {
        let Some(value) = value(c, 36) else { return false };
        let shift = if value > 9 { 100 } else { 10 };
        rest = (rest * shift + u32::from(value)) % 97;
    }
    rest == 1
}

fn mod11(text: &str) -> bool {
    let all: Vec<char> = counted(text).collect();
    let Some((last, body)) = all.split_last() else { return false };
    let mut rest = 0_u32;
    for c in body {
        let Some(digit) = c.to_digit(10) else { return false };
        rest = (rest + digit) * 2 % 11;
    }
    let check = if matches!(last, 'X' | 'x') { Some(10) } else { last.to_digit(10) };
    !body.is_empty() && check.is_some_and(|check| (rest + check) % 11 == 1)
}

fn verhoeff(digits: &[u8]) -> bool {
    let places = PERMUTED.iter().cycle();
    let sum = digits.iter().rev().zip(places).fold(0, |sum, (digit, row)| {
        let permuted = row.get(usize::from(*digit)).copied().unwrap_or_default();
        product(sum, permuted)
    });
    sum == 0
}

/// The product of two elements of the dihedral group of ten: 0 to 4 turn, 5 to 9 mirror.
fn product(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    }
}

/// What each place does to a digit, from the last place leftwards: powers of one permutation.
const PERMUTED: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_every_changed_digit_fails() {
        for (check, good) in [
            (Checksum::Luhn, "79927398713"),
            (Checksum::Mod97, "3214282912345698765432161182"),
            (Checksum::Mod11, "0000-0002-1825-0097"),
            (Checksum::Mod11, "0000-0002-1694-233X"),
            (Checksum::Verhoeff, "2363"),
        ] {
            assert!(check.passes(good), "{check:?} {good}");
            for (at, old) in good.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
                let new = if old == '9' { '0' } else { '9' };
                let bad = format!("{}{new}{}", &good[..at], &good[at + 1..]);
                assert!(!check.passes(&bad), "{check:?} {bad}");
            }
        }
    }

    #[test]
    fn verhoeff_finds_every_swap_of_neighbours() {
        let good = "2363";
        assert!(Checksum::Verhoeff.passes(good));
        assert!(!Checksum::Verhoeff.passes("3263") && !Checksum::Verhoeff.passes("2633"));
    }

    #[test]
    fn letters_count_in_mod97_alone() {
        assert!(Checksum::Mod97.passes("529900T8BM49AURSDO55"));
        assert!(!Checksum::Mod97.passes("529900T8BM49AURSDO56"));
        for check in [Checksum::Luhn, Checksum::Mod11, Checksum::Verhoeff] {
            assert!(!check.passes("79A2") && !check.passes("") && !check.passes("٣٣"), "{check:?}");
        }
    }

    #[test]
    fn composed_text_is_nfc_and_decomposed_text_is_not() {
        assert!(Checksum::Nfc.passes("Nguyễn Thị Ánh"));
        assert!(!Checksum::Nfc.passes("Nguye\u{302}\u{303}n"));
    }
}
