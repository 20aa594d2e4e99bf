//! Mails by SMTP, one connection each (RFC 5321), with TLS from the first byte or by STARTTLS (RFC 3207).

use std::net::IpAddr;
use std::time::Duration;

use http::Uri;
use latchkey_control::mail::MailOutcome;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use percent_encoding::percent_decode_str;
use tokio::time::timeout;

use crate::mail_message::MailMessage;

/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a good-bye may take, which nothing hangs on.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);

/// A server that takes mails.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SmtpServer {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
}

/// What is between us and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// Nothing: on this machine alone.
    None,
    /// TLS after STARTTLS, or no mail.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

impl SmtpServer {
    /// Of a URL: `smtp://host` on this machine, `smtp://user:password@host?tls=required`,
    /// `smtps://user:password@host`. The error does not repeat it: it has a password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let none = || "is no URL such as smtps://user:password@smtp.example.com".to_owned();
        let uri: Uri = url.parse().map_err(|_| none())?;
        let authority = uri.authority().ok_or_else(none)?;
        if !matches!(uri.path(), "" | "/") {
            return Err("has a path, which says nothing".to_owned());
        }
        let security = match (uri.scheme_str(), uri.query()) {
            (Some("smtp"), None) => Security::None,
            (Some("smtp"), Some("tls=required")) => Security::StartTls,
            (Some("smtps"), None) => Security::Tls,
            (Some("smtp"), Some(_)) => {
                return Err("may have ?tls=required behind it, and nothing else".to_owned());
            }
            (Some("smtps"), Some(_)) => {
                return Err("says smtps, which is TLS: nothing comes behind it".to_owned());
            }
            _ => return Err(none()),
        };
        let (userinfo, place) = match authority.as_str().rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, authority.as_str()),
        };
        let port = place.strip_prefix(authority.host()).filter(|port| !port.is_empty());
        let port: Option<u16> =
            port.map(|port| port.trim_start_matches(':').parse()).transpose().map_err(|_| none())?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if security == Security::None && !is_this_machine(&host) {
            return Err(
                "would send passwords and links in plain text: smtps:// has TLS from the first byte, \
                        smtp://…?tls=required asks for STARTTLS; without either it must be this machine"
                    .to_owned(),
            );
        }
        let port = port.unwrap_or(match security {
            Security::None => 25,
            Security::StartTls => 587,
            Security::Tls => 465,
        });
        Ok(SmtpServer { host, port, security, credentials: userinfo.map(credentials).transpose()? })
    }

    /// Host and port, for people.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// What came of sending, and why it was not sent, in words that have no address.
    pub(crate) async fn send(&self, message: &MailMessage) -> Result<(), (MailOutcome, String)> {
        let later = |error: Error| (MailOutcome::Later, told(&error));
        let mut connection = self.connect(message).await.map_err(later)?;
        let outcome = transmit(&mut connection, message).await;
        let _ = timeout(QUIT_TIMEOUT, connection.abort()).await;
        outcome
    }

    async fn connect(&self, message: &MailMessage) -> Result<AsyncSmtpConnection, Error> {
        let hello = hello(message);
        let tls = || TlsParameters::new(self.host.clone());
        let at_once = (self.security == Security::Tls).then(tls).transpose()?;
        let place = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(place, Some(CONNECT_TIMEOUT), &hello, at_once, None).await?;
        if self.security == Security::StartTls {
            connection.starttls(tls()?, &hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

/// Whether what is sent to a host stays on this machine.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn credentials(userinfo: &str) -> Result<Credentials, String> {
    let (user, password) = userinfo.split_once(':').ok_or("has a user, but no password")?;
    let decoded = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(String::from).map_err(|_| "has a user or a password that is not UTF-8".to_owned())
    };
    Ok(Credentials::new(decoded(user)?, decoded(password)?))
}

/// We call ourselves by the sender's domain: what this machine is called is nobody's business.
fn hello(message: &MailMessage) -> ClientId {
    let domain = message.envelope.from().map_or("localhost", |from| from.domain());
    ClientId::Domain(domain.to_owned())
}

/// Only what the server says of the recipient or of the mail itself is for ever: a sender that it does
/// not take, or that it asks for a password, is for an administrator to put right.
async fn transmit(
    connection: &mut AsyncSmtpConnection,
    message: &MailMessage,
) -> Result<(), (MailOutcome, String)> {
    let later = |error: Error| (MailOutcome::Later, told(&error));
    let judged = |error: Error| {
        let outcome = if error.is_permanent() { MailOutcome::Refused } else { MailOutcome::Later };
        (outcome, told(&error))
    };
    let MailMessage { envelope, bytes, .. } = message;
    let mut parameters = Vec::new();
    if !envelope
        .from()
        .into_iter()
        .chain(envelope.to())
        .all(|address: &Address| AsRef::<str>::as_ref(address).is_ascii())
    {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let reason = "the server takes no address that is not ASCII (RFC 6531)".to_owned();
            return Err((MailOutcome::Refused, reason));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    connection.command(Mail::new(envelope.from().cloned(), parameters)).await.map_err(later)?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(judged)?;
    }
    connection.command(Data).await.map_err(judged)?;
    connection.message(bytes).await.map(drop).map_err(judged)
}

/// A server's own words may repeat the address.
fn told(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("the server answered {code}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, place: &str, security: Security, credentials: Option<(&str, &str)>) {
        let server = SmtpServer::parse(url).unwrap();
        let expected =
            credentials.map(|(user, password)| Credentials::new(user.to_owned(), password.to_owned()));
        assert_eq!(
            (server.place().as_str(), server.security, server.credentials),
            (place, security, expected)
        );
    }

    #[test]
    fn urls_say_how_a_server_is_reached() {
        check("smtp://127.0.0.1:2525", "127.0.0.1:2525", Security::None, None);
        check("smtp://localhost", "localhost:25", Security::None, None);
        check("smtp://[::1]:26/", "::1:26", Security::None, None);
        check(
            "smtp://u:p@mx.example.com?tls=required",
            "mx.example.com:587",
            Security::StartTls,
            Some(("u", "p")),
        );
        check("smtps://mx.example.com", "mx.example.com:465", Security::Tls, None);
        let decoded = Some(("a@example.com", "p/:@\u{fc}"));
        check(
            "smtps://a%40example.com:p%2F%3A%40%C3%BC@mx.example.com:1",
            "mx.example.com:1",
            Security::Tls,
            decoded,
        );
    }

    #[test]
    fn what_would_be_read_on_the_way_is_refused() {
        for url in ["smtp://mx.example.com", "smtp://u:secret@10.0.0.1:25", "smtp://localhost.example.com"] {
            let error = SmtpServer::parse(url).unwrap_err();
            assert!(error.contains("plain text") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused_without_its_password() {
        for url in [
            "",
            "u:secret@mx.example.com",
            "mx.example.com",
            "http://u:secret@mx.example.com",
            "smtp://u:secret@127.0.0.1?tls=opportunistic",
            "smtps://u:secret@mx.example.com?tls=required",
            "smtps://u:secret@mx.example.com/path",
            "smtps://secret@mx.example.com",
            "smtps://u:secret%ff@mx.example.com",
            "smtps://u:secret@mx.example.com:port",
        ] {
            let error = SmtpServer::parse(url).unwrap_err();
            assert!(!error.contains("secret") && !error.is_empty(), "{url}: {error}");
        }
    }
}
