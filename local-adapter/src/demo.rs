//! `--demo`: everything needed to try the gateway out, made through the Admin API.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::control::Control;
use crate::control_plane::ControlRequest;
use crate::echo;

const DEVELOPER: &str = "demo@example.com";
/// Path of the credentials of an application, below the application.
const CREDENTIALS: &str = "credentials/oauth2";

/// What became of the demo.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Demo {
    /// It has a new key.
    Made {
        /// The developer's id.
        developer: Uuid,
        /// Shown once.
        key: String,
    },
    /// It was there already; its key cannot be shown again.
    Found {
        /// The developer's id.
        developer: Uuid,
        /// Path below the Admin API that makes a further key.
        credentials: String,
    },
    /// The store holds something else.
    Refused,
}

impl Demo {
    /// Who is logged in at the portal by the link that is printed.
    pub(crate) fn developer(&self) -> Option<Uuid> {
        match self {
            Demo::Made { developer, .. } | Demo::Found { developer, .. } => Some(*developer),
            Demo::Refused => None,
        }
    }
}

/// Starts the echo and makes what is not there yet, so that a run that was cut short is taken up
/// by the next. The error is for the person at the terminal.
pub(crate) async fn prepare(control: &Control, token: &HeaderValue) -> Result<Demo, String> {
    let admin = AdminClient { control, token };
    let stored = match admin.call(Method::GET, "/services/demo", None).await? {
        (StatusCode::OK, service) => Some(service["port"].as_u64().and_then(|port| u16::try_from(port).ok())),
        (StatusCode::NOT_FOUND, _) if !admin.list("/services").await?.is_empty() => return Ok(Demo::Refused),
        (StatusCode::NOT_FOUND, _) => None,
        (status, _) => return Err(format!("the Admin API answered {status} to GET /services/demo")),
    };
    let port = echo::start(stored.flatten()).map_err(|error| format!("the echo cannot start: {error}"))?;
    if stored.is_none() {
        let url = format!("http://127.0.0.1:{port}");
        admin.make("/services", json!({ "name": "demo", "url": url })).await?;
    } else if stored != Some(Some(port)) {
        admin.change(Method::PATCH, "/services/demo", json!({ "port": port })).await?;
    }
    make_rules(&admin).await?;
    make_key(&admin).await
}

/// The route to the service and its plugins.
async fn make_rules(admin: &AdminClient<'_>) -> Result<(), String> {
    admin.make("/services/demo/routes", json!({ "name": "demo", "paths": ["/demo"] })).await?;
    let key_auth = json!({ "name": "key-auth", "config": {
        "key_in_header": true, "key_in_query": true, "key_in_body": true, "hide_credentials": true,
    }});
    admin.make("/services/demo/plugins", key_auth).await?;
    let registration = json!({ "name": "application-registration", "config": {
        "auto_approve": true, "display_name": "Demo",
    }});
    admin.make("/services/demo/plugins", registration).await
}

/// The developer, an application with a contract for the service, and its credential.
async fn make_key(admin: &AdminClient<'_>) -> Result<Demo, String> {
    let developer = json!({ "email": DEVELOPER, "meta": "{\"full_name\":\"Demo Developer\"}", "status": 0 });
    admin.make("/developers", developer).await?;
    let stored = admin.call(Method::GET, &format!("/developers/{DEVELOPER}"), None).await?.1;
    let id = text(&stored, "id")?.parse();
    let developer: Uuid = id.map_err(|_| "the Admin API gave no id".to_owned())?;
    let applications = format!("/developers/{DEVELOPER}/applications");
    let found = admin.list(&applications).await?.into_iter().find(|found| found["name"] == "demo");
    let (application, made) = match found {
        Some(application) => (application, None),
        None => {
            let application = json!({ "name": "demo", "redirect_uri": "https://example.com/" });
            let application = admin.change(Method::POST, &applications, application).await?;
            // An application comes with its first credential, and the client id is the key.
            let key = text(&application["credential"], "client_id")?;
            (application, Some(key))
        }
    };
    let application = format!("{applications}/{}", text(&application, "id")?);
    let contracts = format!("{application}/application_instances");
    if admin.list(&contracts).await?.is_empty() {
        let service = admin.call(Method::GET, "/services/demo", None).await?.1;
        admin.change(Method::POST, &contracts, json!({ "service": { "id": service["id"] } })).await?;
    }
    let found = Demo::Found { developer, credentials: format!("{application}/{CREDENTIALS}") };
    Ok(made.map_or(found, |key| Demo::Made { developer, key }))
}

fn text(entity: &Value, field: &str) -> Result<String, String> {
    entity[field].as_str().map(str::to_owned).ok_or_else(|| format!("the Admin API gave no {field}"))
}

/// Calls the Admin API in process.
struct AdminClient<'c> {
    control: &'c Control,
    token: &'c HeaderValue,
}

impl AdminClient<'_> {
    /// Creates something; that it is there already is fine.
    async fn make(&self, path: &str, entity: Value) -> Result<(), String> {
        match self.call(Method::POST, path, Some(&entity)).await? {
            (StatusCode::CONFLICT, _) => Ok(()),
            (status, answer) => check(status, answer, path).map(drop),
        }
    }

    /// The entities of a collection, those of the first page.
    async fn list(&self, path: &str) -> Result<Vec<Value>, String> {
        let (status, mut answer) = self.call(Method::GET, path, None).await?;
        match answer["data"].take() {
            Value::Array(entities) => Ok(entities),
            _ => Err(format!("the Admin API answered {status} to GET {path}")),
        }
    }

    /// A change that must succeed.
    async fn change(&self, method: Method, path: &str, entity: Value) -> Result<Value, String> {
        let (status, answer) = self.call(method, path, Some(&entity)).await?;
        check(status, answer, path)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        entity: Option<&Value>,
    ) -> Result<(StatusCode, Value), String> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.token.clone());
        let mut body = Bytes::new();
        if let Some(entity) = entity {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            body = entity.to_string().into();
        }
        let uri = format!("/admin{path}").parse().map_err(|_| format!("{path} is no path"))?;
        let request = ControlRequest { method, uri, headers, client_ip: None, body };
        let response = self.control.serve(request).await;
        let answer = serde_json::from_slice(response.body()).unwrap_or_default();
        Ok((response.status(), answer))
    }
}

fn check(status: StatusCode, answer: Value, path: &str) -> Result<Value, String> {
    match status.is_success() {
        true => Ok(answer),
        false => Err(format!("the Admin API answered {status} to {path}: {}", answer["message"])),
    }
}
