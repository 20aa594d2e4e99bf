//! A route as a form has it: several values one a line, header fields as `name: value`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::read::Route;
use crate::http::pages::faults::Faults;
use crate::http::pages::form::Form;
use crate::schema::Object;

/// Fields of the form that a fault can stand beside.
pub(super) const FIELDS: [&str; 6] = ["name", "service", "methods", "hosts", "paths", "headers"];

/// Texts of the form of what is stored.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) name: String,
    /// Id of its service.
    pub(super) service: String,
    pub(super) methods: String,
    pub(super) hosts: String,
    pub(super) paths: String,
    pub(super) headers: String,
}

impl Stored {
    pub(super) fn of(route: &Route) -> Self {
        let fields = route.headers.iter().flatten();
        let lines =
            fields.flat_map(|(name, values)| values.iter().map(move |value| format!("{name}: {value}")));
        Stored {
            name: route.name.clone().unwrap_or_default(),
            service: route.service.as_ref().map(|service| service.id.clone()).unwrap_or_default(),
            methods: route.methods().join("\n"),
            hosts: route.hosts().join("\n"),
            paths: route.paths().join("\n"),
            headers: lines.collect::<Vec<_>>().join("\n"),
        }
    }
}

/// What was typed, as the endpoint takes it.
pub(super) fn sent(form: &Form) -> Result<Object, Faults> {
    let service = form.given("service").map(|id| json!({"id": id}));
    let members = [
        ("name", form.value("name")),
        ("service", service.unwrap_or_default()),
        ("methods", several(form, "methods")),
        ("hosts", several(form, "hosts")),
        ("paths", several(form, "paths")),
        ("headers", headers(form)?),
        ("strip_path", form.is_ticked("strip_path").into()),
        ("preserve_host", form.is_ticked("preserve_host").into()),
    ];
    Ok(members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect())
}

/// The lines of a field in which something stands.
pub(super) fn lines<'f>(form: &'f Form, name: &str) -> impl Iterator<Item = &'f str> {
    form.exact(name).lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Null where there is no line.
fn several(form: &Form, name: &str) -> Value {
    let lines: Vec<&str> = lines(form, name).collect();
    if lines.is_empty() { Value::Null } else { lines.into() }
}

/// Header fields that were typed, one a line as `name: value`.
pub(super) fn headers(form: &Form) -> Result<Value, Faults> {
    let mut fields: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in lines(form, "headers") {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Faults::one("headers", &format!("'{line}' should be like 'name: value'")))?;
        fields.entry(name.trim()).or_default().push(value.trim());
    }
    Ok(if fields.is_empty() { Value::Null } else { json!(fields) })
}
