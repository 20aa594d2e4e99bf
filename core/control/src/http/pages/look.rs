//! How pages look to a caller: name, colour, logo, language, and what came of the action before.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, SET_COOKIE};
use http::{HeaderMap, Response};

use super::PageAsked;
use super::answers::see_other;
use crate::http::lists::Query;
use crate::http::portal::{OwnCookie, Site};
use crate::http::problem::Refusal;
use crate::http::{Control, Head};
use crate::ports::{Clock, Random};
use crate::settings::Settings;
use latchkey_pages::{Frame, Front, Language, Told, assets};
use latchkey_store::Store;

/// How pages look.
#[derive(Debug)]
pub(super) struct Look {
    /// What administrators have set; their defaults where that cannot be read.
    pub(super) settings: Settings,
    name: String,
    logo: Option<String>,
    style: String,
    script: String,
    pub(super) language: Language,
    /// Whether a link of the page asks for it.
    is_chosen: bool,
    /// What came of the action before.
    pub(super) said: Option<Told>,
    /// The same in a sentence.
    sentence: Cow<'static, str>,
}

/// How long a language is kept: a year, in seconds.
const LANGUAGE_S: u64 = 365 * 86_400;
/// How long what came of an action waits to be shown, in seconds.
const SAID_S: u64 = 60;

impl Look {
    /// Where what is set cannot be read. `site`: where the pages are, as far as that is known.
    pub(super) fn plain(head: &Head<'_>, site: Option<&Site>) -> Self {
        Look {
            settings: Settings::default(),
            name: "Latchkey".to_owned(),
            logo: None,
            style: assets::style(None).path(),
            script: assets::script().path(),
            language: asked_language(head, site).unwrap_or_default(),
            is_chosen: chosen(head).is_some(),
            said: None,
            sentence: Cow::Borrowed(""),
        }
    }

    /// Whether there is a logo.
    pub(super) fn has_logo(&self) -> bool {
        self.logo.is_some()
    }

    /// What is around a page.
    pub(super) fn frame<'a>(&'a self, front: Front, path: &'a str) -> Frame<'a> {
        Frame {
            front,
            language: self.language,
            site: latchkey_pages::Site {
                name: &self.name,
                logo: self.logo.as_deref(),
                style: &self.style,
                script: &self.script,
            },
            caller: None,
            path,
            waiting: None,
            message: self.said.map(|said| said.message(&self.sentence)),
        }
    }

    /// Keeps a language that was chosen, and forgets what was said once it is shown.
    pub(super) fn settle(&self, response: &mut Response<Bytes>, site: &Site) {
        if self.is_chosen {
            OwnCookie::Language.set(response, site, self.language.tag(), Some(LANGUAGE_S));
        }
        let sets_another = response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .any(|field| field.as_bytes().starts_with(OwnCookie::Said.name(site).as_bytes()));
        if self.said.is_some() && !sets_another {
            OwnCookie::Said.take_away(response, site);
        }
    }
}

/// Says on the next page what came of this one's action.
pub(super) fn say(response: &mut Response<Bytes>, said: impl Into<Told>, site: &Site) {
    OwnCookie::Said.set(response, site, &said.into().code(), Some(SAID_S));
}

impl PageAsked<'_> {
    /// Leads to another page, which says what came of this one.
    pub(super) fn done(&self, said: impl Into<Told>, path: &str) -> Response<Bytes> {
        let mut response = see_other(path);
        say(&mut response, said, self.site);
        response
    }
}

impl<S: Store, C: Clock, R: Random> Control<S, C, R> {
    pub(super) async fn look(&self, head: &Head<'_>, site: &Site) -> Result<Look, Refusal> {
        let settings = self.registry.read_settings().await;
        let settings = settings.map_err(|error| Refusal::Registry { endpoint: "pages", error })?;
        let language = asked_language(head, Some(site)).unwrap_or(settings.language);
        let said = OwnCookie::Said.value(head.headers, site).and_then(Told::parse);
        let logo = self.registry.logo_facts().await;
        let logo = logo.map_err(|error| Refusal::Registry { endpoint: "pages", error })?;
        let colour = settings.portal_colour.as_deref().and_then(|colour| colour.parse().ok());
        Ok(Look {
            name: settings.portal_name.clone(),
            logo: logo.map(|logo| logo_path(&logo.hash)),
            style: assets::style(colour).path(),
            script: assets::script().path(),
            language,
            is_chosen: chosen(head).is_some(),
            sentence: said.map(|said| said.sentence(language)).unwrap_or_default(),
            said,
            settings,
        })
    }
}

/// What the logo of a hash is called.
pub(super) fn logo_name(hash: &str) -> String {
    format!("{hash}.png")
}

fn logo_path(hash: &str) -> String {
    format!("/portal/logo/{}", logo_name(hash))
}

/// The language that is asked for: by a link, by one that was followed before, or else by the browser.
fn asked_language(head: &Head<'_>, site: Option<&Site>) -> Option<Language> {
    let kept = || OwnCookie::Language.value(head.headers, site?).and_then(Language::parse);
    chosen(head).or_else(kept).or_else(|| accepted(head.headers))
}

/// The language that a link of the page asks for: `?lang=ja`.
fn chosen(head: &Head<'_>) -> Option<Language> {
    let query = Query::parse(head.query).ok()?;
    Language::parse(query.value("lang")?)
}

/// The language that a browser asks for.
fn accepted(headers: &HeaderMap) -> Option<Language> {
    let mut fields = headers.get_all(ACCEPT_LANGUAGE).iter();
    fields.find_map(|field| Language::accepted(field.to_str().ok()?))
}
