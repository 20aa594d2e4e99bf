//! JSON of our own answers: one writer for all, since derived code would be another for each.

/// An object that is being written; its members stay in order.
pub(crate) struct Object(String);

impl Object {
    /// Without members.
    pub(crate) fn new() -> Self {
        Object("{".to_owned())
    }

    fn name(&mut self, name: &str) -> &mut String {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        quote(name, &mut self.0);
        self.0.push(':');
        &mut self.0
    }

    /// A member that is JSON already.
    pub(crate) fn json(mut self, name: &str, json: &str) -> Self {
        self.name(name).push_str(json);
        self
    }

    /// A text.
    pub(crate) fn text(mut self, name: &str, text: &str) -> Self {
        quote(text, self.name(name));
        self
    }

    /// A text, where there is one.
    pub(crate) fn some_text(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// A text, or `null`.
    pub(crate) fn text_or_null(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self.json(name, NULL),
        }
    }

    /// A number, where there is one.
    pub(crate) fn some_number(self, name: &str, number: Option<u64>) -> Self {
        match number {
            Some(number) => self.json(name, &number.to_string()),
            None => self,
        }
    }

    /// What is so or not.
    pub(crate) fn flag(self, name: &str, is_so: bool) -> Self {
        self.json(name, if is_so { "true" } else { "false" })
    }

    /// A list of texts.
    pub(crate) fn texts(self, name: &str, texts: &[&str]) -> Self {
        let mut list = String::from("[");
        for text in texts {
            if list.len() > 1 {
                list.push(',');
            }
            quote(text, &mut list);
        }
        list.push(']');
        self.json(name, &list)
    }

    /// The text of the object.
    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Of what is not there.
pub(crate) const NULL: &str = "null";

/// A text as a string of JSON.
pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    quote(text, &mut json);
    json
}

/// Escapes what must be (RFC 8259 §7).
fn quote(text: &str, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        let escape = match character {
            '"' => '"',
            '\\' => '\\',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\0'..'\x20' => {
                json.push_str(&format!("\\u{:04x}", u32::from(character)));
                continue;
            }
            other => {
                json.push(other);
                continue;
            }
        };
        json.push('\\');
        json.push(escape);
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_json_in_the_order_of_their_members() {
        let inner = Object::new().text_or_null("a", None).text_or_null("b", Some("c")).end();
        let object = Object::new()
            .flag("yes", true)
            .text("text", "x")
            .some_text("none", None)
            .some_number("none", None)
            .some_number("number", Some(7))
            .texts("texts", &["a", "b"])
            .texts("empty", &[])
            .json("inner", &inner);
        let expected =
            r#"{"yes":true,"text":"x","number":7,"texts":["a","b"],"empty":[],"inner":{"a":null,"b":"c"}}"#;
        assert_eq!(object.end(), expected);
        assert_eq!(Object::new().end(), "{}");
    }

    #[test]
    fn any_text_reads_back() {
        let every: String = (0..0x100).chain([0x2028, 0xfffd, 0x1_f511]).filter_map(char::from_u32).collect();
        let read: serde_json::Value = serde_json::from_str(&quoted(&every)).unwrap();
        assert_eq!(read, serde_json::Value::from(every));
        assert_eq!(quoted("a\"b\\c\n\u{1}"), r#""a\"b\\c\n\u0001""#);
    }
}
