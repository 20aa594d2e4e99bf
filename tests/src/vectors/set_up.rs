//! Makes what a case needs, through the Admin API.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::case::{Application, Body, Case, Config, Contract, Credential, DEFAULT, Developer, Named};
use super::case::{Plugins, Route, RoutePlugin, ServicePlugin, Setup};
use super::template::Template;
use crate::client::Client as _;
use crate::deployment::Deployment;
use crate::fixtures::{id_of, service_body, try_create, try_patch};
use crate::placeholders::Placeholders;
use crate::upstream::Upstream;

/// Status of a refused or revoked contract, and of an approved one.
const REVOKED: u64 = 3;
const APPROVED: u64 = 0;

/// Makes all of it; returns what later steps can name.
pub(super) fn set_up(
    case: &Case,
    deployment: &dyn Deployment,
    upstream: &Upstream,
) -> Result<Placeholders, String> {
    let mut set_up = SetUp { deployment, upstream, placeholders: Placeholders::default() };
    set_up.name_addresses();
    set_up.make_consumers(&case.setup)?;
    set_up.make_services(case)?;
    set_up.make_routes(case)?;
    // Applications and contracts come after the services' plugins, which may approve them.
    set_up.make_plugins(&case.setup)?;
    set_up.make_developers(&case.setup)?;
    set_up.make_default_plugins(case)?;
    Ok(set_up.placeholders)
}

struct SetUp<'a> {
    deployment: &'a dyn Deployment,
    upstream: &'a Upstream,
    placeholders: Placeholders,
}

impl SetUp<'_> {
    fn name_addresses(&mut self) {
        let authority = self.deployment.authority().to_owned();
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority.as_str(), "80"));
        let upstream = self.upstream;
        for (kind, name, value) in [
            ("gateway", "authority", authority.clone()),
            ("gateway", "host", host.to_owned()),
            ("gateway", "port", port.to_owned()),
            ("gateway", "scheme", self.deployment.scheme().to_owned()),
            ("upstream", "authority", upstream.authority()),
            ("upstream", "host", upstream.host()),
            ("upstream", "port", upstream.port().to_string()),
        ] {
            self.placeholders.put(kind, name, json!(value));
        }
    }

    fn make_consumers(&mut self, setup: &Setup) -> Result<(), String> {
        for consumer in &setup.consumers {
            let body = Value::Object(self.fill(consumer)?);
            let name = body["username"].as_str().or(body["custom_id"].as_str());
            let name = name.ok_or_else(|| format!("a consumer without a name: {body}"))?;
            self.make("consumer", name, "/consumers", &body)?;
        }
        for credential in &setup.keyauth_credentials {
            let Credential { consumer, body } = self.fill(credential)?;
            let path = format!("/consumers/{}/key-auth", self.id("consumer", &consumer)?);
            let made = try_create(self.deployment, &path, &Value::Object(body))?;
            self.name_credential(&made, "key")?;
        }
        for credential in &setup.oauth2_credentials {
            let Credential { consumer, body } = self.fill(credential)?;
            let path = format!("/consumers/{}/oauth2", self.id("consumer", &consumer)?);
            let made = try_create(self.deployment, &path, &Value::Object(body))?;
            let client_id = made["client_id"].as_str();
            let client_id = client_id.ok_or_else(|| format!("a client shows no client_id: {made}"))?;
            self.placeholders.put("oauth2", client_id, made.clone());
        }
        Ok(())
    }

    /// A credential is named by its key.
    fn name_credential(&mut self, made: &Value, member: &str) -> Result<(), String> {
        let key =
            made[member].as_str().ok_or_else(|| format!("created credential shows no {member}: {made}"))?;
        self.placeholders.put("credential", key, made.clone());
        Ok(())
    }

    fn make_services(&mut self, case: &Case) -> Result<(), String> {
        let setup = &case.setup;
        let more = match &setup.service {
            Some(None) => None,
            Some(Some(more)) => Some(self.fill(more)?),
            None => needs_default_service(case, &mut self.placeholders)?.then(Body::new),
        };
        if let Some(more) = more {
            self.make_service(DEFAULT, &Value::Object(more))?;
        }
        for service in &setup.services {
            let service = self.fill(service)?;
            self.make_service(&service.name.clone(), &service.body())?;
        }
        Ok(())
    }

    fn make_service(&mut self, name: &str, more: &Value) -> Result<(), String> {
        let body = service_body(self.upstream, more);
        self.make("service", name, "/services", &body).map(drop)
    }

    fn make_routes(&mut self, case: &Case) -> Result<(), String> {
        let more = match &case.setup.route {
            Some(more) => more.as_ref().map(|more| self.fill(more)).transpose()?,
            None => Some(Body::new()),
        };
        if let Some(more) = more.filter(|_| case.calls_proxy() || case.config.is_some()) {
            let mut body = json!({"name": DEFAULT, "paths": ["/"]});
            for (name, value) in more {
                body[name] = value;
            }
            let route: Route = serde_json::from_value(body).map_err(|error| error.to_string())?;
            self.make_route(DEFAULT, route)?;
        }
        for route in &case.setup.routes {
            let route = self.fill(route)?;
            self.make_route(&route.named.name.clone(), route)?;
        }
        Ok(())
    }

    fn make_route(&mut self, name: &str, route: Route) -> Result<(), String> {
        let mut body = route.named.body();
        if let Some(service) = route.service {
            body["service"] = json!({"id": self.id("service", &service)?});
        }
        self.make("route", name, "/routes", &body).map(drop)
    }

    fn make_plugins(&mut self, setup: &Setup) -> Result<(), String> {
        for plugin in &setup.plugins {
            let plugin = self.fill(plugin)?;
            self.make_plugin("", plugin)?;
        }
        for plugin in &setup.service_plugins {
            let ServicePlugin { service, named } = self.fill(plugin)?;
            let parent = format!("/services/{}", self.id("service", &service)?);
            self.make_plugin(&parent, named)?;
        }
        for plugin in &setup.route_plugins {
            let RoutePlugin { route, named } = self.fill(plugin)?;
            let parent = format!("/routes/{}", self.id("route", &route)?);
            self.make_plugin(&parent, named)?;
        }
        Ok(())
    }

    fn make_plugin(&mut self, parent: &str, plugin: Named) -> Result<(), String> {
        let name = plugin.name.clone();
        self.make("plugin", &name, &format!("{parent}/plugins"), &plugin.body()).map(drop)
    }

    fn make_developers(&mut self, setup: &Setup) -> Result<(), String> {
        for developer in &setup.developers {
            let Developer { email, more } = self.fill(developer)?;
            let mut body = json!({"email": email, "status": 0, "meta": "{\"full_name\":\"A Developer\"}"});
            for (name, value) in more {
                body[name] = value;
            }
            self.make("developer", &email, "/developers", &body)?;
        }
        for application in &setup.applications {
            let application = self.fill(application)?;
            self.make_application(application)?;
        }
        for contract in &setup.contracts {
            let contract = self.fill(contract)?;
            self.make_contract(&contract)?;
        }
        Ok(())
    }

    fn make_application(&mut self, application: Application) -> Result<(), String> {
        let name = application.named.name.clone();
        let mut body = application.named.body();
        if body.get("redirect_uri").is_none() {
            body["redirect_uri"] = json!("https://app.test/callback");
        }
        let path = format!("/developers/{}/applications", self.id("developer", &application.developer)?);
        let made = self.make("application", &name, &path, &body)?;
        self.name_credential(&made["credential"], "client_id")?;
        let path = format!("{path}/{}/credentials/oauth2", id_of(&made));
        for credential in &application.credentials {
            let made = try_create(self.deployment, &path, credential)?;
            self.name_credential(&made, "client_id")?;
        }
        Ok(())
    }

    fn make_contract(&mut self, contract: &Contract) -> Result<(), String> {
        let Contract { application, service, status } = contract;
        let owner = self.placeholders.named("application", application)?;
        let developer = id_of(&owner["developer"]);
        let path = format!("/developers/{developer}/applications/{}/application_instances", id_of(&owner));
        let service_id = self.id("service", service)?;
        let mut made = try_create(self.deployment, &path, &json!({"service": {"id": service_id}}))?;
        // A refusal starts from a request, a revocation from an approval.
        let way = match status {
            None => vec![],
            Some(REVOKED) => vec![APPROVED, REVOKED],
            Some(status) => vec![*status],
        };
        for status in way {
            if made["status"] != status {
                let one = format!("{path}/{}", id_of(&made));
                made = try_patch(self.deployment, &one, &json!({"status": status}))?;
            }
        }
        self.placeholders.put("contract", &format!("{application}/{service}"), made.clone());
        self.placeholders.put("contract", application, made);
        Ok(())
    }

    fn make_default_plugins(&mut self, case: &Case) -> Result<(), String> {
        let Some(config) = &case.config else { return Ok(()) };
        let parent = format!("/routes/{}", self.id("route", DEFAULT)?);
        match self.fill(config)? {
            Config::These(Plugins { plugins }) => {
                plugins.into_iter().try_for_each(|plugin| self.make_plugin(&parent, plugin))
            }
            Config::KeyAuth(config) => {
                let body = json!({"name": "key-auth", "config": config});
                self.make("plugin", DEFAULT, &format!("{parent}/plugins"), &body).map(drop)
            }
        }
    }

    /// Creates an entity that is named so from now on.
    fn make(&mut self, kind: &str, name: &str, path: &str, body: &Value) -> Result<Value, String> {
        let made = try_create(self.deployment, path, body)?;
        self.placeholders.put(kind, name, made.clone());
        Ok(made)
    }

    fn fill<T: DeserializeOwned>(&mut self, template: &Template<T>) -> Result<T, String> {
        template.fill(&mut self.placeholders)
    }

    fn id(&mut self, kind: &str, name: &str) -> Result<String, String> {
        self.placeholders.named(kind, name).map(|entity| id_of(&entity).to_owned())
    }
}

impl Named {
    fn body(self) -> Value {
        let mut body = self.more;
        body.insert("name".to_owned(), Value::String(self.name));
        Value::Object(body)
    }
}

/// Whether anything of the case is at the default service.
fn needs_default_service(case: &Case, placeholders: &mut Placeholders) -> Result<bool, String> {
    let mut services = Vec::new();
    for route in &case.setup.routes {
        services.extend(route.fill(placeholders)?.service);
    }
    for plugin in &case.setup.service_plugins {
        services.push(plugin.fill(placeholders)?.service);
    }
    for contract in &case.setup.contracts {
        services.push(contract.fill(placeholders)?.service);
    }
    Ok(case.calls_proxy() || case.config.is_some() || services.iter().any(|service| service == DEFAULT))
}
