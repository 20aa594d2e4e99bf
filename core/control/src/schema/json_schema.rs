//! The tables as JSON Schema 2020-12, the dialect of OpenAPI 3.1.
//!
//! What a [`Check::Text`] or a pattern of Lua's asks cannot be said there, nor a rule over several fields:
//! what its schema allows may still be refused.
//! Lengths of texts are counted in bytes here and in characters there, so that the schema allows more.

use serde_json::{Map, Value, json};

use super::{Check, EntityKind, Fallback, Field, FieldKind, Object, PLUGINS, PluginSchema, service_url};

/// From which side an entity is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// In an answer: every field is there.
    Answered,
    /// In the body of POST and PUT: absent fields take their defaults.
    Sent,
    /// In the body of PATCH: absent fields stay as they are, null clears.
    Changes,
}

impl View {
    /// Every view.
    pub const ALL: [View; 3] = [View::Answered, View::Sent, View::Changes];

    /// What stands behind the name of what is looked at, in the name of its schema.
    fn suffix(self) -> &'static str {
        match self {
            View::Answered => "",
            View::Sent => ".new",
            View::Changes => ".change",
        }
    }

    fn is_sent(self) -> bool {
        self != View::Answered
    }
}

/// Where the schema of a name is in the document.
pub fn reference_to(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Name of the schema of a kind's entities.
pub fn entity_name(kind: EntityKind, view: View) -> String {
    format!("{}{}", kind.name(), view.suffix())
}

/// Name of the schema of a plugin's configuration.
pub fn config_name(plugin: &PluginSchema, view: View) -> String {
    format!("{}.{}.config{}", EntityKind::Plugins.name(), plugin.name, view.suffix())
}

/// The schema of a kind's entities.
pub fn entity(kind: EntityKind, view: View) -> Value {
    let mut schema = record(kind.schema().fields, view);
    if kind == EntityKind::Services && view.is_sent() {
        schema["properties"]["url"] = field(&service_url::URL, view);
    }
    if kind == EntityKind::Services && view == View::Sent {
        // One of the fields that `url` stands for is required.
        schema["anyOf"] = json!([{"required": ["url"]}, {"required": schema["required"]}]);
        schema.as_object_mut().map(|schema| schema.remove("required"));
    }
    schema
}

/// The schema of a plugin's configuration.
pub fn config(plugin: &PluginSchema, view: View) -> Value {
    record(plugin.config, view)
}

/// The schema of an object that has these fields and no others.
pub fn record(fields: &[Field], view: View) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|one| (one.name.to_owned(), field(one, view))).collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| is_there(field, view)).map(|field| field.name).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Whether a field is in every object. One that refers to an entity may be given by the path instead.
fn is_there(field: &Field, view: View) -> bool {
    match view {
        View::Answered => !field.omit_null,
        View::Sent => {
            let is_filled_in = field.auto || field.read_only || !matches!(field.default, Fallback::None);
            let is_given =
                matches!(field.kind, FieldKind::PluginConfig | FieldKind::Foreign(..) | FieldKind::Absent(_));
            field.required && !is_filled_in && !is_given
        }
        View::Changes => false,
    }
}

/// The schema of a field's values.
fn field(field: &Field, view: View) -> Value {
    if field.read_only && view.is_sent() {
        // What is sent is not looked at.
        return json!({"description": field.description, "readOnly": true});
    }
    let mut schema = values(field, view);
    let may_be_null = match view {
        View::Answered => !field.required && !field.omit_null && (!field.auto || field.write_only),
        View::Sent | View::Changes => !field.required || field.auto,
    };
    if may_be_null {
        schema = nullable(schema);
    }
    schema.insert("description".to_owned(), field.description.into());
    if view == View::Sent && !matches!(field.default, Fallback::None) {
        schema.insert("default".to_owned(), field.default.value());
    }
    if view.is_sent() && field.write_only {
        schema.insert("writeOnly".to_owned(), true.into());
    }
    Value::Object(schema)
}

/// The schema of the values of a field that is there and not null.
fn values(field: &Field, view: View) -> Object {
    let mut schema = of_kind(field.kind, view);
    if field.read_only {
        // Of what was sent a text is never empty.
        schema.remove("minLength");
    }
    // Of a field that is written alone, what is answered follows from something else: the seconds that are
    // left of an end, which was not given in seconds.
    let is_bounded = !(field.write_only && view == View::Answered);
    for check in field.checks.iter().filter(|_| is_bounded) {
        let said = of_check(check, field.kind).into_iter();
        schema.extend(said.map(|(name, value)| (name.to_owned(), value)));
    }
    schema
}

fn nullable(mut schema: Object) -> Object {
    match schema.get_mut("type") {
        Some(name) => {
            *name = json!([name.take(), "null"]);
            if let Some(Value::Array(choices)) = schema.get_mut("enum") {
                choices.push(Value::Null);
            }
            schema
        }
        None => Object::from_iter([("anyOf".to_owned(), json!([schema, {"type": "null"}]))]),
    }
}

fn of_kind(kind: FieldKind, view: View) -> Object {
    let element = |element| Value::Object(values(element, whole(view)));
    let schema = match kind {
        FieldKind::String => json!({"type": "string", "minLength": 1}),
        FieldKind::Uuid => json!({"type": "string", "format": "uuid"}),
        FieldKind::Integer | FieldKind::WholeNumber => json!({"type": "integer"}),
        FieldKind::Number => json!({"type": "number"}),
        FieldKind::Boolean => json!({"type": "boolean"}),
        FieldKind::Array(inner) => json!({"type": "array", "items": element(inner)}),
        FieldKind::Set(inner) if view.is_sent() => json!({"type": "array", "items": element(inner)}),
        FieldKind::Set(inner) => json!({"type": "array", "items": element(inner), "uniqueItems": true}),
        FieldKind::Map(keys, inner) => json!({
            "type": "object", "propertyNames": element(keys), "additionalProperties": element(inner),
        }),
        FieldKind::Record(fields) => record(fields, view),
        FieldKind::PluginConfig => {
            let configs = PLUGINS.iter().map(|plugin| reference_to(&config_name(plugin, view)));
            json!({"anyOf": configs.collect::<Vec<_>>()})
        }
        FieldKind::Foreign(to, _) => foreign(to.schema().endpoint_key, view),
        FieldKind::Absent(_) => foreign(None, view),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Object::new(),
    }
}

/// Elements do not merge: each is sent whole.
fn whole(view: View) -> View {
    if view.is_sent() { View::Sent } else { View::Answered }
}

/// A reference is sent by id, by a unique name (the endpoint key), or as the whole entity.
fn foreign(key: Option<&'static str>, view: View) -> Value {
    let id = json!({"type": "string", "format": "uuid"});
    if !view.is_sent() {
        return json!({
            "type": "object", "properties": {"id": id}, "required": ["id"], "additionalProperties": false,
        });
    }
    let mut properties = Map::from_iter([("id".to_owned(), id)]);
    properties.extend(key.map(|name| (name.to_owned(), json!({"type": "string"}))));
    json!({"type": "object", "properties": properties, "minProperties": 1})
}

fn of_check(check: &Check, kind: FieldKind) -> Vec<(&'static str, Value)> {
    let is_list = matches!(kind, FieldKind::Array(_) | FieldKind::Set(_));
    match check {
        Check::Between(from, to) => vec![("minimum", json!(from)), ("maximum", json!(to))],
        Check::OneOf(choices) => vec![("enum", json!(choices))],
        Check::OneOfIntegers(choices) => vec![("enum", json!(choices))],
        Check::LengthMax(most) if is_list => vec![("maxItems", json!(most))],
        Check::LengthMax(most) | Check::CharactersMax(most) => vec![("maxLength", json!(most))],
        Check::Timestamp => vec![("exclusiveMinimum", json!(0))],
        Check::LengthMin(least) if is_list => vec![("minItems", json!(least))],
        Check::LengthMin(least) => vec![("minLength", json!(least))],
        Check::Is(wanted) => vec![("const", json!(wanted))],
        // What is left is said by no keyword, or in the words of Lua.
        Check::Not(..)
        | Check::NotOneOf(_)
        | Check::LengthEq(_)
        | Check::StartsWith(_)
        | Check::Match(_)
        | Check::MatchNone(_)
        | Check::MatchAll(_)
        | Check::MatchAny(..)
        | Check::Contains(_)
        | Check::Elements(_)
        | Check::ExclusiveSubsets(_)
        | Check::Text(_) => vec![],
    }
}

/// The schema of a form's fields, under dotted names; the lists that it names are sent once for each
/// element. What stands deeper may be sent too, by names in the same manner.
pub fn form(kind: EntityKind) -> Value {
    let mut form = form_of(kind.schema().fields);
    if kind == EntityKind::Services {
        form["properties"]["url"] = form_of(&[service_url::URL])["properties"]["url"].take();
    }
    form
}

/// The same of fields that are no entity's.
pub fn form_of(fields: &[Field]) -> Value {
    let mut properties = Map::new();
    add_form_fields("", fields, &mut properties);
    json!({"type": "object", "properties": properties})
}

fn add_form_fields(prefix: &str, fields: &[Field], properties: &mut Object) {
    for field in fields.iter().filter(|field| !field.read_only) {
        let name = format!("{prefix}{}", field.name);
        let mut add = |name: String, mut schema: Object| {
            schema.insert("description".to_owned(), field.description.into());
            properties.insert(name, Value::Object(schema));
        };
        match field.kind {
            FieldKind::Array(_) | FieldKind::Set(_) => add(format!("{name}[]"), values(field, View::Sent)),
            FieldKind::Absent(_) => add(format!("{name}.id"), of_kind(FieldKind::String, View::Sent)),
            FieldKind::Foreign(to, _) => {
                for key in ["id"].into_iter().chain(to.schema().endpoint_key) {
                    add(format!("{name}.{key}"), of_kind(FieldKind::String, View::Sent));
                }
            }
            FieldKind::Record(inner) => add_form_fields(&format!("{name}."), inner, properties),
            FieldKind::PluginConfig => {
                for plugin in &PLUGINS {
                    add_form_fields(&format!("{name}."), plugin.config, properties);
                }
            }
            FieldKind::Map(..) => {}
            FieldKind::String
            | FieldKind::Uuid
            | FieldKind::Integer
            | FieldKind::Number
            | FieldKind::WholeNumber
            | FieldKind::Boolean => {
                add(name, values(field, View::Sent));
            }
        }
    }
}
