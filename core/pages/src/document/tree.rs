//! A document's text as a tree: JSON, or YAML 1.2. Members keep their order; bytes, nodes and depth are bounded.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

use super::json;
use super::node::{BYTES_MAX, DEPTH_MAX, NODES_MAX, Node, Unreadable};

/// Nodes and bytes of texts that aliases may bring besides what is written: the size of a whole document
/// (1 MiB) again, and none for a billion laughs.
const ALIASED_MAX: usize = 1 << 20;

/// Reads a text: as JSON where it is that, else as YAML.
pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    if text.len() > BYTES_MAX {
        return Err(Unreadable::Size);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with(['{', '[']) {
        match json::read(text) {
            Ok(node) => return Ok(node),
            Err(Unreadable::Syntax(line)) => return yaml(text).map_err(|_| Unreadable::Syntax(line)),
            Err(refused) => return Err(refused),
        }
    }
    yaml(text)
}

fn yaml(text: &str) -> Result<Node, Unreadable> {
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| Unreadable::Syntax(error.marker().line().max(1)))?;
        tree.take(&event)?;
    }
    tree.root.ok_or(Unreadable::Number)
}

/// A mapping or list that is not at its end; of a mapping, the name whose value comes next.
struct Open {
    held: Held,
    name: Option<String>,
    anchor: usize,
    weight: usize,
    /// How deep what is in it is.
    depth: usize,
}

enum Held {
    List(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, usize, usize)>,
    aliased: usize,
    nodes: usize,
    root: Option<Node>,
}

impl Tree {
    fn take(&mut self, event: &Event<'_>) -> Result<(), Unreadable> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let node = Node::Scalar(scalar(text, *style));
                self.put(node, Some(text.to_string()), *anchor, 1 + text.len(), 0)
            }
            Event::SequenceStart(anchor, _) => self.open(Held::List(Vec::new()), *anchor),
            Event::MappingStart(anchor, _) => self.open(Held::Mapping(Vec::new()), *anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(()) };
                let node = match open.held {
                    Held::List(elements) => Node::List(elements),
                    Held::Mapping(members) => Node::Mapping(members.into()),
                };
                self.put(node, None, open.anchor, open.weight, open.depth + 1)
            }
            Event::Alias(anchor) => {
                let (node, weight, depth) = self.anchors.get(anchor).ok_or(Unreadable::Aliases)?;
                let (weight, depth) = (*weight, *depth);
                self.aliased = self.aliased.saturating_add(weight);
                if self.aliased > ALIASED_MAX {
                    return Err(Unreadable::Aliases);
                }
                if self.open.len() + depth > DEPTH_MAX {
                    return Err(Unreadable::Depth);
                }
                let node = node.clone();
                let name = match &node {
                    Node::Scalar(Value::String(text)) => Some(text.clone()),
                    _ => None,
                };
                self.put(node, name, 0, weight, depth)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, held: Held, anchor: usize) -> Result<(), Unreadable> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Unreadable::Depth);
        }
        self.open.push(Open { held, name: None, anchor, weight: 1, depth: 0 });
        Ok(())
    }

    fn put(
        &mut self,
        node: Node,
        name: Option<String>,
        anchor: usize,
        weight: usize,
        depth: usize,
    ) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(Unreadable::Size);
        }
        if anchor != 0 {
            // What anchors keep is bounded as what aliases bring: anchors within each other are copies.
            self.aliased = self.aliased.saturating_add(weight);
            if self.aliased > ALIASED_MAX {
                return Err(Unreadable::Aliases);
            }
            self.anchors.insert(anchor, (node.clone(), weight, depth));
        }
        let Some(open) = self.open.last_mut() else {
            return match self.root.replace(node) {
                None => Ok(()),
                Some(_) => Err(Unreadable::Number),
            };
        };
        open.weight = open.weight.saturating_add(weight);
        open.depth = open.depth.max(depth);
        match (&mut open.held, open.name.take()) {
            (Held::Mapping(members), Some(name)) => members.push((name, node)),
            (Held::Mapping(_), None) => open.name = Some(name.ok_or(Unreadable::Syntax(1))?),
            (Held::List(elements), _) => elements.push(node),
        }
        Ok(())
    }
}

/// A scalar by the core schema of YAML 1.2: `yes` is a text. What is no number of JSON stays a text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    match (style, text) {
        (ScalarStyle::Plain, "" | "~" | "null") => Value::Null,
        (ScalarStyle::Plain, "true") => Value::Bool(true),
        (ScalarStyle::Plain, "false") => Value::Bool(false),
        (ScalarStyle::Plain, _) => match text.parse::<serde_json::Number>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::from(text),
        },
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_yaml_give_the_same_tree_in_order() {
        let tree = read("z: 1\na: [yes, '2', true]\n200: null\n").unwrap();
        assert_eq!(tree, read(r#"{"z": 1, "a": ["yes", "2", true], "200": null}"#).unwrap());
        let Node::Mapping(members) = tree else { panic!("a mapping") };
        assert_eq!(members.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["z", "a", "200"]);
        assert_eq!(members.get("200"), Some(&Node::Scalar(Value::Null)));
        assert_eq!(members.get("b"), None);
    }

    #[test]
    fn hostile_texts_are_refused() {
        assert_eq!(read(&"[".repeat(DEPTH_MAX + 1)), Err(Unreadable::Depth));
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read(&"- ".repeat(100_000)).is_err());
        assert_eq!(read(""), Err(Unreadable::Number));
        assert_eq!(read("a: &x\n  - *x"), Err(Unreadable::Aliases));
        let mut laughs = "a0: &a0 [lol, lol, lol]\n".to_owned();
        for level in 1..20 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            laughs += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        assert_eq!(read(&laughs), Err(Unreadable::Aliases));
        assert_eq!(read(&" ".repeat(BYTES_MAX + 1)), Err(Unreadable::Size));
        assert_eq!(read(&format!("[{}0]", "0,".repeat(NODES_MAX))), Err(Unreadable::Size));
        assert_eq!(read(&"-\n".repeat(NODES_MAX + 1)), Err(Unreadable::Size));
    }
}
