//! The built-in national profile of Viet Nam, as data.

use super::NationalFormat;

pub(super) const FORMATS: &[NationalFormat] = &[
    NationalFormat {
        name: "vn-agency-id",
        pattern: r"[A-Z0-9]+(?:\.[A-Z0-9]+)*",
        hint: "upper-case groups joined by dots, 35 characters at most",
        max_chars: 35,
    },
    NationalFormat { name: "vn-cccd", pattern: "[0-9]{12}", hint: "12 digits", max_chars: 35 },
    NationalFormat { name: "vn-commune", pattern: "[0-9]{5}", hint: "5 digits", max_chars: 35 },
    NationalFormat { name: "vn-date", pattern: DATE, hint: "a date as 2025-07-01", max_chars: 35 },
    NationalFormat {
        name: "vn-phone",
        pattern: r"(?:0|\+84)[0-9]{9,10}",
        hint: "0 or +84, then 9 or 10 digits",
        max_chars: 35,
    },
    NationalFormat { name: "vn-province", pattern: "[0-9]{2}", hint: "2 digits", max_chars: 35 },
    NationalFormat {
        name: "vn-tax-code",
        pattern: "[0-9]{10}(?:-[0-9]{3})?",
        hint: "10 digits, or 10 digits, - and 3 digits",
        max_chars: 35,
    },
];

/// A day of the Gregorian calendar, leap years included: a shape alone would let 2025-02-30 through.
const DATE: &str = r"(?x)
    [0-9]{4}-(?: (?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])
               | (?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)
               | 02-(?:0[1-9]|1[0-9]|2[0-8]) )
    | (?: [0-9]{2}(?:0[48]|[2468][048]|[13579][26]) | (?:[02468][048]|[13579][26])00 )-02-29";
