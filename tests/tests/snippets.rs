//! The calls that a service's page shows, run as they stand there: each must get its answer through the gateway,
//! whatever has to be quoted.
#![allow(clippy::unwrap_used, missing_docs, clippy::print_stdout)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options};
use latchkey_tests::upstream::Upstream;
use regex_lite::{Captures, Regex};
use serde_json::{Value, json};

/// A program that runs longer has failed; one that is compiled is waited for much longer.
const RUN_WITHIN: Duration = Duration::from_secs(60);
const COMPILE_WITHIN: Duration = Duration::from_secs(600);
/// Keys that were brought from elsewhere may have any characters; in a field only those of ASCII, and behind
/// `Bearer` no blank.
const KEYS: [(&str, &[&str]); 3] = [
    ("it's \"$HOME\" `id` \\n %41&a=b+c#", &["header", "query", "body"]),
    ("a'k\"$`\\é鍵 &=%+#!", &["query", "body"]),
    ("it's\"$HOME\"`id`\\n%41&a=b+c#", &["bearer"]),
];
const NAME: &str = "X-Api_Key";
const PATH: &str = "/it's/é $HOME/`id`";
const SENT_PATH: &str = "/it's/%C3%A9%20$HOME/%60id%60";
const FIELD: &str = "x-kind";
const VALUE: &str = "a \"b\" $HOME `id` \\ %41 'c'";

/// A call as code, as the page shows it.
struct Shown {
    /// Where the key stands, and the language: `header-curl`.
    what: String,
    text: String,
}

/// A gateway with a service whose route and key need quoting in every language.
struct Bench {
    local: Local,
    upstream: Upstream,
    key: &'static str,
    shown: Vec<Shown>,
}

impl Bench {
    fn set(key: &'static str) -> Self {
        let (local, upstream) = (Local::spawn(Options::in_memory()), Upstream::recording());
        let make = |path: &str, entity: Value| {
            let answer = local.admin("POST", path, Some(&entity));
            assert_eq!(answer.status, 201, "{path}: {}", answer.text());
            answer.json().unwrap()
        };
        let url = format!("http://{}", upstream.authority());
        let service = make("/services", json!({"name": "orders", "url": url}));
        let route = json!({"paths": [PATH], "strip_path": false, "headers": {FIELD: [VALUE]}});
        make("/services/orders/routes", route);
        let config = json!({"key_names": [NAME], "key_in_body": true, "key_in_bearer": true,
            "hide_credentials": true});
        make("/services/orders/plugins", json!({"name": "key-auth", "config": config}));
        let config = json!({"display_name": "Orders", "enable_proxy_with_consumer_credential": true});
        make("/services/orders/plugins", json!({"name": "application-registration", "config": config}));
        make("/consumers", json!({"username": "bob"}));
        make("/consumers/bob/key-auth", json!({"key": key}));
        let path = format!("/portal/services/{}", service["id"].as_str().unwrap());
        let page = local.get(&local.doors().control(&path));
        assert_eq!(page.status, 200, "{}", page.text());
        let shown = snippets_of(&page.text());
        Self { local, upstream, key, shown }
    }

    /// The call in a language, with the key at a place.
    #[track_caller]
    fn call(&self, place: &str, language: &str) -> &Shown {
        let what = format!("{place}-{language}");
        let found = self.shown.iter().find(|shown| shown.what == what);
        found.unwrap_or_else(|| panic!("{what} is not shown"))
    }

    /// Runs a program, which must have got the answer of the service, once, and as the consumer.
    #[track_caller]
    fn expect_call(&self, shown: &Shown, program: &mut Command, within: Duration) {
        self.upstream.take();
        program.env("API_KEY", self.key);
        let printed =
            run(program, within).unwrap_or_else(|why| panic!("{}: {why}\n{}", shown.what, shown.text));
        let came = self.upstream.take();
        let [call] = &came[..] else {
            panic!("{}: {} calls\n{printed}\n{}", shown.what, came.len(), shown.text)
        };
        assert_eq!(call.path(), SENT_PATH, "{}", shown.text);
        assert_eq!(call.headers.values(FIELD), [VALUE], "{}", shown.text);
        assert_eq!(call.headers.values("x-consumer-username"), ["bob"], "{}", shown.text);
        assert_eq!(call.query().unwrap_or_default(), "", "the key is cut out");
        assert!(!String::from_utf8_lossy(&call.body).contains('='), "the key is cut out");
        let status = if shown.what.ends_with("-curl") { "HTTP/1.1 200" } else { "200" };
        assert!(printed.starts_with(status), "{}: {printed}", shown.what);
        assert!(printed.contains("\"target\""), "{}: the answer is not shown: {printed}", shown.what);
    }
}

/// The texts of a page that are code.
fn snippets_of(page: &str) -> Vec<Shown> {
    let code =
        Regex::new("(?s)<pre id=\"(?:[^\"]*-)?((?:header|bearer|query|body)-[a-z]+)\"[^>]*>(.*?)</pre>")
            .unwrap();
    let shown = |found: Captures<'_>| Shown { what: found[1].to_owned(), text: plain(&found[2]) };
    code.captures_iter(page).map(shown).collect()
}

/// HTML's text as people see it.
fn plain(html: &str) -> String {
    let numbers = Regex::new("&#([0-9]+);").unwrap();
    let character = |found: &Captures<'_>| {
        let number: u32 = found[1].parse().unwrap();
        char::from_u32(number).unwrap().to_string()
    };
    let text = numbers.replace_all(html, character);
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// What a program printed, where it succeeded in time.
fn run(program: &mut Command, within: Duration) -> Result<String, String> {
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().map_err(|error| format!("{program:?}: {error}"))?;
    let deadline = Instant::now() + within;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{program:?} takes longer than {within:?}"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(printed),
        false => Err(format!("{}\n{printed}{}", output.status, String::from_utf8_lossy(&output.stderr))),
    }
}

/// Runs the calls in a language: `command` makes a program of a folder that has the text in a file.
fn run_language(language: &str, file: &str, within: Duration, command: impl Fn(&Path, &Shown) -> Command) {
    for (key, places) in KEYS {
        let bench = Bench::set(key);
        for place in places {
            let shown = bench.call(place, language);
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(file), &shown.text).unwrap();
            bench.expect_call(shown, command(folder.path(), shown).current_dir(folder.path()), within);
        }
        assert!(!bench.local.output().contains(key), "a key is in the log");
    }
}

#[test]
fn curl_calls() {
    run_language("curl", "call.sh", RUN_WITHIN, |_, shown| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &shown.text]);
        shell
    });
}

#[test]
fn javascript_calls() {
    run_language("javascript", "call.mjs", RUN_WITHIN, |_, _| {
        let mut node = Command::new("node");
        node.arg("call.mjs");
        node
    });
}

#[test]
fn python_calls() {
    run_language("python", "call.py", RUN_WITHIN, |_, _| {
        let mut python = Command::new("python3");
        python.arg("call.py");
        python
    });
}

/// Whether a toolchain is there; that one is missing is said, and not said to have passed.
fn has_toolchain(program: &str, version: &str) -> bool {
    let answers = Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = answers.is_ok_and(|status| status.success());
    if !is_there {
        println!("snippets by {program}: NOT RUN: there is no {program}");
    }
    is_there
}

#[test]
#[ignore = "a compiler's time: `cargo xtask browser --long`"]
fn go_calls() {
    if !has_toolchain("go", "version") {
        return;
    }
    run_language("go", "call.go", COMPILE_WITHIN, |_, _| {
        let mut go = Command::new("go");
        go.args(["run", "call.go"]);
        go
    });
}

#[test]
#[ignore = "a compiler's time: `cargo xtask browser --long`"]
fn java_calls() {
    if !has_toolchain("javac", "-version") {
        return;
    }
    run_language("java", "Call.java", COMPILE_WITHIN, |_, _| {
        let mut java = Command::new("java");
        java.arg("Call.java");
        java
    });
}

/// Its library is compiled once, for all of them.
#[test]
#[ignore = "a compiler's time, and ureq, which has to be got: `cargo xtask browser --long`"]
fn rust_calls() {
    let target = tempfile::tempdir().unwrap();
    run_language("rust", "main.rs", COMPILE_WITHIN, |folder, _| {
        let manifest = "[package]\nname = \"call\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
            [[bin]]\nname = \"call\"\npath = \"main.rs\"\n\n[dependencies]\nureq = \"3\"\n\n[workspace]\n";
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["run", "--quiet"]).env("CARGO_TARGET_DIR", target.path());
        cargo
    });
}
