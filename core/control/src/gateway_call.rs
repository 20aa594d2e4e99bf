//! Calls that the portal makes to a service, through the gateway as any client.
//!
//! [`crate::http::Control::ask`] answers with a [`GatewayCall`] where a page hangs on one. The adapter makes it
//! at its gateway, wherever that is, and asks once more with the [`GatewayAnswer`]
//! ([`crate::http::Control::ask_called`]).

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use http_body_util::BodyExt;
use latchkey_published::limits::{TRY_BODY_BYTES_MAX, TRY_TIMEOUT_MS};

/// A call to be made at the gateway, as it is, once. Redirects are answers.
pub struct GatewayCall {
    request: Request<Bytes>,
    origin: String,
}

/// It has a token among its fields.
impl fmt::Debug for GatewayCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatewayCall")
    }
}

impl GatewayCall {
    /// How long is waited for the end of its answer, connecting included.
    pub const TIMEOUT: Duration = Duration::from_millis(TRY_TIMEOUT_MS);
    /// Bytes of the body of its answer that are read; what comes after them is left.
    pub const ANSWER_BYTES_MAX: usize = TRY_BODY_BYTES_MAX;

    /// `origin`: where its clients take the gateway to be, such as `https://api.example.com`. `None`: it cannot
    /// be sent.
    pub(crate) fn new(
        method: &str,
        origin: &str,
        target: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Option<Self> {
        let (_, host) = origin.split_once("://")?;
        headers.insert(HOST, HeaderValue::from_str(host).ok()?);
        if !body.is_empty() {
            headers.insert(CONTENT_LENGTH, body.len().into());
        }
        let mut request = Request::new(body);
        *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
        *request.uri_mut() = Uri::try_from(target).ok()?;
        *request.headers_mut() = headers;
        Some(GatewayCall { request, origin: origin.to_owned() })
    }

    /// Its URL, as the gateway's clients have it.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin, self.request.uri())
    }

    /// It, with `Host` and the length of its body among its fields, and path and query alone for its target.
    pub fn into_request(self) -> Request<Bytes> {
        self.request
    }
}

/// What came of a call.
#[derive(Debug)]
pub enum GatewayAnswer {
    /// An answer.
    Answered(Answered),
    /// There is no gateway where one should be.
    Unreachable,
    /// It took longer than [`GatewayCall::TIMEOUT`], and may have come to the service.
    TooSlow,
}

/// An answer, as far as it was read.
#[derive(Debug)]
pub struct Answered {
    /// With the first [`GatewayCall::ANSWER_BYTES_MAX`] bytes of its body.
    pub response: Response<Bytes>,
    /// Whether its body goes on.
    pub goes_on: bool,
    /// From the call to what was read.
    pub took: Duration,
}

impl Answered {
    /// Of an answer that was read to its end, or further than [`GatewayCall::ANSWER_BYTES_MAX`].
    pub fn new(response: Response<Bytes>, took: Duration) -> Self {
        let goes_on = response.body().len() > GatewayCall::ANSWER_BYTES_MAX;
        let response = response.map(|mut body| {
            body.truncate(GatewayCall::ANSWER_BYTES_MAX);
            body
        });
        Answered { response, goes_on, took }
    }

    /// Reads an answer as far as it is to be read. `took`: how long the call has taken by now.
    pub async fn read<B>(response: Response<B>, took: impl FnOnce() -> Duration) -> Result<Self, B::Error>
    where
        B: BodyExt<Data = Bytes>,
    {
        let (head, body) = response.into_parts();
        let mut body = pin!(body);
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            read.extend_from_slice(&data);
            if read.len() > GatewayCall::ANSWER_BYTES_MAX {
                break;
            }
        }
        Ok(Answered::new(Response::from_parts(head, read.into()), took()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(origin: &str, target: &str) -> Option<GatewayCall> {
        GatewayCall::new("PUT", origin, target, HeaderMap::new(), Bytes::from_static(b"body"))
    }

    #[test]
    fn a_call_is_for_a_url_and_the_host_in_it() {
        let call = call("https://api.test:8443", "/a%20b?x=1").unwrap();
        assert_eq!(call.url(), "https://api.test:8443/a%20b?x=1");
        let request = call.into_request();
        assert_eq!((request.method().as_str(), request.uri().to_string().as_str()), ("PUT", "/a%20b?x=1"));
        assert_eq!(
            (&request.headers()[HOST], &request.headers()[CONTENT_LENGTH]),
            (&"api.test:8443".parse().unwrap(), &"4".parse().unwrap())
        );
    }

    #[test]
    fn what_cannot_be_sent_is_no_call() {
        assert!(call("api.test", "/").is_none());
        assert!(call("https://a\nb", "/").is_none());
        assert!(call("https://api.test", "/a b").is_none());
    }
}
