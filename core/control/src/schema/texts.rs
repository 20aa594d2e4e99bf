//! Forms: names like `config.key_names[1]` put together to an entity, and texts typed by its table.
//!
//! As Kong has it (`kong/api/arguments.lua`, `arguments_decoder.lua`). What does not convert stays
//! text, so that validation says what was expected.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Number, Value};

use super::validate::plugin_of;
use super::{EntityKind, Field, FieldKind, Object, PluginSchema};

/// Most names in one name of a form: `a.b[1]` has three.
const DEPTH_MAX: usize = 16;

/// What a caller sent of an entity.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Values with types, from JSON.
    Object(&'a Object),
    /// Texts, from a form.
    Texts(&'a Texts),
}

impl<'a> From<&'a Object> for Input<'a> {
    fn from(object: &'a Object) -> Self {
        Input::Object(object)
    }
}

impl<'a> From<&'a Texts> for Input<'a> {
    fn from(texts: &'a Texts) -> Self {
        Input::Texts(texts)
    }
}

impl<'a> Input<'a> {
    /// The members of what is no entity, typed by the table of its fields.
    pub(crate) fn typed_by(self, fields: &[Field]) -> Cow<'a, Object> {
        match self {
            Input::Object(object) => Cow::Borrowed(object),
            Input::Texts(texts) => Cow::Owned(Typing { plugin: None }.members(fields, &texts.0)),
        }
    }

    /// Its members, typed by the table of `kind`; `current` is the entity that they change, if any.
    pub fn typed(self, kind: EntityKind, current: Option<&Object>) -> Cow<'a, Object> {
        match self {
            Input::Object(object) => Cow::Borrowed(object),
            Input::Texts(texts) => Cow::Owned(texts.typed(kind, current)),
        }
    }
}

/// The texts of a form, by their names.
#[derive(Debug, Default)]
pub struct Texts(BTreeMap<String, Node>);

impl Texts {
    /// Adds a text. A name that is not well-formed is taken for the name of a field.
    pub fn add(&mut self, name: &str, text: String) {
        let (first, steps) = parse(name).unwrap_or((name, Vec::new()));
        let mut node = self.0.entry(first.to_owned()).or_default();
        for (at, step) in steps.iter().enumerate() {
            node = match step {
                Step::Member(name) => node.members.entry((*name).to_owned()).or_default(),
                Step::Place(place) => node.places.entry(*place).or_default(),
                Step::Next if at + 1 == steps.len() => return node.appended.push(text),
                // Kong takes `a[].b` for `a[1].b`.
                Step::Next => node.places.entry(1).or_default(),
            };
        }
        node.texts.push(text);
    }

    fn typed(&self, kind: EntityKind, current: Option<&Object>) -> Object {
        let named = self.0.get("name").and_then(Node::only_text);
        let named = named.map(|name| Object::from_iter([("name".to_owned(), name.into())]));
        let plugin = named.as_ref().or(current).and_then(|object| plugin_of(kind, object));
        Typing { plugin }.members(kind.schema().fields, &self.0)
    }
}

/// What stands under one name.
#[derive(Debug, Default)]
struct Node {
    /// Under this very name.
    texts: Vec<String>,
    /// Under `name.x` and `name[x]`.
    members: BTreeMap<String, Node>,
    /// Under `name[1]`. Only what is named takes room.
    places: BTreeMap<u32, Node>,
    /// Under `name[]`.
    appended: Vec<String>,
}

impl Node {
    /// The one text, if there is nothing else.
    fn only_text(&self) -> Option<&str> {
        match self.texts.as_slice() {
            [text] if self.members.is_empty() && !self.is_list() => Some(text),
            _ => None,
        }
    }

    fn is_list(&self) -> bool {
        !(self.places.is_empty() && self.appended.is_empty())
    }

    /// What it looks like by itself. Texts beside members are put so that no table has a place for them.
    fn untyped(&self) -> Value {
        if let Some(text) = self.only_text() {
            return text.into();
        }
        let members = self.members.iter().map(|(name, node)| (name.clone(), node.untyped()));
        if self.texts.is_empty() && !self.is_list() {
            return Value::Object(members.collect());
        }
        let texts = self.texts.iter().chain(&self.appended).map(|text| text.as_str().into());
        let places = self.places.values().map(Node::untyped);
        texts.chain(places).chain(members.map(|(_, value)| value)).collect()
    }
}

/// Typing, for the settings of one plugin.
struct Typing {
    plugin: Option<&'static PluginSchema>,
}

impl Typing {
    fn members(&self, fields: &[Field], nodes: &BTreeMap<String, Node>) -> Object {
        let typed = |(name, node): (&String, &Node)| {
            let field = fields.iter().find(|field| field.name == name);
            (name.clone(), field.map_or_else(|| node.untyped(), |field| self.value(field.kind, node)))
        };
        nodes.iter().map(typed).collect()
    }

    fn value(&self, kind: FieldKind, node: &Node) -> Value {
        if let Some(text) = node.only_text() {
            return typed_text(kind, text);
        }
        match kind {
            FieldKind::Array(element) | FieldKind::Set(element) if node.members.is_empty() => {
                let texts = |texts: &[String]| -> Vec<Value> {
                    texts.iter().map(|text| typed_text(element.kind, text)).collect()
                };
                let places = node.places.values().map(|node| self.value(element.kind, node));
                texts(&node.texts).into_iter().chain(places).chain(texts(&node.appended)).collect()
            }
            FieldKind::Map(_, value) if node.texts.is_empty() && node.appended.is_empty() => {
                let members = node.members.iter().map(|(name, node)| (name.clone(), node));
                let places = node.places.iter().map(|(place, node)| (place.to_string(), node));
                members.chain(places).map(|(name, node)| (name, self.value(value.kind, node))).collect()
            }
            FieldKind::Record(fields) => self.record(fields, node),
            FieldKind::Foreign(to, _) => self.record(to.schema().fields, node),
            FieldKind::PluginConfig => match self.plugin {
                Some(plugin) => self.record(plugin.config, node),
                None => node.untyped(),
            },
            _ => node.untyped(),
        }
    }

    fn record(&self, fields: &[Field], node: &Node) -> Value {
        match node.texts.is_empty() && !node.is_list() {
            true => Value::Object(self.members(fields, &node.members)),
            false => node.untyped(),
        }
    }
}

fn typed_text(kind: FieldKind, text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    match (kind, text) {
        (FieldKind::Integer | FieldKind::Number | FieldKind::WholeNumber, _) => {
            number(text).map_or_else(|| text.into(), Value::Number)
        }
        (FieldKind::Boolean, "true") => true.into(),
        (FieldKind::Boolean, "false") => false.into(),
        (FieldKind::Array(element) | FieldKind::Set(element), _) => {
            vec![typed_text(element.kind, text)].into()
        }
        _ => text.into(),
    }
}

/// A number as Lua reads decimal ones.
fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let whole = text.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| text.parse().ok().and_then(Number::from_f64)).filter(|_| decimal)
}

/// A step from a name of a form to what is below it.
#[derive(Debug, PartialEq)]
enum Step<'a> {
    /// `.x`, `[x]`
    Member(&'a str),
    /// `[1]`
    Place(u32),
    /// `[]`
    Next,
}

/// The first name in a name of a form, and the steps from there; `None` where it is not well-formed.
/// A bracket or a dot at the very beginning is a part of the first name.
fn parse(name: &str) -> Option<(&str, Vec<Step<'_>>)> {
    let begins_below = |(_, c): &(usize, char)| matches!(c, '.' | '[');
    let first = name.char_indices().skip(1).find(begins_below).map_or(name.len(), |(at, _)| at);
    let (first, mut rest) = name.split_at(first);
    if name.starts_with('.') || name.ends_with('.') {
        return None;
    }
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() + 1 == DEPTH_MAX {
            return None;
        }
        if let Some(bracketed) = rest.strip_prefix('[') {
            let (inside, after) = bracketed.split_once(']')?;
            steps.push(match inside.parse() {
                _ if inside.is_empty() => Step::Next,
                Ok(place) => Step::Place(place),
                Err(_) => Step::Member(inside),
            });
            rest = after;
        } else {
            // Several dots are as one.
            let dotted = rest.trim_start_matches('.');
            let (member, after) = dotted.split_at(dotted.find(['.', '[']).unwrap_or(dotted.len()));
            steps.extend((!member.is_empty()).then_some(Step::Member(member)));
            rest = after;
        }
    }
    Some((first, steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn typed(kind: EntityKind, pairs: &[(&str, &str)]) -> Value {
        let mut texts = Texts::default();
        for (name, text) in pairs {
            texts.add(name, (*text).to_owned());
        }
        Value::Object(Input::from(&texts).typed(kind, None).into_owned())
    }

    #[track_caller]
    fn check(kind: EntityKind, pairs: &[(&str, &str)], expected: Value) {
        assert_eq!(typed(kind, pairs), expected, "{pairs:?}");
    }

    #[test]
    fn names_are_taken_apart() {
        use Step::{Member, Next, Place};
        for (name, first, steps) in [
            ("a", "a", vec![]),
            ("", "", vec![]),
            ("a.b", "a", vec![Member("b")]),
            ("a..b", "a", vec![Member("b")]),
            ("a[b]", "a", vec![Member("b")]),
            ("a[b.c].d", "a", vec![Member("b.c"), Member("d")]),
            ("a[]", "a", vec![Next]),
            ("a[12]", "a", vec![Place(12)]),
            ("a.b[1][x]", "a", vec![Member("b"), Place(1), Member("x")]),
            ("a.1", "a", vec![Member("1")]),
            ("a[99999999999]", "a", vec![Member("99999999999")]),
            ("[1].a", "[1]", vec![Member("a")]),
            ("é.b", "é", vec![Member("b")]),
        ] {
            assert_eq!(parse(name), Some((first, steps)), "{name}");
        }
        for name in [".a", "a.", ".", "a[", "a[b", "a[[b", &format!("a{}", ".b".repeat(99))] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn texts_are_typed_by_their_fields() {
        let kind = EntityKind::Services;
        check(kind, &[("port", "80"), ("retries", "1e1")], json!({"port": 80, "retries": 10.0}));
        check(kind, &[("port", "x80"), ("retries", "inf")], json!({"port": "x80", "retries": "inf"}));
        check(kind, &[("enabled", "false"), ("name", "1")], json!({"enabled": false, "name": "1"}));
        check(kind, &[("enabled", "no"), ("name", "")], json!({"enabled": "no", "name": null}));
        check(kind, &[("name", "a"), ("name", "b")], json!({"name": ["a", "b"]}));
        check(kind, &[("tags", "a")], json!({"tags": ["a"]}));
        check(kind, &[("tags", "a"), ("tags", "b")], json!({"tags": ["a", "b"]}));
        check(kind, &[("tags", ""), ("tags[]", "")], json!({"tags": [null, null]}));
        check(kind, &[("tags", "")], json!({"tags": null}));
        check(kind, &[("url", "http://a"), ("x[y]", "")], json!({"url": "http://a", "x": {"y": ""}}));
        check(kind, &[("a[", "b")], json!({"a[": "b"}));
    }

    #[test]
    fn lists_and_maps_are_put_together() {
        let kind = EntityKind::Routes;
        let hosts = [("hosts[2]", "b"), ("hosts[1000000000]", "c"), ("hosts[1]", "a"), ("hosts[]", "d")];
        check(kind, &hosts, json!({"hosts": ["a", "b", "c", "d"]}));
        let headers =
            [("headers[x-a]", "1"), ("headers.x-b", "2"), ("headers[x-b][1]", "3"), ("headers[4]", "5")];
        check(kind, &headers, json!({"headers": {"x-a": ["1"], "x-b": ["2", "3"], "4": ["5"]}}));
        check(
            kind,
            &[("service.id", "x"), ("sources[1].port", "1")],
            json!({"service": {"id": "x"}, "sources": [{"port": 1}]}),
        );
        check(kind, &[("service", "")], json!({"service": null}));
        // What cannot be meant is left for validation to refuse.
        check(kind, &[("service", "x"), ("service.id", "y")], json!({"service": ["x", "y"]}));
        check(kind, &[("hosts", "x"), ("hosts.y", "z")], json!({"hosts": ["x", "z"]}));
        check(kind, &[("headers", "x")], json!({"headers": "x"}));
        check(kind, &[("headers[]", "x")], json!({"headers": ["x"]}));
    }

    #[test]
    fn settings_are_typed_by_the_plugin() {
        let kind = EntityKind::Plugins;
        let config = [("config.hide_credentials", "true"), ("config.key_names", "a")];
        let named = [&[("name", "key-auth")], config.as_slice()].concat();
        let settings = json!({"hide_credentials": true, "key_names": ["a"]});
        check(kind, &named, json!({"name": "key-auth", "config": settings}));
        let untyped = json!({"hide_credentials": "true", "key_names": "a"});
        check(kind, &config, json!({"config": untyped}));
        let mut texts = Texts::default();
        config.iter().for_each(|(name, text)| texts.add(name, (*text).to_owned()));
        let current = Object::from_iter([("name".to_owned(), json!("key-auth"))]);
        assert_eq!(Input::from(&texts).typed(kind, Some(&current))["config"], settings);
    }
}
