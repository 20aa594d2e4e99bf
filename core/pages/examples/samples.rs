//! Writes a sample of every page, in every state and language, with style and script beside them, to a folder
//! that a browser can open: `cargo run -p latchkey-pages --example samples -- FOLDER [TEXT] [#rrggbb]`.

#![expect(clippy::disallowed_methods, reason = "people run it; nothing of core does")]

use latchkey_pages::{Language, assets, samples};
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let Some(folder) = arguments.next() else {
        return Err(io::Error::other("usage: samples FOLDER [TEXT] [#rrggbb]"));
    };
    let text = arguments.next().unwrap_or_else(|| "Orders & stock".to_owned());
    let colour = arguments.next().and_then(|colour| colour.parse().ok());
    let mut index = String::from("<!DOCTYPE html><meta charset=\"utf-8\"><title>Samples</title>\n");
    for language in Language::ALL {
        let below = Path::new(&folder).join(language.tag());
        fs::create_dir_all(&below)?;
        for sample in samples::all(language, &text) {
            let html = sample.html.replace("\"/style.css\"", "\"../style.css\"");
            let html = html.replace("\"/script.js\"", "\"../script.js\"");
            let name = format!("{}.html", sample.name);
            fs::write(below.join(&name), html)?;
            index.push_str(&format!("<a href=\"{0}/{name}\">{0} {name}</a><br>\n", language.tag()));
        }
    }
    let folder = Path::new(&folder);
    fs::write(folder.join("style.css"), assets::style(colour).body.as_bytes())?;
    fs::write(folder.join("script.js"), assets::script().body.as_bytes())?;
    fs::write(folder.join("index.html"), index)
}
