//! The line of a schema around a place: schemas are no records, so nothing in it is hidden.

use ndxp_schema::position::Span;

use super::report::Excerpt;

/// Characters shown before and after the place.
const AROUND: usize = 60;

/// Cuts the surroundings of a stretch out of the line that it begins in.
pub(super) fn excerpt(bytes: &[u8], span: Span) -> Excerpt {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().nth(span.start.line - 1).unwrap_or_default();
    let from = (span.start.column - 1).saturating_sub(AROUND);
    let start = span.start.column - 1 - from;
    let shown: String = line.chars().skip(from).take(start + AROUND).collect();
    // Of a value over several lines its beginning is shown.
    let whole =
        if span.end.line == span.start.line { span.end.column - span.start.column } else { 1 };
    let room = shown.chars().count().saturating_sub(start).max(1);
    Excerpt { text: shown.trim_end().to_owned(), start, width: whole.clamp(1, room) }
}

#[cfg(test)]
mod tests {
    use ndxp_schema::position;

    use super::*;

    #[test]
    fn the_stretch_is_marked_within_its_line() {
        let bytes = "{\n  \"tên\": 12\n}".as_bytes();
        let span = position::value(bytes, "/tên").expect("it is there");
        let expected = Excerpt { text: "  \"tên\": 12".to_owned(), start: 9, width: 2 };
        assert_eq!(excerpt(bytes, span), expected);
    }

    #[test]
    fn a_long_line_is_cut() {
        let bytes = format!("[{}1]", "0,".repeat(200));
        let span = position::value(bytes.as_bytes(), "/200").expect("it is there");
        let found = excerpt(bytes.as_bytes(), span);
        assert_eq!((found.start, found.width), (60, 1));
        assert!(found.text.ends_with("1]"), "{}", found.text);
    }
}
