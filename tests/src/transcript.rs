//! Documents whose commands are run: what the reader is to type, and what is to come of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::base::wait_until;
use crate::deployment::{Deployment as _, Local, Options};
use crate::output::Output;

const TIMEOUT: Duration = Duration::from_secs(120);
/// Stands for whatever is left out or differs from run to run.
const LEFT_OUT: char = '…';
/// Printed behind each command's output.
const END: char = '\u{1e}';

/// A command and what it prints.
#[derive(Debug)]
pub struct Step {
    pub command: String,
    pub printed: String,
}

/// What the document has the reader do, in order; of a block that is no transcript only the lines.
pub fn steps(document: &str) -> Vec<Step> {
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

/// Runs a document that begins with `cargo run -- --demo …`: that starts a program with these flags, and
/// all that follows is typed in one shell. `own`: what else of the document's is this run's.
pub fn check_with_demo(name: &str, own: impl Fn(&str) -> String) {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    let mut steps = steps(&fs::read_to_string(document).unwrap());
    let start = steps.remove(0);
    let flags = start.command.strip_prefix("cargo run -- ").expect("it begins with the program");
    let flags = own(flags).split(' ').map(str::to_owned).collect();
    let program = Local::spawn(Options { admin_token: None, flags, ..Options::default() });
    wait_until("the demo is set up", TIMEOUT, || program.printed().contains("/demo\n"));
    let printed = program.printed();
    assert!(fits(&start.printed, &printed), "it starts with\n{printed}");
    let token = printed.split_once("export LATCHKEY_TOKEN=").unwrap().1.lines().next().unwrap();
    let [gateway, control] =
        [program.doors().gateway(""), program.doors().control("")].map(|place| place.authority);
    for step in &mut steps {
        let command = step.command.replace("127.0.0.1:8080", &gateway).replace("127.0.0.1:8081", &control);
        step.command = own(&command.replace("lkadmin_…", token));
    }
    assert!(steps.len() > 30, "only {} commands", steps.len());
    check(&steps, |_| {});
}

/// Whether a text is a pattern's, at whose gaps anything may stand.
pub fn fits(pattern: &str, text: &str) -> bool {
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

/// Runs the commands in one shell, and compares what each prints; `prepare` sees to the shell's variables.
pub fn check(steps: &[Step], prepare: impl FnOnce(&mut Command)) {
    for (step, printed) in steps.iter().zip(run(steps, prepare)) {
        assert!(
            fits(&step.printed, &printed),
            "{}\nprints\n{printed}\nand not\n{}",
            step.command,
            step.printed
        );
    }
}

/// What each command prints.
fn run(steps: &[Step], prepare: impl FnOnce(&mut Command)) -> Vec<String> {
    let script: String = steps.iter().map(|step| format!("{}\nprintf '\\x1e'\n", step.command)).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commands.sh");
    fs::write(&file, script).unwrap();
    let mut shell = Command::new("bash");
    shell.arg(&file).current_dir(folder.path());
    prepare(&mut shell);
    let mut shell = shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
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
    assert_eq!(printed.len(), steps.len() + 1, "{}", stderr.text_to_end());
    printed
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
