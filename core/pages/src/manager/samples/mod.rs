//! Samples of the manager's pages.

mod access;
mod keys;
mod people;
mod services;
mod settings;
#[cfg(test)]
mod tests;

use super::Thing;
use crate::View;
use crate::parts::Typed;
use crate::parts::{Paging, Time, Total};
use crate::sample::Sample;
use crate::{Frame, Front, Language, Site, Waiting};

/// Some time in 2026.
const NOW: Time = Time(1_795_770_300);

/// All of them in a language, with `text` wherever people have typed something.
pub fn all(language: Language, text: &str) -> Vec<Sample> {
    let long = text.repeat(40);
    let site = Site { name: text, logo: None, style: "/style.css", script: "/script.js" };
    let frame = Frame {
        front: Front::Manager,
        language,
        site,
        caller: Some(text),
        path: super::paths::START,
        waiting: Some(Waiting { count: 3, or_more: false }),
        message: None,
    };
    let shelf = Shelf { frame: &frame, text, long: &long, thing: Thing { id: text, name: text } };
    let mut samples = access::all(&shelf);
    samples.extend(services::all(&shelf));
    samples.extend(people::all(&shelf));
    samples.extend(keys::all(&shelf));
    samples.extend(settings::all(&shelf));
    samples
}

/// What samples are made of.
struct Shelf<'a> {
    frame: &'a Frame<'a>,
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

    fn sample(&self, name: &str, page: &impl View) -> Sample {
        Sample { name: format!("manager-{name}"), html: page.html() }
    }
}
