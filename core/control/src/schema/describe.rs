//! `/schemas/…`: the tables as Kong describes them.

use serde_json::{Map, Value, json};

use super::{
    EntityCheck, EntityKind, Fallback, Field, FieldKind, MUST_BE_NULL, OnDelete, PluginSchema, Variant,
    absent_kinds,
};

/// `/schemas/{entity}`, also of kinds that are described alone; `None`: there is no such kind.
pub fn describe(name: &str) -> Option<Value> {
    EntityKind::parse(name).map(describe_entity).or_else(|| describe_absent(name))
}

fn describe_absent(name: &str) -> Option<Value> {
    let (fields, checks) = absent_kinds::table(name)?;
    let mut described = describe_table(fields, checks);
    add_defaults(&mut described);
    Some(described)
}

/// Says of each record which values its fields have by default, if any has one.
fn add_defaults(described: &mut Value) {
    let fields = described.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten();
    let mut defaults = Map::new();
    for field in fields.filter_map(Value::as_object_mut) {
        for (name, field) in field.iter_mut() {
            add_defaults(field);
            defaults.extend(field.get("default").map(|default| (name.clone(), default.clone())));
        }
    }
    if described.get("type").is_some_and(|kind| kind == "record") && !defaults.is_empty() {
        described["default"] = Value::Object(defaults);
    }
}

/// `/schemas/{entity}`. Members of ours, where a kind has them: `shorthand_fields`, which stand for
/// others in what is sent, and `subschemas`, what else holds by the values of a field.
pub fn describe_entity(kind: EntityKind) -> Value {
    let schema = kind.schema();
    let mut described = describe_table(schema.fields, schema.checks);
    if !schema.shorthands.is_empty() {
        described["shorthand_fields"] = describe_fields(schema.shorthands);
    }
    if let Some(variants) = &schema.variants {
        let subschema = |variant: &Variant| json!({variants.key: variant.values, "fields": describe_fields(variant.fields)});
        described["subschemas"] = variants.of.iter().map(subschema).collect();
    }
    described
}

fn describe_table(fields: &[Field], checks: &[EntityCheck]) -> Value {
    json!({"fields": describe_fields(fields), "entity_checks": describe_checks(checks)})
}

fn describe_checks(checks: &[EntityCheck]) -> Value {
    checks.iter().map(EntityCheck::describe).collect()
}

/// `/schemas/plugins/{name}`: the fields in which its instances differ from those of other plugins.
pub fn describe_plugin(plugin: &PluginSchema) -> Value {
    let common = |name| EntityKind::Plugins.schema().field(name).map(describe_members).unwrap_or_default();
    let mut config = common("config");
    config.remove("abstract");
    config.insert("fields".to_owned(), describe_fields(plugin.config));
    if !plugin.checks.is_empty() {
        config.insert("entity_checks".to_owned(), describe_checks(plugin.checks));
    }
    let scope = plugin.scope.fields().iter().map(|field| json!({ field.name: describe_field(field) }));
    let others = [json!({"protocols": common("protocols")}), json!({"config": config})];
    let fields: Vec<Value> = scope.chain(others).collect();
    json!({"fields": fields, "entity_checks": []})
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
    let checks = field.checks.iter().flat_map(|check| check.describe());
    described.extend(checks.map(|(name, value)| (name.to_owned(), value)));
    if !field.entity_checks.is_empty() {
        described.insert("entity_checks".to_owned(), describe_checks(field.entity_checks));
    }
    if let Some(sentence) = field.forbidden {
        described.insert("eq".to_owned(), Value::Null);
        if sentence != MUST_BE_NULL {
            described.insert("err".to_owned(), sentence.into());
        }
    }
    described
}

/// The members that say which values a field takes.
fn describe_kind(kind: FieldKind) -> Map<String, Value> {
    let members = match kind {
        FieldKind::String => vec![("type", "string".into())],
        FieldKind::Uuid => vec![("type", "string".into()), ("uuid", true.into())],
        FieldKind::Integer => vec![("type", "integer".into())],
        FieldKind::Number | FieldKind::WholeNumber => vec![("type", "number".into())],
        FieldKind::Boolean => vec![("type", "boolean".into())],
        FieldKind::Array(element) => vec![("type", "array".into()), ("elements", describe_field(element))],
        FieldKind::Set(element) => vec![("type", "set".into()), ("elements", describe_field(element))],
        FieldKind::Map(keys, values) => {
            vec![("type", "map".into()), ("keys", describe_field(keys)), ("values", describe_field(values))]
        }
        FieldKind::Record(fields) => vec![("type", "record".into()), ("fields", describe_fields(fields))],
        FieldKind::PluginConfig => vec![("type", "record".into()), ("abstract", true.into())],
        FieldKind::Absent(kind) => vec![("type", "foreign".into()), ("reference", kind.into())],
        FieldKind::Foreign(to, on_delete) => {
            let cascades = (on_delete == OnDelete::Cascade).then(|| ("on_delete", "cascade".into()));
            let reference = [("type", "foreign".into()), ("reference", to.name().into())];
            reference.into_iter().chain(cascades).collect()
        }
    };
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
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
                    let fields = members
                        .iter()
                        .filter(|(name, _)| !matches!(name.as_str(), "entity_checks" | "default"));
                    fields.for_each(|(name, value)| check(value, &format!("{path}.{name}"), count));
                }
                Value::Array(elements) => elements.iter().for_each(|element| check(element, path, count)),
                _ => {}
            }
        }
        let mut count = 0;
        let names = EntityKind::ALL.into_iter().map(EntityKind::name);
        for name in names.chain(["upstreams", "targets"]) {
            check(&describe(name).unwrap(), name, &mut count);
        }
        for plugin in &PLUGINS {
            check(&describe_plugin(plugin), plugin.name, &mut count);
        }
        assert!(count > 150, "{count} fields were looked at");
    }

    fn field(described: &Value, path: &[&str]) -> Value {
        path.iter().fold(described.clone(), |record, name| {
            let fields = record["fields"].as_array().unwrap();
            fields.iter().find_map(|field| field.get(name)).unwrap_or_else(|| panic!("no {name}")).clone()
        })
    }

    #[test]
    fn fields_are_shown_in_kongs_shape() {
        let mut routes = describe("routes").unwrap();
        for (name, expected) in [
            ("id", json!({"type": "string", "uuid": true, "auto": true})),
            ("created_at", json!({"type": "integer", "timestamp": true, "auto": true})),
            ("strip_path", json!({"type": "boolean", "required": true, "default": true})),
            (
                "protocols",
                json!({"type": "set", "required": true, "default": ["http", "https"], "len_min": 1,
                       "mutually_exclusive_subsets":
                           [["http", "https"], ["tcp", "tls", "udp"], ["tls_passthrough"], ["grpc", "grpcs"]]}),
            ),
            ("methods", json!({"type": "set"})),
            ("service", json!({"type": "foreign", "reference": "services"})),
        ] {
            let mut shown = field(&routes, &[name]);
            shown
                .as_object_mut()
                .unwrap()
                .retain(|name, _| !matches!(name.as_str(), "description" | "elements"));
            assert_eq!(shown, expected, "{name}");
        }
        assert_eq!(field(&routes, &["methods"])["elements"]["match"], "^%u+$");
        assert_eq!(field(&routes, &["paths"])["elements"]["match_none"][0]["pattern"], "//");
        let checks = routes["entity_checks"].take();
        assert_eq!(
            checks[0],
            json!({"conditional": {
                "if_field": "protocols",
                "if_match": {"elements": {
                    "type": "string", "not_one_of": ["grpcs", "https", "tls", "tls_passthrough"]}},
                "then_field": "snis",
                "then_match": {"len_eq": 0},
                "then_err":
                    "'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'",
            }})
        );
        assert_eq!(checks[1], json!({"custom_entity_check": {"field_sources": ["paths", "headers"]}}));
        assert_eq!(
            checks[2]["conditional_at_least_one_of"]["else_then_at_least_one_of"],
            json!(["methods", "hosts", "headers", "paths"])
        );
        let services = describe("services").unwrap();
        assert_eq!(
            services["entity_checks"][0],
            json!({"conditional": {
                "if_field": "protocol",
                "if_match": {"one_of": ["tcp", "tls", "udp", "grpc", "grpcs"]},
                "then_field": "path",
                "then_match": {"eq": null},
            }})
        );
        assert_eq!(field(&services, &["client_certificate"])["reference"], "certificates");
        assert_eq!(services["shorthand_fields"][0]["url"]["write_only"], true);
        assert_eq!(
            describe("consumers").unwrap()["entity_checks"],
            json!([{"at_least_one_of": ["custom_id", "username"]}])
        );
        let plugins = describe("plugins").unwrap();
        assert_eq!(field(&plugins, &["route"])["on_delete"], "cascade");
        assert_eq!(field(&plugins, &["config"])["abstract"], true);
    }

    #[test]
    fn a_plugin_shows_in_what_it_differs_from_others() {
        let [key_auth, registration, _] = &PLUGINS;
        let shown = describe_plugin(key_auth);
        let names: Vec<&String> = shown["fields"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|field| field.as_object().unwrap().keys())
            .collect();
        assert_eq!(names, ["consumer", "protocols", "config"]);
        assert_eq!(field(&shown, &["consumer"]).get("eq"), Some(&Value::Null));
        assert_eq!(field(&shown, &["consumer"]).get("err"), None);
        assert_eq!(field(&shown, &["config", "key_names"])["default"], json!(["apikey"]));
        assert_eq!(field(&describe_plugin(registration), &["service"])["required"], true);
    }

    /// As Kong 3.9 answers them; decK fills in what a file leaves out.
    #[test]
    fn kinds_that_are_not_here_show_their_defaults() {
        let upstreams = describe("upstreams").unwrap();
        let checks = field(&upstreams, &["healthchecks"]);
        assert_eq!(checks["default"]["active"]["unhealthy"]["http_statuses"][0], 429);
        assert_eq!(checks["default"]["passive"]["type"], "http");
        assert_eq!(field(&checks, &["active", "concurrency"])["default"], 10);
        assert_eq!(field(&upstreams, &["slots"])["default"], 10_000);
        assert_eq!(
            upstreams["entity_checks"][9],
            json!({"distinct": ["hash_on_header", "hash_fallback_header"]})
        );
        assert_eq!(field(&describe("targets").unwrap(), &["weight"])["default"], 100);
        for (kind, name) in
            [("certificates", "cert"), ("ca_certificates", "cert"), ("snis", "certificate"), ("tags", "tag")]
        {
            assert_eq!(field(&describe(kind).unwrap(), &[name])["required"], true, "{kind}");
        }
        assert_eq!(describe("consumer_group_plugins"), None);
    }
}
