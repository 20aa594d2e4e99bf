//! What a client sends to a token endpoint: parameters in body and query, and itself in a field.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::refusal::Refusal;
use super::settings::{OAuth2, PARAMETERS};
use crate::places::{self, BodyKind, Found, form};

const CLIENT_ID: usize = 1;
const CLIENT_SECRET: usize = 2;
const SCOPE: usize = 3;
const TOKEN: usize = 7;
/// What must not be in a URI, which is logged (RFC 6749 §2.3.1, RFC 7662 §2.1).
const IN_BODY_ONLY: [usize; 3] = [CLIENT_ID, CLIENT_SECRET, TOKEN];

/// One parameter.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) enum Sent<'a> {
    #[default]
    Nothing,
    Text(Cow<'a, [u8]>),
    /// It is there, and no text.
    NoText,
}

impl Sent<'_> {
    /// The text; what has none counts as not sent (RFC 6749 §3.2).
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Sent::Text(text) if !text.is_empty() => Some(text),
            Sent::Text(_) | Sent::Nothing | Sent::NoText => None,
        }
    }
}

/// All parameters. Some are secrets: they are not printed.
pub(super) struct Parameters<'a> {
    values: [Sent<'a>; PARAMETERS.len()],
}

impl<'a> Parameters<'a> {
    /// Those of the body and of the query together. A body that cannot be read has none, as in Kong.
    pub(super) fn read(
        plugin: &OAuth2,
        query: Option<&'a [u8]>,
        kind: &BodyKind<'_>,
        body: &'a [u8],
    ) -> Result<Self, Refusal> {
        let names = &plugin.issuing.parameters;
        let mut in_body = places::scan(kind, body, names).unwrap_or_default();
        let mut in_query = form::scan(query.unwrap_or_default(), names);
        let mut values: [Sent<'a>; PARAMETERS.len()] = Default::default();
        let member = |place: usize| match kind {
            BodyKind::Json => member(body, PARAMETERS[place]),
            _ => None,
        };
        for (place, value) in values.iter_mut().enumerate() {
            *value = one_of(place, in_body.take(place), in_query.take(place), &member)?;
        }
        if values[SCOPE] == Sent::Nothing && member(SCOPE) == Some(Value::Bool(false)) {
            values[SCOPE] = Sent::NoText;
        }
        Ok(Parameters { values })
    }

    pub(super) fn grant_type(&self) -> Option<&[u8]> {
        self.values[0].text()
    }

    fn client_id(&self) -> Option<&[u8]> {
        self.values[CLIENT_ID].text()
    }

    fn client_secret(&self) -> Option<&[u8]> {
        self.values[CLIENT_SECRET].text()
    }

    pub(super) fn scope(&self) -> &Sent<'a> {
        &self.values[SCOPE]
    }

    pub(super) fn user(&self) -> &Sent<'a> {
        &self.values[4]
    }

    pub(super) fn provision_key(&self) -> Option<&[u8]> {
        self.values[5].text()
    }

    pub(super) fn state(&self) -> Option<&str> {
        self.values[6].text().and_then(|state| std::str::from_utf8(state).ok())
    }

    pub(super) fn token(&self) -> Option<&[u8]> {
        self.values[TOKEN].text()
    }
}

/// A member of a JSON object as Kong reads it: the last of its name, and `false` too, which as a key counts as
/// not there.
fn member(body: &[u8], name: &str) -> Option<Value> {
    let read = serde_json::from_slice::<Value>(body);
    read.ok().and_then(|mut body| body.get_mut(name).map(Value::take))
}

/// `member`: gives a member of a JSON body by its place.
fn one_of<'a>(
    place: usize,
    body: Found<'a>,
    query: Found<'a>,
    member: &dyn Fn(usize) -> Option<Value>,
) -> Result<Sent<'a>, Refusal> {
    let repeated =
        || Refusal::bad("invalid_request", format!("{} was sent more than once", PARAMETERS[place]));
    if query != Found::Nothing && IN_BODY_ONLY.contains(&place) {
        let description = format!("{} must not be sent in the query", PARAMETERS[place]);
        return Err(Refusal::bad("invalid_request", description));
    }
    match (body, query) {
        (Found::Many, Found::Nothing)
            if matches!(member(place), Some(Value::Array(_) | Value::Object(_))) =>
        {
            Ok(Sent::NoText)
        }
        (Found::Nothing, Found::Nothing) => Ok(Sent::Nothing),
        (Found::Nothing, one) | (one, Found::Nothing) => match one {
            Found::One(text) => Ok(Sent::Text(text)),
            Found::Many => Err(repeated()),
            Found::Flag | Found::Nothing => Ok(Sent::NoText),
        },
        _ => Err(repeated()),
    }
}

/// Client ID, and secret if there is one.
type Pair<'a> = (Cow<'a, [u8]>, Option<Cow<'a, [u8]>>);

/// How a client says who it is.
#[derive(PartialEq, Eq)]
pub(super) struct Credentials<'a> {
    /// Client ID and secret, in every way in which they can be meant, the likeliest first; none: they
    /// cannot be read.
    pub(super) readings: Vec<Pair<'a>>,
    /// They stand in the field for it.
    pub(super) in_header: bool,
}

impl<'a> Credentials<'a> {
    /// Those in the parameters if both are there, else those in the field (RFC 6749 §2.3). Two that
    /// differ are an error.
    /// `field`: its value.
    pub(super) fn of(field: Option<&[u8]>, parameters: &'a Parameters<'_>) -> Result<Self, Refusal> {
        let basic = field.and_then(basic);
        let (id, secret) = (parameters.client_id(), parameters.client_secret());
        let Some(readings) = basic else {
            let readings = id.map(|id| (Cow::Borrowed(id), secret.map(Cow::Borrowed))).into_iter().collect();
            return Ok(Credentials { readings, in_header: false });
        };
        let agrees = |(basic_id, basic_secret): &(Vec<u8>, Vec<u8>)| {
            id.is_none_or(|id| id == basic_id) && secret.is_none_or(|secret| secret == basic_secret)
        };
        if !readings.is_empty() && !readings.iter().any(agrees) {
            let description = "The client authenticates in two ways that differ";
            return Err(Refusal::bad("invalid_request", description));
        }
        if let (Some(id), Some(secret)) = (id, secret) {
            let readings = vec![(Cow::Borrowed(id), Some(Cow::Borrowed(secret)))];
            return Ok(Credentials { readings, in_header: false });
        }
        let owned = |(id, secret)| (Cow::Owned(id), Some(Cow::Owned(secret)));
        Ok(Credentials { readings: readings.into_iter().map(owned).collect(), in_header: true })
    }
}

/// What to make of base64 with or without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Client ID and secret of `Basic`: as they stand there, as Kong takes them, and as they are when encoded
/// as RFC 6749 §2.3.1 asks. `None`: it is another scheme; empty: it cannot be read.
pub(super) fn basic(value: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let value = value.trim_ascii();
    let (scheme, rest) = value.split_at_checked("basic".len())?;
    if !scheme.eq_ignore_ascii_case(b"basic") || !rest.first().is_none_or(u8::is_ascii_whitespace) {
        return None;
    }
    let Ok(decoded) = BASE64.decode(rest.trim_ascii()) else { return Some(vec![]) };
    let Some(colon) = decoded.iter().position(|byte| *byte == b':') else { return Some(vec![]) };
    let plain = (decoded[..colon].to_vec(), decoded[colon + 1..].to_vec());
    let formed = (form::decode(&plain.0).into_owned(), form::decode(&plain.1).into_owned());
    let differs = formed != plain;
    Some(std::iter::once(plain).chain(differs.then_some(formed)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Option<Vec<String>> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pairs = basic(value.as_bytes())?;
        Some(pairs.iter().map(|(id, secret)| format!("{} {}", text(id), text(secret))).collect())
    }

    #[test]
    fn basic_is_read_as_it_stands_and_as_a_form() {
        let of = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        // printf id:se:cret | base64
        assert_eq!(shown("Basic aWQ6c2U6Y3JldA=="), of(&["id se:cret"]));
        assert_eq!(shown("basic   aWQ6c2U6Y3JldA"), of(&["id se:cret"]));
        assert_eq!(shown(" BASIC aWQ6c2U6Y3JldA== "), of(&["id se:cret"]));
        // printf 'id:a+b%3A' | base64
        assert_eq!(shown("Basic aWQ6YStiJTNB"), of(&["id a+b%3A", "id a b:"]));
        assert_eq!(shown("Basic !"), of(&[]));
        assert_eq!(shown("Basic"), of(&[]));
        assert_eq!(shown("Basic aWQ="), of(&[]), "no colon");
        for other in ["", "Bas", "Bearer aWQ6eA==", "Basics aWQ6eA==", "aWQ6eA=="] {
            assert_eq!(shown(other), None, "{other}");
        }
    }
}
