//! Variables of the environment in a declaration, put in as decK does: before the text is read.
//!
//! decK's are Go templates between `${{` and `}}`, of which it documents `env`, `toBool`, `toInt`, `toFloat`
//! and `indent`. Lines that begin with `#` stay as they are.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// What decK lets a declaration see of its environment.
const PREFIX: &str = "DECK_";
const OPEN: &str = "${{";
const CLOSE: &str = "}}";

/// A place that is not put in: its line, counted from 1, and why.
pub(crate) type Refused = (usize, String);

/// A text with its variables put in. `variable`: what the environment sets.
pub(crate) fn put_in<'t>(
    text: &'t str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Cow<'t, str>, Refused> {
    if !text.contains(OPEN) {
        return Ok(Cow::Borrowed(text));
    }
    let mut put_in = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_start().starts_with('#') {
            put_in += line;
        } else {
            put_in_line(line, variable, &mut put_in).map_err(|why| (number + 1, why))?;
        }
    }
    Ok(Cow::Owned(put_in))
}

fn put_in_line(
    line: &str,
    variable: &dyn Fn(&str) -> Option<String>,
    put_in: &mut String,
) -> Result<(), String> {
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        *put_in += before;
        let (template, behind) = behind.split_once(CLOSE).ok_or("has ${{ without }}")?;
        *put_in += &value(template, variable)?;
        rest = behind;
    }
    *put_in += rest;
    Ok(())
}

static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| Regex::new(TEMPLATES).expect("it is well-formed"));
const TEMPLATES: &str = r#"(?x) ^ [\ \t]* env [\ \t]+ (?: "([^"\\]*)" | `([^`]*)` ) [\ \t]* (\| .*)? $"#;

fn value(template: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let other = || {
        format!(
            "has ${{{{{template}}}}}: only env \"{PREFIX}…\" is put in, and toBool, toInt, toFloat and indent of it"
        )
    };
    let parts = TEMPLATE.captures(template).ok_or_else(other)?;
    let name = parts.get(1).or_else(|| parts.get(2)).map_or("", |name| name.as_str());
    if !name.starts_with(PREFIX) {
        return Err(format!("asks for {name:?}, but variables of a declaration begin with {PREFIX}"));
    }
    let mut value = variable(name).ok_or_else(|| format!("asks for {name}, which is not set"))?;
    let pipes = parts.get(3).map_or("", |pipes| pipes.as_str());
    for pipe in pipes.split('|').skip(1) {
        value = piped(pipe.trim(), &value)
            .ok_or_else(other)?
            .ok_or_else(|| format!("asks for {} of {name}, whose value is no such thing", pipe.trim()))?;
    }
    Ok(value)
}

/// `None`: there is no such function; `Some(None)`: it takes no such value.
fn piped(function: &str, value: &str) -> Option<Option<String>> {
    let mut words = function.split_whitespace();
    let outcome = match words.next()? {
        // As Go's strconv reads them.
        "toBool" => match value {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Some("true".to_owned()),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Some("false".to_owned()),
            _ => None,
        },
        "toInt" => value.parse::<i64>().ok().map(|number| number.to_string()),
        "toFloat" => value.parse::<f64>().ok().filter(|n| n.is_finite()).map(|number| number.to_string()),
        "indent" => {
            let spaces = words.next()?.parse::<u8>().ok()?;
            let padded = format!("\n{}", " ".repeat(spaces.into()));
            Some(value.replace('\n', &padded))
        }
        _ => return None,
    };
    words.next().is_none().then_some(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> Option<String> {
        let value = match name {
            "DECK_KEY" => "s3cret",
            "DECK_PORT" => "8443",
            "DECK_ON" => "T",
            "DECK_LINES" => "a\nb",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(put_in(text, &set).as_deref(), Ok(expected));
    }

    #[test]
    fn variables_are_put_in() {
        check("a: b\n", "a: b\n");
        check(
            "key: ${{ env \"DECK_KEY\" }}\nk: ${{env `DECK_KEY`}}.${{ env \"DECK_PORT\" }}",
            "key: s3cret\nk: s3cret.8443",
        );
        check("p: ${{ env \"DECK_PORT\" | toInt }}", "p: 8443");
        check("p: ${{ env \"DECK_ON\"|toBool }} ${{ env \"DECK_PORT\" | toFloat }}", "p: true 8443");
        check("p: |\n  ${{ env \"DECK_LINES\" | indent 2 }}", "p: |\n  a\n  b");
        check("  # ${{ env \"HOME\" }} }}\nx: 1", "  # ${{ env \"HOME\" }} }}\nx: 1");
    }

    #[test]
    fn what_cannot_be_put_in_is_told_with_its_line() {
        for (text, words) in [
            (
                "\nk: ${{ env \"HOME\" }}",
                "asks for \"HOME\", but variables of a declaration begin with DECK_",
            ),
            ("\nk: ${{ env \"DECK_NONE\" }}", "asks for DECK_NONE, which is not set"),
            (
                "\nk: ${{ env \"DECK_KEY\" | toInt }}",
                "asks for toInt of DECK_KEY, whose value is no such thing",
            ),
            ("\nk: ${{ env \"DECK_KEY\" | upper }}", "only env"),
            ("\nk: ${{ env \"DECK_KEY\" | indent x }}", "only env"),
            ("\nk: ${{ if true }}", "only env"),
            ("\nk: ${{ env \"DECK_KEY\"", "${{ without }}"),
        ] {
            let (line, why) = put_in(text, &set).unwrap_err();
            assert!(line == 2 && why.contains(words), "{why}");
            assert!(!why.contains("s3cret"));
        }
    }
}
