//! Checks that a gateway really does the work, before it is measured. Every key is used once,
//! which also warms what there is to warm.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};

use super::client::Client;
use super::subject::{Gateway, Route};
use super::upstream::{self, BODY, Upstream};
use super::workload::{Credential, IDENTITY, WITHHELD};

const SPOOFED: &str = "spoofed";
/// What the client says of the way so far: its address is added behind.
const FORWARDED_FOR: &str = "192.0.2.1";

pub(super) fn verify(gateway: &Gateway, upstream: &Upstream) -> Result<()> {
    let mut client = Client::new(gateway.port);
    let before = upstream.count()?;
    for credential in gateway.credentials.iter() {
        let echo = echo(&mut client, Route::Keyed, ("apikey", &credential.key))?;
        check_keyed(&echo, credential, gateway, upstream)
            .with_context(|| format!("the upstream saw {echo:?}"))?;
    }
    for credential in gateway.tokens.iter() {
        let shown = format!("Bearer {}", credential.key);
        let echo = echo(&mut client, Route::Token, ("Authorization", &shown))?;
        check_keyed(&echo, credential, gateway, upstream)
            .with_context(|| format!("the upstream saw {echo:?}"))?;
    }
    let echo = echo(&mut client, Route::Plain, ("apikey", SPOOFED))?;
    check_plain(&echo, gateway, upstream).with_context(|| format!("the upstream saw {echo:?}"))?;
    check_connections(gateway, upstream, before.connections)?;
    check_refusals(&mut client, gateway, upstream)?;
    check_body(&mut client, gateway)
}

/// What arrives at the upstream of a request whose identity headers are all spoofed.
fn echo(client: &mut Client, route: Route, shown: (&str, &str)) -> Result<HashMap<String, String>> {
    let mut headers = vec![shown, ("X-Forwarded-For", FORWARDED_FOR), ("X-Forwarded-Host", SPOOFED)];
    headers.extend(IDENTITY.iter().chain(&WITHHELD).map(|name| (*name, SPOOFED)));
    let answer = client.get(&upstream::echo_path(route), &headers)?;
    ensure!(!answer.closes, "the connection is closed after an answer");
    upstream::parse_echo(&answer)
}

fn check_keyed(
    echo: &HashMap<String, String>,
    credential: &Credential,
    gateway: &Gateway,
    upstream: &Upstream,
) -> Result<()> {
    for (name, value) in IDENTITY.iter().zip(credential.identity()) {
        expect(echo, name, Some(value))?;
    }
    expect(echo, "apikey", None)?;
    expect(echo, "Authorization", None)?;
    check_common(echo, gateway, upstream)
}

fn check_plain(echo: &HashMap<String, String>, gateway: &Gateway, upstream: &Upstream) -> Result<()> {
    for name in IDENTITY {
        expect(echo, name, None)?;
    }
    expect(echo, "apikey", Some(SPOOFED))?;
    check_common(echo, gateway, upstream)
}

fn check_common(echo: &HashMap<String, String>, gateway: &Gateway, upstream: &Upstream) -> Result<()> {
    for name in WITHHELD {
        expect(echo, name, None)?;
    }
    expect(echo, "Host", Some(&format!("127.0.0.1:{}", upstream.port)))?;
    expect(echo, "X-Forwarded-For", Some(&format!("{FORWARDED_FOR}, 127.0.0.1")))?;
    expect(echo, "X-Forwarded-Proto", Some("http"))?;
    // Kong and nginx's `$host` leave the port out, others do not.
    let with_port = format!("127.0.0.1:{}", gateway.port);
    let host = if echo.get("x-forwarded-host") == Some(&with_port) { &with_port } else { "127.0.0.1" };
    expect(echo, "X-Forwarded-Host", Some(host))?;
    let connection = echo.get("connection").map_or("", String::as_str);
    ensure!(!connection.eq_ignore_ascii_case("close"), "the upstream is asked to close the connection");
    Ok(())
}

fn expect(echo: &HashMap<String, String>, name: &str, value: Option<&str>) -> Result<()> {
    let arrived = echo.get(&name.to_ascii_lowercase()).map(String::as_str);
    ensure!(arrived == value, "{name} arrives as {arrived:?}, not {value:?}");
    Ok(())
}

fn check_connections(gateway: &Gateway, upstream: &Upstream, before: u64) -> Result<()> {
    let opened = upstream.count()?.connections - before;
    let requests = gateway.credentials.len() + gateway.tokens.len();
    ensure!(opened < 100, "{opened} connections to the upstream for {requests} requests");
    Ok(())
}

fn check_refusals(client: &mut Client, gateway: &Gateway, upstream: &Upstream) -> Result<()> {
    let Some(known) = gateway.credentials.first().map(|credential| credential.key.as_str()) else {
        bail!("no keys");
    };
    let longer = format!("{known}x");
    let shorter = &known[..known.len() - 1];
    let last_differs = format!("{shorter}{}", if known.ends_with('x') { 'y' } else { 'x' });
    let before = upstream.count()?.requests;
    for key in [None, Some(""), Some("unknown"), Some(&longer), Some(shorter), Some(&last_differs)] {
        let headers: Vec<(&str, &str)> = key.map(|key| ("apikey", key)).into_iter().collect();
        let status = client.get(Route::Keyed.path(), &headers)?.status;
        ensure!(status == 401, "with the wrong key {key:?} the answer is {status}, not 401");
    }
    if let Some(known) = gateway.tokens.first() {
        let forged = format!("Bearer {}x", known.key);
        for headers in [vec![], vec![("Authorization", forged.as_str())]] {
            let status = client.get(Route::Token.path(), &headers)?.status;
            ensure!(status == 401, "with the wrong token the answer is {status}, not 401");
        }
    }
    // The count counts itself.
    let arrived = upstream.count()?.requests - before - 1;
    ensure!(arrived == 0, "{arrived} refused requests reached the upstream");
    Ok(())
}

fn check_body(client: &mut Client, gateway: &Gateway) -> Result<()> {
    let key = gateway.credentials.first().map_or("", |credential| &credential.key);
    for route in [Route::Keyed, Route::Plain] {
        let answer = client.get(route.path(), &[("apikey", key)])?;
        ensure!(
            answer.status == 200 && answer.body == BODY,
            "{route} answers {} {:?}",
            answer.status,
            answer.body
        );
    }
    Ok(())
}
