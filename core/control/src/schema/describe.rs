//! `/schemas/…`: the tables as Kong describes them.

use serde_json::{Map, Value, json};

use super::{Check, EntityKind, Fallback, Field, FieldKind, PluginSchema, Scope};

/// `/schemas/{entity}`.
pub fn describe_entity(kind: EntityKind) -> Value {
    let schema = kind.schema();
    let mut fields = describe_fields(schema.fields);
    if kind == EntityKind::Services
        && let Value::Array(fields) = &mut fields
    {
        fields.push(json!({"url": {"type": "string", "write_only": true}}));
    }
    let checks: Vec<Value> =
        schema.checks.iter().map(|check| json!({ check.name: {"fields": check.fields} })).collect();
    json!({"fields": fields, "entity_checks": checks})
}

/// `/schemas/plugins/{name}`.
pub fn describe_plugin(plugin: &PluginSchema) -> Value {
    let nothing = |reference: &str| json!({"type": "foreign", "reference": reference, "eq": null});
    let free = |reference: &str| json!({"type": "foreign", "reference": reference});
    let (service, route) = match plugin.scope {
        Scope::Any => (free("services"), free("routes")),
        Scope::Service => {
            (json!({"type": "foreign", "reference": "services", "required": true}), nothing("routes"))
        }
    };
    let protocols = EntityKind::Plugins.schema().field("protocols").map(describe_field).unwrap_or_default();
    json!({
        "fields": [
            {"consumer": nothing("consumers")},
            {"service": service},
            {"route": route},
            {"protocols": protocols},
            {"config": {"type": "record", "required": true, "fields": describe_fields(plugin.config)}},
        ],
        "entity_checks": [],
    })
}

fn describe_fields(fields: &[Field]) -> Value {
    fields.iter().map(|field| json!({ field.name: describe_field(field) })).collect()
}

fn describe_field(field: &Field) -> Value {
    let mut described = Map::new();
    let mut put = |name: &str, value: Value| described.insert(name.to_owned(), value);
    let (type_name, reference) = match field.kind {
        FieldKind::String => ("string", None),
        FieldKind::Uuid => ("string", None),
        FieldKind::Integer => ("integer", None),
        FieldKind::Boolean => ("boolean", None),
        FieldKind::Array(_) => ("array", None),
        FieldKind::Set(_) => ("set", None),
        FieldKind::Map(..) => ("map", None),
        FieldKind::Record(_) | FieldKind::PluginConfig => ("record", None),
        FieldKind::Foreign(to, _) => ("foreign", Some(to.map_or("certificates", EntityKind::name))),
    };
    put("type", type_name.into());
    match field.kind {
        FieldKind::Uuid => {
            put("uuid", true.into());
        }
        FieldKind::Array(element) | FieldKind::Set(element) => {
            put("elements", describe_field(element));
        }
        FieldKind::Map(keys, values) => {
            put("keys", describe_field(keys));
            put("values", describe_field(values));
        }
        FieldKind::Record(fields) => {
            put("fields", describe_fields(fields));
        }
        FieldKind::PluginConfig => {
            put("abstract", true.into());
        }
        FieldKind::String | FieldKind::Integer | FieldKind::Boolean | FieldKind::Foreign(..) => {}
    }
    if let Some(reference) = reference {
        put("reference", reference.into());
    }
    if !matches!(field.default, Fallback::None) {
        put("default", field.default.value());
    }
    let flags = [
        ("required", field.required),
        ("unique", field.unique),
        ("auto", field.auto),
        ("write_only", field.write_only),
        ("read_only", field.read_only),
    ];
    for (name, _) in flags.iter().filter(|(_, set)| *set) {
        put(name, true.into());
    }
    for check in field.checks {
        match check {
            Check::Between(from, to) => put("between", json!([from, to])),
            Check::OneOf(choices) => put("one_of", json!(choices)),
            Check::OneOfIntegers(choices) => put("one_of", json!(choices)),
            Check::LengthMax(most) => put("len_max", json!(most)),
            Check::Text(_) => None,
        };
    }
    Value::Object(described)
}
