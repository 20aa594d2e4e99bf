//! A running gateway's Admin API, as the commands call it: `latchkey import`, `export`, `backup`, ….
//!
//! It waits for its answers, since a command does nothing else meanwhile.

use std::cell::Cell;
use std::fmt;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use latchkey_control::http::TOKEN_HEADER;
use latchkey_control::http::endpoints::Surface;
use serde_json::Value;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Where the gateway is, and who asks.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Connection {
    /// The control door of the gateway that is asked, as people reach it, such as https://keys.example.com
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081", value_parser = Door::parse)]
    url: Door,

    /// A file that holds the admin token [default: the token is in LATCHKEY_ADMIN_TOKEN, or else in LATCHKEY_TOKEN]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Environment variables of the admin token: as an installation sets its own, and as the local program
/// has it exported that it made. It is no argument, which a process list shows.
const TOKEN_VARIABLES: [&str; 2] = ["LATCHKEY_ADMIN_TOKEN", "LATCHKEY_TOKEN"];

impl Connection {
    /// A client; nothing is asked yet. The error is for the person at the terminal.
    pub(crate) fn open(&self) -> Result<AdminClient, String> {
        AdminClient::new(self.url.clone(), self.token()?)
    }

    fn token(&self) -> Result<HeaderValue, String> {
        let (place, bytes) = match &self.token_file {
            Some(file) => {
                let bytes = fs::read(file);
                (file.display().to_string(), bytes.map_err(|error| format!("{}: {error}", file.display()))?)
            }
            None => {
                let set = |name: &&str| std::env::var_os(name).filter(|token| !token.is_empty());
                let found = TOKEN_VARIABLES.iter().find_map(|name| Some((*name, set(name)?)));
                let [name, _] = TOKEN_VARIABLES;
                let (name, token) = found
                    .ok_or_else(|| format!("no admin token: set {name}, or name a file with --token-file"))?;
                (name.to_owned(), token.into_encoded_bytes())
            }
        };
        let mut token = HeaderValue::from_bytes(bytes.trim_ascii())
            .ok()
            .filter(|token| !token.is_empty())
            .ok_or_else(|| format!("{place} holds no admin token"))?;
        token.set_sensitive(true);
        Ok(token)
    }
}

/// The URL of a control door, which may have a path where a platform puts it below one; without a
/// slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Door {
    url: String,
    host: String,
    is_https: bool,
}

impl Door {
    /// What the Admin API's paths begin with may be part of the URL, as decK wants it.
    fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("{text:?} is no URL of a control door, such as https://keys.example.com");
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refused()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(refused)?.to_owned();
        let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if has_user || uri.query().is_some() {
            return Err(refused());
        }
        let url = text.trim_end_matches('/');
        let url = url.strip_suffix(Surface::Admin.prefix()).unwrap_or(url).trim_end_matches('/').to_owned();
        Ok(Door { url, host, is_https })
    }

    /// Whether it is on this machine.
    fn is_loopback(&self) -> bool {
        let address = self.host.trim_matches(['[', ']']).parse::<IpAddr>();
        self.host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    }
}

/// How long a connection may take. The longest time of a call covers what the slowest platform does in
/// one: API Gateway gives a function 30 seconds, a Worker's object works for as long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CALL_TIMEOUT: Duration = Duration::from_secs(120);

/// Bytes of an answer that is read; more is no answer of the Admin API.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// What is waited before a call is repeated, once each.
const PAUSES: [Duration; 8] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(8),
    Duration::from_secs(8),
];
/// A longer wait that a server asks for is not obeyed.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Calls the Admin API of one gateway.
pub(crate) struct AdminClient {
    agent: Agent,
    door: Door,
    token: HeaderValue,
    /// Whether a call succeeded before: a door where none ever did is not waited for.
    has_worked: Cell<bool>,
    pause: fn(Duration),
}

impl AdminClient {
    fn new(door: Door, token: HeaderValue) -> Result<Self, String> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // The token goes to the door that was named, and to no other.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("latchkey/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(CALL_TIMEOUT));
        if door.is_https {
            config = config.tls_config(tls()?);
        }
        if door.is_loopback() {
            config = config.proxy(None);
        }
        let agent = config.build().into();
        Ok(AdminClient { agent, door, token, has_worked: Cell::new(false), pause: thread::sleep })
    }

    /// Where the gateway is, for messages.
    pub(crate) fn url(&self) -> &str {
        &self.door.url
    }

    /// Whether the token, and what is sent, can be read on the way.
    pub(crate) fn is_in_clear(&self) -> bool {
        !self.door.is_https && !self.door.is_loopback()
    }

    /// The body of an answer that is as it should be (2xx).
    pub(crate) fn call(&self, call: &Call<'_>) -> Result<Vec<u8>, CallError> {
        let mut pauses = PAUSES.iter();
        loop {
            let failure = match self.call_once(call) {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            let is_repeated = match failure.again {
                Again::Never => false,
                Again::IfRepeatable => call.is_repeatable && self.has_worked.get(),
                Again::Always => true,
            };
            let Some(pause) = pauses.next().filter(|_| is_repeated) else { return Err(failure.error) };
            (self.pause)(failure.pause.max(*pause).min(PAUSE_MAX));
        }
    }

    /// The same, as JSON; null where there is no body.
    pub(crate) fn json(&self, call: &Call<'_>) -> Result<Value, CallError> {
        let body = self.call(call)?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body)
            .map_err(|_| CallError::Failed(self.no_door(call, "answers without JSON")))
    }

    fn call_once(&self, call: &Call<'_>) -> Result<Vec<u8>, Failure> {
        let mut request =
            Request::builder().method(&call.method).uri(self.url_of(call)).header(TOKEN_HEADER, &self.token);
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, body.media_type);
        }
        let outcome = match &call.body {
            None => request.body(()).map_err(ureq::Error::Http).and_then(|request| self.agent.run(request)),
            Some(body) => {
                let request = request.body(body.bytes.as_slice()).map_err(ureq::Error::Http);
                request.and_then(|request| self.agent.run(request))
            }
        };
        let mut answer = outcome.map_err(|error| self.broken(&error))?;
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| self.broken(&error))?;
        if answer.status().is_success() {
            self.has_worked.set(true);
            return Ok(body);
        }
        Err(self.refused(call, answer.status(), answer.headers(), &body))
    }

    /// No answer came.
    fn broken(&self, error: &ureq::Error) -> Failure {
        let url = self.url();
        let cause = sentence(error);
        let error = CallError::Failed(format!("{url} {cause}"));
        Failure { again: Again::IfRepeatable, pause: Duration::ZERO, error }
    }

    /// An answer came that says no.
    fn refused(&self, call: &Call<'_>, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
        let again = match status {
            // It was not looked at.
            StatusCode::TOO_MANY_REQUESTS => Again::Always,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
                Again::IfRepeatable
            }
            _ => Again::Never,
        };
        let pause = headers.get(RETRY_AFTER).and_then(|pause| pause.to_str().ok()?.parse().ok());
        let error = self.refusal(call, status, headers, body);
        Failure { again, pause: pause.map(Duration::from_secs).unwrap_or_default(), error }
    }

    fn refusal(&self, call: &Call<'_>, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> CallError {
        let body = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
        let Some(body) = body else {
            let to =
                headers.get(LOCATION).and_then(|to| to.to_str().ok()).filter(|_| status.is_redirection());
            let answers = match to {
                Some(to) => format!("leads on to {to}: name that with --url if it is the door"),
                None => format!("answers {} without JSON", status.as_u16()),
            };
            return CallError::Failed(self.no_door(call, &answers));
        };
        let message = body["message"].as_str().unwrap_or("no reason is given").to_owned();
        let sentence = match status {
            StatusCode::UNAUTHORIZED => {
                let url = self.url();
                format!("{url} does not take the admin token ({message}): is it that gateway's own?")
            }
            StatusCode::NOT_FOUND => format!("{}: {message} (404)", self.place(call)),
            _ => format!("{}: {message}", self.place(call)),
        };
        CallError::Refused(Refusal { status, body, sentence })
    }

    fn no_door(&self, call: &Call<'_>, answers: &str) -> String {
        format!("{} {answers}: no control door of Latchkey's is there", self.place(call))
    }

    fn url_of(&self, call: &Call<'_>) -> String {
        format!("{}{}{}", self.door.url, Surface::Admin.prefix(), call.path)
    }

    fn place(&self, call: &Call<'_>) -> String {
        format!("{} {}", call.method, self.url_of(call))
    }
}

fn tls() -> Result<TlsConfig, String> {
    let roots = latchkey_upstream_tls::authorities();
    if roots.is_empty() {
        return Err("no certificate authorities are on this machine: set SSL_CERT_FILE".to_owned());
    }
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = RootCerts::new_with_certs(&roots);
    Ok(TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build())
}

/// What became of a call that no answer came to, behind the URL.
fn sentence(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "has a host that is not found".to_owned(),
        ureq::Error::ConnectionFailed => "cannot be connected to: does the gateway run there?".to_owned(),
        ureq::Error::Timeout(_) => "does not answer in time".to_owned(),
        ureq::Error::BodyExceedsLimit(_) => "answers more than a control door does".to_owned(),
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => format!("cannot be spoken to under TLS: {error}"),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                "cannot be connected to (connection refused): does the gateway run there?".to_owned()
            }
            io::ErrorKind::InvalidData => format!("cannot be spoken to under TLS: {error}"),
            _ => format!("broke the connection off ({error})"),
        },
        _ => format!("does not answer as a control door does ({error})"),
    }
}

/// What is asked. Paths begin below the Admin API's prefix.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    method: Method,
    path: &'a str,
    body: Option<Body>,
    is_repeatable: bool,
}

#[derive(Clone, Debug)]
struct Body {
    media_type: &'static str,
    bytes: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(crate) fn get(path: &'a str) -> Self {
        Call::new(Method::GET, path)
    }

    pub(crate) fn put(path: &'a str) -> Self {
        Call::new(Method::PUT, path)
    }

    pub(crate) fn delete(path: &'a str) -> Self {
        Call::new(Method::DELETE, path)
    }

    /// Not repeated when no answer comes, unless it is [`Call::repeatable`].
    pub(crate) fn post(path: &'a str) -> Self {
        Call { is_repeatable: false, ..Call::new(Method::POST, path) }
    }

    fn new(method: Method, path: &'a str) -> Self {
        Call { method, path, body: None, is_repeatable: true }
    }

    /// It does no harm when it is done twice.
    pub(crate) fn repeatable(self) -> Self {
        Call { is_repeatable: true, ..self }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.json_text(body.to_string())
    }

    /// JSON that is written already.
    pub(crate) fn json_text(self, body: String) -> Self {
        self.bytes("application/json", body.into_bytes())
    }

    pub(crate) fn bytes(self, media_type: &'static str, bytes: Vec<u8>) -> Self {
        Call { body: Some(Body { media_type, bytes }), ..self }
    }
}

/// Why a call did not do what it should. As a text it is a sentence for the person at the terminal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CallError {
    /// No answer came, or none of a control door's.
    Failed(String),
    /// It was refused.
    Refused(Refusal),
}

/// An answer that says no.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// Kong's error object: `message`, maybe `code` and `fields`.
    pub(crate) body: Value,
    sentence: String,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Failed(sentence) | CallError::Refused(Refusal { sentence, .. }) => {
                f.write_str(sentence)
            }
        }
    }
}

impl From<CallError> for String {
    fn from(error: CallError) -> Self {
        error.to_string()
    }
}

/// Why one attempt failed.
struct Failure {
    again: Again,
    /// What the server wants to be waited.
    pause: Duration,
    error: CallError,
}

/// Whether a call is worth another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Never,
    /// It may have been done.
    IfRepeatable,
    /// It was not done.
    Always,
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use serde_json::json;

    use super::*;

    /// Answers one request after another, each on a connection of its own, and gives back what was asked.
    /// An empty answer breaks off.
    fn serve(answers: &'static [&'static str]) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve =
            move || answers.iter().map(|answer| serve_one(&listener.accept().unwrap().0, answer)).collect();
        (url, thread::spawn(serve))
    }

    fn serve_one(mut stream: &TcpStream, answer: &str) -> String {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
        }
        let length = head
            .to_ascii_lowercase()
            .split_once("content-length: ")
            .map_or(0, |(_, rest)| rest.split("\r\n").next().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        if let Some((status, body)) = answer.split_once(' ') {
            let length = body.len();
            let fields = format!("Content-Length: {length}\r\nConnection: close\r\nRetry-After: 1");
            write!(stream, "HTTP/1.1 {status} X\r\n{fields}\r\nLocation: /there\r\n\r\n{body}").unwrap();
        }
        head + &String::from_utf8(body).unwrap()
    }

    fn client(url: &str) -> AdminClient {
        let client = AdminClient::new(Door::parse(url).unwrap(), HeaderValue::from_static("t0ken")).unwrap();
        AdminClient { pause: |_| {}, ..client }
    }

    #[test]
    fn a_call_is_made_below_the_url_with_the_token() {
        let (url, asked) = serve(&["200 {\"a\":1}", "204 ", "201 bytes"]);
        let client = client(&format!("{url}/prod/"));
        assert_eq!(client.json(&Call::get("/x?size=1")), Ok(json!({"a": 1})));
        assert_eq!(client.json(&Call::delete("/x/1")), Ok(Value::Null));
        let sent = Call::put("/x/2").json(&json!({"b": 2}));
        assert_eq!(client.call(&sent), Ok(b"bytes".to_vec()));
        let asked = asked.join().unwrap();
        for (asked, line) in asked.iter().zip(["GET /prod/admin/x?size=1", "DELETE /prod/admin/x/1", "PUT"]) {
            assert!(asked.starts_with(line), "{asked}");
            assert!(asked.to_ascii_lowercase().contains("\r\nkong-admin-token: t0ken\r\n"), "{asked}");
        }
        assert!(asked[2].contains("application/json") && asked[2].ends_with("{\"b\":2}"), "{}", asked[2]);
    }

    #[test]
    fn what_may_be_repeated_is_repeated_once_it_has_worked() {
        let (url, asked) =
            serve(&["200 {}", "503 {\"message\":\"busy\"}", "", "502 <html>", "200 {\"a\":1}"]);
        let client = client(&url);
        assert_eq!(client.json(&Call::get("/")), Ok(json!({})));
        assert_eq!(client.json(&Call::post("/").repeatable()), Ok(json!({"a": 1})));
        assert_eq!(asked.join().unwrap().len(), 5);
    }

    #[test]
    fn what_may_have_been_done_is_not_repeated() {
        let (url, asked) = serve(&["200 {}", "503 {\"message\":\"busy\"}", ""]);
        let client = client(&url);
        client.json(&Call::get("/")).unwrap();
        let error = client.json(&Call::post("/x")).unwrap_err();
        assert_eq!(error.to_string(), format!("POST {url}/admin/x: busy"));
        let error = client.json(&Call::post("/x")).unwrap_err().to_string();
        assert!(error.contains("broke the connection off"), "{error}");
        asked.join().unwrap();
        // And a door that never answered is not waited for.
        let (url, asked) = serve(&[""]);
        assert!(self::client(&url).json(&Call::get("/")).is_err());
        asked.join().unwrap();
    }

    #[test]
    fn what_was_not_looked_at_is_repeated_whatever_it_is() {
        let (url, asked) = serve(&["429 {\"message\":\"Too many wrong admin tokens\"}", "201 {}"]);
        assert_eq!(client(&url).json(&Call::post("/x")), Ok(json!({})));
        assert_eq!(asked.join().unwrap().len(), 2);
    }

    #[track_caller]
    fn check_sentence(answer: &'static [&'static str], expected: &str) {
        let (url, asked) = serve(answer);
        let told = client(&url).json(&Call::get("/imports")).unwrap_err().to_string();
        assert_eq!(told.replace(&url, "URL"), expected);
        asked.join().unwrap();
    }

    #[test]
    fn refusals_are_sentences() {
        check_sentence(
            &["401 {\"message\":\"Invalid admin token\"}"],
            "URL does not take the admin token (Invalid admin token): is it that gateway's own?",
        );
        check_sentence(&["404 {\"message\":\"Not found\"}"], "GET URL/admin/imports: Not found (404)");
        check_sentence(
            &["200 <html>"],
            "GET URL/admin/imports answers without JSON: no control door of Latchkey's is there",
        );
        check_sentence(
            &["404 "],
            "GET URL/admin/imports answers 404 without JSON: no control door of Latchkey's is there",
        );
        check_sentence(
            &["302 "],
            "GET URL/admin/imports leads on to /there: name that with --url if it is the door: \
             no control door of Latchkey's is there",
        );
    }

    #[test]
    fn a_door_that_is_not_there_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let told = client(&url).json(&Call::get("/")).unwrap_err().to_string();
        let expected = "cannot be connected to (connection refused): does the gateway run there?";
        assert_eq!(told, format!("{url} {expected}"));
        let told = client("http://no-such-host.invalid").json(&Call::get("/")).unwrap_err().to_string();
        assert!(told.contains("no-such-host.invalid"), "{told}");
    }

    #[test]
    fn urls_of_doors_are_read() {
        for (text, url) in [
            ("http://127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("https://keys.example.com/", "https://keys.example.com"),
            ("https://x.test/prod/admin", "https://x.test/prod"),
            ("http://[::1]:8081/admin/", "http://[::1]:8081"),
        ] {
            assert_eq!(Door::parse(text).unwrap().url, url);
        }
        for text in ["", "127.0.0.1:8081", "ftp://a.test", "http://", "http://a.test/?x=1", "http://u@a.test"]
        {
            assert!(Door::parse(text).unwrap_err().contains("is no URL of a control door"), "{text}");
        }
        let is_in_clear = |url| client(url).is_in_clear();
        assert!(is_in_clear("http://keys.example.com"));
        assert!(!is_in_clear("http://127.0.0.2:8081") && !is_in_clear("http://localhost:1"));
        assert!(!is_in_clear("http://[::1]:1"));
    }

    #[test]
    fn the_token_comes_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let connection =
            Connection { url: Door::parse("http://127.0.0.1:1").unwrap(), token_file: Some(file.clone()) };
        let token = || connection.token();
        assert!(token().unwrap_err().starts_with(&file.display().to_string()));
        for nothing in ["", "\n", "a\nb"] {
            fs::write(&file, nothing).unwrap();
            assert!(token().unwrap_err().ends_with("holds no admin token"), "{nothing:?}");
        }
        fs::write(&file, "t0ken\n").unwrap();
        assert_eq!(token().unwrap(), "t0ken");
        assert!(!format!("{:?}", token().unwrap()).contains("t0ken"));
    }
}
