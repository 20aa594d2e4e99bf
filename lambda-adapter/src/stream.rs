//! A response in a stream, in the form that all triggers read that take one.

use std::borrow::Cow;

use http::Response;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyDataStream;
use lambda_runtime::{MetadataPrelude, StreamResponse};

use crate::answer::{cookies, joined};
use crate::body::Content;

/// A body as it is streamed.
pub type Stream = BodyDataStream<Content>;

/// The answer in a stream: status, fields and cookies first, then the body as it comes.
pub(crate) fn streamed(response: Response<Content>) -> StreamResponse<Stream> {
    let (parts, content) = response.into_parts();
    let mut headers = HeaderMap::with_capacity(parts.headers.len());
    for (name, value) in joined(&parts.headers, true) {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("it was the name of a field");
        // The runtime writes these as JSON only where they are visible ASCII.
        let value: String =
            value.chars().map(|c| if matches!(c, ' '..='~' | '\t') { c } else { '?' }).collect();
        headers.insert(name, HeaderValue::from_str(&value).expect("visible ASCII and tabs"));
    }
    StreamResponse {
        metadata_prelude: MetadataPrelude {
            status_code: parts.status,
            headers,
            cookies: cookies(&parts.headers).into_iter().map(Cow::into_owned).collect(),
        },
        stream: BodyDataStream::new(content),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stream_begins_with_status_fields_and_cookies() {
        let headers = [
            ("vary", "a"),
            ("vary", "b"),
            ("set-cookie", "c=1"),
            ("set-cookie", "d=2"),
            ("x-note", "\u{e9}"),
        ];
        let mut response = Response::new(Content::Whole(Bytes::from_static(b"hi")));
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            response.headers_mut().append(name, value);
        }
        *response.status_mut() = StatusCode::CREATED;
        let StreamResponse { metadata_prelude, .. } = streamed(response);
        assert_eq!(
            serde_json::to_value(&metadata_prelude).unwrap(),
            json!({
                "statusCode": 201,
                "headers": {"vary": "a, b", "x-note": "?"},
                "cookies": ["c=1", "d=2"],
            })
        );
    }
}
