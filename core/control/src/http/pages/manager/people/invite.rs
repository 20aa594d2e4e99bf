//! Invites developers: each is made, approved, and gets a link that sets a password.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use super::developers::Link;
use super::read::status;
use crate::http::pages::answers::html;
use crate::http::pages::desk::{Desk, object, read};
use crate::http::pages::faults::Faults;
use crate::http::problem::Refusal;
use crate::ports::{Clock, Random};
use latchkey_pages::manager::{InvitationLink, Invite, InviteFault, Invited, paths};
use latchkey_pages::parts::State;
use latchkey_pages::{Language, Said, View as _};
use latchkey_store::Store;

/// Most that are invited at once.
const AT_ONCE: usize = 100;

/// What came of one address.
enum Came {
    /// A mail goes to it.
    Mailed,
    /// There is no mail: a link to pass on.
    Link(String),
    Fault(InviteFault),
    /// The form was sent twice.
    Already,
}

impl<S: Store, C: Clock, R: Random> Desk<'_, S, C, R> {
    pub(super) async fn invite(&self) -> Result<Response<Bytes>, Refusal> {
        let (page, form) = (self.page, &self.page.form);
        if !page.is_post() {
            return Ok(self.ask_whom(&Faults::default()));
        }
        let addresses = addresses(form.text("addresses"));
        if addresses.is_empty() || addresses.len() > AT_ONCE {
            return Ok(self.ask_whom(&Faults::one("addresses", so_many(page.look.language))));
        }
        let mut came = Vec::with_capacity(addresses.len());
        for (folded, address) in &addresses {
            came.push((*address, self.invite_one(folded, address).await?));
        }
        if came.iter().all(|(_, came)| matches!(came, Came::Already)) {
            return Ok(page.done(Said::AlreadyDone, &paths::developers_in(State::Active)));
        }
        Ok(self.show_invited(&came))
    }

    fn ask_whom(&self, faults: &Faults) -> Response<Bytes> {
        let (path, nonce) = (self.page.path(), self.nonce());
        let frame = self.page.manager_frame(&path);
        let addresses = faults.typed(&self.page.form, "addresses");
        self.form(
            faults,
            &Invite { frame: &frame, addresses, has_mail: self.control.registry.has_mail(), nonce: &nonce },
        )
    }

    async fn invite_one(&self, folded: &str, address: &str) -> Result<Came, Refusal> {
        let id = self.page.form.nonce().map(|nonce| id_of(nonce, folded));
        let approved = json!(status(State::Active));
        let sent = object([("id", json!(id)), ("email", json!(address)), ("status", approved)]);
        let made = match self.post(&["developers"], sent).await {
            Ok(_) => self.control.registry.has_mail(),
            Err(refusal) if refusal.is_made_already() => return Ok(Came::Already),
            Err(refusal) if refusal.is_taken() => return Ok(Came::Fault(InviteFault::ThereAlready)),
            Err(refusal) if refusal.is_of_what_was_sent() => return Ok(Came::Fault(InviteFault::NoAddress)),
            Err(refusal) => return Err(refusal),
        };
        if made {
            return Ok(Came::Mailed);
        }
        let reset = self.post(&["developers", address, "reset-password"], object([])).await?;
        Ok(if reset.status() == StatusCode::OK {
            Came::Link(read::<Link>(&reset)?.link)
        } else {
            Came::Mailed
        })
    }

    fn show_invited(&self, came: &[(&str, Came)]) -> Response<Bytes> {
        let (mut mailed, mut links, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        for (address, came) in came {
            match came {
                Came::Mailed | Came::Already => mailed.push(*address),
                Came::Link(link) => links.push(InvitationLink { address, link }),
                Came::Fault(fault) => faults.push((*address, *fault)),
            }
        }
        let path = self.page.path();
        let frame = self.page.manager_frame(&path);
        let is_any = faults.len() < came.len();
        let view = Invited { frame: &frame, mailed: &mailed, links: &links, faults: &faults };
        html(if is_any { StatusCode::OK } else { StatusCode::BAD_REQUEST }, view.html())
    }
}

/// Addresses, one a line or parted by commas, each once in whatever case: as they are compared, and as typed.
fn addresses(text: &str) -> Vec<(String, &str)> {
    let typed = text.split([',', ';', '\n', '\r', '、', ' ']).map(str::trim).filter(|one| !one.is_empty());
    let mut distinct = BTreeMap::new();
    typed.for_each(|one| {
        distinct.entry(one.to_lowercase()).or_insert(one);
    });
    distinct.into_iter().collect()
}

/// The id of whom a form invites by an address: the same when it is sent again.
fn id_of(nonce: Uuid, address: &str) -> Uuid {
    let digest = Sha256::new().chain_update(nonce.as_bytes()).chain_update(address).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_random_bytes(bytes).into_uuid()
}

fn so_many(language: Language) -> &'static str {
    match language {
        Language::En => "Give 1 to 100 addresses.",
        Language::Ja => "1件以上100件以下のメールアドレスを指定してください。",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parted_and_come_once() {
        let found = addresses(" b@x.org,\r\na@x.org; B@X.org\n\n");
        let found: Vec<&str> = found.iter().map(|(folded, _)| folded.as_str()).collect();
        assert_eq!(found, ["a@x.org", "b@x.org"]);
        assert!(addresses(" ,\n").is_empty());
        let [nonce, other] = [1, 2].map(Uuid::from_u128);
        assert_eq!(id_of(nonce, "a"), id_of(nonce, "a"));
        assert_ne!(id_of(nonce, "a"), id_of(nonce, "b"));
        assert_ne!(id_of(nonce, "a"), id_of(other, "a"));
    }
}
