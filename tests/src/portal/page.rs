//! A page of the portal in a browser.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::jar::Jar;
use crate::client::Client as _;
use crate::deployment::Deployment;
use crate::raw_http::{Request, Response};

/// Calls the Portal API as a page does that came from the control door: with its origin, and with the cookies
/// that it was given, which it keeps.
#[derive(Clone, Debug, Default)]
pub struct Page(Jar);

impl Page {
    /// `path` begins behind the prefix: `/applications`.
    pub fn ask(
        &mut self,
        portal: &dyn Deployment,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Response {
        let mut request = Request::new(method, target(portal, path));
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        self.send(portal, request)
    }

    pub fn log_in(&mut self, portal: &dyn Deployment, email: &str, password: &str) -> Response {
        let pair = STANDARD.encode(format!("{email}:{password}"));
        let request = Request::get(&target(portal, "/auth")).header("Authorization", format!("Basic {pair}"));
        self.send(portal, request)
    }

    fn send(&mut self, portal: &dyn Deployment, request: Request) -> Response {
        let with = |request: Request, (name, value): (&str, String)| request.header(name, value);
        let request = self.fields(portal).into_iter().fold(request, with);
        let answer = portal.send_to(&portal.doors().control("").authority, &request);
        self.0.keep(&answer);
        answer
    }

    /// The header fields that each of its calls has.
    pub fn fields(&self, portal: &dyn Deployment) -> Vec<(&'static str, String)> {
        let origin = format!("{}://{}", portal.scheme(), portal.doors().control("").authority);
        let cookies = self.0.field().map(|cookies| ("Cookie", cookies));
        [("Origin", origin)].into_iter().chain(cookies).collect()
    }

    /// The values of its cookies.
    pub fn cookies(&self) -> Vec<String> {
        self.0.values().map(str::to_owned).collect()
    }
}

fn target(portal: &dyn Deployment, path: &str) -> String {
    portal.doors().control(&format!("/portal/api{path}")).target
}
