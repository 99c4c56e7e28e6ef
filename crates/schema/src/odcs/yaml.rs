//! YAML of a document: block style, strings in double quotes, which JSON's are too.

use crate::fmt::Node;

/// Writes the document.
pub(super) fn print(node: &Node<'_>) -> String {
    let mut out = String::new();
    write(node, 0, &mut out);
    out
}

/// Writes a node whose first line begins where the output ends, the others at `level`.
fn write(node: &Node<'_>, level: usize, out: &mut String) {
    match node {
        Node::Scalar(text) => line(text, out),
        Node::Array(items) if items.is_empty() => line("[]", out),
        Node::Object(members) if members.is_empty() => line("{}", out),
        Node::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                indent(if n == 0 { 0 } else { level }, out);
                out.push_str("- ");
                write(item, level + 1, out);
            }
        }
        Node::Object(members) => {
            for (n, (key, value)) in members.iter().enumerate() {
                indent(if n == 0 { 0 } else { level }, out);
                out.push_str(plain(key));
                out.push(':');
                below(value, level, out);
            }
        }
    }
}

fn below(value: &Node<'_>, level: usize, out: &mut String) {
    let nested = match value {
        Node::Scalar(_) => false,
        Node::Array(items) => !items.is_empty(),
        Node::Object(members) => !members.is_empty(),
    };
    if nested {
        out.push('\n');
        indent(level + 1, out);
    } else {
        out.push(' ');
    }
    write(value, level + 1, out);
}

fn line(text: &str, out: &mut String) {
    out.push_str(text);
    out.push('\n');
}

fn indent(level: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", level));
}

/// Takes the quotes off a key that needs none.
fn plain(key: &str) -> &str {
    let bare = key.trim_matches('"');
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let starts = bare.starts_with(|c: char| c.is_ascii_alphabetic());
    let safe =
        starts && bare.chars().all(word) && !reserved.contains(&bare.to_lowercase().as_str());
    if safe { bare } else { key }
}
