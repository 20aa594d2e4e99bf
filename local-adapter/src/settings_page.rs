//! The page of all settings, made from what the program itself takes.

use clap::{Arg, Command, CommandFactory as _};
use latchkey_published::admit_secret::SecretSetting;
use latchkey_published::limits::SECRET_BYTES_MIN;

use crate::config::Settings;

const TEMPLATE: &str = include_str!("settings_page.md");
const LOCAL: &str = "local";

/// What stands before the default in the help of a setting that has none for clap.
const DEFAULT_IN_HELP: &str = " [default: ";

/// Settings of the local program that others read too, and who.
const READ_ELSEWHERE: [(&str, &str); 14] = [
    ("LATCHKEY_CONTROL_ORIGIN", "Worker, Lambda"),
    ("LATCHKEY_GATEWAY_ORIGIN", "Worker, Lambda"),
    ("LATCHKEY_ADMIN_ORIGINS", "Worker, Lambda"),
    ("LATCHKEY_PORTAL_CORS_ORIGINS", "Worker, Lambda"),
    ("LATCHKEY_MAIL_FROM", "Worker, Lambda"),
    ("LATCHKEY_HEADERS", "Worker, Lambda"),
    ("LATCHKEY_GATEWAY_PREFIX", "Worker, Lambda"),
    ("LATCHKEY_REVOCATION_BOUND_MS", "Worker, Lambda"),
    ("LATCHKEY_OUTAGE_GRACE_MS", "Worker, Lambda"),
    ("LATCHKEY_BODY_SEARCH_BYTES", "Worker, Lambda"),
    ("LATCHKEY_GRANT_CACHE_BYTES", "Lambda"),
    ("LATCHKEY_UPSTREAM_ALLOW", "Worker, Lambda"),
    ("LATCHKEY_ADMIN_GUESSES_PER_SECOND", "Worker, Lambda"),
    ("LATCHKEY_AUDIT_DAYS", "Worker, Lambda"),
];

/// A row of the table.
struct Row {
    variable: String,
    flag: String,
    unit: String,
    default: String,
    readers: String,
    meaning: String,
}

/// Settings that are no flags of the local program: variable, unit, default, who reads it, meaning.
const OTHERS: [[&str; 5]; 9] = [
    ["LATCHKEY_MODE", "proxy, authorizer, control", "proxy", "Lambda", "What the function is for"],
    ["LATCHKEY_TABLE", "name", "latchkey", "Lambda", "DynamoDB table that the function works on"],
    [
        "LATCHKEY_SECRETS_FROM",
        "place",
        "variables",
        "Lambda",
        "Where the secrets are: `secretsmanager:<id>`, one secret that is a JSON object with their names; \
         `ssm:<path>`, parameters `<path>/<name>`",
    ],
    [
        "LATCHKEY_AUTHORIZER_RESPONSE",
        "simple, iam",
        "simple",
        "Lambda",
        "Form of an authorizer's answers to payload 2.0",
    ],
    [
        "LATCHKEY_RESPONSE_STREAMING",
        "false, true",
        "false",
        "Lambda",
        "Whether responses are streamed: `true` with a Function URL whose invoke mode is `RESPONSE_STREAM`, \
         or a REST API that streams, and with nothing else",
    ],
    [
        "LATCHKEY_REPLICA_HORIZON_MS",
        "ms",
        "120000",
        "Worker",
        "How long Workers KV may show an old state; see [revocation](revocation.md)",
    ],
    [
        "LATCHKEY_SMTP_URL",
        "URL",
        "none",
        "local",
        "Server that takes mails, of the environment alone, since it has a password: `smtps://user:password@host`, \
         or `smtp://user:password@host?tls=required` for STARTTLS; on this machine also `smtp://localhost:25`",
    ],
    [
        "RUST_LOG",
        "filter",
        "info",
        "local, Lambda",
        "What is logged, such as `latchkey=debug`; the local program logs to stderr",
    ],
    [
        "SSL_CERT_FILE",
        "file",
        "the system's",
        "local, Lambda",
        "Certificate authorities that https upstreams are checked against",
    ],
];

/// The page.
pub(crate) fn render() -> String {
    TEMPLATE
        .replace("{settings}", &table(&rows(&Settings::command())))
        .replace("{secret_bytes_min}", &SECRET_BYTES_MIN.to_string())
        .replace("{secrets}", &SecretSetting::ALL.map(secret).join("\n"))
}

fn secret(setting: SecretSetting) -> String {
    let (unset, meaning) = match setting {
        SecretSetting::AdminToken => (
            "local: made at first start, printed once; else the Admin API answers 503",
            "Token of the Admin API; of a generated one only the digest is stored",
        ),
        SecretSetting::Pepper => (
            "local: made at first start, kept in `<data>/pepper`; else nothing is served",
            "Secret that keys are digested with; without it no stored key is good",
        ),
        SecretSetting::PepperPrevious => (
            "there is none",
            "The pepper before: keys digested under it stay good while it is set; it may be short, so \
             that one can move off a short pepper",
        ),
        SecretSetting::VerifyToken => (
            "no program is answered that asks",
            "Token of whoever asks a gateway whether a key is good ([verify.md](verify.md)); it may do \
             nothing else",
        ),
    };
    format!("| `{}` | {unset} | {meaning} |", setting.name())
}

fn rows(command: &Command) -> Vec<Row> {
    let flags = command.get_arguments().filter(|arg| arg.get_long().is_some() && !arg.is_hide_set());
    let others = OTHERS.map(|[variable, unit, default, readers, meaning]| Row {
        variable: variable.into(),
        flag: String::new(),
        unit: unit.into(),
        default: default.into(),
        readers: readers.into(),
        meaning: meaning.into(),
    });
    flags.map(flag).chain(others).collect()
}

fn flag(arg: &Arg) -> Row {
    let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let (meaning, in_help) = match help.split_once(DEFAULT_IN_HELP) {
        Some((meaning, default)) => (meaning, default.trim_end_matches(']')),
        None => (help.as_str(), ""),
    };
    let values = arg.get_default_values().iter().map(|value| value.to_string_lossy());
    let takes_value = arg.get_action().takes_values();
    let default = match values.collect::<String>() {
        _ if !takes_value => "off".to_owned(),
        value if value.is_empty() => in_help.to_owned(),
        value => value,
    };
    let unit = arg.get_value_names().filter(|_| takes_value).unwrap_or_default();
    let elsewhere = READ_ELSEWHERE.iter().find(|(name, _)| *name == variable);
    let readers = elsewhere.map_or_else(|| LOCAL.to_owned(), |(_, others)| format!("{LOCAL}, {others}"));
    Row {
        flag: format!("--{}", arg.get_long().unwrap_or_default()),
        unit: unit.iter().map(|name| name.to_lowercase()).collect(),
        default,
        readers,
        meaning: meaning.to_owned(),
        variable,
    }
}

fn table(rows: &[Row]) -> String {
    let mut lines = vec![
        "| variable | flag | unit | default | read by | meaning |".to_owned(),
        "| --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
    lines.extend(rows.iter().map(|row| {
        let cells = [
            code(&row.variable),
            code(&row.flag),
            row.unit.clone(),
            row.default.clone(),
            row.readers.clone(),
            row.meaning.clone(),
        ];
        format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn of_repository(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
    }

    #[test]
    fn the_page_in_docs_is_this_page() {
        let page = fs::read_to_string(of_repository("docs/settings.md")).unwrap();
        assert!(page == render(), "`cargo run -- --print-settings > docs/settings.md` makes it anew");
    }

    #[test]
    fn every_setting_has_a_sentence_a_unit_and_a_default() {
        for Row { variable, flag, unit, default, meaning, .. } in rows(&Settings::command()) {
            let name = format!("{flag} {variable}");
            assert!(!meaning.is_empty() && !meaning.contains(". ") && !meaning.ends_with('.'), "{name}");
            assert!(meaning.starts_with(|first: char| first.is_uppercase()), "{name}");
            assert!(!unit.is_empty() || flag == "--demo", "{name}");
            assert!(!default.is_empty(), "{name}");
            assert!(!variable.is_empty() || flag == "--demo", "{name}");
        }
    }

    /// Names of variables in the sources below a folder.
    fn mentioned(folder: &Path) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                names.extend(mentioned(&path));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                names.extend(text.match_indices("LATCHKEY_").map(|(at, _)| {
                    let is_of_name = |letter: &char| letter.is_ascii_uppercase() || *letter == '_';
                    text[at..].chars().take_while(is_of_name).collect::<String>()
                }));
            }
        }
        names.remove("LATCHKEY_");
        names
    }

    #[test]
    fn the_page_knows_what_the_others_read() {
        let rows = rows(&Settings::command());
        for (reader, folder) in [("Worker", "worker-adapter"), ("Lambda", "lambda-adapter/src")] {
            let of_reader = rows.iter().filter(|row| row.readers.contains(reader));
            let mut told: BTreeSet<_> = of_reader.map(|row| row.variable.clone()).collect();
            told.extend(SecretSetting::ALL.map(|secret| secret.name().to_owned()));
            let missing: Vec<_> = mentioned(&of_repository(folder)).difference(&told).cloned().collect();
            assert!(missing.is_empty(), "{reader} reads {missing:?} too");
        }
    }
}
