//! docs/tutorial.md: every command in it is run, and answers what stands there.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use latchkey_tests::deployment::{Deployment as _, Local, Options};
use latchkey_tests::output::Output;

const TIMEOUT: Duration = Duration::from_secs(120);
/// Stands for whatever is left out or differs from run to run.
const LEFT_OUT: char = '…';
/// Printed behind each command's output.
const END: char = '\u{1e}';

/// A command and what it prints.
#[derive(Debug)]
struct Step {
    command: String,
    printed: String,
}

/// What the document has the reader do, in order; of a block that is no transcript only the lines.
fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut block = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), block) {
            (Some(language), None) => block = Some(language),
            (Some(_), Some(_)) => block = None,
            (None, Some("console")) => match line.strip_prefix("$ ") {
                Some(command) => steps.push(Step { command: command.to_owned(), printed: String::new() }),
                None => steps.last_mut().unwrap().printed += &format!("{line}\n"),
            },
            (None, Some("sh")) => steps.push(Step { command: line.to_owned(), printed: String::new() }),
            (None, _) => {}
        }
    }
    steps
}

/// Whether a text is a pattern's, at whose gaps anything may stand.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.trim_end().split(LEFT_OUT);
    let Some(mut rest) = text.trim_end().strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// What each command prints, in one shell.
fn run(commands: &[String]) -> Vec<String> {
    let script: String = commands.iter().map(|command| format!("{command}\nprintf '\\x1e'\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tutorial.sh");
    fs::write(&file, script).unwrap();
    let mut shell = Command::new("bash");
    let mut shell =
        shell.arg(&file).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdout, stderr) = (Output::default(), Output::default());
    stdout.collect(shell.stdout.take().unwrap());
    stderr.collect(shell.stderr.take().unwrap());
    let deadline = Instant::now() + TIMEOUT;
    while shell.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            let _ = shell.kill();
            panic!("the commands do not end\n{}\n{}", stdout.text(), stderr.text());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let printed: Vec<String> = stdout.text_to_end().split(END).map(str::to_owned).collect();
    assert_eq!(printed.len(), commands.len() + 1, "{}", stderr.text_to_end());
    printed
}

#[test]
fn the_tutorial_is_true() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tutorial.md");
    let mut steps = steps(&fs::read_to_string(document).unwrap());
    let start = steps.remove(0);
    let flags = start.command.strip_prefix("cargo run -- ").expect("it begins with the program");
    let flags = flags.split(' ').map(str::to_owned).collect();
    let program = Local::spawn(Options { admin_token: None, flags, ..Options::default() });
    let deadline = Instant::now() + TIMEOUT;
    while !program.printed().contains("/demo\n") && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    let printed = program.printed();
    assert!(fits(&start.printed, &printed), "it starts with\n{printed}");
    let token = printed.split_once("export LATCHKEY_TOKEN=").unwrap().1.lines().next().unwrap();
    let [gateway, control] =
        [program.doors().gateway(""), program.doors().control("")].map(|place| place.authority);
    let commands: Vec<String> = steps
        .iter()
        .map(|step| {
            let own = step.command.replace("127.0.0.1:8080", &gateway).replace("127.0.0.1:8081", &control);
            own.replace("lkadmin_…", token)
        })
        .collect();
    assert!(commands.len() > 30, "only {} commands", commands.len());
    for (step, printed) in steps.iter().zip(run(&commands)) {
        assert!(
            fits(&step.printed, &printed),
            "{}\nprints\n{printed}\nand not\n{}",
            step.command,
            step.printed
        );
    }
}

#[test]
fn patterns_have_gaps() {
    for (pattern, text, expected) in [
        ("a", "a\n", true),
        ("a", "ab", false),
        ("{…\"b\":1,…}", "{\"a\":2,\"b\":1,\"c\":3}", true),
        ("{…\"b\":1,…}", "{\"a\":2,\"b\":2,\"c\":3}", false),
        ("{…\"b\":1}", "{\"b\":1}", true),
        ("a…", "b", false),
        ("", "", true),
        ("", "401", false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
    }
}
