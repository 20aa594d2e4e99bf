//! Mails, by Amazon SES.

use std::time::{Duration, Instant};

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::ProvideErrorMetadata as _;
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use latchkey_control::http::Control;
use latchkey_control::mail::{MailOutcome, OutgoingMail};
use latchkey_control::ports::{Clock, Random};
use latchkey_control::registry::Error;
use latchkey_store::Store;

const CHARSET: &str = "UTF-8";

/// Sends what lies in the outbox.
#[derive(Clone, Debug)]
pub(crate) struct Mailer {
    client: Client,
}

impl Mailer {
    /// `client`: of one attempt; whether there is another the outbox says.
    pub(crate) fn new(client: Client) -> Self {
        Mailer { client }
    }

    /// Sends what is due, for as long as `time` from now: no mail is begun later. After one that SES does not
    /// take now the others wait as well.
    pub(crate) async fn send_due<S: Store, C: Clock, R: Random>(
        &self,
        control: &Control<S, C, R>,
        time: Duration,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        loop {
            let due = control.due_mails().await?;
            if due.mails.is_empty() {
                return Ok(());
            }
            for mail in &due.mails {
                if begun.elapsed() >= time {
                    return Ok(());
                }
                let outcome = self.send(mail).await;
                control.mail_outcome(&mail.id, outcome).await?;
                if outcome == MailOutcome::Later {
                    return Ok(());
                }
            }
        }
    }

    async fn send(&self, mail: &OutgoingMail) -> MailOutcome {
        let Some(content) = content(mail) else { return MailOutcome::Refused };
        let destination = Destination::builder().to_addresses(&mail.to).build();
        let sending = self.client.send_email().from_email_address(&mail.from).destination(destination);
        match sending.content(content).send().await {
            Ok(_) => MailOutcome::Sent,
            Err(error) => {
                let outcome = error.as_service_error().map_or(MailOutcome::Later, judge);
                // SES's words can name the address.
                let code = error.code().unwrap_or("no answer");
                tracing::warn!(code, ?outcome, "a mail was not taken");
                outcome
            }
        }
    }
}

/// What no other attempt would change is the message, or who is to have it: in SES's sandbox that is who has
/// not been verified. All else is mended by time or by whoever looks after the account.
fn judge(error: &SendEmailError) -> MailOutcome {
    let is_final = error.is_message_rejected() || error.is_bad_request_exception();
    if is_final { MailOutcome::Refused } else { MailOutcome::Later }
}

/// `None`: a part is missing, which no mail has.
fn content(mail: &OutgoingMail) -> Option<EmailContent> {
    let text = |data: &str| Content::builder().data(data).charset(CHARSET).build().ok();
    let body = Body::builder().text(text(&mail.text)?).html(text(&mail.html)?).build();
    let message = Message::builder().subject(text(&mail.subject)?).body(body).build();
    Some(EmailContent::builder().simple(message).build())
}
