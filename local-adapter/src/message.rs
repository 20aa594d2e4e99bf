//! What the program tells the person at the terminal: the only writer to stdout.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;

use latchkey_control::registry::TokenOrigin;
use latchkey_published::keys::PlainKey;
use latchkey_request::origin::Origin;

use crate::demo::Demo;
use crate::mail::MailWay;
use crate::origin::origin_of;

/// Everything there is to tell at the start.
pub(crate) struct Start<'s> {
    /// Where the gateway listens.
    pub(crate) gateway: SocketAddr,
    /// Where the control door listens.
    pub(crate) control: SocketAddr,
    /// Where people reach it.
    pub(crate) origin: Option<&'s Origin>,
    /// Token of the link that logs in to the manager.
    pub(crate) manager: Option<&'s PlainKey>,
    /// Token of the link that logs the developer of the demo in to the portal.
    pub(crate) portal: Option<&'s PlainKey>,
    /// Data folder.
    pub(crate) data: &'s Path,
    /// Whether the pepper file was made just now.
    pub(crate) pepper_is_new: bool,
    /// How mails leave.
    pub(crate) mail: Option<&'s MailWay>,
    /// Where the admin token comes from.
    pub(crate) token: &'s TokenOrigin,
    /// What became of the demo, if one was asked for.
    pub(crate) demo: Option<&'s Demo>,
}

/// Prints what was asked for.
pub(crate) fn print(page: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(page.as_bytes()).and_then(|()| out.flush())
}

/// Says something beside what is printed, on standard error.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Tells it. A closed stdout is no reason to stop.
pub(crate) fn tell(start: &Start<'_>) {
    let _ = print(&render(start));
}

#[expect(clippy::disallowed_methods, reason = "shown at the terminal, once")]
fn render(start: &Start<'_>) -> String {
    let data = start.data;
    let mut lines = vec![format!("Latchkey {}, data in {}", env!("CARGO_PKG_VERSION"), data.display())];
    if start.pepper_is_new {
        let pepper = data.join("pepper");
        lines.push(format!(
            "Made a pepper in {}: keep a copy, without it no stored key is good.",
            pepper.display()
        ));
    }
    lines.push(match start.mail {
        Some(way) => format!("Mails go to {}, from {}.", way.place(), way.from),
        None => "Nobody is mailed: LATCHKEY_SMTP_URL changes that, or --mail-dir to try it out.".into(),
    });
    lines.push(String::new());
    render_places(start, &mut lines);
    lines.push(String::new());
    if let TokenOrigin::Made(token) = start.token {
        lines.push("The admin token, shown this once (or set your own in LATCHKEY_ADMIN_TOKEN):".into());
        lines.push(String::new());
        lines.push(format!("export LATCHKEY_TOKEN={}", token.reveal()));
    }
    let (gateway, control) = (url(start.gateway), url(start.control));
    let admin = admin_call(start.token);
    lines.push(format!("{admin} {control}/admin/services"));
    match start.demo {
        Some(demo) => {
            lines.push(String::new());
            render_demo(demo, &gateway, &format!("{admin} -X POST {control}/admin"), &mut lines);
        }
        None => lines.push(format!("curl -i {gateway}/")),
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Where this machine reaches an address.
fn url(address: SocketAddr) -> String {
    origin_of(address).map_or_else(|| format!("http://{address}"), |origin| origin.as_str().to_owned())
}

/// Where everything is, a line each: what listens where, and what to open in a browser.
#[expect(clippy::disallowed_methods, reason = "links are shown at the terminal, once")]
fn render_places(start: &Start<'_>, lines: &mut Vec<String>) {
    let origin = start.origin.map_or_else(|| url(start.control), |origin| origin.as_str().to_owned());
    let page = |front: &str, token: Option<&PlainKey>| match token {
        Some(token) => format!("{origin}/{front}/log-in/link?token={}", token.reveal()),
        None => format!("{origin}/{front}/"),
    };
    lines.push(format!("Gateway  http://{}", start.gateway));
    lines.push(format!("Control  http://{}", start.control));
    lines.push(format!("Manager  {}", page("manager", start.manager)));
    lines.push(format!("Portal   {}", page("portal", start.portal)));
    let links = match (start.manager, start.portal) {
        (Some(_), Some(_)) => {
            "Each of the two links logs in once, within a day; a new start prints new ones."
        }
        (Some(_), None) => "The manager's link logs in once, within a day; a new start prints another.",
        _ => return,
    };
    lines.push(links.into());
}

/// The beginning of a call of the Admin API: the token is in the shell, by the name that its owner
/// gave it or that was shown to them.
fn admin_call(token: &TokenOrigin) -> String {
    let variable = match token {
        TokenOrigin::Set => "LATCHKEY_ADMIN_TOKEN",
        TokenOrigin::Kept | TokenOrigin::Made(_) => "LATCHKEY_TOKEN",
    };
    format!("curl -i -H \"Kong-Admin-Token: ${variable}\"")
}

/// `create`: the beginning of a call that creates something, up to the path.
fn render_demo(demo: &Demo, gateway: &str, create: &str, lines: &mut Vec<String>) {
    match demo {
        Demo::Made { key, .. } => {
            lines.push("The demo, with its key in a header, in the query and in the body:".into());
            lines.push(String::new());
            lines.push(format!("curl -i -H \"apikey: {key}\" {gateway}/demo"));
            lines.push(format!("curl -i \"{gateway}/demo?apikey={key}\""));
            lines.push(format!("curl -i -d \"apikey={key}\" {gateway}/demo"));
        }
        Demo::Found { credentials, .. } => {
            lines.push("The demo is there already; its key cannot be shown again. For a new one:".into());
            lines.push(String::new());
            lines.push(format!("{create}{credentials}"));
        }
        Demo::Refused => lines
            .push("No demo: the store is not empty. Name another folder with --data to try it out.".into()),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn check_ends(start: Start<'_>, ending: &[&str]) {
        let text = render(&start);
        let lines: Vec<&str> = text.lines().collect();
        assert!(text.contains("\nNobody is mailed: "), "{text}");
        assert!(
            text.contains("\n\nGateway  http://0.0.0.0:1\nControl  http://127.0.0.1:2\nManager  http"),
            "{text}"
        );
        assert!(lines.ends_with(ending), "{text}");
    }

    fn start<'s>() -> Start<'s> {
        let [gateway, control] = ["0.0.0.0:1", "127.0.0.1:2"].map(|address| address.parse().unwrap());
        let (data, token) = (Path::new("data"), &TokenOrigin::Kept);
        Start {
            gateway,
            control,
            origin: None,
            manager: None,
            portal: None,
            data,
            pepper_is_new: false,
            mail: None,
            token,
            demo: None,
        }
    }

    #[test]
    fn links_log_in_where_people_reach_the_pages() {
        let (manager, portal) = (PlainKey::new("lkl_m"), PlainKey::new("lkl_p"));
        let text = render(&start());
        assert!(
            text.contains("\nManager  http://127.0.0.1:2/manager/\nPortal   http://127.0.0.1:2/portal/\n\n")
        );
        let text = render(&Start { manager: Some(&manager), ..start() });
        assert!(text.contains("/manager/log-in/link?token=lkl_m\nPortal   http://127.0.0.1:2/portal/\nThe"));
        let origin = Origin::parse("https://keys.example.com").unwrap();
        let both = Start { origin: Some(&origin), manager: Some(&manager), portal: Some(&portal), ..start() };
        let text = render(&both);
        for (link, token) in [
            ("\nManager  https://keys.example.com/manager/log-in/link?token=lkl_m\n", "lkl_m"),
            ("\nPortal   https://keys.example.com/portal/log-in/link?token=lkl_p\n", "lkl_p"),
        ] {
            assert!(text.contains(link), "{text}");
            assert_eq!(text.matches(token).count(), 1, "shown once: {text}");
        }
    }

    #[test]
    fn message_ends_with_lines_to_paste() {
        let gateway = "curl -i http://127.0.0.1:1/";
        let kept = "curl -i -H \"Kong-Admin-Token: $LATCHKEY_TOKEN\" http://127.0.0.1:2/admin/services";
        check_ends(start(), &["", kept, gateway]);
        let set = "curl -i -H \"Kong-Admin-Token: $LATCHKEY_ADMIN_TOKEN\" http://127.0.0.1:2/admin/services";
        check_ends(Start { token: &TokenOrigin::Set, ..start() }, &["", set, gateway]);
        let token = TokenOrigin::Made(PlainKey::new("t"));
        let first = Start { token: &token, pepper_is_new: true, ..start() };
        check_ends(first, &["", "export LATCHKEY_TOKEN=t", kept, gateway]);
    }

    #[test]
    fn demo_shows_its_key_in_three_places() {
        let demo = Demo::Made { developer: Uuid::nil(), key: "k".into() };
        check_ends(
            Start { demo: Some(&demo), ..start() },
            &[
                "curl -i -H \"apikey: k\" http://127.0.0.1:1/demo",
                "curl -i \"http://127.0.0.1:1/demo?apikey=k\"",
                "curl -i -d \"apikey=k\" http://127.0.0.1:1/demo",
            ],
        );
    }

    #[test]
    fn a_demo_that_is_there_shows_how_to_get_another_key() {
        let demo = Demo::Found { developer: Uuid::nil(), credentials: "/developers/d/keys".into() };
        check_ends(
            Start { demo: Some(&demo), ..start() },
            &[
                "curl -i -H \"Kong-Admin-Token: $LATCHKEY_TOKEN\" -X POST http://127.0.0.1:2/admin/developers/d/keys",
            ],
        );
    }
}
