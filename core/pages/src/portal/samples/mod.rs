//! Samples of the portal's pages.

mod access;
mod account;
mod applications;
mod keys;
mod services;
#[cfg(test)]
mod tests;

use super::{MetaField, MetaKind, RequestFields, ServiceAccess, Thing, paths};
use crate::View;
use crate::parts::{Paging, State, Time, Total, Typed};
use crate::sample::Sample;
use crate::{Frame, Front, Language, Site};

/// Some time in 2026.
const NOW: Time = Time(1_795_770_300);

/// All of them in a language, with `text` wherever people have typed something.
pub fn all(language: Language, text: &str) -> Vec<Sample> {
    let long = text.repeat(40);
    let site = Site { name: text, logo: None, style: "/style.css", script: "/script.js" };
    let frame = Frame {
        front: Front::Portal,
        language,
        site,
        caller: Some(text),
        path: paths::SERVICES,
        waiting: None,
        message: None,
    };
    let areas: [Area; 5] = [
        (paths::SERVICES, services::all),
        (paths::LOG_IN, access::all),
        (paths::ACCOUNT, account::all),
        (paths::APPLICATIONS, applications::all),
        (paths::APPLICATIONS, keys::all),
    ];
    let of_area = |(path, area): Area| {
        let frame = Frame { path, ..frame };
        let outside = Frame { caller: None, ..frame };
        let thing = Thing { id: text, name: text };
        area(&Shelf { frame: &frame, outside: &outside, text, long: &long, thing })
    };
    areas.into_iter().flat_map(of_area).collect()
}

/// The path of an area, and its samples.
type Area = (&'static str, fn(&Shelf<'_>) -> Vec<Sample>);

/// What samples are made of.
struct Shelf<'a> {
    /// Of a developer who is logged in.
    frame: &'a Frame<'a>,
    /// Of a visitor.
    outside: &'a Frame<'a>,
    /// What people have typed.
    text: &'a str,
    /// The same, many times over.
    long: &'a str,
    thing: Thing<'a>,
}

impl<'a> Shelf<'a> {
    /// Typed, and nothing is wrong with it.
    fn typed(&self) -> Typed<'a> {
        Typed { value: self.text, fault: None }
    }

    /// Typed, and something is wrong with it.
    fn wrong(&self) -> Typed<'a> {
        Typed { value: self.text, fault: Some(self.text) }
    }

    /// A list with nothing searched for and no other page.
    fn one_page(&self) -> Paging<'a> {
        Paging { search: "", next: None, first: None, total: Total::All(2) }
    }

    /// The middle of a long list that was searched.
    fn middle(&self) -> Paging<'a> {
        Paging {
            search: self.text,
            next: Some("?page=3"),
            first: Some("?page=1"),
            total: Total::Found(120, Some(10_000)),
        }
    }

    /// Access in each state; with a reason where it was decided on.
    fn access(&self) -> [ServiceAccess<'a>; 5] {
        [State::Active, State::Waiting, State::Rejected, State::Revoked, State::None].map(|state| {
            ServiceAccess {
                with: if state == State::Active {
                    Thing { name: self.long, ..self.thing }
                } else {
                    self.thing
                },
                state,
                since: (state != State::None).then_some(NOW),
                reason: matches!(state, State::Rejected | State::Revoked).then_some(self.text),
            }
        })
    }

    fn request_wrong(&self) -> RequestFields<'a> {
        RequestFields { application: self.wrong(), note: self.wrong(), fault: Some(self.text) }
    }

    /// A field of the administrator's of each kind.
    fn meta(&self, typed: Typed<'a>) -> [MetaField<'a>; 4] {
        [
            ("meta.full_name", MetaKind::Text, true),
            ("meta.billing", MetaKind::Email, false),
            ("meta.size", MetaKind::Number, false),
            ("meta.news", MetaKind::Tick, false),
        ]
        .map(|(name, kind, is_required)| MetaField {
            name,
            label: self.text,
            kind,
            is_required,
            typed,
        })
    }

    fn sample(&self, name: &str, page: &impl View) -> Sample {
        Sample { name: format!("portal-{name}"), html: page.html() }
    }
}
