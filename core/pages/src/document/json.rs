//! JSON as a tree, by serde_json: what it takes and YAML does not are escapes of surrogate pairs.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::node::{DEPTH_MAX, NODES_MAX, Node, Unreadable};

/// Reads a JSON text.
pub(super) fn read(text: &str) -> Result<Node, Unreadable> {
    let refused = Cell::new(None);
    let nodes = Cell::new(0);
    let mut json = serde_json::Deserializer::from_str(text);
    let read = At { depth: 0, nodes: &nodes, refused: &refused }.deserialize(&mut json);
    match read.and_then(|node| json.end().map(|()| node)) {
        Ok(node) => Ok(node),
        Err(error) => Err(refused.take().unwrap_or(Unreadable::Syntax(error.line().max(1)))),
    }
}

/// Reads one value, so deep within others.
#[derive(Clone, Copy)]
struct At<'c> {
    depth: usize,
    nodes: &'c Cell<usize>,
    refused: &'c Cell<Option<Unreadable>>,
}

impl At<'_> {
    /// What is within a list or mapping here.
    fn within<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth < DEPTH_MAX {
            true => Ok(At { depth: self.depth + 1, ..self }),
            false => Err(self.refuse(Unreadable::Depth)),
        }
    }

    fn refuse<E: serde::de::Error>(self, why: Unreadable) -> E {
        self.refused.set(Some(why));
        E::custom("refused")
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > NODES_MAX {
            return Err(self.refuse(Unreadable::Size));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("no number"))?;
        Ok(Node::Scalar(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let within = self.within()?;
        let mut elements = Vec::new();
        while let Some(node) = list.next_element_seed(within)? {
            elements.push(node);
        }
        Ok(Node::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let within = self.within()?;
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            members.push((name, map.next_value_seed(within)?));
        }
        Ok(Node::Mapping(members.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogate_pairs_are_one_character() {
        let node = read(r#"{"a": "\ud83d\ude00"}"#).unwrap();
        assert_eq!(node.get("a").and_then(Node::text), Some("😀"));
        assert_eq!(read(r#"["\ud83d"]"#), Err(Unreadable::Syntax(1)));
        assert_eq!(read("{\n} x"), Err(Unreadable::Syntax(2)));
    }

    #[test]
    fn depth_and_nodes_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(read(&nested(DEPTH_MAX + 1)), Err(Unreadable::Depth));
        assert_eq!(read(&nested(10_000)), Err(Unreadable::Depth));
        assert_eq!(read(&format!("[{}0]", "0,".repeat(NODES_MAX))), Err(Unreadable::Size));
    }
}
