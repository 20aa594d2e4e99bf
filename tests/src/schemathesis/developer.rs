//! Calls of a developer with a session: the portal's paths, about what the developer has.

use serde_json::{Value, json};

use super::Run;
use crate::client::Client as _;
use crate::deployment::Local;
use crate::fixtures::{create, id_of};
use crate::portal::Page;
use crate::raw_http::Response;

const ADDRESS: &str = "dee@example.test";
const PASSWORD: &str = "violet harbour tulip 93";
const META: &str = "{\"full_name\":\"Dee\"}";
const SERVICE: &str = "orders";

/// The paths that are called.
const PATHS: &str = "^/portal/api/";
/// But not this one: who logs in or out has another session afterwards, or none.
const LOG_IN_PATH: &str = "/portal/api/auth";
/// Nor these operations, which end the session, or the account with it.
const ENDINGS: [&str; 4] = [
    "delete-portal-api-developer",
    "patch-portal-api-developer-password",
    "delete-portal-api-developer-sessions",
    "delete-portal-api-developer-sessions-session",
];

/// An approved developer who is logged in.
pub(super) struct Developer {
    page: Page,
    /// Id of a service that takes applications.
    service: String,
    /// Stays.
    kept: Application,
    /// What it has is deleted.
    pruned: Application,
    /// Is deleted.
    deleted: Application,
}

/// An application, by its id.
struct Application {
    id: String,
    contract: String,
    credential: String,
}

impl Developer {
    pub(super) fn of(local: &Local) -> Self {
        let service = create(local, "/services", &json!({"name": SERVICE, "host": "e.test"}));
        let open = json!({"name": "application-registration", "config": {"display_name": "Orders"}});
        create(local, &format!("/services/{SERVICE}/plugins"), &open);
        let mut page = Page::default();
        let sign_up = json!({"email": ADDRESS, "password": PASSWORD, "meta": META});
        expect(200, &page.ask(local, "POST", "/register", Some(&sign_up)));
        let approved = json!({"status": 0});
        expect(200, &local.admin("PATCH", &format!("/developers/{ADDRESS}"), Some(&approved)));
        expect(204, &page.log_in(local, ADDRESS, PASSWORD));
        let [kept, pruned, deleted] =
            ["kept", "pruned", "deleted"].map(|name| Application::make(&mut page, local, name));
        Self { page, service: id_of(&service).to_owned(), kept, pruned, deleted }
    }

    /// What makes schemathesis call as this developer.
    pub(super) fn arguments(&self, local: &Local) -> Vec<String> {
        let flag = |name: &str, value: &str| [name.to_owned(), value.to_owned()];
        let fields = self.page.fields(local);
        let fields = fields.iter().map(|(name, value)| flag("--header", &format!("{name}: {value}")));
        let paths = [flag("--include-path-regex", PATHS), flag("--exclude-path", LOG_IN_PATH)];
        let endings = ENDINGS.iter().map(|id| flag("--exclude-operation-id", id));
        fields.chain(paths).chain(endings).flatten().collect()
    }

    /// A `schemathesis.toml`: what calls are about. Of bodies it is looked at only where chance makes them.
    pub(super) fn configuration(&self, run: &Run) -> String {
        let is_by_chance = run.phases != "coverage";
        let of_all = [&self.kept, &self.pruned, &self.deleted].map(Application::ids);
        let ids = of_all.iter().flatten().chain([&self.service]);
        let ids: String = ids.map(|id| format!("{id} = {{ values = [\"{id}\"] }}\n")).collect();
        let this = |id: &str| match is_by_chance {
            true => format!("{{ dictionary = \"{id}\", probability = 0.8 }}"),
            false => format!("\"{id}\""),
        };
        let path = |application: &Application| {
            let [id, contract, credential] = application.ids().map(|id| this(&id));
            format!(
                "\"path.applications\" = {id}\n\"path.application_instances\" = {contract}\n\
                 \"path.oauth2_credentials\" = {credential}\n"
            )
        };
        let [kept, pruned, deleted] = [&self.kept, &self.pruned, &self.deleted].map(path);
        let service = this(&self.service);
        format!(
            r#"
[dictionaries]
{ids}
uri = {{ values = ["https://e.test/back"] }}
address = {{ values = ["eve@example.test"] }}
meta = {{ values = ['{META}'] }}
password = {{ values = ["copper lantern meadow 41"] }}

[parameters]
{kept}
"body.service.id" = {service}
"body.redirect_uri" = {{ dictionary = "uri", probability = 0.8 }}
"body.email" = {{ dictionary = "address", probability = 0.8 }}
"body.meta" = {{ dictionary = "meta", probability = 0.8 }}
"body.password" = {{ dictionary = "password", probability = 0.8 }}

[[operations]]
include-operation-id = "delete-portal-api-applications-applications"
[operations.parameters]
{deleted}

[[operations]]
include-operation-id-regex = "^delete-portal-api-.*-(application_instances|oauth2_credentials)$"
[operations.parameters]
{pruned}
"#
        )
    }

    /// That the session is good to the last, and calls were more than refused.
    pub(super) fn expect_calls_were_taken(&mut self, local: &Local) {
        let path = format!("/applications/{}/credentials", self.kept.id);
        let credentials = expect(200, &self.page.ask(local, "GET", &path, None));
        assert!(credentials["total"].as_u64() > Some(1), "no call has made a credential: {credentials}");
    }
}

impl Application {
    fn make(page: &mut Page, local: &Local, name: &str) -> Self {
        let body = json!({"name": name, "redirect_uri": "https://e.test"});
        let made = expect(201, &page.ask(local, "POST", "/applications", Some(&body)));
        let path = format!("/applications/{}/application_instances", id_of(&made));
        let asked = json!({"service": {"name": SERVICE}});
        let contract = expect(201, &page.ask(local, "POST", &path, Some(&asked)));
        let [id, contract, credential] =
            [&made, &contract, &made["credential"]].map(|entity| id_of(entity).to_owned());
        Self { id, contract, credential }
    }

    /// Of itself, its contract and its credential.
    fn ids(&self) -> [String; 3] {
        [&self.id, &self.contract, &self.credential].map(String::clone)
    }
}

/// The JSON of an answer with this status; null where it has no body.
fn expect(status: u16, answer: &Response) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    answer.json().unwrap_or_default()
}
