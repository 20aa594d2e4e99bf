//! The suite that every deployed form must pass, quickly.

use std::cell::RefCell;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use latchkey_tests::admin_suite::{Api, run_all, tests};
use latchkey_tests::raw_http::{Headers, Request, Response};
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::ports::Clock as _;

#[test]
fn the_admin_suite_holds() {
    // What an adapter does before core is asked is not here.
    let report = run_all(&tests(), &InProcess::new(), &["adapter".to_owned()]);
    assert!(report.failed.is_empty(), "{}", report.summary());
    assert!(!report.passed.is_empty(), "no test ran");
}

/// The Admin API over a store in memory, without an adapter.
struct InProcess {
    runtime: Runtime,
    control: RefCell<TestControl>,
}

impl InProcess {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().build().unwrap();
        let control = RefCell::new(runtime.block_on(new_control()));
        InProcess { runtime, control }
    }

    fn ask(&self, request: &Request) -> Response {
        let target = std::str::from_utf8(&request.target).unwrap();
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers.0 {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let body = request.body.as_deref().unwrap_or_default();
        let head = head(&request.method, path, query, &headers);
        let answer = self.runtime.block_on(self.control.borrow().serve(&head, body));
        let mut headers = Headers::default();
        answer.headers().iter().for_each(|(name, value)| headers.push(name.as_str(), value));
        let body = answer.body().to_vec();
        Response { status: answer.status().as_u16(), headers, body, interim: Vec::new() }
    }
}

impl Api for InProcess {
    fn send(&self, request: &Request) -> Response {
        let mut request = request.clone();
        request.target.splice(0..0, *b"/admin");
        self.ask(&request)
    }

    fn open(&self, path: &str) -> Response {
        self.ask(&Request::get(path))
    }

    fn token(&self) -> &str {
        TOKEN
    }

    fn empty(&self) -> Result<(), String> {
        self.control.replace(self.runtime.block_on(new_control()));
        Ok(())
    }

    fn pass(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.control.borrow().registry().clock().advance(ms);
    }

    fn unix_s(&self) -> u64 {
        self.control.borrow().registry().clock().unix_ms() / 1000
    }
}
