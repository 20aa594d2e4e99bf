//! What the program tells the person at the terminal: the only writer to stdout.

use std::io::{self, Write as _};
use std::path::Path;

use latchkey_published::keys::PlainKey;

use crate::config::PREFIX;
use crate::demo::Demo;

/// Everything there is to tell at the start.
pub(crate) struct Start<'s> {
    /// Where we listen.
    pub(crate) url: &'s str,
    /// Data folder.
    pub(crate) data: &'s Path,
    /// Whether the pepper file was made just now.
    pub(crate) pepper_is_new: bool,
    /// The admin token, if it was made just now.
    pub(crate) token: Option<&'s PlainKey>,
    /// What became of the demo, if one was asked for.
    pub(crate) demo: Option<&'s Demo>,
}

/// Tells it. A closed stdout is no reason to stop.
pub(crate) fn tell(start: &Start<'_>) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(render(start).as_bytes()).and_then(|()| out.flush());
}

#[expect(clippy::disallowed_methods, reason = "shown at the terminal, once")]
fn render(start: &Start<'_>) -> String {
    let Start { url, data, .. } = start;
    let mut lines = vec![format!("Latchkey {}, data in {}", env!("CARGO_PKG_VERSION"), data.display())];
    if start.pepper_is_new {
        let pepper = data.join("pepper");
        lines.push(format!(
            "Made a pepper in {}: keep a copy, without it no stored key is good.",
            pepper.display()
        ));
    }
    lines.push(format!("listening on {url}"));
    lines.push(String::new());
    match start.token {
        Some(token) => {
            lines.push("The admin token, shown this once (or set your own in LATCHKEY_ADMIN_TOKEN):".into());
            lines.push(String::new());
            lines.push(format!("export LATCHKEY_TOKEN={}", token.reveal()));
            lines.push(format!(
                "curl -i -H \"Kong-Admin-Token: $LATCHKEY_TOKEN\" {url}{PREFIX}/admin/services"
            ));
        }
        None => lines.push(format!("curl -i {url}{PREFIX}/health")),
    }
    if let Some(demo) = start.demo {
        lines.push(String::new());
        render_demo(demo, url, &mut lines);
    }
    lines.push(String::new());
    lines.join("\n")
}

fn render_demo(demo: &Demo, url: &str, lines: &mut Vec<String>) {
    match demo {
        Demo::Made { key } => {
            lines.push("The demo, with its key in a header, in the query and in the body:".into());
            lines.push(String::new());
            lines.push(format!("curl -i -H \"apikey: {key}\" {url}/demo"));
            lines.push(format!("curl -i \"{url}/demo?apikey={key}\""));
            lines.push(format!("curl -i -d \"apikey={key}\" {url}/demo"));
        }
        Demo::Found { credentials } => {
            lines.push("The demo is there already; its key cannot be shown again. For a new one:".into());
            lines.push(String::new());
            lines.push(format!(
                "curl -i -X POST -H \"Kong-Admin-Token: $LATCHKEY_TOKEN\" {url}{PREFIX}/admin{credentials}"
            ));
        }
        Demo::Refused => lines
            .push("No demo: the store is not empty. Name another folder with --data to try it out.".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_ends(start: Start<'_>, ending: &[&str]) {
        let text = render(&start);
        let lines: Vec<&str> = text.lines().collect();
        assert!(text.contains("listening on http://127.0.0.1:1\n"));
        assert!(lines.ends_with(ending), "{text}");
    }

    fn start<'s>() -> Start<'s> {
        let data = Path::new("data");
        Start { url: "http://127.0.0.1:1", data, pepper_is_new: false, token: None, demo: None }
    }

    #[test]
    fn message_ends_with_lines_to_paste() {
        check_ends(start(), &["", "curl -i http://127.0.0.1:1/-/health"]);
        let token = PlainKey::new("t");
        let first = Start { token: Some(&token), pepper_is_new: true, ..start() };
        check_ends(
            first,
            &[
                "export LATCHKEY_TOKEN=t",
                "curl -i -H \"Kong-Admin-Token: $LATCHKEY_TOKEN\" http://127.0.0.1:1/-/admin/services",
            ],
        );
    }

    #[test]
    fn demo_shows_its_key_in_three_places() {
        let demo = Demo::Made { key: "k".into() };
        check_ends(
            Start { demo: Some(&demo), ..start() },
            &[
                "curl -i -H \"apikey: k\" http://127.0.0.1:1/demo",
                "curl -i \"http://127.0.0.1:1/demo?apikey=k\"",
                "curl -i -d \"apikey=k\" http://127.0.0.1:1/demo",
            ],
        );
    }
}
