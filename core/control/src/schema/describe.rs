//! `/schemas/…`: the tables as Kong describes them.

use serde_json::{Map, Value, json};

use super::{Check, EntityKind, Fallback, Field, FieldKind, PluginSchema, Scope, service_url};

/// `/schemas/{entity}`.
pub fn describe_entity(kind: EntityKind) -> Value {
    let schema = kind.schema();
    let mut fields = describe_fields(schema.fields);
    if kind == EntityKind::Services
        && let Value::Array(fields) = &mut fields
    {
        fields.push(json!({"url": describe_field(&service_url::URL)}));
    }
    let checks: Vec<Value> =
        schema.checks.iter().map(|check| json!({ check.name: {"fields": check.fields} })).collect();
    json!({"fields": fields, "entity_checks": checks})
}

/// `/schemas/plugins/{name}`.
pub fn describe_plugin(plugin: &PluginSchema) -> Value {
    let nothing = |name| narrowed(name, [("eq", Value::Null)]);
    let (service, route) = match plugin.scope {
        Scope::Any => (narrowed("service", []), narrowed("route", [])),
        Scope::Service => (narrowed("service", [("required", true.into())]), nothing("route")),
    };
    json!({
        "fields": [
            {"consumer": nothing("consumer")},
            {"service": service},
            {"route": route},
            {"protocols": narrowed("protocols", [])},
            {"config": narrowed("config", [("fields", describe_fields(plugin.config))])},
        ],
        "entity_checks": [],
    })
}

/// A field that all plugins have, as one plugin narrows it.
fn narrowed<const N: usize>(name: &str, members: [(&str, Value); N]) -> Value {
    let field = EntityKind::Plugins.schema().field(name);
    let mut described = field.map(describe_members).unwrap_or_default();
    described.remove("abstract");
    described.extend(members.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(described)
}

fn describe_fields(fields: &[Field]) -> Value {
    fields.iter().map(|field| json!({ field.name: describe_field(field) })).collect()
}

fn describe_field(field: &Field) -> Value {
    Value::Object(describe_members(field))
}

fn describe_members(field: &Field) -> Map<String, Value> {
    let mut described = describe_kind(field.kind);
    described.insert("description".to_owned(), field.description.into());
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
    described
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::PLUGINS;

    #[test]
    fn every_field_is_described_in_one_sentence() {
        fn check(described: &Value, path: &str, count: &mut usize) {
            match described {
                Value::Object(members) => {
                    if members.get("type").is_some_and(Value::is_string) {
                        let description = members.get("description").and_then(Value::as_str);
                        let description = description.unwrap_or_else(|| panic!("{path} has no description"));
                        assert!(description.ends_with('.'), "{path}: {description}");
                        assert!(!description.contains(". "), "{path}: {description}");
                        *count += 1;
                    }
                    members.iter().for_each(|(name, value)| check(value, &format!("{path}.{name}"), count));
                }
                Value::Array(elements) => elements.iter().for_each(|element| check(element, path, count)),
                _ => {}
            }
        }
        let mut count = 0;
        for kind in EntityKind::ALL {
            check(&describe_entity(kind), kind.name(), &mut count);
        }
        for plugin in &PLUGINS {
            check(&describe_plugin(plugin), plugin.name, &mut count);
        }
        assert!(count > 100, "{count} fields were looked at");
    }
}
