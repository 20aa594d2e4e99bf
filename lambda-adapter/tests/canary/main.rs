//! The canary suite over the function: a front plays its trigger, and a proxy before DynamoDB Local
//! makes the store fail.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../store/support/fault_proxy.rs"]
#[allow(dead_code, reason = "shared with the tests of the store")]
mod fault_proxy;

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fault_proxy::{Fault, FaultProxy};
use latchkey_published::snapshot::Piece;
use latchkey_tests::canary::{self, Canaries, Inspected};
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment, Lambda, Settings};
use latchkey_tests::lambda::dynamodb::DynamoDb;
use latchkey_tests::lambda::{Trigger, Way};
use serde_json::Value;
use tokio::runtime::Runtime;

/// The function behind a trigger.
struct Function {
    lambda: Lambda,
    proxy: FaultProxy,
    /// The proxy's.
    _runtime: Runtime,
}

impl Function {
    fn start(trigger: Trigger) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        // Held, so that the one that the gateway shares is the same.
        let dynamodb = DynamoDb::shared();
        let proxy = runtime.block_on(FaultProxy::start(dynamodb.authority.parse().unwrap()));
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", proxy.address)),
            ("LATCHKEY_ADMIN_TOKEN", canary::ADMIN_TOKEN.to_owned()),
            ("LATCHKEY_PEPPER", canary::PEPPER.to_owned()),
            ("LATCHKEY_VERIFY_TOKEN", canary::VERIFY_TOKEN.to_owned()),
            ("RUST_LOG", "trace".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let settings = Settings { variables, ..Settings::default() };
        let mut lambda = Lambda::with(Way::Trigger(trigger), &settings);
        canary::ADMIN_TOKEN.clone_into(&mut lambda.admin_token);
        Function { lambda, proxy, _runtime: runtime }
    }
}

impl Inspected for Function {
    fn deployment(&self) -> &dyn Deployment {
        &self.lambda
    }

    /// Every trigger has ended TLS.
    fn authority_by_https(&self) -> String {
        self.lambda.authority().to_owned()
    }

    /// Each item as it is stored, its bytes, and what they are if they are packed.
    fn stored(&self) -> Vec<(String, Vec<u8>)> {
        let items = self.lambda.dynamodb.items(&self.lambda.table);
        items.iter().flat_map(forms).collect()
    }

    /// Every other error is one that is tried again, so that both ways to fail are taken.
    fn break_store(&mut self) {
        let count = AtomicUsize::new(0);
        self.proxy.plan(move |_| {
            let faults = [Fault::ServerError, Fault::Closed, Fault::Refused("ThrottlingException")];
            let number = count.fetch_add(1, Ordering::Relaxed);
            let fault = faults[number / 2 % faults.len()];
            Some(if number.is_multiple_of(2) { fault } else { Fault::Refused("AccessDeniedException") })
        });
    }
}

fn forms(item: &Value) -> Vec<(String, Vec<u8>)> {
    let name = format!("item {} {}", item["pk"]["S"], item["sk"]["S"]);
    let bytes = STANDARD.decode(item["d"]["B"].as_str().unwrap()).unwrap();
    let unpacked = Piece::decode(&bytes).map(|piece| piece.encode_plain()).unwrap_or_default();
    let forms = [item.to_string().into_bytes(), bytes, unpacked];
    forms.into_iter().map(|form| (name.clone(), form)).collect()
}

fn check(trigger: Trigger) {
    let mut function = Function::start(trigger);
    let canaries = Canaries::release(&mut function);
    let statuses = canaries.statuses.clone();
    let leaks = canaries.leaks(&function);
    assert!(leaks.is_empty(), "{} leaks, {statuses:?}:\n{}", leaks.len(), leaks.join("\n"));
}

#[test]
fn secrets_come_out_nowhere_behind_a_function_url() {
    check(Trigger::FunctionUrl);
}

#[test]
fn secrets_come_out_nowhere_behind_a_rest_api() {
    check(Trigger::RestApi);
}
