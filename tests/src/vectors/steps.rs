//! Takes the steps of a case and compares what comes of each.

use std::thread;
use std::time::{Duration, Instant};

use super::case::{Asked, Case, FieldValue, Saved, SavedPart, Step, Target};
use super::set_up::set_up;
use crate::client::Client as _;
use crate::deployment::Deployment;
use crate::expectation::Outcome;
use crate::placeholders::{Placeholders, Spelling, look_up};
use crate::raw_http::{Request, Response};
use crate::upstream::Upstream;
use regex_lite::Regex;
use serde_json::Value;

const RETRY_EVERY: Duration = Duration::from_millis(100);
const TOKEN_FIELD: &str = "Kong-Admin-Token";

/// Runs one case on an empty deployment that nobody else uses meanwhile.
pub(super) fn run(case: &Case, deployment: &dyn Deployment, upstream: &Upstream) -> Result<(), Vec<String>> {
    let placeholders =
        set_up(case, deployment, upstream).map_err(|reason| vec![format!("set-up: {reason}")])?;
    let mut run = Run { deployment, upstream, placeholders, first_step_end: Instant::now() };
    settle();
    let mut after_admin = false;
    for (number, step) in (1..).zip(&case.steps) {
        if step.target == Target::Proxy && after_admin && step.within_s.is_none() {
            settle();
        }
        let outcome = run.step(step);
        if number == 1 {
            run.first_step_end = Instant::now();
        }
        after_admin = step.target == Target::Admin;
        outcome.map_err(|differences| {
            let numbered = differences.into_iter().map(|difference| format!("step {number}: {difference}"));
            numbered.collect::<Vec<_>>()
        })?;
    }
    Ok(())
}

/// Waits until a change is in force everywhere; nothing locally, where it is so at once.
fn settle() {
    let millis = std::env::var("LATCHKEY_TEST_SETTLE_MS").ok().and_then(|ms| ms.parse().ok()).unwrap_or(0);
    thread::sleep(Duration::from_millis(millis));
}

struct Run<'a> {
    deployment: &'a dyn Deployment,
    upstream: &'a Upstream,
    placeholders: Placeholders,
    first_step_end: Instant,
}

impl Run<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Vec<String>> {
        thread::sleep(seconds(step.wait_s));
        if step.wait_until_s_after_step_1.is_some() {
            let until = self.first_step_end + seconds(step.wait_until_s_after_step_1);
            thread::sleep(until.saturating_duration_since(Instant::now()));
        }
        let deadline = Instant::now() + seconds(step.within_s);
        loop {
            let result = self.attempt(step);
            if result.is_ok() || Instant::now() >= deadline {
                return result;
            }
            thread::sleep(RETRY_EVERY);
        }
    }

    fn attempt(&mut self, step: &Step) -> Result<(), Vec<String>> {
        let one = |reason: String| vec![reason];
        let request = self.request(&step.request, step.target).map_err(one)?;
        let hides_keys = step.target == Target::Admin && self.may_not_show_keys(&request);
        let response = self.send(&request, step).map_err(|error| one(format!("no answer: {error}")))?;
        let recorded = self.upstream.take();
        let garbage = self.upstream.take_garbage();
        if !garbage.is_empty() {
            return Err(one(format!("the upstream got what is no request: {garbage:?}")));
        }
        let expect = step.expect.fill(&mut self.placeholders).map_err(one)?;
        let differences = expect.check(&Outcome { response: &response, recorded: &recorded, hides_keys });
        if !differences.is_empty() {
            return Err(differences);
        }
        self.remember(step, &response).map_err(one)
    }

    /// As often as the step says; what reached the upstream is that of the last time.
    fn send(&self, request: &Request, step: &Step) -> std::io::Result<Response> {
        let authority = match step.target {
            Target::Admin => self.deployment.admin_authority(),
            Target::Proxy => self.deployment.authority().to_owned(),
        };
        for _ in 1..step.request.times {
            self.deployment.exchange(&authority, request)?;
        }
        self.upstream.take();
        self.deployment.exchange(&authority, request)
    }

    fn remember(&mut self, step: &Step, response: &Response) -> Result<(), String> {
        let answer = response.json().unwrap_or(Value::Null);
        for (name, saved) in &step.save {
            let value = saved_of(&answer, saved)?;
            self.placeholders.put("saved", name, value);
        }
        Ok(())
    }

    fn request(&mut self, asked: &Asked, target: Target) -> Result<Request, String> {
        let mut path = self.placeholders.fill_text(&asked.path, Spelling::Url)?;
        if let Some(query) = &asked.query {
            path = format!("{path}?{}", self.placeholders.fill_text(query, Spelling::Url)?);
        }
        let doors = self.deployment.doors();
        let place = if target == Target::Admin { doors.admin(&path) } else { doors.gateway(&path) };
        let mut request = Request::new(&asked.method, place.target);
        for (name, value) in &asked.headers {
            let value = match value {
                FieldValue::Text(text) => self.placeholders.fill_text(text, Spelling::Plain)?.into_bytes(),
                FieldValue::Raw(raw) => raw.base64.0.clone(),
            };
            request.headers.push(name, value);
        }
        if target == Target::Admin && asked.admin_token && !request.headers.contains(TOKEN_FIELD) {
            request.headers.push(TOKEN_FIELD, self.deployment.admin_token());
        }
        request.body = match (&asked.body_base64, &asked.body) {
            (Some(bytes), _) => Some(bytes.0.clone()),
            (None, Some(text)) => Some(self.placeholders.fill_text(text, Spelling::Plain)?.into_bytes()),
            (None, None) => None,
        };
        Ok(request)
    }

    /// True for an answer about credentials that were there before the request, with the keys they had.
    fn may_not_show_keys(&self, request: &Request) -> bool {
        let target = String::from_utf8_lossy(&request.target).into_owned();
        let tells = ["/key-auth", "/credentials/", "/oauth2"];
        if !tells.iter().any(|part| target.contains(part)) {
            return false;
        }
        match request.method.as_str() {
            "GET" => true,
            "PATCH" => !gives_key(request),
            "PUT" => !gives_key(request) && self.is_there(&target),
            _ => false,
        }
    }

    fn is_there(&self, target: &str) -> bool {
        let prefix = self.deployment.doors().admin("").target;
        self.deployment.admin("GET", target.strip_prefix(&prefix).unwrap_or(target), None).status == 200
    }
}

fn seconds(seconds: Option<f64>) -> Duration {
    Duration::from_secs_f64(seconds.unwrap_or(0.0))
}

/// Whoever gives a key is answered it in the form in which it was given.
fn gives_key(request: &Request) -> bool {
    let body = request.body.as_deref().unwrap_or_default();
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    ["key", "client_id", "client_secret"].iter().any(|name| json.get(name).is_some())
}

fn saved_of(answer: &Value, saved: &Saved) -> Result<Value, String> {
    let at = |path: &str| {
        let value = look_up(answer, path.trim_start_matches("$."));
        value.cloned().ok_or_else(|| format!("nothing to save at {path:?} in {answer}"))
    };
    match saved {
        Saved::At(path) => at(path),
        Saved::Part(SavedPart { path, pattern }) => {
            let (value, regex) = (at(path)?, Regex::new(pattern).map_err(|error| error.to_string())?);
            let group = value.as_str().and_then(|text| regex.captures(text)?.get(1));
            let group = group.ok_or_else(|| format!("{pattern:?} does not fit {value}"))?;
            Ok(group.as_str().into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn put_shows_only_a_key_it_made() {
        assert!(gives_key(&Request::new("PUT", "/").body("{\"key\":\"a\"}")));
        assert!(gives_key(&Request::new("PATCH", "/").body("{\"client_secret\":\"a\"}")));
        assert!(!gives_key(&Request::new("PUT", "/").body("{\"tags\":[]}")));
    }

    #[test]
    fn a_part_of_a_text_is_saved() {
        let answer = serde_json::json!({"to": "https://a.test/?code=abc&x=1"});
        let saved = |pattern: &str| {
            saved_of(&answer, &Saved::Part(SavedPart { path: "to".into(), pattern: pattern.into() }))
        };
        assert_eq!(saved("code=([^&]+)"), Ok("abc".into()));
        assert!(saved("token=(.+)").is_err());
        assert_eq!(saved_of(&answer, &Saved::At("to".into())).unwrap(), answer["to"]);
    }
}
