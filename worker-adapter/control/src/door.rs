//! The control door of one isolate: judges heads, so that only what may come in wakes the object.

use std::net::IpAddr;

use latchkey_control::http::{Door, Fault, Guesser, Knock};
use latchkey_worker_shared::answer::{Aside, respond};

use crate::config::Settings;
use crate::request::Described;

/// Core's door, spoken to in texts.
#[derive(Debug)]
pub struct TextDoor(Door);

impl TextDoor {
    /// The door of an installation.
    pub fn new(settings: Settings) -> Self {
        TextDoor(Door::new(settings.control, settings.peppers))
    }

    /// What becomes of a request by its head: an answer ([`respond`]), or `L` and, a line further, how
    /// many bytes its body may have: the object is to be asked.
    ///
    /// `is_over_limit`: its client has asked too often, by the platform's count. An administrator comes in
    /// nonetheless; all others are told to wait.
    pub fn knock(&self, described: &Described<'_>, is_over_limit: bool, now_ms: u64) -> String {
        let response = match self.0.knock(&described.head(), now_ms) {
            Knock::Read { is_administrator: false, .. } | Knock::Answer(_) if is_over_limit => {
                Fault::TooManyRequests.respond()
            }
            Knock::Read { body_bytes_max, .. } => return format!("L\n{body_bytes_max}"),
            Knock::Answer(response) => response,
        };
        let mut aside = Aside::default();
        self.0.reports(now_ms).iter().for_each(|report| aside.log(&report.to_string()));
        respond(&response, "", &aside)
    }

    /// What befell a request that was let in, in the script's words, as an answer.
    pub fn fault(&self, described: &Described<'_>, why: &str) -> String {
        respond(&self.0.fault(&described.head(), fault_of(why)), "", &Aside::default())
    }
}

/// What befell a request before it was asked of the door, in the script's words, as an answer.
pub fn fault(why: &str) -> String {
    respond(&fault_of(why).respond(), "", &Aside::default())
}

fn fault_of(why: &str) -> Fault {
    match why {
        "too large" => Fault::BodyTooLarge,
        "broken" => Fault::BodyBroken,
        "unconfigured" => Fault::Unconfigured,
        "out of reach" => Fault::OutOfReach,
        _ => Fault::Failed,
    }
}

/// What the platform counts a client's requests under; an IPv6 network of 64 bits is one client.
pub fn limit_key(client_ip: &str) -> String {
    Guesser::of(client_ip.parse::<IpAddr>().ok()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const TOKEN: &str = "a token of more than thirty-two bytes";

    fn door() -> TextDoor {
        let variables =
            json!({"LATCHKEY_PEPPER": "a pepper of thirty-two bytes, ok", "LATCHKEY_ADMIN_TOKEN": TOKEN});
        TextDoor::new(Settings::parse(&variables.to_string(), Uuid::nil()).unwrap())
    }

    fn knock(token: &str, is_over_limit: bool) -> String {
        let headers = format!("host\nk.test\nkong-admin-token\n{token}");
        let described = Described::of("POST", "http://k.test/admin/services", &headers, "192.0.2.7");
        door().knock(&described.unwrap(), is_over_limit, 5)
    }

    #[test]
    fn a_right_token_is_let_in_whatever_was_counted() {
        for is_over_limit in [false, true] {
            assert_eq!(knock(TOKEN, is_over_limit), "L\n1048576");
        }
    }

    #[test]
    fn others_are_answered_and_past_the_limit_told_to_wait() {
        let answer = knock("wrong", false);
        assert!(answer.starts_with("R\nlog=wrong admin tokens from 192.0.2.7: 1"), "{answer}");
        assert!(answer.contains("\n401\n"), "{answer}");
        let answer = knock("wrong", true);
        assert!(answer.contains("\n429\n") && answer.contains("\nretry-after\n1"), "{answer}");
    }

    #[test]
    fn developers_are_let_in_and_past_the_limit_told_to_wait() {
        let described =
            || Described::of("GET", "http://k.test/portal/api/developer/meta_fields", "host\nk.test", "");
        let variables = json!({
            "LATCHKEY_PEPPER": "a pepper of thirty-two bytes, ok", "LATCHKEY_CONTROL_ORIGIN": "http://k.test"
        });
        let door = TextDoor::new(Settings::parse(&variables.to_string(), Uuid::nil()).unwrap());
        assert_eq!(door.knock(&described().unwrap(), false, 5), "L\n1048576");
        let answer = door.knock(&described().unwrap(), true, 5);
        assert!(answer.contains("\n429\n"), "{answer}");
    }

    #[test]
    fn what_befalls_the_script_has_its_answer() {
        for (why, status) in
            [("too large", 413), ("broken", 400), ("unconfigured", 503), ("out of reach", 503), ("", 500)]
        {
            assert!(fault(why).starts_with(&format!("R\n-\n-\n{status}\n")), "{why}");
        }
        let described = |url| Described::of("POST", url, "host\nk.test", "").unwrap();
        let page = door().fault(&described("http://k.test/manager/log-in"), "too large");
        assert!(page.contains("\n413\n") && page.contains("<html"), "{page}");
        let api = door().fault(&described("http://k.test/admin/services"), "too large");
        assert!(api.ends_with("{\"message\":\"Request body too large\"}"), "{api}");
    }

    #[test]
    fn networks_are_clients() {
        assert_eq!(limit_key("192.0.2.7"), "192.0.2.7");
        assert_eq!(limit_key("2001:db8::7"), limit_key("2001:db8::8"));
        assert_ne!(limit_key("2001:db8::7"), limit_key("2001:db8:0:1::7"));
        assert_eq!(limit_key(""), "other addresses");
    }
}
