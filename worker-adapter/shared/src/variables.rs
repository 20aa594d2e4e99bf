//! The Worker's variables and secrets: all text, as the platform has them.

use std::str::FromStr;

use latchkey_published::admit_secret::SecretSetting;
use latchkey_published::keys::{Pepper, Peppers};
use serde_json::{Map, Value};

/// Variables by name. Errors are for whoever deploys the Worker, and name the variable.
#[derive(Debug)]
pub struct Variables(Map<String, Value>);

impl Variables {
    /// Reads a JSON object of texts.
    pub fn parse(json: &str) -> Result<Self, String> {
        match serde_json::from_slice(json.as_bytes()) {
            Ok(Value::Object(variables)) => Ok(Variables(variables)),
            Ok(_) => Err("the variables are no JSON object".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// A text; set but empty counts as unset.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A number.
    pub fn number<N: FromStr>(&self, name: &str, default: N) -> Result<N, String> {
        match self.text(name) {
            Some(text) => text.parse().map_err(|_| format!("{name} is not a number")),
            None => Ok(default),
        }
    }

    /// What `read` makes of a text, if it is set.
    pub fn read_or<T, E: std::fmt::Display>(
        &self,
        name: &str,
        default: T,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, String> {
        let Some(text) = self.text(name) else { return Ok(default) };
        read(text).map_err(|error| format!("{name}: {error}"))
    }

    /// A secret, if it is set; a weak one is an error.
    pub fn secret(&self, setting: SecretSetting) -> Result<Option<&str>, String> {
        setting.admit(self.text(setting.name()).unwrap_or_default().as_bytes())
    }

    /// The peppers: without one nothing is served.
    pub fn peppers(&self) -> Result<Peppers, String> {
        let pepper = |text: &str| Pepper::new(text.as_bytes());
        let current = self.secret(SecretSetting::Pepper)?.ok_or("the secret LATCHKEY_PEPPER is not set")?;
        let previous = self.secret(SecretSetting::PepperPrevious)?;
        Ok(Peppers { current: pepper(current), previous: previous.map(pepper) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables(json: Value) -> Variables {
        Variables::parse(&json.to_string()).unwrap()
    }

    #[test]
    fn empty_is_unset() {
        let variables = variables(json!({"A": "", "B": "7", "C": 7, "D": "x"}));
        assert_eq!((variables.text("A"), variables.text("B"), variables.text("C")), (None, Some("7"), None));
        assert_eq!((variables.number("A", 5), variables.number("B", 5)), (Ok(5), Ok(7)));
        assert_eq!(variables.number("D", 5), Err("D is not a number".to_owned()));
        assert_eq!(variables.read_or("A", 5, str::parse::<u8>), Ok(5));
        assert_eq!(variables.read_or("B", 5, str::parse::<u8>), Ok(7));
        assert!(variables.read_or("D", 5, str::parse::<u8>).unwrap_err().starts_with("D: "));
    }

    #[test]
    fn secrets_are_admitted() {
        let pepper = "a pepper of thirty-two bytes, ok";
        let both = variables(json!({"LATCHKEY_PEPPER": pepper, "LATCHKEY_PEPPER_PREVIOUS": "p"}));
        let peppers = both.peppers().unwrap();
        assert_eq!(peppers.current.id(), Pepper::new(pepper.as_bytes()).id());
        assert_eq!(peppers.previous.unwrap().id(), Pepper::new(b"p").id());
        for (set, said) in
            [(json!({}), "is not set"), (json!({"LATCHKEY_PEPPER": "p"}), "openssl rand -hex 32")]
        {
            let error = variables(set).peppers().unwrap_err();
            assert!(error.contains("LATCHKEY_PEPPER") && error.contains(said), "{error}");
        }
    }
}
