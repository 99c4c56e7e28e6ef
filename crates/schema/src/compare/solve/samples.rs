//! Texts of the known formats, and texts that look almost like them.

/// Texts that may have the format; the validator says which have.
pub(crate) fn of_format(format: &str) -> &'static [&'static str] {
    match format {
        "date" => &["2025-07-01", "2024-02-29"],
        "date-time" => &["2025-07-01T08:30:00Z", "2025-07-01T08:30:00+07:00"],
        "time" => &["08:30:00Z", "08:30:00+07:00"],
        "duration" => &["P1D", "PT1H"],
        "email" | "idn-email" => &["a@example.vn", "nam.le@example.vn", "người@example.vn"],
        "hostname" | "idn-hostname" => &["example.vn", "a", "việt.vn"],
        "ipv4" => &["192.0.2.1"],
        "ipv6" => &["2001:db8::1", "::1"],
        "uri" | "uri-reference" | "iri" | "iri-reference" | "url" => {
            &["https://example.vn/a", "urn:x:y", "/a", "https://example.vn/ă", "/ă"]
        }
        "uri-template" => &["https://example.vn/{id}", "a"],
        "uuid" => &["123e4567-e89b-42d3-a456-426614174000"],
        "json-pointer" => &["", "/a"],
        "relative-json-pointer" => &["0", "1/a"],
        "regex" => &["a", "^[a-z]+$"],
        "base64" => &["aGk=", ""],
        "vn-cccd" => &["001099012345"],
        "vn-cmnd" => &["123456789"],
        "vn-tax-code" => &["0101234567", "0101234567-001"],
        "vn-phone" => &["0912345678", "+84912345678"],
        "vn-agency-id" => &["G01.02", "A"],
        "vn-province" => &["01"],
        "vn-commune" => &["00001"],
        "vn-date" => &["2025-07-01"],
        "nfc" => &["Hà Nội"],
        _ => &[],
    }
}

/// Texts of all kinds, for a format or an encoding that shall be missing or is not known.
pub(crate) const MIXED: &[&str] = &[
    "",
    "a",
    "0",
    "aGk=",
    "{}",
    "\"a\"",
    "e30=",
    "2025-07-01",
    "2025-07-01T08:30:00Z",
    "08:30:00Z",
    "P1D",
    "a@example.vn",
    "example.vn",
    "192.0.2.1",
    "::1",
    "https://example.vn/a",
    "/a",
    "urn:x:y",
    "{",
    "%",
    " ",
    "not this",
    "123e4567-e89b-42d3-a456-426614174000",
    "001099012345",
    "0912345678",
    "01",
    "00001",
    "ă",
    "\n",
    "[",
    "~",
    "0/a",
];
