//! JSON Pointers (RFC 6901) as text: escaping on the way in, tokens on the way out.

/// Appends `token` to `pointer`, escaped.
pub(crate) fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// Returns `pointer` with `token` appended.
pub(crate) fn join(pointer: &str, token: &str) -> String {
    let mut longer = String::with_capacity(pointer.len() + token.len() + 1);
    longer.push_str(pointer);
    push(&mut longer, token);
    longer
}

/// Returns the unescaped tokens of `pointer`, or `None` if it is not a JSON Pointer.
pub(crate) fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    Some(rest.split('/').map(|t| t.replace("~1", "/").replace("~0", "~")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_tokens_come_back() {
        for token in ["", "a", "a/b", "~", "~1", "~01", "vn-phố"] {
            assert_eq!(tokens(&join("/x", token)), Some(vec!["x".to_owned(), token.to_owned()]));
        }
        assert_eq!(tokens("x"), None);
    }
}
