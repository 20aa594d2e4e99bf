//! Samples of a specification's pages.

use super::{Described, Document, OperationPage, SpecificationPage};
use crate::sample::Sample;
use crate::{Frame, Front, Language, Site, View as _};

/// All of them in a language, with `text` wherever people have typed something.
pub fn all(language: Language, text: &str) -> Vec<Sample> {
    let site = Site { name: text, logo: None, style: "/style.css", script: "/script.js" };
    let frame = Frame {
        front: Front::Portal,
        language,
        site,
        caller: Some(text),
        path: "/portal/services/pets/specification",
        waiting: None,
        message: None,
    };
    let shelf = Shelf { frame: &frame, text };
    let document = document(text);
    let empty = Document::read(r#"{"openapi": "3.0.0", "paths": {}}"#);
    let old = Document::read(r#"{"swagger": "2.0", "paths": {}}"#);
    let mut samples = Vec::new();
    if let (Ok(document), Ok(empty), Ok(old)) = (&document, &empty, &old) {
        samples.push(shelf.listed("", document, "", 1, Some("https://api.example.com/pets")));
        samples.push(shelf.listed("-next", document, "", 2, Some("https://api.example.com/pets")));
        samples.push(shelf.listed("-found", document, "pet", 1, Some("https://api.example.com/pets")));
        samples.push(shelf.listed("-none-found", document, text, 9, None));
        samples.push(shelf.listed("-empty", empty, "", 1, None));
        samples.push(shelf.listed("-download", old, "", 1, None));
        samples.extend(shelf.operations(document));
    }
    samples
}

struct Shelf<'a> {
    frame: &'a Frame<'a>,
    text: &'a str,
}

impl Shelf<'_> {
    fn service<'s>(&'s self, address: Option<&'s str>) -> Described<'s> {
        Described { id: "pets", name: self.text, address, can_try: true }
    }

    fn listed(
        &self,
        name: &str,
        document: &Document,
        search: &str,
        page: usize,
        address: Option<&str>,
    ) -> Sample {
        let found = document.find("pets", search, page);
        let (service, paging) = (self.service(address), found.paging());
        let page = SpecificationPage { frame: self.frame, service, document, found: &found, paging };
        Sample { name: format!("portal-specification{name}"), html: page.html() }
    }

    fn operations(&self, document: &Document) -> Vec<Sample> {
        let service = self.service(Some("https://api.example.com/pets"));
        let ids = [("operation", "replacePet"), ("operation-short", "checkPet")];
        let sample = |(name, id): (&str, &str)| {
            let operation = document.operation(id)?;
            let page = OperationPage { frame: self.frame, service, document, operation };
            Some(Sample { name: format!("portal-{name}"), html: page.html() })
        };
        ids.into_iter().filter_map(sample).collect()
    }
}

/// A document with everything that is shown, with a text wherever there may be one.
fn document(text: &str) -> Result<Document, super::Refused> {
    let quoted = serde_json::Value::from(text).to_string();
    let prose = serde_json::Value::from(format!("{text}\n\n# {text}\n\n- {text} `{text}`")).to_string();
    let more: String = (0..60)
        .map(|at| format!(r#","/pets/{at}": {{"get": {{"tags": [{quoted}], "summary": {quoted}}}}}"#))
        .collect();
    let sample = include_str!("sample.json");
    Document::read(
        &sample.replace("\"$text\"", &quoted).replace("\"$prose\"", &prose).replace(",\"$more\": {}", &more),
    )
}
