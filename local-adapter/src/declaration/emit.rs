//! YAML that decK and Kong read as it is meant: in the block style, a text in quotes where it could be
//! taken for something else.

use serde_json::Value;

use super::node::is_plain_text;

/// A mapping as a document.
pub(crate) fn yaml(document: &Value) -> String {
    let mut text = String::new();
    block(document, 0, &mut text);
    text
}

/// A mapping or list whose lines begin there; what else there is, on one line.
fn block(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (number, (name, value)) in members.iter().enumerate() {
                if number > 0 {
                    begin_line(indent, text);
                }
                *text += &scalar(name);
                *text += ":";
                behind(value, indent, text);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            for (number, value) in elements.iter().enumerate() {
                if number > 0 {
                    begin_line(indent, text);
                }
                *text += "- ";
                block(value, indent + 2, text);
            }
        }
        Value::String(string) => line(&scalar(string), text),
        other => line(&other.to_string(), text),
    }
}

/// What stands behind a name. Lists begin below it without more indentation, as decK writes them.
fn behind(value: &Value, indent: usize, text: &mut String) {
    let deeper = match value {
        Value::Object(members) if !members.is_empty() => indent + 2,
        Value::Array(elements) if !elements.is_empty() => indent,
        _ => {
            *text += " ";
            return block(value, indent, text);
        }
    };
    *text += "\n";
    begin_line(deeper, text);
    block(value, deeper, text);
}

fn begin_line(indent: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', indent));
}

fn line(scalar: &str, text: &mut String) {
    *text += scalar;
    *text += "\n";
}

/// A text on one line.
fn scalar(string: &str) -> String {
    if is_plain_text(string) {
        return string.to_owned();
    }
    // What JSON leaves as it is and YAML does not print (YAML 1.2 §5.1), or takes for a line's end.
    let is_unprintable = |c: char| {
        matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let quoted = Value::from(string).to_string();
    let escaped = quoted.chars().map(|c| match is_unprintable(c) {
        true => format!("\\u{:04x}", u32::from(c)),
        false => c.to_string(),
    });
    if quoted.contains(is_unprintable) { escaped.collect() } else { quoted }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::node::read_yaml;
    use super::*;

    #[test]
    fn a_document_is_written_as_deck_writes_it() {
        let document = json!({
            "_format_version": "3.0",
            "consumers": [{"username": "bob", "keyauth_credentials": [{"key": "sha256:00", "tags": ["a", "yes"]}]}],
            "services": [{"host": "127.0.0.1", "port": 80, "enabled": true, "path": null, "routes": [], "x": {}}],
        });
        let expected = "_format_version: \"3.0\"\n\
                        consumers:\n- keyauth_credentials:\n  - key: sha256:00\n    tags:\n    - a\n    - \"yes\"\n  username: bob\n\
                        services:\n- enabled: true\n  host: \"127.0.0.1\"\n  path: null\n  port: 80\n  routes: []\n  x: {}\n";
        assert_eq!(yaml(&document), expected);
    }

    #[test]
    fn texts_that_could_be_something_else_are_in_quotes() {
        for plain in ["a", "orders", "/orders/v1", "sha256:0cdd", "key-auth", "a b", "x.test"] {
            assert_eq!(scalar(plain), plain);
        }
        for quoted in [
            "", " a", "a ", "~", "null", "yes", "No", "12", "1e3", "0x1", "-", "- a", "a: b", "a #b", "~/a",
            "*", "@", "a\nb", "é", "<<", "=", "y",
        ] {
            assert!(scalar(quoted).starts_with('"'), "{quoted}");
        }
        assert_eq!(scalar("\u{85}\u{1}"), "\"\\u0085\\u0001\"");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~é\u{85}\u{2028}\n\t]{0,8}".prop_map(Value::from),
            "[a-z/:#~0-9.-]{1,6}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z<:# ]{0,5}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in value()) {
            let document = json!({ "a": value });
            let text = yaml(&document);
            prop_assert_eq!(read_yaml(&text).map(|node| node.to_json()), Ok(document), "{}", text);
        }
    }
}
