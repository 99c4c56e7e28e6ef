//! Which known name somebody may have meant.

/// Returns the known name that is nearest, if it is near enough to be a slip of the hand.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Counts how many letters to put in, take out or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, left) in a.chars().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (cell, right) in row.iter_mut().zip(std::iter::once(None).chain(b.iter().map(Some))) {
            let Some(right) = right else {
                *cell = before;
                continue;
            };
            let replaced = diagonal + usize::from(left != *right);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("min_free", "min_free"), 0);
    }

    #[test]
    fn slip_of_the_hand_is_recognised_and_nonsense_is_not() {
        let known = ["log.min_free", "grpc.listen", "node"];
        assert_eq!(nearest("log.minfree", known), Some("log.min_free"));
        assert_eq!(nearest("grcp.listen", known), Some("grpc.listen"));
        assert_eq!(nearest("colour", known), None);
    }
}
