//! Radix trees over byte strings, any number of them in one block of memory.

/// Position of an entry in matching order; the least wins.
pub(super) type Position = u32;

/// A tree in a [`PrefixForest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Root(u32);

/// Trees from key to value; each walk visits the values of every key that starts the text.
#[derive(Debug)]
pub(super) struct PrefixForest<V> {
    nodes: Vec<Node>,
    /// First byte of each node's label, beside `nodes`; siblings are adjacent and sorted.
    first_bytes: Vec<u8>,
    labels: Vec<u8>,
    values: Vec<V>,
}

#[derive(Clone, Debug)]
struct Node {
    label_start: u32,
    label_bytes: u32,
    first_child: u32,
    children: u32,
    /// Index in `values`, or [`NO_VALUE`].
    value: u32,
    /// Least position in this node and all below.
    best: Position,
}

const NO_VALUE: u32 = u32::MAX;

/// A node still to be filled in: the items below it, all equal up to `depth` bytes of their keys.
struct Unfilled<'k, V> {
    node: usize,
    depth: usize,
    items: Vec<Item<'k, V>>,
}

/// One key of a tree with the value there and the least position in it.
pub(super) struct Item<'k, V> {
    pub(super) key: &'k [u8],
    pub(super) value: V,
    pub(super) best: Position,
}

impl<V> Default for PrefixForest<V> {
    fn default() -> Self {
        PrefixForest { nodes: Vec::new(), first_bytes: Vec::new(), labels: Vec::new(), values: Vec::new() }
    }
}

impl<V> PrefixForest<V> {
    /// Adds a tree of `items`, sorted by key, each key once.
    pub(super) fn plant(&mut self, items: Vec<Item<'_, V>>) -> Root {
        let root = self.push_node();
        // A list of work, not recursion: keys that nest a thousand deep must not end the stack.
        let mut unfilled = vec![Unfilled { node: root, depth: 0, items }];
        while let Some(next) = unfilled.pop() {
            self.fill(next, &mut unfilled);
        }
        Root(root as u32)
    }

    fn push_node(&mut self) -> usize {
        let empty = Node {
            label_start: 0,
            label_bytes: 0,
            first_child: 0,
            children: 0,
            value: NO_VALUE,
            best: Position::MAX,
        };
        self.nodes.push(empty);
        self.first_bytes.push(0);
        self.nodes.len() - 1
    }

    fn fill<'k>(&mut self, unfilled: Unfilled<'k, V>, more: &mut Vec<Unfilled<'k, V>>) {
        let Unfilled { node, depth, items } = unfilled;
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return };
        let label = common_prefix(&first.key[depth..], &last.key[depth..]);
        let depth = depth + label.len();
        self.nodes[node].label_start = self.labels.len() as u32;
        self.nodes[node].label_bytes = label.len() as u32;
        self.nodes[node].best = items.iter().map(|item| item.best).min().unwrap_or(Position::MAX);
        self.first_bytes[node] = label.first().copied().unwrap_or(0);
        self.labels.extend_from_slice(label);
        self.nodes[node].first_child = self.nodes.len() as u32;

        let mut last_byte = None;
        for item in items {
            let Some(&byte) = item.key.get(depth) else {
                self.nodes[node].value = self.values.len() as u32;
                self.values.push(item.value);
                continue;
            };
            if last_byte != Some(byte) {
                last_byte = Some(byte);
                self.nodes[node].children += 1;
                more.push(Unfilled { node: self.push_node(), depth, items: Vec::new() });
            }
            if let Some(child) = more.last_mut() {
                child.items.push(item);
            }
        }
    }

    /// Calls `visit` with the value of each key in `root` that starts `text`, shortest first,
    /// going down only while something there is before the position last answered.
    pub(super) fn walk(
        &self,
        root: Root,
        text: &[u8],
        mut before: Position,
        mut visit: impl FnMut(&V, Position) -> Position,
    ) -> Position {
        let mut node = &self.nodes[root.0 as usize];
        let mut rest = text;
        while node.best < before {
            let label = &self.labels[node.label_start as usize..][..node.label_bytes as usize];
            let Some(after) = rest.strip_prefix(label) else { break };
            if node.value != NO_VALUE {
                before = visit(&self.values[node.value as usize], before);
            }
            let Some(byte) = after.first() else { break };
            let Some(child) = self.child(node, *byte) else { break };
            (node, rest) = (child, after);
        }
        before
    }

    fn child(&self, node: &Node, byte: u8) -> Option<&Node> {
        let first_child = node.first_child as usize;
        let first_bytes = &self.first_bytes[first_child..first_child + node.children as usize];
        let index = first_bytes.iter().position(|first| *first == byte)?;
        Some(&self.nodes[first_child + index])
    }
}

fn common_prefix<'a>(left: &'a [u8], right: &[u8]) -> &'a [u8] {
    &left[..left.iter().zip(right).take_while(|(left, right)| left == right).count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forest(trees: &[&[&'static str]]) -> (PrefixForest<String>, Vec<Root>) {
        let mut forest = PrefixForest::default();
        let plant = |keys: &&[&'static str]| {
            let item = |(index, key): (usize, &&'static str)| Item {
                key: key.as_bytes(),
                value: (*key).to_owned(),
                best: index as Position,
            };
            forest.plant(keys.iter().enumerate().map(item).collect())
        };
        let roots = trees.iter().map(plant).collect();
        (forest, roots)
    }

    fn visited(forest: &PrefixForest<String>, root: Root, text: &str) -> Vec<String> {
        let mut visited = Vec::new();
        forest.walk(root, text.as_bytes(), Position::MAX, |value, before| {
            visited.push(value.clone());
            before
        });
        visited
    }

    #[test]
    fn visits_the_keys_that_start_the_text() {
        let (forest, roots) = forest(&[&["", "/a", "/ab/c", "/ab/d", "/b"], &["/ab"], &[]]);
        for (tree, text, expected) in [
            (0, "/ab/cd", &["", "/a", "/ab/c"][..]),
            (0, "/ab", &["", "/a"]),
            (0, "x", &[""]),
            (0, "", &[""]),
            (1, "/abc", &["/ab"]),
            (1, "/a", &[]),
            (2, "/a", &[]),
        ] {
            assert_eq!(visited(&forest, roots[tree], text), expected, "{text}");
        }
    }

    #[test]
    fn stops_where_nothing_better_is_below() {
        let (forest, roots) = forest(&[&["", "/a", "/ab"]]);
        let mut visits = 0;
        forest.walk(roots[0], b"/abc", Position::MAX, |_, _| {
            visits += 1;
            1
        });
        assert_eq!(visits, 1);
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        let keys: Vec<String> =
            (1..20_000).map(|length| "a".repeat(length.min(3_000) + length / 3_000)).collect();
        let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        keys.sort_unstable();
        keys.dedup();
        let text = "a".repeat(4_000);
        let mut planted = PrefixForest::default();
        let items =
            keys.iter().map(|key| Item { key: key.as_bytes(), value: (*key).to_owned(), best: 0 }).collect();
        let root = planted.plant(items);
        assert_eq!(visited(&planted, root, &text).len(), keys.len());
    }
}
