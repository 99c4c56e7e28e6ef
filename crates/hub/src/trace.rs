//! W3C trace context (Trace Context, section 3.2): checked, then carried along unchanged.

/// Returns the text if it is a well-formed `traceparent` of version 00, else nothing.
pub(crate) fn parent(text: &str) -> &str {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str, length: usize| {
        part.len() == length
            && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let any = |part: &str| part.bytes().any(|b| b != b'0');
    match parts.as_slice() {
        ["00", trace, span, flags]
            if hex(trace, 32) && hex(span, 16) && hex(flags, 2) && any(trace) && any(span) =>
        {
            text
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::parent;

    #[test]
    fn only_well_formed_trace_context_is_carried() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(parent(good), good);
        for bad in [
            "",
            "00-0-0-0",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            &good.to_uppercase(),
            &good.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
        ] {
            assert_eq!(parent(bad), "", "{bad}");
        }
    }
}
