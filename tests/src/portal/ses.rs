//! A stand-in for Amazon SES: takes every mail, and keeps it.
//!
//! docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::mails::{Mail, Mails};
use crate::connections::Connections;
use crate::raw_http::{Connection, Framing, copy_body, read_head};

/// What SES adds to the fields of a mail.
const FIELDS: [&str; 6] = ["date", "from", "message-id", "mime-version", "subject", "to"];

/// A server on a free port, stopped on drop.
pub struct Ses {
    connections: Connections,
    taken: Arc<Mutex<Vec<Mail>>>,
}

impl Ses {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port for SES");
        let taken = Arc::<Mutex<Vec<Mail>>>::default();
        let keeping = Arc::clone(&taken);
        let connections = Connections::serve(listener, move |stream| serve(stream, &keeping));
        Self { connections, taken }
    }

    /// As `AWS_ENDPOINT_URL_SESV2` has it.
    pub fn url(&self) -> String {
        format!("http://{}", self.connections.address())
    }
}

impl Mails for Ses {
    fn all(&self) -> Vec<Mail> {
        self.taken.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, taken: &Mutex<Vec<Mail>>) {
    let Ok(mut connection) = Connection::over(stream, "ses") else { return };
    let _ = connection.writer.set_read_timeout(None);
    while let Ok(Some(head)) = read_head(&mut connection.reader) {
        let mut body = Vec::new();
        if copy_body(&mut connection.reader, Framing::of_request(&head.headers), &mut body).is_err() {
            return;
        }
        assert!(head.start_line.starts_with("POST /v2/email/outbound-emails "), "{}", head.start_line);
        let number = {
            let mut taken = taken.lock().unwrap();
            let name = format!("{:06}", taken.len());
            taken.push(mail(name.clone(), &body));
            name
        };
        let answer = format!(r#"{{"MessageId":"{number}"}}"#);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
        if write!(connection.writer, "{head}: {}\r\n\r\n{answer}", answer.len()).is_err() {
            return;
        }
    }
}

fn mail(name: String, body: &[u8]) -> Mail {
    let sent: Value = serde_json::from_slice(body).expect("SES takes JSON");
    let text = |value: &Value| value["Data"].as_str().unwrap_or_default().to_owned();
    let simple = &sent["Content"]["Simple"];
    let to: Vec<String> =
        serde_json::from_value(sent["Destination"]["ToAddresses"].clone()).unwrap_or_default();
    Mail {
        name,
        mode: None,
        to_field: to.join(", "),
        to,
        subject: text(&simple["Subject"]),
        fields: FIELDS.map(str::to_owned).to_vec(),
        text: text(&simple["Body"]["Text"]).replace("\r\n", "\n"),
        html: text(&simple["Body"]["Html"]),
        raw: String::from_utf8_lossy(body).into_owned(),
    }
}
