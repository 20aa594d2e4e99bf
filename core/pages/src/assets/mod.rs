//! The one style sheet and the one script, under names that follow from their content, so that a browser
//! keeps them for ever.

mod colour;
#[cfg(test)]
mod tests;

pub use colour::{Colour, NoColour};

use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::sync::LazyLock;

/// The style sheet, but for the colour that administrators set.
const STYLE: &str = include_str!("../../assets/style.css");
/// The script. Nothing hangs on it.
const SCRIPT: &str = include_str!("../../assets/script.js");
/// How many bytes of a digest are in a name.
const IN_NAME: usize = 8;

/// A file that pages load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name, with the first 16 hex digits of a SHA-256: `style-0123456789abcdef.css`.
    pub name: String,
    /// Its media type.
    pub media: &'static str,
    /// What it holds.
    pub body: Cow<'static, str>,
}

impl Asset {
    /// Its path: both fronts have the same.
    pub fn path(&self) -> String {
        format!("/portal/assets/{}", self.name)
    }
}

/// What the name of a style sheet begins with.
const STYLE_STEM: &str = "style-";

/// The first hex digits of a file's digest, to be in its name. They are made once.
fn hash_of(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    digest.iter().take(IN_NAME).map(|byte| format!("{byte:02x}")).collect()
}

static STYLE_HASH: LazyLock<String> = LazyLock::new(|| hash_of(STYLE));
static SCRIPT_HASH: LazyLock<String> = LazyLock::new(|| hash_of(SCRIPT));

/// The style sheet, with the administrators' colour where they have set one: `style-0123456789abcdef.css`,
/// `style-0123456789abcdef-1a56db.css`. What it holds follows from its name alone.
pub fn style(colour: Option<Colour>) -> Asset {
    let (name, body) = match colour {
        Some(colour) => {
            let digits = colour.to_string();
            let name = format!("{STYLE_STEM}{}-{}.css", *STYLE_HASH, digits.trim_start_matches('#'));
            (name, Cow::Owned(format!("{STYLE}{}", colour.properties())))
        }
        None => (format!("{STYLE_STEM}{}.css", *STYLE_HASH), Cow::Borrowed(STYLE)),
    };
    Asset { name, media: "text/css; charset=utf-8", body }
}

/// The script.
pub fn script() -> Asset {
    let name = format!("script-{}.js", *SCRIPT_HASH);
    Asset { name, media: "text/javascript; charset=utf-8", body: Cow::Borrowed(SCRIPT) }
}

/// The asset of a name; an older name is of none.
pub fn find(name: &str) -> Option<Asset> {
    let colour = name.strip_prefix(STYLE_STEM).and_then(|rest| rest.strip_suffix(".css")?.split_once('-'));
    let colour: Option<Colour> = colour.and_then(|(_, digits)| format!("#{digits}").parse().ok());
    [style(colour), script()].into_iter().find(|asset| asset.name == name)
}
