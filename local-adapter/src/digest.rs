//! `latchkey digest`: the keys of a declaration, or one key, as the Admin API shows them. Touches no store.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::declaration::{self, Fault, Refusal, Stripped, digest_key, digest_keys};

const LONG_ABOUT: &str = "\
Prints a declaration (kong.yaml, or the same as JSON) whose keys are digests: every
keyauth_credentials[].key and oauth2_credentials[].client_id, at the top level and below consumers, becomes
sha256:<hex>, which is what the Admin API shows and takes for a key. What Kong Enterprise and newer Kongs write that changes nothing
here (such as identity_realms of key-auth, protocols ws and wss of plugins) is left out, and named on
standard error; where it would change something the file is refused. Every other byte stays as it is, and
so do keys that are digests already. Or prints the digest of one key:

  latchkey digest kong.yaml | deck gateway sync -
  latchkey digest < key.txt

Standard input is a declaration if it is a YAML mapping with _format_version, services, consumers or
another of a declaration's members. Otherwise it is one key, on one line, whose end is no part of it.
A file that is named is always a declaration.

What cannot be done without changing anything else is refused: keys from the environment
(${{ env … }}), in blocks (| and >), or that YAML takes for numbers.";

/// Replace the keys of a declaration, or one key, by their digests
#[derive(Clone, Debug, clap::Args)]
#[command(long_about = LONG_ABOUT)]
pub(crate) struct Options {
    /// The declaration; - or nothing: standard input, which may be one key as well
    file: Option<PathBuf>,
}

/// What is to be printed, and what to be told beside it. The error is for the person at the terminal, and
/// has no key in it.
pub(crate) fn run(options: &Options) -> Result<Stripped, String> {
    match options.file.as_deref().filter(|file| *file != Path::new("-")) {
        Some(file) => {
            let name = file.display();
            let bytes = fs::read(file).map_err(|error| format!("cannot read {name}: {error}"))?;
            let text = String::from_utf8(bytes).map_err(|_| format!("{name} is no UTF-8"))?;
            let digested = digest_keys(&text).map_err(|refusal| format!("{name}: {refusal}"))?;
            declaration::strip(&digested).map_err(|faults| format!("{name} has {}", listed(&faults)))
        }
        None => {
            let mut bytes = Vec::new();
            let input = io::stdin().lock().read_to_end(&mut bytes);
            input.map_err(|error| format!("cannot read standard input: {error}"))?;
            let text = String::from_utf8(bytes).map_err(|_| "standard input is no UTF-8".to_owned())?;
            digest_input(&text).map_err(|error| format!("standard input: {error}"))
        }
    }
}

/// A declaration or one key.
fn digest_input(text: &str) -> Result<Stripped, String> {
    match digest_keys(text) {
        Err(Refusal::NoDeclaration | Refusal::NotYaml(_)) if is_key(text) => {
            let digest = digest_key(without_line_end(text)).map_err(|fault| format!("the key {fault}"))?;
            Ok(Stripped { text: digest + "\n", notices: Vec::new() })
        }
        Ok(digested) => {
            declaration::strip(&digested).map_err(|faults| format!("there is {}", listed(&faults)))
        }
        Err(refusal) => Err(refusal.to_string()),
    }
}

fn listed(faults: &[Fault]) -> String {
    let lines = faults.iter().map(|fault| format!("\n  {fault}"));
    format!("what cannot be kept:{}", lines.collect::<String>())
}

/// Whether what is no declaration is meant as one key: one line, and no declaration with a fault in it.
fn is_key(text: &str) -> bool {
    let meant_otherwise = ["_format_version", "keyauth_credentials", "oauth2_credentials"];
    let is_line = !without_line_end(text).contains(['\n', '\r']);
    is_line && !meant_otherwise.iter().any(|name| text.contains(name))
}

/// Less one line end.
fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// printf s3cret | sha256sum
    const S3CRET: &str = "sha256:1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0";

    #[track_caller]
    fn check(input: &str, expected: Result<&str, &str>) {
        let found = digest_input(input).map(|digested| digested.text);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{input:?}");
    }

    #[test]
    fn one_line_is_a_key() {
        let line = format!("{S3CRET}\n");
        for input in ["s3cret", "s3cret\n", "s3cret\r\n", S3CRET, &line] {
            check(input, Ok(&line));
        }
        for input in ["{a", "[1, 2]", "*a", "a: b", "\"", "%", "key: x", " ", "- x"] {
            let digest = digest_key(input).unwrap() + "\n";
            check(input, Ok(&digest));
        }
    }

    #[test]
    fn only_one_line_end_is_no_part_of_a_key() {
        let refusal = "this is no declaration: it has neither _format_version nor services, consumers, …";
        check("s3cret\n\n", Err(refusal));
        check("two\nlines\n", Err(refusal));
    }

    #[test]
    fn a_declaration_is_known_by_its_members() {
        let digested = format!("{{\"consumers\":[{{\"keyauth_credentials\":[{{\"key\":\"{S3CRET}\"}}]}}]}}");
        check(&digested.replace(S3CRET, "s3cret"), Ok(&digested));
        check("_format_version: '3.0'", Ok("_format_version: '3.0'"));
        check("services: []\n", Ok("services: []\n"));
    }

    #[test]
    fn what_is_neither_is_refused() {
        check("", Err("the key is empty"));
        check("\n", Err("the key is empty"));
        check(&"k".repeat(513), Err("the key is longer than 512 bytes"));
        check("{\"_format_version\":", Err("line 2 cannot be read as YAML or JSON"));
        check("a: b\nc: [\n", Err("line 3 cannot be read as YAML or JSON"));
        assert!(
            digest_input("${{ env \"DECK_KEY\" }}").unwrap_err().starts_with("the key comes from the env")
        );
    }

    #[test]
    fn a_named_file_is_a_declaration() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kong.yaml");
        let run = |text: &str| {
            fs::write(&file, text).unwrap();
            run(&Options { file: Some(file.clone()) }).map(|digested| digested.text)
        };
        assert_eq!(
            run("keyauth_credentials: [{key: s3cret}]").unwrap(),
            format!("keyauth_credentials: [{{key: \"{S3CRET}\"}}]")
        );
        let refused = run("s3cret").unwrap_err();
        assert!(refused.contains("kong.yaml: this is no declaration"), "{refused}");
        assert!(!refused.contains("s3cret"));
        fs::write(&file, b"\xff").unwrap();
        assert!(
            super::run(&Options { file: Some(file.clone()) }).unwrap_err().ends_with("kong.yaml is no UTF-8")
        );
        let missing = super::run(&Options { file: Some(folder.path().join("none")) }).unwrap_err();
        assert!(missing.starts_with("cannot read ") && missing.contains("none: "), "{missing}");
    }
}
