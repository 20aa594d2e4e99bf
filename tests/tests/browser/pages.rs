//! Every page as its samples show it, under axe-core and on the narrowest phone.

use std::collections::BTreeMap;
use std::thread;

use latchkey_pages::{Language, assets, samples};
use latchkey_tests::browser::{Axe, Look, Window};
use latchkey_tests::upstream::{Upstream, answer};

/// What people may have typed.
const TYPED: &str = "Orders & stock";
/// As the control door sends it with every page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";
const HTML: &str = "text/html; charset=utf-8";
/// At a time.
const WINDOWS: usize = 2;

/// A server of all samples in a language, with style and script, and the paths of the samples.
fn serve(language: Language) -> (Upstream, Vec<String>) {
    let mut files: BTreeMap<String, (&str, Vec<u8>)> = BTreeMap::new();
    files.insert("/style.css".to_owned(), ("text/css", assets::style(None).body.as_bytes().to_vec()));
    files.insert("/script.js".to_owned(), ("text/javascript", assets::script().body.as_bytes().to_vec()));
    let mut paths = Vec::new();
    for sample in samples::all(language, TYPED) {
        let path = format!("/{}", sample.name);
        files.insert(path.clone(), (HTML, sample.html.into_bytes()));
        paths.push(path);
    }
    let server = Upstream::answering(move |request| match files.get(request.path()) {
        Some((kind, body)) => {
            answer(200, &[("Content-Type", kind), ("Content-Security-Policy", POLICY)], body)
        }
        None => answer(404, &[], b""),
    });
    (server, paths)
}

/// What is wrong with the pages, in a look.
fn look_through(look: &Look, language: Language) -> Vec<String> {
    let (server, paths) = serve(language);
    assert!(paths.len() > 100, "{} samples", paths.len());
    let part = paths.len().div_ceil(WINDOWS);
    let wrong = thread::scope(|scope| {
        let parts = paths.chunks(part).map(|part| scope.spawn(|| look_at(look, &server, part)));
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    println!("{look:?}: {} pages", paths.len());
    wrong
}

fn look_at(look: &Look, server: &Upstream, paths: &[String]) -> Vec<String> {
    let window = Window::open(look);
    let axe = Axe::within(&window);
    let mut wrong = Vec::new();
    for path in paths {
        window.dress(look);
        window.go(&format!("http://{}{path}", server.authority()));
        assert!(window.has("main h1"), "{path} is no page");
        wrong.extend(axe.violations().into_iter().map(|one| format!("{path}: {one}")));
        window.dress(&Look { width: Look::PHONE.width, ..look.clone() });
        let over = window.overflow();
        if over > 0 {
            wrong.push(format!("{path}: {over} pixels wider than a phone"));
        }
    }
    wrong
}

#[track_caller]
fn expect_nothing(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// That nothing is found elsewhere says something only with this.
#[test]
fn what_is_wrong_is_found() {
    let server = Upstream::answering(|_| {
        answer(200, &[("Content-Type", HTML)], b"<h1>x</h1><img src=x><div style='width: 2000px'>x</div>")
    });
    let window = Window::open(&Look::PHONE);
    let axe = Axe::within(&window);
    window.go(&format!("http://{}/", server.authority()));
    let found = axe.violations();
    for rule in ["image-alt: ", "document-title: ", "html-has-lang: "] {
        assert!(found.iter().any(|one| one.starts_with(rule)), "{rule}: {found:?}");
    }
    assert!(window.overflow() > 1000);
}

#[test]
fn nothing_keeps_people_out_of_a_page() {
    expect_nothing(&look_through(&Look::DESK, Language::En));
}

/// The other looks, each a test of its own.
macro_rules! in_other_looks {
    ($($name:ident: $language:ident, $width:literal, $is_dark:literal;)*) => {$(
        #[test]
        #[ignore = "a minute: `cargo xtask browser --long`"]
        fn $name() {
            let language = Language::$language;
            let look = Look { width: $width, is_dark: $is_dark, language: language.tag(), ..Look::DESK };
            expect_nothing(&look_through(&look, language));
        }
    )*};
}

in_other_looks! {
    english_dark: En, 1280, true;
    english_narrow: En, 320, false;
    english_narrow_dark: En, 320, true;
    japanese: Ja, 1280, false;
    japanese_dark: Ja, 1280, true;
    japanese_narrow: Ja, 320, false;
    japanese_narrow_dark: Ja, 320, true;
}
