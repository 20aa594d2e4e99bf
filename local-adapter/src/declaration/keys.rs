//! Keys in a declaration (kong.yaml, or the same as JSON), replaced by their digests where they stand.
//!
//! Nothing is written anew: the text keeps every byte but those of the keys. What comes of it is read
//! once more, and must say the same but for the keys.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use latchkey_published::key_sha256::{KeySha256, UNKNOWN_PREFIX};
use latchkey_published::limits::KEY_BYTES_MAX;
use regex::Regex;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use uuid::Uuid;

/// A text whose keys are digests: top-level `keyauth_credentials[].key`, `oauth2_credentials[].client_id`, and
/// those of `consumers[]`.
/// Keys that are digests already, or that the Admin API shows as unknown, stay.
pub(crate) fn digest_keys(text: &str) -> Result<String, Refusal> {
    let events = parse(text)?;
    let mut walk = Walk::default();
    for (number, (event, span)) in events.iter().enumerate() {
        walk.take(number, event, *span)?;
    }
    if !walk.is_declaration {
        return Err(Refusal::NoDeclaration);
    }
    let digested = apply(text, &walk.edits);
    let stands = parse(&digested).is_ok_and(|after| is_same_but_for(&walk.edits, &events, &after));
    if stands { Ok(digested) } else { Err(Refusal::NotEditable) }
}

/// What the Admin API shows for a key; of what it shows already, the same.
pub(crate) fn digest_key(key: &str) -> Result<String, Fault> {
    if key.contains(ENVIRONMENT) {
        return Err(Fault::Environment);
    }
    if let Some(shown) = as_shown(key) {
        return Ok(shown);
    }
    match key.len() {
        0 => Err(Fault::Empty),
        1..=KEY_BYTES_MAX => Ok(KeySha256::of(key.as_bytes()).to_text()),
        _ => Err(Fault::TooLong),
    }
}

/// Where decK puts in a variable of its environment, such as `${{ env "DECK_KEY" }}`.
const ENVIRONMENT: &str = "${{";

/// Of what the Admin API shows for a key, the same, its digits in lower case; written back it means the
/// same key.
fn as_shown(text: &str) -> Option<String> {
    let is_unknown = || text.strip_prefix(UNKNOWN_PREFIX).is_some_and(|id| Uuid::try_parse(id).is_ok());
    let digest = KeySha256::parse(text).map(|digest| digest.to_text());
    digest.or_else(|| is_unknown().then(|| text.to_owned()))
}

/// Why a text is refused. Tells places and never a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Fault in the syntax, in this line.
    NotYaml(usize),
    /// Readable, but none of a declaration's members is there.
    NoDeclaration,
    /// A second document begins in this line; decK reads only the first.
    SecondDocument(usize),
    /// An alias in this line brings keys to where there are none otherwise, or the reverse.
    Alias(usize),
    /// The key in this line cannot be digested.
    Key(usize, Fault),
    /// The edited text would not say the same.
    NotEditable,
}

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A variable of the environment, which is put in after this.
    Environment,
    /// YAML takes it for a number, a date or a truth value, or its tag says that it is no text.
    NoText,
    /// In the style of `|` or `>`.
    Block,
    Empty,
    TooLong,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotYaml(line) => write!(f, "line {line} cannot be read as YAML or JSON"),
            Refusal::NoDeclaration => f.write_str(
                "this is no declaration: it has neither _format_version nor services, consumers, …",
            ),
            Refusal::SecondDocument(line) => {
                write!(f, "line {line} begins a second document; a declaration is one")
            }
            Refusal::Alias(line) => write!(
                f,
                "the alias in line {line} stands for what is no key elsewhere, or has keys in it elsewhere: \
                 write it out"
            ),
            Refusal::Key(line, fault) => write!(f, "the key in line {line} {fault}"),
            Refusal::NotEditable => f.write_str("the keys cannot be replaced without changing anything else"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Environment => f.write_str(
                "comes from the environment, and is put in only after this: let the variable hold the digest, \
                 as `latchkey digest` makes it of the key alone, or write the key out",
            ),
            Fault::NoText => f.write_str("is not read as a text: put it in quotes"),
            Fault::Block => f.write_str("is written as a block: write it on one line, in quotes"),
            Fault::Empty => f.write_str("is empty"),
            Fault::TooLong => write!(f, "is longer than {KEY_BYTES_MAX} bytes"),
        }
    }
}

type Events<'t> = Vec<(Event<'t>, Span)>;

fn parse(text: &str) -> Result<Events<'_>, Refusal> {
    let events: Result<_, _> = Parser::new_from_str(text).collect();
    events.map_err(|error| Refusal::NotYaml(error.marker().line().max(1)))
}

/// What a node is, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Declaration,
    Consumers,
    Consumer,
    Credentials,
    Credential,
    Clients,
    Client,
    Key,
    /// Nothing that has keys in it.
    Other,
}

/// Merges another mapping into the one that it stands in.
const MERGE: &str = "<<";
const CONSUMERS: &str = "consumers";
const CREDENTIALS: &str = "keyauth_credentials";
const KEY: &str = "key";
const CLIENTS: &str = "oauth2_credentials";
const CLIENT_ID: &str = "client_id";
/// Members of a mapping that have keys in them, somewhere.
const TELLING: [&str; 6] = [MERGE, CONSUMERS, CREDENTIALS, KEY, CLIENTS, CLIENT_ID];
/// Members by which a declaration is known.
const DECLARES: [&str; 17] = [
    "_format_version",
    "_info",
    "_konnect",
    "_transform",
    "_workspace",
    "ca_certificates",
    "certificates",
    "consumer_groups",
    CONSUMERS,
    CREDENTIALS,
    CLIENTS,
    "plugins",
    "routes",
    "services",
    "snis",
    "upstreams",
    "vaults",
];

impl Role {
    /// Of what stands behind a name in a mapping of this role.
    fn member(self, name: &str) -> Role {
        match (self, name) {
            (Role::Declaration, CONSUMERS) => Role::Consumers,
            (Role::Declaration | Role::Consumer, CREDENTIALS) => Role::Credentials,
            (Role::Declaration | Role::Consumer, CLIENTS) => Role::Clients,
            (Role::Credential, KEY) | (Role::Client, CLIENT_ID) => Role::Key,
            (Role::Declaration | Role::Consumer | Role::Credential | Role::Client, MERGE) => self,
            _ => Role::Other,
        }
    }

    /// Of an element of a list of this role. A merge may name a list of mappings.
    fn element(self) -> Role {
        match self {
            Role::Consumers => Role::Consumer,
            Role::Credentials => Role::Credential,
            Role::Clients => Role::Client,
            Role::Declaration | Role::Consumer | Role::Credential | Role::Client => self,
            Role::Key | Role::Other => Role::Other,
        }
    }
}

/// A mapping or list that is not at its end.
struct Frame {
    role: Role,
    /// 0: none.
    anchor: usize,
    /// A name of [`TELLING`] is somewhere in it.
    is_telling: bool,
    inside: Inside,
}

enum Inside {
    List,
    /// The next node is a name.
    Name,
    /// The next node is the value behind a name.
    Value(Role),
}

/// What an alias may stand for.
struct Anchored {
    role: Role,
    is_telling: bool,
    /// Of a scalar.
    text: Option<String>,
}

/// A key that becomes its digest.
struct Edit {
    /// Which of the events it is.
    event: usize,
    /// In characters, as the parser counts.
    range: Range<usize>,
    style: ScalarStyle,
    digest: String,
}

/// What is known of the text so far.
#[derive(Default)]
struct Walk {
    frames: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    edits: Vec<Edit>,
    documents: usize,
    is_declaration: bool,
}

impl Walk {
    fn take(&mut self, number: usize, event: &Event<'_>, span: Span) -> Result<(), Refusal> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Refusal::SecondDocument(span.start.line()));
                }
            }
            Event::Alias(anchor) => self.take_alias(*anchor, span.start)?,
            Event::Scalar(text, style, anchor, tag) => {
                let role = self.enter(Some(text));
                if role == Role::Key {
                    let scalar = Scalar { text, style: *style, tag: tag.as_deref() };
                    self.take_key(number, &scalar, span)?;
                }
                let anchored = Anchored { role, is_telling: false, text: Some(text.to_string()) };
                self.anchor(*anchor, anchored);
            }
            Event::SequenceStart(anchor, _) => self.open(*anchor, Inside::List),
            Event::MappingStart(anchor, _) => self.open(*anchor, Inside::Name),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Frame { role, anchor, is_telling, .. }) = self.frames.pop() {
                    self.anchor(anchor, Anchored { role, is_telling, text: None });
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// The role of a node that begins; `text` is that of a scalar, which may be a name.
    fn enter(&mut self, text: Option<&str>) -> Role {
        let is_top = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut() else { return Role::Declaration };
        match frame.inside {
            Inside::List => frame.role.element(),
            Inside::Value(role) => {
                frame.inside = Inside::Name;
                role
            }
            Inside::Name => {
                let name = text.unwrap_or_default();
                frame.inside = Inside::Value(frame.role.member(name));
                self.is_declaration |= is_top && DECLARES.contains(&name);
                if TELLING.contains(&name) {
                    self.tell();
                }
                Role::Other
            }
        }
    }

    fn open(&mut self, anchor: usize, inside: Inside) {
        let role = self.enter(None);
        self.frames.push(Frame { role, anchor, is_telling: false, inside });
    }

    /// All that is open has something telling in it.
    fn tell(&mut self) {
        self.frames.iter_mut().for_each(|frame| frame.is_telling = true);
    }

    fn anchor(&mut self, anchor: usize, anchored: Anchored) {
        if anchor != 0 {
            self.anchors.insert(anchor, anchored);
        }
    }

    /// What it stands for was edited, or not, by the place where it is written: that must be right here too.
    fn take_alias(&mut self, anchor: usize, at: Marker) -> Result<(), Refusal> {
        let refusal = Refusal::Alias(at.line());
        // Not there: it stands for what it is in itself.
        let Some(anchored) = self.anchors.get(&anchor) else { return Err(refusal) };
        let (defined, is_telling, text) = (anchored.role, anchored.is_telling, anchored.text.clone());
        if is_telling {
            self.tell();
        }
        let role = self.enter(text.as_deref());
        let has_no_keys = defined == Role::Other && !is_telling && role != Role::Key;
        if role == defined || has_no_keys { Ok(()) } else { Err(refusal) }
    }

    fn take_key(&mut self, event: usize, scalar: &Scalar<'_>, span: Span) -> Result<(), Refusal> {
        if scalar.is_null() {
            return Ok(());
        }
        let digest = scalar.digest().map_err(|fault| Refusal::Key(span.start.line(), fault))?;
        if digest != scalar.text {
            let range = span.start.index()..span.end.index();
            self.edits.push(Edit { event, range, style: scalar.style, digest });
        }
        Ok(())
    }
}

/// A key as it is written.
struct Scalar<'e> {
    text: &'e str,
    style: ScalarStyle,
    tag: Option<&'e Tag>,
}

impl Scalar<'_> {
    /// Left out, so that one is made.
    fn is_null(&self) -> bool {
        let is_plain = self.style == ScalarStyle::Plain && self.tag.is_none();
        is_plain && matches!(self.text, "" | "~" | "null" | "Null" | "NULL")
    }

    fn digest(&self) -> Result<String, Fault> {
        let is_text = match self.tag {
            Some(tag) => tag.is_yaml_core_schema() && tag.suffix == "str",
            None => self.style != ScalarStyle::Plain || !VALUE.is_match(self.text),
        };
        match self.style {
            _ if !is_text => Err(Fault::NoText),
            ScalarStyle::Literal | ScalarStyle::Folded => Err(Fault::Block),
            _ => digest_key(self.text),
        }
    }
}

/// Numbers, dates and truth values of YAML 1.1 (which decK and Kong read) and of 1.2: what the two do not
/// take for a text when it is in no quotes.
static VALUE: LazyLock<Regex> = LazyLock::new(|| Regex::new(VALUES).expect("it is well-formed"));
const VALUES: &str = r"(?x) ^ (?:
    [-+]? (?: [0-9][0-9_]* (?: \.[0-9_]* )? | \.[0-9_]+ ) (?: [eE][-+]?[0-9]+ )?
  | [-+]? 0x[0-9a-fA-F_]+ | [-+]? 0o?[0-7_]+ | [-+]? 0b[01_]+
  | [-+]? [0-9][0-9_]* (?: :[0-5]?[0-9] )+ (?: \.[0-9_]* )?
  | [-+]? \.(?: inf | Inf | INF ) | \.(?: nan | NaN | NAN )
  | [0-9]{4} - [0-9]{1,2} - [0-9]{1,2} (?: [Tt\ ].* )?
  | y | Y | yes | Yes | YES | on | On | ON | true | True | TRUE
  | n | N | no | No | NO | off | Off | OFF | false | False | FALSE
) $";

/// The text with its edits, which are in its order. An edit whose place is not found is left out.
fn apply(text: &str, edits: &[Edit]) -> String {
    let mut offsets = text.char_indices().map(|(at, _)| at).chain([text.len()]).enumerate();
    let mut offset_of = |index: usize| offsets.find(|(number, _)| *number == index).map(|(_, at)| at);
    let (mut digested, mut kept) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        let (Some(start), Some(end)) = (offset_of(edit.range.start), offset_of(edit.range.end)) else {
            break;
        };
        let start = end - without_properties(&text[start..end]).len();
        let Some(length) = scalar_length(&text[start..end], edit.style) else { break };
        let quote = if edit.style == ScalarStyle::SingleQuoted { '\'' } else { '"' };
        digested += &text[kept..start];
        digested.push(quote);
        digested += &edit.digest;
        digested.push(quote);
        kept = start + length;
    }
    digested + &text[kept..]
}

/// A node's text behind its anchor and tag, which the parser counts as its own.
fn without_properties(mut text: &str) -> &str {
    while text.starts_with(['&', '!']) {
        let (_, behind) = text.split_once([' ', '\t', '\r', '\n']).unwrap_or_default();
        text = behind.trim_start();
    }
    text
}

/// Length in bytes of the scalar that a text begins with; the parser may count what is behind it as its
/// own: blanks, line ends, comments.
pub(super) fn scalar_length(text: &str, style: ScalarStyle) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = match style {
        ScalarStyle::SingleQuoted => b'\'',
        ScalarStyle::DoubleQuoted => b'"',
        _ => {
            let is_comment = |at: &usize| bytes[*at] == b'#' && bytes[at - 1].is_ascii_whitespace();
            let end = (1..bytes.len()).find(is_comment).unwrap_or(bytes.len());
            return Some(text[..end].trim_end().len());
        }
    };
    bytes.first().filter(|first| **first == quote)?;
    let mut at = 1;
    loop {
        at += match bytes.get(at)? {
            b'\\' if quote == b'"' => 2,
            byte if *byte == quote && quote == b'\'' && bytes.get(at + 1) == Some(&quote) => 2,
            byte if *byte == quote => return Some(at + 1),
            _ => 1,
        };
    }
}

/// Whether two texts say the same, but that the second has digests for the keys of the first.
fn is_same_but_for(edits: &[Edit], before: &Events<'_>, after: &Events<'_>) -> bool {
    let mut edits = edits.iter().peekable();
    before.len() == after.len()
        && before.iter().zip(after).enumerate().all(|(number, ((before, _), (after, _)))| {
            match (edits.next_if(|edit| edit.event == number), before, after) {
                (
                    Some(edit),
                    Event::Scalar(_, _, anchor, tag),
                    Event::Scalar(text, _, anchor_after, tag_after),
                ) => *text == edit.digest && (anchor, tag) == (anchor_after, tag_after),
                (None, before, after) => before == after,
                (Some(_), ..) => false,
            }
        })
}
