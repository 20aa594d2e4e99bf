//! Samples of what is around pages, in each state of it, on the page of help.

use super::{Frame, Front, Message, Site, Waiting};
use crate::sample::Sample;
use crate::{Help, Language, View};

/// All of them in a language, with `text` wherever people have typed something.
pub(crate) fn all(language: Language, text: &str) -> Vec<Sample> {
    let site = Site { name: text, logo: None, style: "/style.css", script: "/script.js" };
    let frame = |front, caller| Frame {
        front,
        language,
        site,
        caller,
        path: "/portal/help?lang=ja&q=a%26b",
        waiting: None,
        message: None,
    };
    let sample = |name: &str, frame: Frame<'_>| Sample {
        name: format!("frame-{name}"),
        html: Help { frame: &frame }.html(),
    };
    let portal = frame(Front::Portal, Some(text));
    let manager = Frame { path: "/manager/services/s", ..frame(Front::Manager, Some(text)) };
    let logo = Site { logo: Some("/portal/logo.png"), ..site };
    vec![
        sample("portal-anonymous", frame(Front::Portal, None)),
        sample("portal", portal),
        sample("portal-done", Frame { message: Some(Message::Done(text)), ..portal }),
        sample("portal-logo", Frame { site: logo, ..portal }),
        sample("manager-anonymous", frame(Front::Manager, None)),
        sample("manager", Frame { waiting: Some(Waiting { count: 100, or_more: true }), ..manager }),
        sample("manager-failed", Frame { message: Some(Message::Failed(text)), ..manager }),
    ]
}
