//! Members that change nothing, taken out of a declaration's text where they stand.
//!
//! Nothing is written anew. What comes of it is read once more, and must say the same but for them.

use std::collections::BTreeMap;
use std::ops::Range;

use latchkey_control::schema::plugin;
use saphyr_parser::ScalarStyle;
use serde_json::Value;

use super::flatten::{Fault, Kind, config_holder, shown};
use super::keys::scalar_length;
use super::members::{self, Holder, Verdict, WEBSOCKET, WEBSOCKET_WHY};
use super::node::{Content, Member, Node, read_yaml};

/// A text less what changes nothing in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stripped {
    pub(crate) text: String,
    /// What was taken out, a sentence each.
    pub(crate) notices: Vec<String>,
}

/// Takes out of the entities of a declaration, where their kinds and plugins are here, what only other
/// Kongs have. What cannot be read stays as it is. The error is not empty: what is there has an effect.
pub(crate) fn strip(text: &str) -> Result<Stripped, Vec<Fault>> {
    let Ok(root) = read_yaml(text) else {
        return Ok(Stripped { text: text.to_owned(), notices: Vec::new() });
    };
    let mut walk = Walk { text: Text::new(text), cuts: Vec::new(), faults: Vec::new(), is_editable: true };
    walk.holder(Holder::Declaration, &root);
    if !walk.faults.is_empty() {
        return Err(walk.faults);
    }
    let mut expected = root.to_json();
    let mut left_out = BTreeMap::new();
    prune(Holder::Declaration, &mut expected, &mut left_out);
    if left_out.is_empty() {
        return Ok(Stripped { text: text.to_owned(), notices: Vec::new() });
    }
    let edited = walk.text.edited(walk.cuts);
    let stands = walk.is_editable && read_yaml(&edited).is_ok_and(|after| after.to_json() == expected);
    if !stands {
        let names: Vec<&str> = left_out.keys().map(|(_, name, _)| name.as_str()).collect();
        let sentence = format!("take these out, which change nothing: {}", names.join(", "));
        return Err(vec![Fault::new(0, sentence)]);
    }
    let notice = |((holder, name, why), count): (&(Holder, String, &str), &usize)| {
        let times = if *count == 1 { String::new() } else { format!(" ({count} times)") };
        format!("left out: {name} of {}{times}: {why}", holder.name())
    };
    let notices = left_out.iter().map(notice).collect();
    Ok(Stripped { text: edited, notices })
}

/// What was left out: of what, its name, why; and how often.
type LeftOut = BTreeMap<(Holder, String, &'static str), usize>;

/// What stands behind a name in a holder: something that has members of its own, or a list of such.
fn inside(holder: Holder, name: &str) -> Option<Inside> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.holder() == holder);
    match (holder, name, kind) {
        (Holder::Declaration, "_info", _) => Some(Inside::One(Holder::Info)),
        (Holder::Declaration, name, _) => Kind::of_list(name).map(Inside::Each),
        (_, name, Some(kind)) => kind.nested(name).map(Inside::Each),
        _ => None,
    }
}

enum Inside {
    One(Holder),
    Each(Kind),
}

/// The same of what has been read.
fn prune(holder: Holder, value: &mut Value, left_out: &mut LeftOut) {
    let Value::Object(members) = value else { return };
    let config = match holder {
        Holder::Plugin => match members.get("name").and_then(Value::as_str).and_then(plugin) {
            Some(plugin) => Some(config_holder(plugin)),
            None => return,
        },
        _ => None,
    };
    let idle = |name: &str, value: &Value| match members::judge(holder, name, value) {
        Verdict::Idle(why) => Some(why),
        _ => None,
    };
    members.retain(|name, value| {
        let why = idle(name, value);
        if let Some(why) = why {
            *left_out.entry((holder, name.clone(), why)).or_default() += 1;
        }
        why.is_none()
    });
    for (name, value) in members.iter_mut() {
        match (inside(holder, name), config) {
            (Some(Inside::One(holder)), _) => prune(holder, value, left_out),
            (Some(Inside::Each(kind)), _) => {
                for element in value.as_array_mut().into_iter().flatten() {
                    prune(kind.holder(), element, left_out);
                }
            }
            (None, Some(config)) if name == "config" => prune(config, value, left_out),
            (None, Some(_)) if name == "protocols" => prune_protocols(value, left_out),
            _ => {}
        }
    }
}

fn prune_protocols(value: &mut Value, left_out: &mut LeftOut) {
    let Value::Array(protocols) = value else { return };
    let is_same = |protocols: &[Value]| {
        let texts: Vec<&str> = protocols.iter().filter_map(Value::as_str).collect();
        members::is_same_without_websocket(&texts)
    };
    if !is_same(protocols) {
        return;
    }
    protocols.retain(|protocol| {
        let websocket = protocol.as_str().filter(|protocol| WEBSOCKET.contains(protocol));
        if let Some(name) = websocket {
            let name = format!("protocol {name}");
            *left_out.entry((Holder::Plugin, name, WEBSOCKET_WHY)).or_default() += 1;
        }
        websocket.is_none()
    });
}

/// Finds what to cut, and what is refused.
struct Walk<'t> {
    text: Text<'t>,
    cuts: Vec<Cut>,
    faults: Vec<Fault>,
    is_editable: bool,
}

impl Walk<'_> {
    fn holder(&mut self, holder: Holder, node: &Node) {
        let Some(members) = node.members() else { return };
        let name = node.member("name").and_then(Node::text);
        let config = match holder {
            Holder::Plugin => match name.and_then(plugin) {
                Some(plugin) => Some(config_holder(plugin)),
                None => return,
            },
            _ => None,
        };
        let mut is_idle = Vec::with_capacity(members.len());
        for member in members {
            let value = member.value.to_json();
            let verdict = members::judge(holder, &member.name, &value);
            is_idle.push(matches!(verdict, Verdict::Idle(_)));
            match (verdict, inside(holder, &member.name), config) {
                (Verdict::Refused(why), ..) => self.refuse(holder, name, member, &value, why),
                (Verdict::Idle(_), ..) => {}
                (Verdict::Ours, Some(Inside::One(holder)), _) => self.holder(holder, &member.value),
                (Verdict::Ours, Some(Inside::Each(kind)), _) => {
                    for element in member.value.elements().unwrap_or_default() {
                        self.holder(kind.holder(), element);
                    }
                }
                (Verdict::Ours, None, Some(config)) if &*member.name == "config" => {
                    self.holder(config, &member.value);
                }
                (Verdict::Ours, None, Some(_)) if &*member.name == "protocols" => {
                    self.protocols(name, member)
                }
                (Verdict::Ours, None, _) => {}
            }
        }
        if is_idle.contains(&true) {
            let items = members.iter().map(|member| self.text.member(member)).collect();
            let is_here = members.iter().all(|member| is_within(&member.span, node));
            self.cut(node, is_here, items, &is_idle, "{}");
        }
    }

    fn refuse(&mut self, holder: Holder, of: Option<&str>, member: &Member, value: &Value, why: &str) {
        let of = of.map_or(String::new(), |name| format!(" {name}"));
        let (holder, name, value) = (holder.name(), &member.name, shown(value));
        let sentence = format!("{holder}{of}: {name}: {value} cannot be kept: {why}");
        self.faults.push(Fault::new(member.line, sentence));
    }

    fn protocols(&mut self, of: Option<&str>, member: &Member) {
        let elements = member.value.elements().unwrap_or_default();
        let texts: Vec<&str> = elements.iter().filter_map(Node::text).collect();
        let is_idle: Vec<bool> = elements
            .iter()
            .map(|element| element.text().is_some_and(|text| WEBSOCKET.contains(&text)))
            .collect();
        if !is_idle.contains(&true) {
            return;
        }
        if !members::is_same_without_websocket(&texts) {
            return self.refuse(Holder::Plugin, of, member, &member.value.to_json(), WEBSOCKET_WHY);
        }
        let items = elements.iter().map(|element| self.text.element(element)).collect();
        let is_here = elements.iter().all(|element| is_within(&element.span, &member.value));
        self.cut(&member.value, is_here, items, &is_idle, "[]");
    }

    /// Cuts some of what is in a mapping or list. What an alias or a merge brings is not `here`: it is cut
    /// where it is written, or not, which is seen in the end.
    fn cut(
        &mut self,
        node: &Node,
        is_here: bool,
        items: Option<Vec<Range<usize>>>,
        is_idle: &[bool],
        empty: &'static str,
    ) {
        if !is_here {
            return;
        }
        let cuts = items.and_then(|items| self.text.cuts(node, &items, is_idle, empty));
        match cuts {
            Some(cuts) => self.cuts.extend(cuts),
            None => self.is_editable = false,
        }
    }
}

fn is_within(span: &Range<usize>, node: &Node) -> bool {
    node.span.start <= span.start && span.end <= node.span.end
}

/// A place in bytes, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cut {
    start: usize,
    end: usize,
    with: &'static str,
}

/// A text whose places the parser counts in characters.
struct Text<'t> {
    text: &'t str,
    /// Of each character its byte; empty: they are the same.
    bytes: Vec<usize>,
}

impl<'t> Text<'t> {
    fn new(text: &'t str) -> Self {
        let bytes = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
        };
        Text { text, bytes }
    }

    fn at(&self, character: usize) -> usize {
        if self.bytes.is_empty() {
            return character.min(self.text.len());
        }
        self.bytes.get(character).copied().unwrap_or(self.text.len())
    }

    /// From the beginning of a name to the end of its value.
    fn member(&self, member: &Member) -> Option<Range<usize>> {
        let name_end = self.at(member.span.end);
        let behind = self.text[name_end..].trim_start_matches([' ', '\t']);
        let colon = self.text.len() - behind.len();
        let end = match self.end(&member.value) {
            Some(end) => end,
            None => behind.starts_with(':').then_some(colon + 1)?,
        };
        Some(self.at(member.span.start)..end)
    }

    /// From the beginning of an element, its dash included in the block style, to its end.
    fn element(&self, element: &Node) -> Option<Range<usize>> {
        let start = self.at(element.span.start);
        let before = self.text[..start].trim_end_matches([' ', '\t']);
        let start = if before.ends_with('-') { before.len() - 1 } else { start };
        Some(start..self.end(element)?)
    }

    /// Where the last that is written of a value ends; `None`: nothing is written.
    fn end(&self, node: &Node) -> Option<usize> {
        let (start, end) = (self.at(node.span.start), self.at(node.span.end));
        match &node.content {
            Content::Mapping(_) | Content::List(_) if self.is_flow(node) => Some(end + 1),
            Content::Mapping(members) => self.member(members.last()?).map(|member| member.end),
            Content::List(elements) => self.end(elements.last()?),
            _ => scalar_end(self.text.get(start..end)?).map(|length| start + length),
        }
    }

    /// Whether a mapping or list is in brackets.
    fn is_flow(&self, node: &Node) -> bool {
        let opening = self.text.get(self.at(node.span.start)..self.at(node.opened)).unwrap_or_default();
        opening.trim_end().ends_with(['{', '['])
    }

    fn cuts(
        &self,
        node: &Node,
        items: &[Range<usize>],
        is_idle: &[bool],
        empty: &'static str,
    ) -> Option<Vec<Cut>> {
        let is_flow = self.is_flow(node);
        if is_idle.iter().all(|idle| *idle) {
            let (first, last) = (items.first()?, items.last()?);
            let with = if is_flow { "" } else { empty };
            return Some(vec![Cut { start: first.start, end: last.end, with }]);
        }
        let mut cuts = Vec::new();
        let mut at = 0;
        while let Some(length) = is_idle[at..].iter().position(|idle| *idle) {
            let first = at + length;
            let run = is_idle[first..].iter().take_while(|idle| **idle).count();
            let cut =
                if is_flow { flow(items, first, first + run) } else { self.block(items, first, first + run) };
            cuts.push(cut?);
            at = first + run;
        }
        Some(cuts)
    }

    /// Whole lines; or, where something stands before the first, up to what is behind the last.
    fn block(&self, items: &[Range<usize>], first: usize, end: usize) -> Option<Cut> {
        let (start, last) = (items[first].start, items[end - 1].end);
        let line = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        if !self.text[line..start].trim_start_matches('\u{feff}').trim().is_empty() {
            let next = items.get(end)?.start;
            return Some(Cut { start, end: next, with: "" });
        }
        let rest = self.text[last..].split_inclusive('\n').next().unwrap_or_default();
        let is_over = rest.trim().is_empty() || rest.trim_start().starts_with('#');
        is_over.then_some(Cut { start: line, end: last + rest.len(), with: "" })
    }

    fn edited(&self, mut cuts: Vec<Cut>) -> String {
        cuts.sort_unstable();
        cuts.dedup();
        let (mut edited, mut kept) = (String::with_capacity(self.text.len()), 0);
        for cut in cuts {
            // Where two overlap the text would not say what it should, which is seen when it is read.
            if cut.start >= kept {
                edited += &self.text[kept..cut.start];
                edited += cut.with;
                kept = cut.end;
            }
        }
        edited + &self.text[kept..]
    }
}

/// In `{…}` and `[…]`: with one comma.
fn flow(items: &[Range<usize>], first: usize, end: usize) -> Option<Cut> {
    match (items.get(end), first.checked_sub(1)) {
        (Some(next), _) => Some(Cut { start: items[first].start, end: next.start, with: "" }),
        (None, Some(before)) => Some(Cut { start: items[before].end, end: items[end - 1].end, with: "" }),
        (None, None) => None,
    }
}

/// Length of the scalar that a text begins with; `None`: there is none, or a block, an anchor or a tag.
fn scalar_end(text: &str) -> Option<usize> {
    let style = match text.bytes().next()? {
        b'|' | b'>' | b'&' | b'!' => return None,
        b'"' => ScalarStyle::DoubleQuoted,
        b'\'' => ScalarStyle::SingleQuoted,
        _ => ScalarStyle::Plain,
    };
    scalar_length(text, style).filter(|length| *length > 0)
}
