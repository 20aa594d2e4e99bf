//! Plays the steps of one case.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::case::{At, Call, Case, Expect, MailStep, Step};
use super::expect::Comparison;
use super::jar::Jar;
use super::mails::Mail;
use super::matchers::{finds, text_differences};
use super::surroundings::{Surroundings, fresh_address};
use super::variables::Variables;
use crate::admin_suite::documented::{self, Document};
use crate::base::fresh_text;
use crate::raw_http::{Request, Response};

/// How long a mail may take.
const MAIL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long none is waited for.
const NO_MAIL_WAIT: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Does what a case says; what differs first ends it.
pub(super) fn run(case: &Case, around: &dyn Surroundings, upstream: &str) -> Result<(), Vec<String>> {
    let mut run = Run::new(around, upstream);
    for (step, number) in case.steps.iter().zip(1..) {
        let done = match step {
            Step::Call(call) => run.call(call),
            Step::Mail(mail) => run.mail(mail),
        };
        done.map_err(|differences| {
            let shown = match step {
                Step::Call(call) => format!("{} {} as {}", call.method, call.path, call.who),
                Step::Mail(mail) => format!("mail to {}", mail.to),
            };
            [vec![format!("step {number}, {shown}")], differences].concat()
        })?;
    }
    Ok(())
}

struct Run<'a> {
    around: &'a dyn Surroundings,
    /// What every answer is held to.
    document: Arc<Document>,
    variables: Variables,
    jars: BTreeMap<String, Jar>,
    /// Clients' addresses by their names; that of the case under an empty one.
    addresses: BTreeMap<String, Ipv4Addr>,
    named: BTreeMap<String, Response>,
    /// Names of the mails that a step has taken.
    taken: BTreeSet<String>,
}

impl<'a> Run<'a> {
    fn new(around: &'a dyn Surroundings, upstream: &str) -> Self {
        let origins = around.origins();
        let text = fresh_text("");
        let mut variables = Variables::default();
        let is_https = origins.control.starts_with("https://");
        for (name, value) in [
            ("r", &text[text.len() - 10..]),
            ("control", &origins.control),
            ("gateway", &origins.gateway),
            ("upstream", upstream),
            ("cookie", if is_https { "__Host-lk_portal" } else { "lk_portal" }),
            ("admin_token", around.admin_token()),
        ] {
            variables.set(name, value);
        }
        let place = around.doors().control(documented::PATH);
        let document = around.exchange(fresh_address(), &place.authority, &Request::get(&place.target));
        let document = Document::read(&document.expect("no answer of the control door"));
        Self {
            around,
            document,
            variables,
            jars: BTreeMap::new(),
            addresses: BTreeMap::new(),
            named: BTreeMap::new(),
            taken: BTreeSet::new(),
        }
    }

    fn call(&mut self, call: &Call) -> Result<(), Vec<String>> {
        thread::sleep(Duration::from_secs_f64(call.wait_s.unwrap_or_default()));
        if let Some(at_once) = call.parallel {
            return self.at_once(call, at_once);
        }
        for number in 1..=call.times.unwrap_or(1) {
            self.variables.set("n", number);
            self.until_as_expected(call)?;
        }
        Ok(())
    }

    fn until_as_expected(&mut self, call: &Call) -> Result<(), Vec<String>> {
        let deadline = Instant::now() + Duration::from_secs_f64(call.within_s.unwrap_or_default());
        loop {
            let answer = self.ask(call, &self.variables.clone())?;
            if let Some(jar) = self.jars.get_mut(&call.who) {
                jar.keep(&answer);
            }
            let found = self.compare(&answer, &call.expect);
            if found.is_empty() {
                return self.save(call, answer);
            }
            if Instant::now() >= deadline {
                return Err(found);
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Asks many times at once, and counts statuses.
    fn at_once(&mut self, call: &Call, many: usize) -> Result<(), Vec<String>> {
        let answers = Mutex::new(Vec::new());
        let prepared: Result<Vec<_>, _> = (1..=many)
            .map(|number| {
                self.variables.set("n", number);
                let variables = self.variables.clone();
                self.request(call, &variables).map(|request| (request, self.address(call.from.as_deref())))
            })
            .collect();
        let prepared = prepared?;
        let around = self.around;
        thread::scope(|scope| {
            for ((authority, request), address) in &prepared {
                let answers = &answers;
                scope.spawn(move || {
                    let answer = around.exchange(*address, authority, request);
                    answers.lock().unwrap().push(answer);
                });
            }
        });
        let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
        let mut found = Vec::new();
        for answer in answers.into_inner().unwrap() {
            let answer = answer.map_err(|error| vec![error.to_string()])?;
            *statuses.entry(answer.status.to_string()).or_default() += 1;
            found.extend(self.compare(&answer, &call.expect));
            if let Some(jar) = self.jars.get_mut(&call.who) {
                jar.keep(&answer);
            }
        }
        for (status, [least, most]) in call.count.iter().chain(&call.expect.count) {
            let count = statuses.get(status).copied().unwrap_or_default();
            if !(*least..=*most).contains(&count) {
                found.push(format!("{status}: wanted {least} to {most}, got {statuses:?}"));
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }

    fn compare(&self, answer: &Response, expect: &Expect) -> Vec<String> {
        let is_https = self.around.origins().control.starts_with("https://");
        let comparison = Comparison { answer, variables: &self.variables, named: &self.named, is_https };
        comparison.differences(expect)
    }

    fn save(&mut self, call: &Call, answer: Response) -> Result<(), Vec<String>> {
        let body = answer.json().unwrap_or_default();
        for (name, pointer) in &call.save {
            let value = body.pointer(pointer).cloned();
            let value = value.ok_or_else(|| vec![format!("nothing at {pointer} in {}", answer.text())])?;
            self.variables.set(name, value);
        }
        for (name, cookie) in &call.save_cookie {
            let cookie = self.variables.text(cookie);
            let value = self.jars.get(&call.who).and_then(|jar| jar.value(&cookie)).map(str::to_owned);
            let value = value.ok_or_else(|| vec![format!("{} has no cookie {cookie}", call.who)])?;
            self.variables.set(name, value);
        }
        if let Some(name) = &call.name {
            self.named.insert(name.clone(), answer);
        }
        Ok(())
    }

    fn ask(&mut self, call: &Call, variables: &Variables) -> Result<Response, Vec<String>> {
        let (authority, request) = self.request(call, variables)?;
        let address = self.address(call.from.as_deref());
        let answer = self.around.exchange(address, &authority, &request);
        let answer = answer.map_err(|error| vec![format!("{error}\n{}", end_of(&self.around.output()))])?;
        if call.place() == At::Portal {
            let path = variables.text(&call.path);
            let path = format!("/portal/api{}", path.split('?').next().unwrap_or_default());
            self.document.check(&call.method, &path, &answer).map_err(|reason| vec![reason])?;
        }
        Ok(answer)
    }

    /// The address of a client: of a name the same in one case, `*` a new one each time.
    fn address(&mut self, name: Option<&str>) -> Ipv4Addr {
        match name {
            Some("*") => fresh_address(),
            name => *self.addresses.entry(name.unwrap_or_default().to_owned()).or_insert_with(fresh_address),
        }
    }

    /// Host and port, and what is sent there.
    fn request(&mut self, call: &Call, variables: &Variables) -> Result<(String, Request), Vec<String>> {
        let (doors, path) = (self.around.doors(), variables.text(&call.path));
        let at = call.place();
        let place = match at {
            At::Portal => doors.control(&format!("/portal/api{path}")),
            At::Admin => doors.admin(&path),
            At::Gateway => doors.gateway(&path),
            At::Control => doors.control(&path),
        };
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: String| fields.push((name.to_owned(), value));
        if at == At::Admin {
            add("Kong-Admin-Token", self.around.admin_token().to_owned());
        } else if at != At::Gateway {
            let reads = matches!(call.method.as_str(), "GET" | "HEAD" | "OPTIONS");
            let is_log_in = at == At::Portal && path.split('?').next() == Some("/auth");
            if !reads || is_log_in {
                add("Origin", self.around.origins().control);
            }
            let jar = self.jars.entry(call.who.clone()).or_default();
            jar.field().into_iter().for_each(|cookies| add("Cookie", cookies));
        }
        if let Some([user, password]) = &call.basic {
            let pair = format!("{}:{}", variables.text(user), variables.text(password));
            add("Authorization", format!("Basic {}", STANDARD.encode(pair)));
        }
        let (media_type, body) = body(call, variables);
        media_type.into_iter().for_each(|media_type| add("Content-Type", media_type.to_owned()));
        for (name, value) in &call.headers {
            fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            let values = match variables.fill(value) {
                Value::Array(values) => values,
                Value::Null => Vec::new(),
                value => vec![value],
            };
            let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            fields.extend(values.into_iter().map(|value| (name.clone(), text(value))));
        }
        let mut request = Request::new(&call.method, &place.target);
        for (name, value) in fields {
            request = request.header(&name, value);
        }
        request.body = body.map(String::into_bytes);
        Ok((place.authority, request))
    }

    fn mail(&mut self, step: &MailStep) -> Result<(), Vec<String>> {
        let wait = if step.none || step.maybe { NO_MAIL_WAIT } else { MAIL_TIMEOUT };
        let deadline = Instant::now() + wait;
        loop {
            match (self.find_mail(step), Instant::now() >= deadline) {
                (Some(mail), _) if step.none => {
                    return Err(vec![format!("there is one: {} {}", mail.subject, mail.text)]);
                }
                (Some(mail), _) => return self.take_mail(step, &mail),
                (None, true) if step.none || step.maybe => return Ok(()),
                (None, true) => {
                    let others = self.around.mails().all();
                    let to = self.variables.text(&step.to).to_lowercase();
                    let others = others.iter().filter(|mail| mail.raw.to_lowercase().contains(&to));
                    let others: Vec<_> = others.map(|mail| (&mail.name, &mail.subject)).collect();
                    return Err(vec![format!(
                        "no such mail within {wait:?}, only {others:?}\n{}",
                        end_of(&self.around.output())
                    )]);
                }
                (None, false) => thread::sleep(LOOK_EVERY),
            }
        }
    }

    /// The oldest that fits and that no step has taken.
    fn find_mail(&self, step: &MailStep) -> Option<Mail> {
        let to = self.variables.text(&step.to);
        let fits = |pattern: &Option<String>, text: &str| {
            pattern
                .as_ref()
                .is_none_or(|pattern| finds(&format!("(?i){}", self.variables.text(pattern)).into(), text))
        };
        self.around.mails().all().into_iter().find(|mail| {
            !self.taken.contains(&mail.name)
                && mail.to.iter().any(|address| address.eq_ignore_ascii_case(&to))
                && (!step.token || mail.links().iter().any(|link| link.token.is_some()))
                && fits(&step.subject, &mail.subject)
                && fits(&step.text, &mail.text)
        })
    }

    fn take_mail(&mut self, step: &MailStep, mail: &Mail) -> Result<(), Vec<String>> {
        self.taken.insert(mail.name.clone());
        let found = self.mail_differences(step, mail);
        if !found.is_empty() {
            return Err([found, vec![mail.raw.clone()]].concat());
        }
        let link = mail.link();
        for (name, part) in &step.save {
            let link = link.as_ref();
            let value = match part.as_str() {
                "token" => link.and_then(|link| link.token.clone()),
                "link" => link.map(|link| link.whole.clone()),
                "origin" => link.map(|link| link.origin.clone()),
                "path" => link.map(|link| link.path.clone()),
                "subject" => Some(mail.subject.clone()),
                "text" => Some(mail.text.clone()),
                other => panic!("no part of a mail: {other}"),
            };
            let value = value.ok_or_else(|| vec![format!("has no {part}: {}", mail.text)])?;
            self.variables.set(name, value);
        }
        Ok(())
    }

    fn mail_differences(&self, step: &MailStep, mail: &Mail) -> Vec<String> {
        let (link, mut found) = (mail.link(), Vec::new());
        let to = self.variables.text(&step.to);
        if step.exact && mail.to_field != to {
            found.push(format!("To: wanted {to:?}, got {:?}", mail.to_field));
        }
        let missing = step.headers.iter().filter(|name| !mail.fields.contains(&name.to_ascii_lowercase()));
        found.extend(missing.map(|name| format!("has no field {name}")));
        if let Some(origin) = &step.origin {
            let got = link.as_ref().map(|link| link.origin.as_str());
            found.extend(text_differences("origin", &self.variables.text(origin).into(), got));
        }
        if let Some(path) = &step.path {
            let got = link.as_ref().map(|link| link.path.as_str());
            found.extend(text_differences("path", &json!({"$re": self.variables.text(path)}), got));
        }
        match &step.html {
            Some(Value::Bool(there)) if *there == mail.html.is_empty() => {
                found.push(format!("html: wanted {there}"));
            }
            Some(Value::String(pattern)) if !finds(&self.variables.text(pattern).into(), &mail.html) => {
                found.push(format!("html: wanted {pattern}"));
            }
            _ => {}
        }
        let whole = [&mail.raw, &mail.subject, &mail.text, &mail.html].map(String::as_str).join("\n");
        let has = |texts: &[String], within: &str| {
            self.variables.texts(texts).into_iter().filter(|text| within.contains(text)).collect::<Vec<_>>()
        };
        found.extend(has(&step.lacks, &whole).into_iter().map(|text| format!("has {text:?}")));
        found.extend(has(&step.html_lacks, &mail.html).into_iter().map(|text| format!("html has {text:?}")));
        found.extend(self.file_differences(step, mail));
        found
    }

    fn file_differences(&self, step: &MailStep, mail: &Mail) -> Vec<String> {
        let mut found = Vec::new();
        if let (Some(wanted), Some(mode)) = (&step.mode, &mail.mode) {
            let wanted = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
            if wanted.trim_start_matches(['0', 'o']) != mode {
                found.push(format!("mode: wanted {wanted}, got {mode}"));
            }
        }
        let token = mail.link().and_then(|link| link.token);
        if step.name_lacks_token && token.is_some_and(|token| mail.name.contains(&token)) {
            found.push(format!("has the token in its name: {}", mail.name));
        }
        found
    }
}

/// Media type and body.
fn body(call: &Call, variables: &Variables) -> (Option<&'static str>, Option<String>) {
    if let Some(json) = &call.json {
        return (Some("application/json"), Some(variables.fill(json).to_string()));
    }
    if let Some(form) = &call.form {
        return (Some("application/x-www-form-urlencoded"), Some(form_text(&variables.fill_object(form))));
    }
    let raw = call.raw.as_ref().map(|raw| variables.text(raw).repeat(call.raw_times.unwrap_or(1)));
    (None, raw)
}

fn form_text(form: &Map<String, Value>) -> String {
    let escaped = |text: &str| -> String {
        let escape = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(escape).collect()
    };
    let pairs = form.iter().flat_map(|(name, value)| {
        let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        values.into_iter().map(move |value| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{}={}", escaped(name), escaped(&value))
        })
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn end_of(output: &str) -> String {
    const SHOWN: usize = 1500;
    let from = output.char_indices().rev().nth(SHOWN).map_or(0, |(at, _)| at);
    format!("--- end of the output ---\n{}", &output[from..])
}
