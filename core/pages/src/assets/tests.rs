use super::*;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;

const KIB: usize = 1024;

fn colour(text: &str) -> Colour {
    text.parse().expect("is a colour")
}

fn gzipped(text: &str) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).expect("memory takes it");
    encoder.finish().expect("memory takes it").len()
}

/// The value of a custom property, in the light block or the dark one.
fn property(name: impl std::fmt::Display, is_dark: bool) -> Colour {
    let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").expect("has both");
    let block = if is_dark { dark } else { light };
    let value = block.split(&format!("--{name}: ")).nth(1).and_then(|rest| rest.split(';').next());
    let value = value.unwrap_or_else(|| panic!("--{name} is set"));
    colour(match value {
        "#fff" => "#ffffff",
        value => value,
    })
}

#[test]
fn both_are_small() {
    let style = style(Some(colour("#123456")));
    let sizes = [style.body.len(), SCRIPT.len(), gzipped(&style.body) + gzipped(SCRIPT)];
    assert!(style.body.len() <= 20 * KIB, "{sizes:?}");
    assert!(SCRIPT.len() <= 8 * KIB, "{sizes:?}");
    assert!(gzipped(&style.body) + gzipped(SCRIPT) <= 28 * KIB, "{sizes:?}");
}

/// WCAG 2.2, 2.5.8: in pixels of CSS, since the text of a narrow page is smaller.
#[test]
fn what_stands_close_together_is_large_enough_to_hit() {
    for rule in [
        ":is(th, td) > a { display: inline-block; min-height: 24px;",
        ":is(th, td) input[type=checkbox] { width: 24px; height: 24px;",
        ".skip { position: absolute; left: -100vw; min-height: 24px; }",
    ] {
        assert!(STYLE.contains(rule), "{rule}");
    }
}

#[test]
fn a_name_follows_from_the_content() {
    let (plain, blue) = (style(None), style(Some(colour("#0000ff"))));
    assert_ne!(plain.name, blue.name);
    assert_eq!(plain, style(None));
    let hash = plain.name.strip_prefix("style-").and_then(|rest| rest.strip_suffix(".css"));
    let is_hash = |hash: &str| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(hash.is_some_and(is_hash), "{}", plain.name);
    assert_eq!(plain.path(), format!("/portal/assets/{}", plain.name));
}

#[test]
fn an_asset_is_found_by_its_name_alone() {
    let blue = Some(colour("#0000ff"));
    for asset in [script(), style(blue), style(None)] {
        assert_eq!(find(&asset.name), Some(asset));
    }
    let name = style(blue).name;
    for other in
        [name.replace("0000ff", "0000fg"), name.replace("0000ff", "0000FF"), name.replace("ff.", "ff0.")]
    {
        assert_eq!(find(&other), None, "{other}");
    }
    assert_eq!(find("style.css"), None);
}

#[test]
fn the_colour_is_set_last() {
    let style = style(Some(colour("#ffee00")));
    let after = style.body.strip_prefix(STYLE).expect("begins with the sheet");
    assert!(after.starts_with(":root{--accent:#ffee00;--on-accent:#000000;"), "{after}");
}

#[test]
fn text_can_be_read_on_every_ground() {
    for is_dark in [false, true] {
        let property = |name: &str| property(name, is_dark);
        let grounds = ["ground", "raised", "sunken"];
        for name in ["text", "quiet", "link", "mark", "good", "wait", "bad"] {
            for ground in grounds {
                let contrast = property(name).contrast(property(ground));
                assert!(contrast >= 4.5, "{name} on {ground}, dark: {is_dark}: {contrast}");
            }
        }
        for name in ["good", "wait", "bad"] {
            let ground = property(&format!("{name}-ground"));
            assert!(property("text").contrast(ground) >= 4.5, "{name}, dark: {is_dark}");
            assert!(property(name).contrast(ground) >= 4.5, "{name}, dark: {is_dark}");
            assert!(property("link").contrast(ground) >= 4.5, "link on {name}, dark: {is_dark}");
        }
        assert!(property("on-accent").contrast(property("accent")) >= 4.5, "dark: {is_dark}");
        for ground in grounds {
            assert!(property("edge").contrast(property(ground)) >= 3.0, "edge on {ground}, dark: {is_dark}");
        }
    }
}

/// What `colour.rs` takes for the worst ground is that of the sheet.
#[test]
fn the_worst_grounds_are_those_of_the_sheet() {
    assert_eq!(property("sunken", false), colour("#eef0f4"));
    assert_eq!(property("sunken", true), colour("#22262f"));
    for is_dark in [false, true] {
        let text = colour(if is_dark { "#ffffff" } else { "#000000" });
        let worst = property("sunken", is_dark).contrast(text);
        for ground in ["ground", "raised", "good-ground", "wait-ground", "bad-ground"] {
            assert!(property(ground, is_dark).contrast(text) >= worst, "{ground}, dark: {is_dark}");
        }
    }
}

/// The strict policy lets no code be made of text.
#[test]
fn the_script_makes_no_code_of_text() {
    for word in ["eval", "new Function", "innerHTML", "outerHTML", "document.write", "insertAdjacentHTML"] {
        assert!(!SCRIPT.contains(word), "{word}");
    }
    assert!(!SCRIPT.contains(".style"), "no inline style");
}

#[test]
fn nothing_comes_from_elsewhere() {
    for text in [STYLE, SCRIPT] {
        assert!(!text.contains("://"), "an address");
        assert!(!text.contains("@import") && !text.contains("url("), "another file");
    }
}
