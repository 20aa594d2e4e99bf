use super::node::{Node, NodeKind};

/// Appends bytes that every match of `node` starts with. Answers whether a match is exactly those bytes,
/// so that what follows `node` may be appended too.
pub(super) fn push_prefix(node: &Node, literals: &[u8], prefix: &mut Vec<u8>) -> bool {
    match &node.kind {
        NodeKind::Empty | NodeKind::Flags | NodeKind::Look(_) => true,
        NodeKind::Literal { bytes, .. } => {
            prefix.extend_from_slice(&literals[bytes.clone()]);
            true
        }
        NodeKind::Set => false,
        NodeKind::Repeat { part, min, max, .. } => {
            *min >= 1 && push_prefix(part, literals, prefix) && *min == 1 && *max == Some(1)
        }
        NodeKind::Concat(parts) => parts.iter().all(|part| push_prefix(part, literals, prefix)),
        NodeKind::Alternate(branches) => {
            push_common_prefix(branches, literals, prefix);
            false
        }
    }
}

fn push_common_prefix(branches: &[Node], literals: &[u8], prefix: &mut Vec<u8>) {
    let mut common: Option<Vec<u8>> = None;
    for branch in branches {
        let mut own = Vec::new();
        push_prefix(branch, literals, &mut own);
        let shared = common.as_ref().map_or(own.len(), |common| {
            common.iter().zip(&own).take_while(|(left, right)| left == right).count()
        });
        own.truncate(shared);
        common = Some(own);
    }
    prefix.extend(common.unwrap_or_default());
}
