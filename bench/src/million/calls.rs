//! Calls of the Admin API, each of both installations in turn.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use latchkey_tests::base::Chance;
use latchkey_tests::client::Client as _;
use latchkey_tests::raw_http::Connection;
use serde_json::{Value, json};

use super::Installation;
use super::fill::{Application, CREDENTIALS_EACH};
use super::requests::median;

/// A kind of call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    ListApplications,
    ListContracts,
    ListCredentials,
    ReadApplication,
    CreateApplication,
    CreateCredential,
    Approve,
    Rotate,
    DeleteCredential,
    DeleteApplication,
}

impl Call {
    const ALL: [Call; 10] = [
        Call::ListApplications,
        Call::ListContracts,
        Call::ListCredentials,
        Call::ReadApplication,
        Call::CreateApplication,
        Call::CreateCredential,
        Call::Approve,
        Call::Rotate,
        Call::DeleteCredential,
        Call::DeleteApplication,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Call::ListApplications => "list 100 applications, with their total",
            Call::ListContracts => "list 100 contracts of a service, with their total",
            Call::ListCredentials => "list the credentials of an application, with their total",
            Call::ReadApplication => "read an application",
            Call::CreateApplication => "create an application, with its first credential",
            Call::CreateCredential => "create a credential, the eleventh of its application",
            Call::Approve => "approve a contract",
            Call::Rotate => "rotate a credential, with grace",
            Call::DeleteCredential => "delete a credential",
            Call::DeleteApplication => "delete an application with one credential",
        }
    }
}

/// The median of each call, of both.
pub(super) fn compare(
    few: &mut Installation,
    many: &mut Installation,
    rounds: usize,
) -> Result<Vec<(Call, [Duration; 2])>> {
    let mut chance = Chance::from_env();
    let mut found = Vec::new();
    for call in Call::ALL {
        let mut times = [Vec::new(), Vec::new()];
        let mut connections = [few.admin()?, many.admin()?];
        for round in 0..=rounds {
            for (at, installation) in [&*few, &*many].into_iter().enumerate() {
                let mut caller = Caller { installation, connection: &mut connections[at] };
                let time = caller.time(call, &mut chance)?;
                // The first warms up.
                times[at].extend(time.filter(|_| round > 0));
            }
        }
        if times.iter().all(|times| !times.is_empty()) {
            found.push((call, times.map(|times| median(times.into_iter()))));
        }
    }
    Ok(found)
}

struct Caller<'a> {
    installation: &'a Installation,
    connection: &'a mut Connection,
}

impl Caller<'_> {
    /// What a call takes, about an application drawn from all; `None`: this program has none such.
    /// What it needs is made before, and what it has made is removed after.
    fn time(&mut self, call: Call, chance: &mut Chance) -> Result<Option<Duration>> {
        let applications = &self.installation.filled.applications;
        let application = &applications[chance.below(applications.len() as u64) as usize];
        let credential = chance.below(CREDENTIALS_EACH as u64) as usize;
        let path = format!("/applications/{}", application.id);
        let credentials = format!("{path}/credentials/oauth2");
        match call {
            Call::ListApplications => self.get("/applications?size=100").map(Some),
            Call::ListContracts => {
                let service = &self.installation.open_service;
                self.get(&format!("/services/{service}/application_instances?size=100")).map(Some)
            }
            Call::ListCredentials => self.get(&credentials).map(Some),
            Call::ReadApplication => self.get(&path).map(Some),
            Call::CreateApplication => {
                let (time, made) = self.create_application(application)?;
                self.delete(&format!("/applications/{}", text(&made["id"])))?;
                Ok(Some(time))
            }
            Call::CreateCredential => {
                let (time, _, made) = self.ask("POST", &credentials, Some(json!({})))?;
                self.delete(&format!("{credentials}/{}", text(&made["id"])))?;
                Ok(Some(time))
            }
            Call::Approve => self.approve(&path).map(Some),
            Call::Rotate => {
                let (id, _) = &application.credentials[credential];
                self.rotate(&format!("{credentials}/{id}"))
            }
            Call::DeleteCredential => {
                let (_, _, made) = self.ask("POST", &credentials, Some(json!({})))?;
                self.delete(&format!("{credentials}/{}", text(&made["id"]))).map(Some)
            }
            Call::DeleteApplication => {
                let (_, made) = self.create_application(application)?;
                self.delete(&format!("/applications/{}", text(&made["id"]))).map(Some)
            }
        }
    }

    /// Another application of the same developer.
    fn create_application(&mut self, beside: &Application) -> Result<(Duration, Value)> {
        let path = format!("/developers/{}/applications", beside.developer);
        let body = json!({"name": "another", "redirect_uri": "https://example.com/back"});
        let (time, _, made) = self.ask("POST", &path, Some(body))?;
        Ok((time, made))
    }

    fn approve(&mut self, path: &str) -> Result<Duration> {
        let contracts = format!("{path}/application_instances");
        let body = json!({"service": {"id": self.installation.asked_service}});
        let (_, _, made) = self.ask("POST", &contracts, Some(body))?;
        let contract = format!("{contracts}/{}", text(&made["id"]));
        let (time, ..) = self.ask("PATCH", &contract, Some(json!({"status": 0})))?;
        self.delete(&contract)?;
        Ok(time)
    }

    /// A credential has two live keys at most: the grace of the one before is ended, untimed.
    fn rotate(&mut self, credential: &str) -> Result<Option<Duration>> {
        let path = format!("{credential}/rotate");
        let (time, status, _) = self.answer("POST", &path, Some(json!({"grace_seconds": 3600})))?;
        match status {
            404 | 405 => Ok(None),
            200 | 201 => {
                self.delete(&path)?;
                Ok(Some(time))
            }
            _ => bail!("POST {path}: {status}"),
        }
    }

    fn get(&mut self, path: &str) -> Result<Duration> {
        self.ask("GET", path, None).map(|(time, ..)| time)
    }

    fn delete(&mut self, path: &str) -> Result<Duration> {
        self.ask("DELETE", path, None).map(|(time, ..)| time)
    }

    /// What is answered well, and how long it took.
    fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> Result<(Duration, u16, Value)> {
        let (time, status, answer) = self.answer(method, path, body)?;
        match status {
            200..300 => Ok((time, status, answer)),
            _ => bail!("{method} {path}: {status} {answer}"),
        }
    }

    fn answer(&mut self, method: &str, path: &str, body: Option<Value>) -> Result<(Duration, u16, Value)> {
        let mut request = self.installation.gateway.admin_request(method, path);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let begun = Instant::now();
        let answer = self.connection.exchange(&request)?;
        Ok((begun.elapsed(), answer.status, answer.json().unwrap_or_default()))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
