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
    let mut described = describe_kind(field.kind);
    if !matches!(field.default, Fallback::None) {
        described.insert("default".to_owned(), field.default.value());
    }
    let flags = [
        ("required", field.required),
        ("unique", field.unique),
        ("auto", field.auto),
        ("write_only", field.write_only),
        ("read_only", field.read_only),
    ];
    let set = flags.into_iter().filter(|(_, set)| *set);
    described.extend(set.map(|(name, _)| (name.to_owned(), true.into())));
    described.extend(field.checks.iter().filter_map(describe_check));
    Value::Object(described)
}

/// The members that say which values a field takes.
fn describe_kind(kind: FieldKind) -> Map<String, Value> {
    let (type_name, member) = match kind {
        FieldKind::String => ("string", None),
        FieldKind::Uuid => ("string", Some(("uuid", true.into()))),
        FieldKind::Integer => ("integer", None),
        FieldKind::Boolean => ("boolean", None),
        FieldKind::Array(element) => ("array", Some(("elements", describe_field(element)))),
        FieldKind::Set(element) => ("set", Some(("elements", describe_field(element)))),
        FieldKind::Map(keys, values) => {
            let members =
                [("type", "map".into()), ("keys", describe_field(keys)), ("values", describe_field(values))];
            return members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        }
        FieldKind::Record(fields) => ("record", Some(("fields", describe_fields(fields)))),
        FieldKind::PluginConfig => ("record", Some(("abstract", true.into()))),
        FieldKind::Foreign(to, _) => {
            ("foreign", Some(("reference", to.map_or("certificates", EntityKind::name).into())))
        }
    };
    let members = [Some(("type", type_name.into())), member];
    members.into_iter().flatten().map(|(name, value): (&str, Value)| (name.to_owned(), value)).collect()
}

fn describe_check(check: &Check) -> Option<(String, Value)> {
    let (name, value) = match check {
        Check::Between(from, to) => ("between", json!([from, to])),
        Check::OneOf(choices) => ("one_of", json!(choices)),
        Check::OneOfIntegers(choices) => ("one_of", json!(choices)),
        Check::LengthMax(most) => ("len_max", json!(most)),
        Check::Text(_) => return None,
    };
    Some((name.to_owned(), value))
}
