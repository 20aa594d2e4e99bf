//! Calls with an access token, which is got first: two requests, as one program.

use super::{CodeLanguage, Snippet};
use crate::calls::facts::{Facts, Method, OAuth2, Request};
use crate::calls::quote::{self, Literal, shell};

/// The environment variables that stand for the credential.
pub(in crate::calls) const CLIENT_ID: &str = "CLIENT_ID";
pub(in crate::calls) const CLIENT_SECRET: &str = "CLIENT_SECRET";

/// What is put into code.
struct TokenCall<'a> {
    /// Of the token endpoint.
    token_url: String,
    /// Fields of the form that asks for a token.
    form: Vec<(&'static str, &'a str)>,
    /// The name of the field that has the token, and the credential at the token endpoint.
    header: &'a str,
    request: Request<'a>,
    url: String,
}

/// A call with a token in the languages that need no library for it, curl's first; none where the token
/// endpoint cannot be reached by a request that can be shown.
pub fn token_snippets(facts: &Facts<'_>) -> Vec<Snippet> {
    let Some(call) = TokenCall::of(facts) else { return Vec::new() };
    let snippet = |language, text| Snippet { language, text };
    vec![
        snippet(CodeLanguage::Curl, call.curl()),
        snippet(CodeLanguage::JavaScript, call.javascript()),
        snippet(CodeLanguage::Python, call.python()),
    ]
}

fn literal(text: &str) -> String {
    quote::literal(text, Literal::Common)
}

/// Members of an object or a dictionary, a line each.
fn entries(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("    {}: {},\n", literal(name), literal(value))).collect()
}

impl<'a> TokenCall<'a> {
    fn of(facts: &Facts<'a>) -> Option<Self> {
        let OAuth2 { header, scope, .. } = facts.oauth2?;
        let request = facts.request().filter(|request| request.method_with_body == Some(Method::Post))?;
        let path = format!("{}/oauth2/token", request.path.trim_end_matches('/'));
        let token_url = facts.url(&Request { path: &path, ..request });
        let form = [("grant_type", Some("client_credentials")), ("scope", scope)];
        let form = form.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        Some(TokenCall { token_url, form, header, url: facts.url(&request), request })
    }

    /// Two lines: `$ACCESS_TOKEN` is what the first one answers with.
    fn curl(&self) -> String {
        let fields = |indent: &str| -> String {
            let field = |(name, value): &(&str, &str)| {
                format!("{indent}--header {} \\\n", shell(&format!("{name}: {value}")))
            };
            self.request.headers.iter().map(field).collect()
        };
        let form: String = self
            .form
            .iter()
            .map(|(name, value)| format!("  --data-urlencode {} \\\n", shell(&format!("{name}={value}"))))
            .collect();
        let method = match self.request.method {
            Method::Get => String::new(),
            Method::Head => "  --head \\\n".to_owned(),
            method => format!("  --request {} \\\n", method.name()),
        };
        let basic = match self.header.eq_ignore_ascii_case("authorization") {
            true => format!("  --user \"${CLIENT_ID}:${CLIENT_SECRET}\" \\\n"),
            false => format!(
                "  --header \"{}: Basic $(printf %s \"${CLIENT_ID}:${CLIENT_SECRET}\" | base64 -w 0)\" \\\n",
                self.header
            ),
        };
        format!(
            "curl --silent \\\n{basic}{}{form}  {}\n\n\
             ACCESS_TOKEN='…'\n\
             curl --include \\\n{method}{}  --header \"{}: Bearer $ACCESS_TOKEN\" \\\n  {}",
            fields("  "),
            shell(&self.token_url),
            fields("  "),
            self.header,
            shell(&self.url),
        )
    }

    fn javascript(&self) -> String {
        let (fields, form) = (entries(self.request.headers), entries(&self.form));
        let (header, token_url, url) = (literal(self.header), literal(&self.token_url), literal(&self.url));
        let method = self.request.method.name();
        format!(
            r#"// call.mjs
const client = `${{process.env.{CLIENT_ID}}}:${{process.env.{CLIENT_SECRET}}}`;
const granted = await fetch({token_url}, {{
  method: "POST",
  headers: {{
{fields}    {header}: "Basic " + Buffer.from(client).toString("base64"),
  }},
  body: new URLSearchParams({{
{form}  }}),
}});
const {{ access_token: token }} = await granted.json();
const response = await fetch({url}, {{
  method: "{method}",
  headers: {{
{fields}    {header}: `Bearer ${{token}}`,
  }},
}});
console.log(response.status);
console.log(await response.text());
"#
        )
    }

    fn python(&self) -> String {
        let (fields, form) = (entries(self.request.headers), entries(&self.form));
        let (header, token_url, url) = (literal(self.header), literal(&self.token_url), literal(&self.url));
        let method = self.request.method.name();
        format!(
            r#"import base64
import json
import os
import urllib.parse
import urllib.request

client = os.environ["{CLIENT_ID}"] + ":" + os.environ["{CLIENT_SECRET}"]
fields = {{
{fields}}}
form = {{
{form}}}
request = urllib.request.Request(
    {token_url},
    data=urllib.parse.urlencode(form).encode(),
    headers=fields | {{{header}: "Basic " + base64.b64encode(client.encode()).decode()}},
)
with urllib.request.urlopen(request) as granted:
    token = json.load(granted)["access_token"]
request = urllib.request.Request(
    {url},
    method="{method}",
    headers=fields | {{{header}: "Bearer " + token}},
)
with urllib.request.urlopen(request) as response:
    print(response.status)
    print(response.read().decode(errors="replace"))
"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::facts::Routes;

    const REQUEST: Request<'_> = Request {
        method: Method::Get,
        method_with_body: Some(Method::Post),
        host: None,
        path: "/it's/",
        headers: &[("X-It's", "a \"b\"")],
    };

    fn facts<'a>(request: Request<'a>, scope: Option<&'a str>) -> Facts<'a> {
        Facts {
            gateway: "http://gateway.test:8000",
            is_enabled: true,
            routes: Routes::Plain(request),
            key_auth: None,
            oauth2: Some(OAuth2 { header: "authorization", scope, is_beside_key: false }),
        }
    }

    #[test]
    fn a_token_is_got_and_used() {
        let snippets = token_snippets(&facts(REQUEST, Some("read write")));
        assert_eq!(snippets.len(), 3);
        for Snippet { language, text } in &snippets {
            assert!(
                text.contains("it's/oauth2/token") || text.contains(r"it'\''s/oauth2/token"),
                "{language:?}"
            );
            assert!(text.contains("read write") && text.contains("CLIENT_SECRET"), "{text}");
            assert!(text.contains("Bearer "), "{text}");
        }
        let curl = &snippets[0].text;
        assert!(curl.contains(r#"--header 'X-It'\''s: a "b"'"#), "{curl}");
        assert!(curl.contains(r#"--user "$CLIENT_ID:$CLIENT_SECRET""#), "{curl}");
        let none = token_snippets(&facts(REQUEST, None));
        assert!(none.iter().all(|snippet| !snippet.text.contains("scope")), "{none:?}");
    }

    #[test]
    fn no_token_is_shown_that_no_route_gives() {
        let request = Request { method_with_body: None, ..REQUEST };
        assert_eq!(token_snippets(&facts(request, None)), []);
        assert_eq!(token_snippets(&Facts { oauth2: None, ..facts(REQUEST, None) }), []);
    }
}
