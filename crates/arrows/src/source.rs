//! Finds texts in the production part of a source file.

use crate::tree::Source;

/// Returns whether the file holds tests only, by its place: `tests.rs` or a folder `tests`.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Returns the numbers (from 1) of the production lines that contain `text`.
pub(crate) fn lines_with(source: &Source, text: &str) -> Vec<usize> {
    if is_test_file(&source.path) {
        return Vec::new();
    }
    let lines = production_lines(&source.text);
    let mut found: Vec<usize> =
        lines.iter().filter(|(_, line)| line.contains(text)).map(|(number, _)| *number).collect();
    if let Some(item) = text.strip_prefix("std::") {
        found.extend(grouped_std_imports(&lines, item));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Numbers and texts of the lines that ship: no comments, no `#[cfg(test)]` items.
///
/// The end of a test module is found by its indentation, which `cargo fmt --check` keeps true.
fn production_lines(text: &str) -> Vec<(usize, &str)> {
    let mut kept = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push((index + 1, without_comment(line)));
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let item = lines.by_ref().map(|(_, line)| line).find(|line| !line.trim().starts_with("#["));
        if item.is_some_and(|item| item.trim_end().ends_with('{')) {
            let close = format!("{:indent$}}}", "");
            lines.by_ref().find(|(_, line)| line.trim_end() == close);
        }
    }
    kept
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        return "";
    }
    line.split(" // ").next().unwrap_or(line)
}

/// Lines of `use std::{...}` whose group names `item` at its first level.
fn grouped_std_imports(lines: &[(usize, &str)], item: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (number, line) in lines {
        let rest = match line.find("std::{") {
            Some(start) if depth == 0 => {
                depth = 1;
                &line[start + "std::{".len()..]
            }
            _ if depth > 0 => *line,
            _ => continue,
        };
        let mut word = String::new();
        for sign in rest.chars().chain([' ']) {
            if sign.is_alphanumeric() || sign == '_' {
                word.push(sign);
                continue;
            }
            if depth == 1 && word == item {
                found.push(*number);
            }
            word.clear();
            match sign {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found
}
