//! Calls by what a compiler reads: Go, Rust, Java.

use super::{Call, VARIABLE};
use crate::calls::facts::{Method, Place};
use crate::calls::quote::{self, Literal};

/// With the standard library alone.
pub(super) fn go(call: &Call<'_>) -> String {
    let literal = |text: &str| quote::literal(text, Literal::Common);
    let method = call.method.name();
    let (imports, url, body) = match call.place {
        Place::Header | Place::Bearer => ("\t\"os\"\n", literal(&call.url), "nil".to_owned()),
        Place::Query => {
            let before = literal(&format!("{}?{}=", call.url, quote::query(call.name)));
            let url = format!("{before} + url.QueryEscape(key)");
            ("\t\"net/url\"\n\t\"os\"\n", url, "nil".to_owned())
        }
        Place::Body => {
            let body = format!("strings.NewReader(url.Values{{{}: {{key}}}}.Encode())", literal(call.name));
            ("\t\"net/url\"\n\t\"os\"\n\t\"strings\"\n", literal(&call.url), body)
        }
    };
    let line = |name: &str, value: &str| format!("\trequest.Header.Set({name}, {value})\n");
    let headers = call.header_lines(literal, line, ["key", "\"Bearer \"+key"]);
    let form = call.only_in(
        Place::Body,
        "\trequest.Header.Set(\"Content-Type\", \"application/x-www-form-urlencoded\")\n",
    );
    format!(
        r#"package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
{imports})

func main() {{
	key := os.Getenv("{VARIABLE}")
	address := {url}
	request, err := http.NewRequest("{method}", address, {body})
	if err != nil {{
		log.Fatal(err)
	}}
{form}{headers}	response, err := http.DefaultClient.Do(request)
	if err != nil {{
		log.Fatal(err)
	}}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {{
		log.Fatal(err)
	}}
	fmt.Println(response.StatusCode)
	fmt.Println(string(text))
}}
"#
    )
}

/// With ureq, the client that needs least.
pub(super) fn rust(call: &Call<'_>) -> String {
    let literal = |text: &str| quote::literal(text, Literal::Rust);
    let url = literal(&call.url);
    let line = |name: &str, value: &str| format!("        .header({name}, {value})\n");
    let headers = call.header_lines(literal, line, ["&key", "format!(\"Bearer {key}\")"]);
    let query = call.only_in(Place::Query, format!("        .query({}, &key)\n", literal(call.name)));
    let send = match call.place {
        Place::Body => format!("send_form([({}, key.as_str())])", literal(call.name)),
        _ if call.method.may_have_body() => "send_empty()".to_owned(),
        Place::Header | Place::Bearer | Place::Query => "call()".to_owned(),
    };
    let method = match call.method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
        Method::Patch => "patch",
        Method::Delete => "delete",
        Method::Head => "head",
        Method::Options => "options",
    };
    format!(
        r#"// Cargo.toml: ureq = "3"
fn main() -> Result<(), Box<dyn std::error::Error>> {{
    let key = std::env::var("{VARIABLE}")?;
    let mut response = ureq::{method}({url})
{headers}{query}        .config()
        .http_status_as_error(false)
        .build()
        .{send}?;
    println!("{{}}", response.status().as_u16());
    println!("{{}}", response.body_mut().read_to_string()?);
    Ok(())
}}
"#
    )
}

/// One file, for Java 11 or later.
pub(super) fn java(call: &Call<'_>) -> String {
    let literal = |text: &str| quote::literal(text, Literal::Java);
    let method = call.method.name();
    let encoded = "URLEncoder.encode(key, StandardCharsets.UTF_8)";
    let name = quote::query(call.name);
    let url = match call.place {
        Place::Query => format!("{} + {encoded}", literal(&format!("{}?{name}=", call.url))),
        Place::Header | Place::Bearer | Place::Body => literal(&call.url),
    };
    let body = match call.place {
        Place::Body => format!("BodyPublishers.ofString({} + {encoded})", literal(&format!("{name}="))),
        Place::Header | Place::Bearer | Place::Query => "BodyPublishers.noBody()".to_owned(),
    };
    let (encoder, charsets) = match call.place {
        Place::Header | Place::Bearer => ("", ""),
        Place::Query | Place::Body => {
            ("import java.net.URLEncoder;\n", "import java.nio.charset.StandardCharsets;\n")
        }
    };
    let line = |name: &str, value: &str| format!("            .header({name}, {value})\n");
    let headers = call.header_lines(literal, line, ["key", "\"Bearer \" + key"]);
    let form = "            .header(\"Content-Type\", \"application/x-www-form-urlencoded\")\n";
    let form = call.only_in(Place::Body, form);
    format!(
        r#"// Call.java
import java.net.URI;
{encoder}import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
{charsets}
public class Call {{
    public static void main(String[] arguments) throws Exception {{
        var key = System.getenv("{VARIABLE}");
        var url = {url};
        var request = HttpRequest.newBuilder(URI.create(url))
            .method("{method}", {body})
{form}{headers}            .build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        System.out.println(response.statusCode());
        System.out.println(response.body());
    }}
}}
"#
    )
}
