//! What is refused of routes besides what their schema says.

use latchkey_router::OwnPaths;
use serde_json::Value;

use super::Error;
use crate::schema::{Object, Violation};

/// No route takes a path that the gateway answers itself: it would never see what asks for it.
pub(super) fn refuse_own_paths(own_paths: &OwnPaths, route: &Object) -> Result<(), Error> {
    let paths = route.get("paths").and_then(Value::as_array).into_iter().flatten();
    let faults: Vec<Value> = paths
        .map(|path| match path.as_str().is_some_and(|path| own_paths.is_taken_by(path)) {
            true => Value::from("is a path of the gateway itself"),
            false => Value::Null,
        })
        .collect();
    match faults.iter().all(Value::is_null) {
        true => Ok(()),
        false => Err(Error::Schema(Violation::of("paths", faults))),
    }
}
