//! The data plane of one isolate: core's gateway, spoken to in texts.

use latchkey_gateway::config::ConfigCompiler;
use latchkey_gateway::decision::{Decision, GrantRequest, Need, Source};
use latchkey_gateway::forward::{edit_own_response_headers, named_by_connection};
use latchkey_gateway::gateway::{FeedOutage, Gateway, GrantAnswer, Learned};
use latchkey_gateway::own_answer::REQUEST_ID;
use latchkey_gateway::problem::{Problem, request_id_text};
use latchkey_gateway::request::{Body, Headers, Now};
use latchkey_gateway::request_ids::RequestIds;
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::grant::Grant;
use latchkey_published::keys::KeyDigest;

use latchkey_worker_shared::answer::Aside;
use latchkey_worker_shared::feed_text;

use crate::answer;
use crate::config::Settings;
use crate::request::{Described, Names};

/// State of the data plane: all of it can be lost, and is then fetched again.
#[derive(Debug)]
pub struct DataPlane {
    gateway: Gateway,
    compiler: ConfigCompiler,
    names: Names,
    ids: RequestIds,
    upstreams: UpstreamAddresses,
    response_fields: ResponseFields,
}

/// What a grant was read as.
#[derive(Clone, Copy, Debug)]
pub enum GrantText<'a> {
    /// The authority's text.
    Found(&'a str),
    /// A replica's text, and the MAC beside it: empty if there is none.
    Copied(&'a str, &'a str),
    /// There is none.
    Missing,
    /// The store did not answer.
    Failed,
}

impl DataPlane {
    /// Knows nothing yet. `seed`: random.
    pub fn new(settings: &Settings, seed: [u64; 2]) -> Self {
        DataPlane {
            gateway: Gateway::new(settings.gateway.clone(), settings.peppers.clone()),
            compiler: ConfigCompiler::default(),
            names: Names::default(),
            ids: RequestIds::new(seed),
            upstreams: settings.upstreams.clone(),
            response_fields: settings.response_fields,
        }
    }

    /// The header fields to describe a request with, a line each.
    pub fn header_names(&self) -> String {
        self.names.to_text()
    }

    /// What responses are added.
    pub fn response_fields(&self) -> ResponseFields {
        self.response_fields
    }

    /// What is to become of a request, in the words of [`answer`].
    pub fn ask(&mut self, text: &str, body: Body<'_>) -> String {
        let DataPlane { gateway, names, ids, upstreams, response_fields, .. } = self;
        let fields = *response_fields;
        let Some(described) = Described::parse(text, names) else { return refuse_undescribed(fields) };
        let request_id = described.request_id.unwrap_or_else(|| ids.draw());
        let head = described.head(request_id);
        let now = described.now;
        match gateway.decide(&head, body, now) {
            Decision::Forward(plan) => {
                // What a name resolves to only the platform sees.
                if let Err(reason) = upstreams.judge_literal(&plan.upstream.host) {
                    let mut aside = aside(gateway, now);
                    let service_id = plan.upstream.service_id;
                    aside.log(&format!(
                        "service {service_id}: an upstream may not be at its address: {reason}"
                    ));
                    return refuse_described(
                        &described,
                        &Problem::UpstreamUnavailable,
                        request_id,
                        fields,
                        &aside,
                    );
                }
                let dropped = named_by_connection(described.fields()).unwrap_or_default();
                answer::forward(&plan, request_id, &dropped, &aside(gateway, now))
            }
            Decision::Respond(mut response) => {
                let latency_ms = || now.monotonic_ms.saturating_sub(head.started.monotonic_ms);
                edit_own_response_headers(response.headers_mut(), fields, request_id, latency_ms);
                answer::respond(&response, &request_id_text(request_id), &aside(gateway, now))
            }
            Decision::Need(Need::Body { bytes_max }) => answer::need_body(bytes_max, request_id),
            Decision::Need(Need::Grant(request)) => {
                answer::need_grant(&request, &request_id_text(request_id))
            }
            Decision::Need(Need::Feed(request)) => answer::need_feed(request, request_id),
            Decision::Need(Need::Wait { ms }) => answer::need_wait(ms, request_id),
        }
    }

    /// The response to a request that failed: `problem` is the word of the script for why.
    pub fn refuse(&self, text: &str, problem: &str) -> String {
        let fields = self.response_fields;
        let Some(described) = Described::parse(text, &self.names) else { return refuse_undescribed(fields) };
        let problem = match problem {
            "stale" => Problem::Stale,
            "unresolved" => Problem::UpstreamUnresolved,
            "timeout" => Problem::UpstreamTimeout,
            "invalid" => Problem::UpstreamInvalid,
            "unreadable" => Problem::BodyUnreadable,
            _ => Problem::Internal,
        };
        let request_id = described.request_id.unwrap_or_default();
        refuse_described(&described, &problem, request_id, fields, &Aside::default())
    }

    /// Takes in the feed's answer to a poll sent at `asked_ms`; `None`: there was none.
    /// Whether [`DataPlane::header_names`] may have changed; the error is for the log.
    pub fn learn_feed(&mut self, asked_ms: u64, now_ms: u64, reply: Option<&str>) -> Result<bool, String> {
        let reply = match reply {
            Some(text) => feed_text::decode(text).map(Some).ok_or("the feed's answer does not parse"),
            None => Ok(None),
        };
        let unreadable = reply.as_ref().err().map(|error| (*error).to_owned());
        let before = self.gateway.epoch();
        let learned =
            self.gateway.learn_feed(at(asked_ms), at(now_ms), reply.ok().flatten(), &mut self.compiler);
        if let Some(error) = unreadable.or(learned.err().map(|error| error.to_string())) {
            return Err(error);
        }
        let changed = self.gateway.epoch() != before;
        if changed {
            self.names = Names::new(&self.gateway.config().header_names());
        }
        Ok(changed)
    }

    /// What of the configuration cannot be used, a line each.
    pub fn unusable(&self) -> String {
        let mut text = String::new();
        for (id, reason) in self.gateway.config().unusable() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str("part of the configuration cannot be used: ");
            text.push_str(&id.to_string());
            text.push_str(": ");
            text.push_str(reason);
        }
        text
    }

    /// Takes in a grant; empty: ask about the request again; `U`: answer that the state is stale;
    /// else [`answer::need_grant`], to be read next.
    pub fn learn_grant(
        &mut self,
        digest: &str,
        source: &str,
        stamp: u64,
        now_ms: u64,
        found: GrantText<'_>,
    ) -> String {
        let Some(digest) = KeyDigest::from_hex(digest) else { return "U".to_owned() };
        let source = if source == "authority" { Source::Authority } else { Source::Replica };
        let request = GrantRequest { digest, source, stamp };
        let now = at(now_ms);
        let gateway = &mut self.gateway;
        let learned = match found {
            GrantText::Copied(text, mac) => gateway.learn_copy(request, text.as_bytes(), mac, now),
            GrantText::Found(text) => {
                let grant = Grant::decode(text.as_bytes());
                gateway.learn_grant(request, grant.map_or(GrantAnswer::Failed, GrantAnswer::Found), now)
            }
            GrantText::Missing => gateway.learn_grant(request, GrantAnswer::Missing, now),
            GrantText::Failed => gateway.learn_grant(request, GrantAnswer::Failed, now),
        };
        match learned {
            Learned::Decide => String::new(),
            Learned::Ask(request) => answer::need_grant(&request, ""),
            Learned::Unavailable => "U".to_owned(),
        }
    }
}

fn at(ms: u64) -> Now {
    Now { unix_ms: ms, monotonic_ms: ms }
}

fn aside(gateway: &mut Gateway, now: Now) -> Aside {
    let mut aside = Aside::default();
    if let Some(request) = gateway.refresh_due(now) {
        answer::poll(&mut aside, request);
    }
    if let Some(rehash) = gateway.take_rehash() {
        answer::rehash(&mut aside, &rehash);
    }
    match gateway.take_outage() {
        None => {}
        Some(FeedOutage::Began) => aside.log("the change feed is out of reach"),
        Some(FeedOutage::Ended { served, refused, lasted_ms }) => aside.log(&format!(
            "the change feed is back after {lasted_ms} ms: {served} requests served from memory, {refused} refused"
        )),
    }
    aside
}

fn refuse_described(
    described: &Described<'_>,
    problem: &Problem,
    request_id: u128,
    fields: ResponseFields,
    aside: &Aside,
) -> String {
    let mut response = problem.respond(described.fields().values("accept").next(), request_id);
    edit_own_response_headers(response.headers_mut(), fields, request_id, || 0);
    answer::respond(&response, &request_id_text(request_id), aside)
}

/// To what is no description: a defect of the script.
fn refuse_undescribed(fields: ResponseFields) -> String {
    refuse_unnumbered(&Problem::Internal, fields)
}

/// The response of a gateway without settings.
pub fn refuse_unconfigured() -> String {
    refuse_unnumbered(&Problem::Unconfigured, ResponseFields::default())
}

/// To a request that nothing is known of.
fn refuse_unnumbered(problem: &Problem, fields: ResponseFields) -> String {
    let mut response = problem.respond(None, 0);
    edit_own_response_headers(response.headers_mut(), fields, 0, || 0);
    response.headers_mut().remove(&REQUEST_ID);
    answer::respond(&response, "", &Aside::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> DataPlane {
        let settings = r#"{"LATCHKEY_PEPPER": "a pepper of at least thirty-two bytes"}"#;
        DataPlane::new(&Settings::parse(settings).unwrap(), [1, 2])
    }

    #[test]
    fn what_a_newer_version_published_is_for_the_log() {
        let mut plane = plane();
        let wrong = plane.learn_feed(1, 1, Some("7 7 reset/2\nx")).unwrap_err();
        assert!(wrong.contains("published by a newer version"), "{wrong}");
        let id = "00000000-0000-0000-0000-000000000001";
        let piece =
            format!("{{\"entities\":{{\"plugins\":{{\"{id}\":{{\"name\":\"quotas\",\"config\":{{}}}}}}}}}}");
        let text = format!("7 7 reset\np00 \u{6}{piece}");
        assert_eq!(plane.learn_feed(2, 2, Some(&text)), Ok(true));
        let line = format!(
            "part of the configuration cannot be used: {id}: plugin 'quotas' is not known to this version"
        );
        assert_eq!(plane.unusable(), line);
    }
}
