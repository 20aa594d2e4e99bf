//! A client's request as core sees it.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Uri, Version};
use latchkey_gateway::request::{Now, RequestHead};

use crate::clients::Clients;

/// A request as the gateway sees it.
pub(crate) fn head<'r>(
    clients: &Clients,
    request: &'r Parts,
    peer_ip: IpAddr,
    started: Now,
    request_id: u128,
) -> RequestHead<'r, HeaderMap> {
    let client = clients.client(peer_ip, &request.headers);
    RequestHead {
        method: request.method.as_str(),
        scheme: client.scheme,
        host: named(&request.uri, &request.headers),
        path: request.uri.path().as_bytes(),
        query: request.uri.query().map(str::as_bytes),
        headers: &request.headers,
        client_ip: Some(client.ip),
        server_port: client.port,
        forwarded: client.forwarded,
        started,
        request_id,
    }
}

/// In HTTP/1.1 a request says whom it is for (RFC 9112 §3.2); what it says is core's to judge.
pub(crate) fn says_host(version: Version, headers: &HeaderMap) -> bool {
    version != Version::HTTP_11 || headers.contains_key(header::HOST)
}

/// What the client calls us: the authority of an absolute target, else `Host` (RFC 9112 §3.2.2).
pub(crate) fn named<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> &'r [u8] {
    let authority = uri.authority().map(|authority| authority.as_str().as_bytes());
    let field = || headers.get(header::HOST).map(HeaderValue::as_bytes);
    authority.or_else(field).unwrap_or_default()
}
