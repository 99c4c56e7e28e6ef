//! Numbers of persons and enterprises that cannot be anybody's, and the dates that go with them.

use super::value::scatter;

/// Leading digits that no tax office gives.
const NO_TAX_OFFICE: &str = "99";
/// The weights of the tax code's first nine digits; the tenth is 10 less their sum modulo 11.
const TAX_WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];

/// A citizen of the demonstration nation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Citizen(pub(super) u32);

impl Citizen {
    /// Returns `male` or `female`.
    pub(super) fn sex(self) -> &'static str {
        if self.0.is_multiple_of(2) { "female" } else { "male" }
    }

    fn birth_year(self) -> u64 {
        1950 + scatter("birth year", self.0) % 56
    }

    /// Returns the date of birth.
    pub(super) fn birth_date(self) -> String {
        day_of(self.birth_year(), scatter("birthday", self.0))
    }

    /// Returns 12 digits of the right form whose fourth says "born in the 24th century", so that
    /// they are nobody's.
    pub(super) fn number(self) -> String {
        let century_and_sex = if self.sex() == "male" { 8 } else { 9 };
        format!("001{century_and_sex}{:02}{:06}", self.birth_year() % 100, self.0)
    }
}

/// Returns a day of a year; every month is taken to have 28 days.
pub(super) fn day_of(year: u64, chance: u64) -> String {
    format!("{year}-{:02}-{:02}", chance % 12 + 1, chance / 12 % 28 + 1)
}

/// Returns the tax code of the `n`th enterprise: right in form and check digit, given by nobody.
pub(super) fn tax_code(n: u32) -> String {
    // One code in eleven would need the check digit 10 and is left out, so each enterprise has a
    // hundred numbers to choose from.
    let candidates = (0..100).map(|spare| format!("{NO_TAX_OFFICE}{n:05}{spare:02}"));
    let mut codes = candidates.filter_map(|nine| Some(format!("{nine}{}", check_digit(&nine)?)));
    codes.next().unwrap_or_default()
}

fn check_digit(nine: &str) -> Option<u32> {
    let digits = nine.chars().filter_map(|digit| digit.to_digit(10));
    let sum: u32 = digits.zip(TAX_WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = 10 - sum % 11;
    (check < 10).then_some(check)
}

#[cfg(test)]
mod tests {
    use super::{Citizen, check_digit, tax_code};

    #[test]
    fn check_digit_is_that_of_a_published_tax_code() {
        // The code 0100112437 of the Joint Stock Commercial Bank for Foreign Trade of Vietnam.
        assert_eq!(check_digit("010011243"), Some(7));
    }

    #[test]
    fn every_synthetic_enterprise_has_a_tax_code_of_its_own() {
        let codes: std::collections::BTreeSet<_> = (1..=1000).map(tax_code).collect();
        assert_eq!(codes.len(), 1000);
        assert!(codes.iter().all(|code| code.len() == 10 && code.starts_with("99")));
    }

    #[test]
    fn citizens_are_born_in_a_century_that_has_not_begun() {
        let numbers: Vec<String> = (1..=1000).map(|n| Citizen(n).number()).collect();
        let future = |number: &String| matches!(number.as_bytes().get(3), Some(b'8' | b'9'));
        assert!(numbers.iter().all(|number| number.len() == 12 && future(number)));
    }
}
