//! What a process has used, by Linux's own books.

/// Reads user and system time out of `/proc/<pid>/stat`, in seconds.
pub(crate) fn cpu(stat: &str) -> Option<f64> {
    // The name stands in parentheses and may hold spaces; times are the 12th and 13th behind it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some((ticks()? + ticks()?) as f64 / rustix::param::clock_ticks_per_second() as f64)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn times_stand_behind_the_name() {
        let stat = "17 (a) (b c) S 1 17 17 0 -1 4194304 9 0 0 0 150 50 0 0 20 0";
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        assert!((cpu(stat).unwrap() * ticks - 200.0).abs() < 1e-9);
    }
}
