//! Mail: what lies in the outbox is sent, on a thread of its own, whenever a call was answered and when
//! the outbox says that something is due.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use latchkey_control::mail::{MailOutcome, OutgoingMail};
use latchkey_control::ports::Clock as _;
use lettre::message::Mailbox;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::control::Control;
use crate::mail_folder::MailFolder;
use crate::mail_message::MailMessage;
use crate::smtp::SmtpServer;
use crate::system::SystemClock;

/// Names the server in the environment, and nowhere else: it has a password.
pub(crate) const SMTP_VARIABLE: &str = "LATCHKEY_SMTP_URL";

/// Whom mails in a folder come from unless a setting says otherwise: nobody will answer.
const FOLDER_FROM: &str = "portal@localhost";

/// Mails that are being sent at once, at most, before more are taken.
const SENDING_MAX: usize = 16;
/// Connections to the server at once.
const CONNECTIONS_MAX: usize = 4;
/// How long one may take from being taken: the outbox gives it out again after a minute.
const SEND_TIMEOUT: Duration = Duration::from_secs(40);
/// Between two looks where nothing says that there is something.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// Before the next look where the outbox could not be read.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);
/// How long mails that are being sent get when the program ends. What is not sent then is sent later.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// How mails leave.
#[derive(Clone, Debug)]
pub(crate) struct MailWay {
    /// Whom they come from.
    pub(crate) from: String,
    to: Destination,
}

#[derive(Clone, Debug)]
enum Destination {
    Folder(PathBuf),
    Server(SmtpServer),
}

impl MailWay {
    /// What the settings say; `None`: nobody is mailed. The error is for the person at the terminal.
    pub(crate) fn find(
        folder: Option<&Path>,
        from: Option<&str>,
        smtp_url: Option<&str>,
    ) -> Result<Option<Self>, String> {
        let server = smtp_url.filter(|url| !url.is_empty()).map(SmtpServer::parse).transpose();
        let server = server.map_err(|error| format!("{SMTP_VARIABLE} {error}"))?;
        let (to, from) = match (folder, server, from) {
            (Some(_), Some(_), _) => {
                return Err(format!("{SMTP_VARIABLE} and --mail-dir are both set: mails go one way"));
            }
            (None, Some(_), None) => {
                return Err(format!(
                    "{SMTP_VARIABLE} is set, but not whom mails come from: --mail-from (LATCHKEY_MAIL_FROM)"
                ));
            }
            (None, None, Some(_)) => {
                return Err(format!(
                    "--mail-from is set, but no way for mails: {SMTP_VARIABLE} or --mail-dir"
                ));
            }
            (None, None, None) => return Ok(None),
            (Some(folder), None, from) => {
                (Destination::Folder(folder.to_owned()), from.unwrap_or(FOLDER_FROM))
            }
            (None, Some(server), Some(from)) => (Destination::Server(server), from),
        };
        Ok(Some(MailWay { from: from.to_owned(), to }))
    }

    /// Where mails go, for people.
    pub(crate) fn place(&self) -> String {
        match &self.to {
            Destination::Folder(folder) => folder.display().to_string(),
            Destination::Server(server) => server.place(),
        }
    }
}

/// A mailbox as a setting has it, such as `Portal <portal@example.com>`.
pub(crate) fn sender(text: &str) -> Result<String, String> {
    let mailbox: Mailbox =
        text.parse().map_err(|_| "no address such as portal@example.com or Portal <portal@example.com>")?;
    Ok(mailbox.to_string())
}

/// The thread that sends.
pub(crate) struct Mailer {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Mailer {
    /// Starts the thread. The error is for the person at the terminal.
    pub(crate) fn start(way: MailWay, control: Control) -> Result<Self, String> {
        let post = match way.to {
            Destination::Folder(path) => MailFolder::open(&path)
                .map(Post::Folder)
                .map_err(|error| format!("cannot make {}: {error}", path.display()))?,
            Destination::Server(server) => Post::Server(server, Semaphore::new(CONNECTIONS_MAX)),
        };
        let (stop, stopped) = oneshot::channel();
        let run =
            move || match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
                Ok(runtime) => runtime.block_on(run(&control, Rc::new(post), stopped)),
                Err(error) => tracing::error!(%error, "no mail is sent"),
            };
        let thread = std::thread::Builder::new().name("mail".into()).spawn(run);
        let thread = thread.map_err(|error| format!("cannot start a thread: {error}"))?;
        Ok(Mailer { stop, thread })
    }

    /// Ends it. Returns once nothing is being sent any more, or not for long.
    pub(crate) fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Where mails are brought to.
enum Post {
    Folder(MailFolder),
    Server(SmtpServer, Semaphore),
}

async fn run(control: &Control, post: Rc<Post>, mut stopped: oneshot::Receiver<()>) {
    let mut sending = JoinSet::new();
    // What an earlier process has left may be due.
    let mut look_at = Instant::now();
    loop {
        let has_room = sending.len() < SENDING_MAX;
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            Some(_) = sending.join_next() => continue,
            () = control.answered(), if has_room => {}
            () = sleep_until(look_at), if has_room => {}
        }
        let Some(due) = control.due_mails().await else { break };
        let taken_at = Instant::now();
        match due {
            Ok(due) => {
                look_at = taken_at + due.next_ms.map_or(LOOK_INTERVAL, until);
                for mail in due.mails {
                    let (post, control) = (Rc::clone(&post), control.clone());
                    sending.spawn_local(async move {
                        let outcome = deliver(&post, &mail, taken_at + SEND_TIMEOUT).await;
                        control.mail_outcome(mail.id, outcome).await;
                    });
                }
            }
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                look_at = taken_at + RETRY_INTERVAL;
            }
        }
    }
    let finished = async { while sending.join_next().await.is_some() {} };
    let _ = timeout(END_TIMEOUT, finished).await;
}

/// How long to wait for a time in milliseconds since the Unix epoch; clocks may be set meanwhile.
fn until(unix_ms: u64) -> Duration {
    Duration::from_millis(unix_ms.saturating_sub(SystemClock.unix_ms())).min(LOOK_INTERVAL)
}

async fn deliver(post: &Post, mail: &OutgoingMail, deadline: Instant) -> MailOutcome {
    let id = &mail.id;
    let message = match MailMessage::new(mail, SystemTime::now()) {
        Ok(message) => message,
        Err(error) => {
            tracing::warn!(id, error, "a mail cannot be written, and is given up");
            return MailOutcome::Refused;
        }
    };
    let brought = tokio::time::timeout_at(deadline, bring(post, &message)).await;
    let late = || Err((MailOutcome::Later, "the server takes too long".to_owned()));
    match brought.unwrap_or_else(|_| late()) {
        Ok(()) => {
            tracing::debug!(id, "a mail was sent");
            MailOutcome::Sent
        }
        Err((outcome, error)) => {
            let will_be = if outcome == MailOutcome::Later { "is sent later" } else { "is given up" };
            tracing::warn!(id, error, "a mail {will_be}");
            outcome
        }
    }
}

async fn bring(post: &Post, message: &MailMessage) -> Result<(), (MailOutcome, String)> {
    match post {
        Post::Folder(folder) => {
            folder.write(message).map_err(|error| (MailOutcome::Later, error.to_string()))
        }
        Post::Server(server, connections) => {
            let _connection = connections.acquire().await;
            server.send(message).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mails_go_one_way_or_none() {
        let (folder, server) = (Some(Path::new("mails")), Some("smtp://127.0.0.1:2525"));
        let from = Some("portal@example.com");
        let find = |folder, from, server| MailWay::find(folder, from, server);
        for server in [None, Some("")] {
            assert!(find(None, None, server).unwrap().is_none());
            assert_eq!(find(folder, None, server).unwrap().unwrap().from, FOLDER_FROM);
            assert_eq!(find(folder, from, server).unwrap().unwrap().from, "portal@example.com");
        }
        let way = find(None, from, server).unwrap().unwrap();
        assert_eq!((way.place().as_str(), way.from.as_str()), ("127.0.0.1:2525", "portal@example.com"));
        for (folder, from, server, part) in [
            (folder, from, server, "are both set"),
            (None, None, server, "--mail-from"),
            (None, from, None, "no way for mails"),
            (None, from, Some("smtp://u:secret@mx.example.com"), "LATCHKEY_SMTP_URL would send"),
        ] {
            let error = find(folder, from, server).unwrap_err();
            assert!(error.contains(part) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_sender_is_one_address() {
        for text in ["portal@example.com", "Portal <portal@example.com>", FOLDER_FROM] {
            assert_eq!(sender(text).unwrap(), text);
        }
        for text in ["", "portal", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com"] {
            assert!(sender(text).is_err(), "{text}");
        }
    }
}
