//! Runs behaviour vectors (tests/vectors/README.md): set-up through the Admin API, requests, comparison.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Map, Value, json};

use crate::client::Client as _;
use crate::deployment::{Deployment, Elsewhere, Local};
use crate::expectation::{Outcome, check};
use crate::fixtures::{id_of, service_body, try_create, try_patch, wipe};
use crate::placeholders::{Placeholders, Spelling, look_up};
use crate::raw_http::{Request, Response};
use crate::report::{Report, cases_asked_for, features_not_there};
use crate::upstream::{Recorded, Upstream};

const CASE_MEMBERS: &[&str] = &[
    "id",
    "group",
    "title",
    "note",
    "deviation",
    "optional",
    "needs",
    "target",
    "setup",
    "config",
    "request",
    "expect",
    "steps",
];
const STEP_MEMBERS: &[&str] = &[
    "target",
    "request",
    "expect",
    "save",
    "wait_s",
    "wait_until_s_after_step_1",
    "within_s",
    "note",
    "title",
];
const REQUEST_MEMBERS: &[&str] =
    &["method", "path", "query", "headers", "body", "body_base64", "admin_token", "times"];
const SETUP_MEMBERS: &[&str] = &[
    "consumers",
    "keyauth_credentials",
    "services",
    "routes",
    "plugins",
    "service_plugins",
    "route_plugins",
    "developers",
    "applications",
    "contracts",
    "service",
    "route",
];
/// In `needs`: the gateway believes the test who the client is.
const TRUSTED_PEER: &str = "trusted-peer";
/// Name and key of the service and route that a case gets without asking.
const DEFAULT: &str = "default";
const RETRY_EVERY: Duration = Duration::from_millis(100);

pub struct Case {
    pub id: String,
    json: Value,
}

/// Every case of every `*.json` in tests/vectors and in the folder that `LATCHKEY_VECTORS` names.
pub fn load_all() -> Vec<Case> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")];
    folders.extend(std::env::var_os("LATCHKEY_VECTORS").map(PathBuf::from));
    let cases: Vec<Case> = folders.iter().flat_map(|folder| load_folder(folder)).collect();
    assert!(!cases.is_empty(), "no vectors in {folders:?}");
    cases
}

fn load_folder(folder: &Path) -> Vec<Case> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files.iter().flat_map(|file| load_file(file)).collect()
}

fn load_file(file: &Path) -> Vec<Case> {
    let text = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let json: Value = serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let list = json.as_array().or_else(|| json["cases"].as_array());
    let list = list.unwrap_or_else(|| panic!("{}: no list of cases", file.display()));
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    list.iter()
        .map(|case| {
            let id = case["id"].as_str().unwrap_or_else(|| panic!("{}: case without id", file.display()));
            Case {
                id: format!("{stem}/{id}: {}", case["title"].as_str().unwrap_or_default()),
                json: case.clone(),
            }
        })
        .collect()
}

/// Runs all cases on the gateway that the environment names, else on local ones.
pub fn run_all(cases: &[Case]) -> Report {
    match Elsewhere::from_env() {
        Some(gateway) => run_on_one(cases, &gateway),
        None => {
            let mut report = run_those(cases, false, &|| Box::new(Local::fresh()));
            report.add(run_those(cases, true, &|| Box::new(Local::trusting())));
            report
        }
    }
}

/// Runs all cases one after the other, those that wait last.
pub fn run_on_one(cases: &[Case], gateway: &dyn Deployment) -> Report {
    let report = Mutex::new(Report::default());
    let (slow, quick) = asked_for(cases, false);
    run_in_turn(quick.iter().chain(&slow), gateway, &report);
    without_trust(cases, report.into_inner().unwrap())
}

/// Runs all cases. Those that wait run beside the others, each on a gateway of its own.
pub fn run_on(cases: &[Case], fresh: &(dyn Fn() -> Box<dyn Deployment> + Sync)) -> Report {
    without_trust(cases, run_those(cases, false, fresh))
}

/// Lists the cases that are for a gateway that believes its peers who the client is.
fn without_trust(cases: &[Case], mut report: Report) -> Report {
    let (slow, quick) = asked_for(cases, true);
    report.without.extend(slow.iter().chain(&quick).map(|case| case.id.clone()));
    report
}

fn run_those(cases: &[Case], trusting: bool, fresh: &(dyn Fn() -> Box<dyn Deployment> + Sync)) -> Report {
    let report = Mutex::new(Report::default());
    let (slow, quick) = asked_for(cases, trusting);
    thread::scope(|scope| {
        for case in slow {
            let report = &report;
            scope.spawn(move || run_in_turn([&case], &*fresh(), report));
        }
        if !quick.is_empty() {
            run_in_turn(&quick, &*fresh(), &report);
        }
    });
    report.into_inner().unwrap()
}

/// Those that wait, and the others, for a gateway that does or does not believe its peers.
fn asked_for(cases: &[Case], trusting: bool) -> (Vec<&Case>, Vec<&Case>) {
    let filter = cases_asked_for();
    let asked_for = |case: &&Case| case.id.contains(&filter) && case.needs_trust() == trusting;
    cases.iter().filter(asked_for).partition(|case| case.waits())
}

fn run_in_turn<'a>(
    cases: impl IntoIterator<Item = &'a &'a Case>,
    gateway: &dyn Deployment,
    report: &Mutex<Report>,
) {
    let upstream = Upstream::recording();
    let without = features_not_there();
    for case in cases {
        let feature = case.json["optional"].as_str().unwrap_or_default();
        if without.iter().any(|name| name == feature) {
            report.lock().unwrap().without.push(case.id.clone());
            continue;
        }
        let result = run(case, gateway, &upstream);
        let mut report = report.lock().unwrap();
        match result {
            Ok(()) => report.passed.push(case.id.clone()),
            Err(differences) => report.failed.push((case.id.clone(), differences)),
        }
    }
}

impl Case {
    fn waits(&self) -> bool {
        self.steps()
            .iter()
            .any(|step| step.get("wait_s").is_some() || step.get("wait_until_s_after_step_1").is_some())
    }

    /// Whether the gateway is to believe the test who the client is.
    fn needs_trust(&self) -> bool {
        self.json["needs"].as_array().is_some_and(|needs| needs.iter().any(|need| need == TRUSTED_PEER))
    }

    /// A case with one request is a case with one step.
    fn steps(&self) -> Vec<Value> {
        match self.json["steps"].as_array() {
            Some(steps) => steps.clone(),
            None => vec![json!({
                "target": self.json["target"],
                "request": self.json["request"],
                "expect": self.json["expect"],
            })],
        }
    }

    fn calls_proxy(&self) -> bool {
        self.steps().iter().any(|step| step["target"] == "proxy")
    }

    fn check_members(&self) -> Result<(), Vec<String>> {
        let mut unknown = unknown_members("case", &self.json, CASE_MEMBERS);
        unknown.extend(unknown_members("setup", &self.json["setup"], SETUP_MEMBERS));
        let needs = self.json["needs"].as_array().into_iter().flatten();
        unknown.extend(needs.filter(|need| *need != TRUSTED_PEER).map(|need| format!("unknown need {need}")));
        for step in self.steps() {
            unknown.extend(unknown_members("step", &step, STEP_MEMBERS));
            unknown.extend(unknown_members("request", &step["request"], REQUEST_MEMBERS));
            if !step["expect"].is_object() || !step["request"].is_object() {
                unknown.push("a step without request or expect".to_owned());
            }
        }
        if unknown.is_empty() { Ok(()) } else { Err(unknown) }
    }
}

fn unknown_members(what: &str, value: &Value, known: &[&str]) -> Vec<String> {
    let members = value.as_object().into_iter().flatten();
    let unknown = members.filter(|(name, _)| !known.contains(&name.as_str()));
    unknown.map(|(name, _)| format!("unknown member {name:?} in {what}")).collect()
}

/// Runs one case on a gateway that nobody else uses meanwhile.
pub fn run(case: &Case, gateway: &dyn Deployment, upstream: &Upstream) -> Result<(), Vec<String>> {
    case.check_members()?;
    wipe(gateway).map_err(|reason| vec![format!("wiping: {reason}")])?;
    let mut run = Run { gateway, upstream, placeholders: Placeholders::default(), keys: Vec::new() };
    run.set_up(case).map_err(|reason| vec![format!("set-up: {reason}")])?;
    settle();

    let mut first_step_end = Instant::now();
    let mut after_admin = false;
    for (at, step) in case.steps().iter().enumerate() {
        let is_proxy = step["target"] == "proxy";
        if is_proxy && after_admin && step.get("within_s").is_none() {
            settle();
        }
        run.step(step, first_step_end).map_err(|differences| {
            differences
                .into_iter()
                .map(|difference| format!("step {}: {difference}", at + 1))
                .collect::<Vec<_>>()
        })?;
        if at == 0 {
            first_step_end = Instant::now();
        }
        after_admin = !is_proxy;
    }
    Ok(())
}

/// Waits until a change is in force everywhere; nothing locally, where it is so at once.
fn settle() {
    let millis = std::env::var("LATCHKEY_TEST_SETTLE_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(0);
    thread::sleep(Duration::from_millis(millis));
}

struct Run<'a> {
    gateway: &'a dyn Deployment,
    upstream: &'a Upstream,
    placeholders: Placeholders,
    /// Every key this case made so far.
    keys: Vec<String>,
}

// ---- set-up ----

impl Run<'_> {
    fn set_up(&mut self, case: &Case) -> Result<(), String> {
        let setup = &case.json["setup"];
        self.name_gateway_and_upstream();
        self.set_up_consumers(setup)?;
        self.set_up_services(case)?;
        self.set_up_routes(case)?;
        // Applications and contracts come after the services' plugins, which may approve them.
        self.set_up_plugins(setup)?;
        self.set_up_developers(setup)?;
        self.set_up_default_key_auth(case)
    }

    fn name_gateway_and_upstream(&mut self) {
        let authority = self.gateway.authority().to_owned();
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority.as_str(), "80"));
        self.placeholders.put("gateway", "authority", json!(authority));
        self.placeholders.put("gateway", "host", json!(host));
        self.placeholders.put("gateway", "port", json!(port));
        self.placeholders.put("gateway", "scheme", json!(self.gateway.scheme()));
        self.placeholders.put("upstream", "authority", json!(self.upstream.authority()));
        self.placeholders.put("upstream", "host", json!(self.upstream.host()));
        self.placeholders.put("upstream", "port", json!(self.upstream.port().to_string()));
    }

    fn set_up_consumers(&mut self, setup: &Value) -> Result<(), String> {
        for consumer in self.entries(setup, "consumers")? {
            let made = try_create(self.gateway, "/consumers", &Value::Object(consumer.clone()))?;
            let name = text(&consumer, "username").or_else(|_| text(&consumer, "custom_id"))?;
            self.placeholders.put("consumer", &name, made);
        }
        for mut credential in self.entries(setup, "keyauth_credentials")? {
            let consumer = text(&credential, "consumer")?;
            credential.remove("consumer");
            let path = format!("/consumers/{}/key-auth", self.id(&format!("consumer:{consumer}"))?);
            let made = try_create(self.gateway, &path, &Value::Object(credential))?;
            let key =
                made["key"].as_str().ok_or_else(|| format!("created credential shows no key: {made}"))?;
            self.keys.push(key.to_owned());
            self.placeholders.put("credential", key, made.clone());
        }
        Ok(())
    }

    fn set_up_services(&mut self, case: &Case) -> Result<(), String> {
        let setup = &case.json["setup"];
        let routes = setup["routes"].as_array().into_iter().flatten();
        let needed = case.calls_proxy()
            || !case.json["config"].is_null()
            || setup.get("service").is_some()
            || routes.into_iter().any(|route| route.get("service").is_none())
            || names_default_service(&setup["service_plugins"])
            || names_default_service(&setup["contracts"]);
        if needed && !is_null_member(setup, "service") {
            let more = self.placeholders.fill(setup.get("service").unwrap_or(&json!({})))?;
            self.create_service(DEFAULT, &more)?;
        }
        for service in self.entries(setup, "services")? {
            let name = text(&service, "name")?;
            self.create_service(&name, &Value::Object(service))?;
        }
        Ok(())
    }

    fn create_service(&mut self, name: &str, more: &Value) -> Result<(), String> {
        let made = try_create(self.gateway, "/services", &service_body(self.upstream, more))?;
        self.placeholders.put("service", name, made);
        Ok(())
    }

    fn set_up_routes(&mut self, case: &Case) -> Result<(), String> {
        let setup = &case.json["setup"];
        let default_needed = case.calls_proxy() || !case.json["config"].is_null();
        if default_needed && !is_null_member(setup, "route") {
            let mut route = json!({"name": DEFAULT, "paths": ["/"]});
            let more = self.placeholders.fill(setup.get("route").unwrap_or(&json!({})))?;
            for (name, value) in more.as_object().into_iter().flatten() {
                route[name] = value.clone();
            }
            self.create_route(DEFAULT, route)?;
        }
        for route in self.entries(setup, "routes")? {
            let name = text(&route, "name")?;
            self.create_route(&name, Value::Object(route))?;
        }
        Ok(())
    }

    /// `service` is the name of one of the set-up; none given: the default one; `null`: none.
    fn create_route(&mut self, name: &str, mut route: Value) -> Result<(), String> {
        let service = match route.get("service") {
            None => Some(DEFAULT.to_owned()),
            Some(Value::String(service)) => Some(service.clone()),
            Some(_) => None,
        };
        if let Some(service) = service {
            route["service"] = json!({"id": self.id(&format!("service:{service}"))?});
        }
        let made = try_create(self.gateway, "/routes", &route)?;
        self.placeholders.put("route", name, made);
        Ok(())
    }

    fn set_up_plugins(&mut self, setup: &Value) -> Result<(), String> {
        for (list, parent, collection) in [
            ("plugins", None, ""),
            ("service_plugins", Some("service"), "/services"),
            ("route_plugins", Some("route"), "/routes"),
        ] {
            for mut plugin in self.entries(setup, list)? {
                let name = text(&plugin, "name")?;
                let mut path = String::new();
                if let Some(parent) = parent {
                    let of = text(&plugin, parent).unwrap_or_else(|_| DEFAULT.to_owned());
                    plugin.remove(parent);
                    path = format!("{collection}/{}", self.id(&format!("{parent}:{of}"))?);
                }
                let made = try_create(self.gateway, &format!("{path}/plugins"), &Value::Object(plugin))?;
                self.placeholders.put("plugin", &name, made);
            }
        }
        Ok(())
    }

    fn set_up_developers(&mut self, setup: &Value) -> Result<(), String> {
        for mut developer in self.entries(setup, "developers")? {
            let email = text(&developer, "email")?;
            developer.entry("status").or_insert(json!(0));
            developer.entry("meta").or_insert(json!("{\"full_name\":\"A Developer\"}"));
            let made = try_create(self.gateway, "/developers", &Value::Object(developer))?;
            self.placeholders.put("developer", &email, made);
        }
        for application in self.entries(setup, "applications")? {
            self.set_up_application(application)?;
        }
        for contract in self.entries(setup, "contracts")? {
            self.set_up_contract(&contract)?;
        }
        Ok(())
    }

    fn set_up_application(&mut self, mut application: Map<String, Value>) -> Result<(), String> {
        let name = text(&application, "name")?;
        let developer = text(&application, "developer")?;
        application.remove("developer");
        let credentials = application.remove("credentials").unwrap_or(json!([]));
        application.entry("redirect_uri").or_insert(json!("https://app.test/callback"));
        let path = format!("/developers/{}/applications", self.id(&format!("developer:{developer}"))?);
        let made = try_create(self.gateway, &path, &Value::Object(application))?;
        let first_key = made["credential"]["client_id"].as_str();
        let first_key = first_key.ok_or_else(|| format!("created application shows no client_id: {made}"))?;
        self.keys.push(first_key.to_owned());
        self.placeholders.put("credential", first_key, made["credential"].clone());
        let path = format!("{path}/{}/credentials/oauth2", id_of(&made));
        self.placeholders.put("application", &name, made);
        for credential in credentials.as_array().into_iter().flatten() {
            let made = try_create(self.gateway, &path, credential)?;
            let key = made["client_id"].as_str().ok_or_else(|| format!("no client_id in {made}"))?;
            self.keys.push(key.to_owned());
            self.placeholders.put("credential", key, made.clone());
        }
        Ok(())
    }

    fn set_up_contract(&mut self, contract: &Map<String, Value>) -> Result<(), String> {
        let application = text(contract, "application")?;
        let service = text(contract, "service").unwrap_or_else(|_| DEFAULT.to_owned());
        let owner = self.fill(&format!("{{{{application:{application}}}}}"))?;
        let developer =
            owner["developer"]["id"].as_str().ok_or_else(|| format!("no developer in {owner}"))?;
        let path = format!("/developers/{developer}/applications/{}/application_instances", id_of(&owner));
        let service_id = self.id(&format!("service:{service}"))?;
        let mut made = try_create(self.gateway, &path, &json!({"service": {"id": service_id}}))?;
        // A refusal starts from a request, a revocation from an approval.
        let way = match contract.get("status").and_then(Value::as_u64) {
            None => vec![],
            Some(3) => vec![0, 3],
            Some(status) => vec![status],
        };
        for status in way {
            if made["status"] != status {
                made =
                    try_patch(self.gateway, &format!("{path}/{}", id_of(&made)), &json!({"status": status}))?;
            }
        }
        self.placeholders.put("contract", &format!("{application}/{service}"), made.clone());
        self.placeholders.put("contract", &application, made);
        Ok(())
    }

    fn set_up_default_key_auth(&mut self, case: &Case) -> Result<(), String> {
        let config = self.placeholders.fill(&case.json["config"])?;
        if config.is_null() {
            return Ok(());
        }
        let path = format!("/routes/{}/plugins", self.id(&format!("route:{DEFAULT}"))?);
        let made = try_create(self.gateway, &path, &json!({"name": "key-auth", "config": config}))?;
        self.placeholders.put("plugin", DEFAULT, made);
        Ok(())
    }

    fn entries(&mut self, setup: &Value, name: &str) -> Result<Vec<Map<String, Value>>, String> {
        let list = setup[name].as_array().cloned().unwrap_or_default();
        let mut entries = Vec::new();
        for entry in list {
            match self.placeholders.fill(&entry)? {
                Value::Object(members) => entries.push(members),
                other => return Err(format!("setup.{name} holds {other}, not an object")),
            }
        }
        Ok(entries)
    }

    fn id(&mut self, name: &str) -> Result<String, String> {
        Ok(id_of(&self.fill(&format!("{{{{{name}}}}}"))?).to_owned())
    }

    fn fill(&mut self, text: &str) -> Result<Value, String> {
        self.placeholders.fill(&Value::String(text.to_owned()))
    }
}

fn names_default_service(list: &Value) -> bool {
    list.as_array().into_iter().flatten().any(|entry| entry.get("service").is_none())
}

fn is_null_member(value: &Value, name: &str) -> bool {
    value.get(name).is_some_and(Value::is_null)
}

fn text(entry: &Map<String, Value>, name: &str) -> Result<String, String> {
    let value = entry.get(name).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| format!("no text {name:?} in {}", Value::Object(entry.clone())))
}

// ---- steps ----

impl Run<'_> {
    fn step(&mut self, step: &Value, first_step_end: Instant) -> Result<(), Vec<String>> {
        if let Some(seconds) = step["wait_s"].as_f64() {
            thread::sleep(Duration::from_secs_f64(seconds));
        }
        if let Some(seconds) = step["wait_until_s_after_step_1"].as_f64() {
            let until = first_step_end + Duration::from_secs_f64(seconds);
            thread::sleep(until.saturating_duration_since(Instant::now()));
        }
        let deadline = Instant::now() + Duration::from_secs_f64(step["within_s"].as_f64().unwrap_or(0.0));
        loop {
            let result = self.attempt(step);
            if result.is_ok() || Instant::now() >= deadline {
                return result;
            }
            thread::sleep(RETRY_EVERY);
        }
    }

    fn attempt(&mut self, step: &Value) -> Result<(), Vec<String>> {
        let one = |reason: String| vec![reason];
        let to_admin = match step["target"].as_str() {
            Some("admin") => true,
            Some("proxy") => false,
            other => return Err(one(format!("unknown target {other:?}"))),
        };
        let request = self.request(&step["request"], to_admin).map_err(one)?;
        let hides_keys = to_admin && self.may_not_show_keys(&request);
        self.upstream.take();
        let authority =
            if to_admin { self.gateway.admin_authority() } else { self.gateway.authority().to_owned() };
        let mut response = self
            .gateway
            .exchange(&authority, &request)
            .map_err(|error| one(format!("no answer: {error}")))?;
        for _ in 1..step["request"]["times"].as_u64().unwrap_or(1) {
            self.upstream.take();
            response = self
                .gateway
                .exchange(&authority, &request)
                .map_err(|error| one(format!("no answer: {error}")))?;
        }
        let recorded = self.upstream.take();
        self.compare(step, &response, &recorded, hides_keys)?;
        self.remember(step, &response).map_err(one)
    }

    fn compare(
        &mut self,
        step: &Value,
        response: &Response,
        recorded: &[Recorded],
        hides_keys: bool,
    ) -> Result<(), Vec<String>> {
        let expect = self.placeholders.fill(&step["expect"]).map_err(|reason| vec![reason])?;
        let hidden_keys = hides_keys.then_some(self.keys.as_slice());
        let differences = check(&expect, &Outcome { response, recorded, hidden_keys });
        let garbage = self.upstream.take_garbage();
        if !garbage.is_empty() {
            return Err(vec![format!("the upstream got what is no request: {garbage:?}")]);
        }
        if differences.is_empty() { Ok(()) } else { Err(differences) }
    }

    fn remember(&mut self, step: &Value, response: &Response) -> Result<(), String> {
        let answer = response.json().unwrap_or(Value::Null);
        if let Some(key) = answer["key"].as_str() {
            self.keys.push(key.to_owned());
        }
        for (name, path) in step["save"].as_object().into_iter().flatten() {
            let path = path.as_str().unwrap_or_default().trim_start_matches("$.");
            let value = look_up(&answer, path);
            let value = value.ok_or_else(|| format!("nothing to save at {path:?} in {answer}"))?;
            self.placeholders.put("saved", name, value.clone());
        }
        Ok(())
    }

    fn request(&mut self, spec: &Value, to_admin: bool) -> Result<Request, String> {
        let method = spec["method"].as_str().ok_or("request without method")?;
        let path = self.placeholders.fill_text(spec["path"].as_str().unwrap_or("/"), Spelling::Url)?;
        let doors = self.gateway.doors();
        let mut target = if to_admin { doors.admin(&path).target } else { doors.gateway(&path).target };
        if let Some(query) = spec["query"].as_str() {
            target = format!("{target}?{}", self.placeholders.fill_text(query, Spelling::Url)?);
        }
        let mut request = Request::new(method, target);
        for pair in spec["headers"].as_array().into_iter().flatten() {
            let name = pair[0].as_str().ok_or_else(|| format!("header {pair} is no pair"))?;
            request.headers.push(name, self.header_value(&pair[1])?);
        }
        let wants_token = to_admin && spec["admin_token"] != false;
        if wants_token && !request.headers.contains("kong-admin-token") {
            request.headers.push("Kong-Admin-Token", self.gateway.admin_token());
        }
        request.body = self.body(spec)?;
        Ok(request)
    }

    /// A text, or `{"base64": …}` for bytes that are not UTF-8.
    fn header_value(&mut self, value: &Value) -> Result<Vec<u8>, String> {
        match value {
            Value::String(text) => self.placeholders.fill_text(text, Spelling::Plain).map(String::into_bytes),
            other => decode_base64(&other["base64"]),
        }
    }

    fn body(&mut self, spec: &Value) -> Result<Option<Vec<u8>>, String> {
        if let Some(encoded) = spec.get("body_base64") {
            return decode_base64(encoded).map(Some);
        }
        match &spec["body"] {
            Value::Null => Ok(None),
            Value::String(text) => {
                self.placeholders.fill_text(text, Spelling::Plain).map(|t| Some(t.into_bytes()))
            }
            other => Err(format!("body {other} is no text")),
        }
    }

    /// True for an answer about credentials that were there before the request.
    fn may_not_show_keys(&self, request: &Request) -> bool {
        let path = String::from_utf8_lossy(&request.target).into_owned();
        if !path.contains("/key-auth") && !path.contains("/credentials/") {
            return false;
        }
        match request.method.as_str() {
            "GET" | "PATCH" => true,
            "PUT" => self.is_there(&path) && request_gives_key(request),
            _ => false,
        }
    }

    fn is_there(&self, path: &str) -> bool {
        let prefix = self.gateway.doors().admin("").target;
        self.gateway.admin("GET", path.strip_prefix(&prefix).unwrap_or(path), None).status == 200
    }
}

/// A PUT without a key in it makes a new key, which is then shown this once.
fn request_gives_key(request: &Request) -> bool {
    let body = request.body.as_deref().unwrap_or_default();
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    json.get("key").is_some()
}

fn decode_base64(value: &Value) -> Result<Vec<u8>, String> {
    let text = value.as_str().ok_or_else(|| format!("{value} is no base64 text"))?;
    base64::engine::general_purpose::STANDARD.decode(text).map_err(|error| format!("{text}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_vector_files_hold_known_members_only() {
        for case in load_all() {
            assert_eq!(case.check_members(), Ok(()), "{}", case.id);
        }
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<_> = load_all().into_iter().map(|case| case.id).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn unknown_members_fail_a_case() {
        for case in [
            json!({"id": "1", "surprise": 1, "target": "proxy", "request": {}, "expect": {}}),
            json!({"id": "1", "target": "proxy", "request": {"verb": "GET"}, "expect": {}}),
            json!({"id": "1", "target": "proxy", "request": {}, "expect": {}, "setup": {"cats": []}}),
            json!({"id": "1", "target": "proxy", "request": {}}),
            json!({"id": "1", "steps": [{"target": "proxy", "request": {}, "expect": {}, "sleep": 1}]}),
        ] {
            assert!(Case { id: String::new(), json: case.clone() }.check_members().is_err(), "{case}");
        }
    }

    #[test]
    fn put_shows_only_a_key_it_made() {
        assert!(request_gives_key(&Request::new("PUT", "/").body("{\"key\":\"a\"}")));
        assert!(!request_gives_key(&Request::new("PUT", "/").body("{\"tags\":[]}")));
    }
}
