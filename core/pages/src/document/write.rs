//! Values as JSON, so much of each as is shown.

use super::node::Node;

/// Writes a value on one line, or on many where it is `indented`: `max` bytes of it, about, and `…` where
/// that is not all.
pub(super) fn json(node: &Node, is_indented: bool, max: usize) -> String {
    let mut writer = Writer { text: String::new(), is_indented, max };
    writer.value(node, 0);
    if writer.is_full() {
        writer.text.push('…');
    }
    writer.text
}

struct Writer {
    text: String,
    is_indented: bool,
    max: usize,
}

impl Writer {
    fn is_full(&self) -> bool {
        self.text.len() > self.max
    }

    fn value(&mut self, node: &Node, depth: usize) {
        match node {
            Node::Scalar(serde_json::Value::String(text)) => self.quoted(text),
            Node::Scalar(value) => self.text.push_str(&value.to_string()),
            Node::List(elements) => {
                self.text.push('[');
                for (at, element) in elements.iter().enumerate() {
                    if self.is_full() {
                        return;
                    }
                    self.next(at, depth + 1);
                    self.value(element, depth + 1);
                }
                self.end(elements.len(), depth, ']');
            }
            Node::Mapping(members) => {
                self.text.push('{');
                for (at, (name, member)) in members.iter().enumerate() {
                    if self.is_full() {
                        return;
                    }
                    self.next(at, depth + 1);
                    self.quoted(name);
                    self.text.push_str(": ");
                    self.value(member, depth + 1);
                }
                self.end(members.iter().len(), depth, '}');
            }
        }
    }

    fn quoted(&mut self, text: &str) {
        let end = text.floor_char_boundary(self.max.saturating_sub(self.text.len()) + 1);
        let shown = text.get(..end).unwrap_or_default();
        self.text.push_str(&serde_json::Value::from(shown).to_string());
    }

    fn next(&mut self, at: usize, depth: usize) {
        if at > 0 {
            self.text.push(',');
        }
        self.line(at > 0, depth);
    }

    fn end(&mut self, number: usize, depth: usize, end: char) {
        if self.is_full() {
            return;
        }
        if number > 0 {
            self.line(false, depth);
        }
        self.text.push(end);
    }

    fn line(&mut self, is_spaced: bool, depth: usize) {
        if self.is_indented {
            self.text.push('\n');
            self.text.push_str(&"  ".repeat(depth.min(20)));
        } else if is_spaced {
            self.text.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::read;
    use super::*;

    #[test]
    fn values_are_written_as_json_and_cut() {
        let node = read(r#"{"a": [1, "x\"", {}], "b": null}"#).unwrap();
        assert_eq!(json(&node, false, 100), r#"{"a": [1, "x\"", {}], "b": null}"#);
        assert_eq!(
            json(&node, true, 100),
            "{\n  \"a\": [\n    1,\n    \"x\\\"\",\n    {}\n  ],\n  \"b\": null\n}"
        );
        assert_eq!(json(&node, false, 5), r#"{"a": […"#);
        let long = read(&format!("['{}', 2]", "日".repeat(100_000))).unwrap();
        assert!(json(&long, false, 100).len() < 120);
        let many = read(&format!("[{}0]", "0,".repeat(100_000))).unwrap();
        assert!(json(&many, true, 100).len() < 120);
    }
}
