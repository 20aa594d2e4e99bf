//! An HTTP proxy between the SDK and DynamoDB Local that makes things go wrong.
//!
//! Whatever is planned, reads that are not strongly consistent see the table as it was before
//! anything was written, and calls that the product is not permitted to make are refused.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use latchkey_control::ports::testing::SeededRandom;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An error of this name, status 400; not forwarded.
    Refused(&'static str),
    /// Status 500; not forwarded.
    ServerError,
    /// Status 500 after it was forwarded.
    ServerErrorAfter,
    /// `TransactionCanceledException` for this reason; not forwarded.
    Cancelled(&'static str),
    /// The connection is closed; not forwarded.
    Closed,
    /// Forwarded, and the connection is closed instead of a reply.
    ReplyLost,
    /// No reply and not forwarded, until the client gives up.
    Silence,
    /// Forwarded and answered after so long.
    Slow(Duration),
    /// Forwarded after so long, also when the client has given up by then.
    Late(Duration),
}

/// One call of DynamoDB's API.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `GetItem`, `Query`, `TransactWriteItems`.
    pub(crate) action: String,
    pub(crate) input: Value,
}

type Plan = dyn Fn(&Call) -> Option<Fault> + Send + Sync;

/// The proxy; stopped when dropped.
pub(crate) struct FaultProxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    target: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    plan: Mutex<Arc<Plan>>,
    seen: Mutex<Vec<Call>>,
    faults: Mutex<BTreeMap<String, u64>>,
    units: Mutex<f64>,
}

impl FaultProxy {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            target,
            client: Client::builder(TokioExecutor::new()).build_http(),
            plan: Mutex::new(Arc::new(|_| None)),
            seen: Mutex::default(),
            faults: Mutex::default(),
            units: Mutex::default(),
        });
        let server = tokio::spawn(serve(listener, shared.clone()));
        FaultProxy { address, shared, server }
    }

    /// What goes wrong from now on.
    pub(crate) fn plan(&self, plan: impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static) {
        *self.shared.plan.lock().unwrap() = Arc::new(plan);
    }

    /// Nothing goes wrong from now on.
    pub(crate) fn heal(&self) {
        self.plan(|_| None);
    }

    /// The next `number` calls of an action go wrong.
    pub(crate) fn fail_next(&self, number: u64, action: &'static str, fault: Fault) {
        let left = std::sync::atomic::AtomicU64::new(number);
        self.plan(move |call| {
            let order = std::sync::atomic::Ordering::Relaxed;
            let take =
                call.action == action && left.fetch_update(order, order, |left| left.checked_sub(1)).is_ok();
            take.then_some(fault)
        });
    }

    /// Calls seen since this was asked last.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.seen.lock().unwrap())
    }

    /// Read and write units that DynamoDB reckoned since this was asked last.
    pub(crate) fn take_units(&self) -> f64 {
        std::mem::take(&mut self.shared.units.lock().unwrap())
    }

    /// How often each fault was made.
    pub(crate) fn faults(&self) -> BTreeMap<String, u64> {
        self.shared.faults.lock().unwrap().clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Every kind of fault by chance: `percent` of the calls go wrong, in bursts now and then.
pub(crate) fn mixture(seed: u64, percent: u64, give_up: Duration) -> impl Fn(&Call) -> Option<Fault> {
    let random = SeededRandom::new(seed);
    let burst = Mutex::new((0_u64, None));
    move |call| {
        let mut burst = burst.lock().unwrap();
        let is_commit = call.action == "TransactWriteItems";
        if burst.0 > 0 {
            burst.0 -= 1;
            // Only a transaction can be cancelled.
            return burst.1.filter(|fault| is_commit || !matches!(fault, Fault::Cancelled(_)));
        }
        if random.next() % 100 >= percent {
            return None;
        }
        let fault = match random.next() % 12 {
            0 => Fault::Refused("ThrottlingException"),
            1 => Fault::Refused("ProvisionedThroughputExceededException"),
            2 => Fault::ServerError,
            3 => Fault::ServerErrorAfter,
            4 => Fault::Closed,
            5 | 6 => Fault::ReplyLost,
            7 if is_commit => Fault::Cancelled("TransactionConflict"),
            8 if is_commit => Fault::Cancelled("ThrottlingError"),
            7 | 8 => Fault::Refused("RequestLimitExceeded"),
            9 => Fault::Silence,
            10 => Fault::Late(give_up + Duration::from_millis(random.next() % 40)),
            _ => Fault::Slow(Duration::from_millis(random.next() % 20)),
        };
        if random.next().is_multiple_of(8) {
            *burst = (1 + random.next() % 6, Some(fault));
        }
        Some(fault)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Connections end with this task.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(shared.clone(), request));
            let mut server = hyper::server::conn::http1::Builder::new();
            let _ = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// The reason why a connection is closed.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("cut")
    }
}

impl std::error::Error for Cut {}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let call = Call {
        action: target.split_once('.').map(|(_, action)| action.to_owned()).unwrap_or_default(),
        input: serde_json::from_slice(&body).unwrap_or_default(),
    };
    shared.seen.lock().unwrap().push(call.clone());
    match call.action.as_str() {
        "GetItem" | "Query" | "Scan" if call.input["ConsistentRead"] != true => {
            return Ok(stale(&call.action));
        }
        "GetItem" | "Query" | "Scan" | "TransactWriteItems" => {}
        _ => return Ok(error(StatusCode::BAD_REQUEST, "AccessDeniedException", json!({}))),
    }
    let plan = shared.plan.lock().unwrap().clone();
    let fault = plan(&call);
    if let Some(fault) = fault {
        let name = format!("{fault:?}").split('(').next().unwrap_or_default().to_owned();
        *shared.faults.lock().unwrap().entry(name).or_default() += 1;
    }
    let forward = forward(shared.clone(), head, asking_for_units(&call.input));
    match fault {
        None => forward.await,
        Some(Fault::Refused(name)) => Ok(error(StatusCode::BAD_REQUEST, name, json!({}))),
        Some(Fault::ServerError) => Ok(server_error()),
        Some(Fault::ServerErrorAfter) => forward.await.map(|_| server_error()),
        Some(Fault::Cancelled(reason)) => Ok(cancelled(&call, reason)),
        Some(Fault::Closed) => Err(Cut),
        Some(Fault::ReplyLost) => forward.await.and(Err(Cut)),
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Slow(time)) => {
            tokio::time::sleep(time).await;
            forward.await
        }
        Some(Fault::Late(time)) => {
            // A task of its own: this one ends when the client gives up.
            let late = tokio::spawn(async move {
                tokio::time::sleep(time).await;
                forward.await
            });
            late.await.map_err(|_| Cut)?
        }
    }
}

async fn forward(
    shared: Arc<Shared>,
    mut head: http::request::Parts,
    body: Bytes,
) -> Result<Response<Full<Bytes>>, Cut> {
    head.headers.remove(http::header::CONTENT_LENGTH);
    head.uri = format!("http://{}/", shared.target).parse().map_err(|_| Cut)?;
    let reply = shared.client.request(Request::from_parts(head, Full::new(body))).await.map_err(|_| Cut)?;
    let (mut head, body) = reply.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    *shared.units.lock().unwrap() += units(&body);
    head.headers.remove(http::header::TRANSFER_ENCODING);
    head.headers.remove(http::header::CONTENT_LENGTH);
    Ok(Response::from_parts(head, Full::new(body)))
}

fn asking_for_units(input: &Value) -> Bytes {
    let mut input = input.clone();
    input["ReturnConsumedCapacity"] = "TOTAL".into();
    Bytes::from(input.to_string())
}

fn units(reply: &[u8]) -> f64 {
    let reply: Value = serde_json::from_slice(reply).unwrap_or_default();
    let of_table = |units: &Value| units["CapacityUnits"].as_f64().unwrap_or_default();
    match &reply["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(of_table).sum(),
        table => of_table(table),
    }
}

/// What a read saw before anything was written.
fn stale(action: &str) -> Response<Full<Bytes>> {
    let answer = match action {
        "Query" | "Scan" => json!({"Items": [], "Count": 0, "ScannedCount": 0}),
        _ => json!({}),
    };
    json_response(StatusCode::OK, &answer)
}

fn server_error() -> Response<Full<Bytes>> {
    error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", json!({}))
}

fn cancelled(call: &Call, reason: &str) -> Response<Full<Bytes>> {
    let items = call.input["TransactItems"].as_array().map_or(0, Vec::len);
    let mut reasons = vec![json!({"Code": "None"}); items];
    if let Some(last) = reasons.last_mut() {
        *last = json!({"Code": reason, "Message": "injected"});
    }
    error(StatusCode::BAD_REQUEST, "TransactionCanceledException", json!({"CancellationReasons": reasons}))
}

fn error(status: StatusCode, name: &str, more: Value) -> Response<Full<Bytes>> {
    let mut body = more;
    body["__type"] = format!("com.amazonaws.dynamodb.v20120810#{name}").into();
    body["message"] = "injected".into();
    json_response(status, &body)
}

fn json_response(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/x-amz-json-1.0");
    response.body(Full::new(Bytes::from(body.to_string()))).expect("a valid response")
}
