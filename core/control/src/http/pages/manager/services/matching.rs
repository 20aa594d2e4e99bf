//! Which route would match a request that somebody types.

use bytes::Bytes;
use http::Response;

use super::route_fields::headers;
use crate::http::pages::answered::answered;
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{AskedRequest, Candidate, Looked, MatchRequest, Miss, Thing};
use latchkey_store::Store;

answered! {
    struct Answer {
        answered_by_gateway: bool,
        route: Option<Named>,
        service: Option<Named>,
        needs_https: bool,
        sent_to: Option<String>,
        plugins: Vec<Named>,
        others: Vec<Other>,
        others_left_out: u64,
    }

    struct Other {
        route: Named,
        service: Option<Named>,
        why: Vec<Reason>,
    }

    struct Reason {
        reason: String,
        header: Option<String>,
    }

    struct Named {
        id: String,
        name: Option<String>,
    }
}

impl Named {
    fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    fn thing(&self) -> Thing<'_> {
        Thing { id: &self.id, name: self.called() }
    }
}

impl Reason {
    fn miss(&self) -> Option<Miss<'_>> {
        Some(match self.reason.as_str() {
            "method" => Miss::Method,
            "host" => Miss::Host,
            "path" => Miss::Path,
            "header" => Miss::Header(self.header.as_deref().unwrap_or_default()),
            "sni" => Miss::Sni,
            "service_disabled" => Miss::Suspended,
            "streams_only" => Miss::Stream,
            "fewer_conditions" => Miss::FewerConditions,
            "wildcard_host" => Miss::WildcardHost,
            "fewer_headers" => Miss::FewerHeaders,
            "no_regex" => Miss::NoRegex,
            "lower_priority" => Miss::Priority,
            "shorter_path" => Miss::ShorterPath,
            "younger" => Miss::Younger,
            _ => return None,
        })
    }
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn match_page(&self) -> Result<Response<Bytes>, Refusal> {
        let (mut answer, mut faults) = (None, Faults::default());
        if self.page.is_post() {
            match self.look_for_route().await {
                Ok(Ok(found)) => answer = Some(found),
                Ok(Err(found)) => faults = found,
                Err(refusal) => faults = Faults::of(refusal)?.gathered_below("headers"),
            }
        }
        let others: Vec<(&Other, Vec<Miss<'_>>)> =
            answer.iter().flat_map(|answer: &Answer| &answer.others).map(with_misses).collect();
        let others: Vec<Candidate<'_>> = others
            .iter()
            .map(|(other, misses)| Candidate {
                route: other.route.thing(),
                service: other.service.as_ref().map(Named::thing),
                misses,
            })
            .collect();
        let plugins: Vec<&str> =
            answer.iter().flat_map(|answer| &answer.plugins).map(Named::called).collect();
        let looked = answer.as_ref().map(|answer| Looked {
            is_answered_by_gateway: answer.answered_by_gateway,
            found: answer.route.as_ref().map(|route| Candidate {
                route: route.thing(),
                service: answer.service.as_ref().map(Named::thing),
                misses: &[],
            }),
            needs_https: answer.needs_https,
            sent_to: answer.sent_to.as_deref(),
            plugins: &plugins,
            others: &others,
            left_out: answer.others_left_out,
        });
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        Ok(self.form(&faults, &MatchRequest { frame: &frame, asked: self.asked_request(&faults), looked }))
    }

    fn asked_request<'t>(&'t self, faults: &'t Faults) -> AskedRequest<'t> {
        AskedRequest {
            method: self.typed_or(faults, "method", "GET"),
            is_https: self.page.form.given("scheme") != Some("http"),
            host: self.typed_or(faults, "host", ""),
            path: self.typed_or(faults, "path", "/"),
            headers: self.typed_or(faults, "headers", ""),
        }
    }

    async fn look_for_route(&self) -> Result<Result<Answer, Faults>, Refusal> {
        let form = &self.page.form;
        let headers = match headers(form) {
            Ok(headers) => headers,
            Err(faults) => return Ok(Err(faults)),
        };
        let asked = object([
            ("method", form.value("method")),
            ("scheme", form.value("scheme")),
            ("host", form.value("host")),
            ("path", form.value("path")),
            ("headers", headers),
        ]);
        Ok(Ok(read(&self.post(&["router", "match"], asked).await?)?))
    }
}

fn with_misses(other: &Other) -> (&Other, Vec<Miss<'_>>) {
    (other, other.why.iter().filter_map(Reason::miss).collect())
}
