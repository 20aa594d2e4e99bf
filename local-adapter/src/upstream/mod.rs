//! Requests to upstreams and their answers: connections, and HTTP/1.1 over them.

mod upstreams;

mod connect;
mod idle;
mod link;
mod tls;

mod request_body;
mod upload;

mod content;
mod link_body;
mod patience;
mod response_body;
mod response_head;

#[cfg(test)]
mod codec_oracle;
#[cfg(test)]
mod codec_tests;

pub(crate) use content::Content;
pub(crate) use request_body::RequestBody;
pub(crate) use upstreams::Upstreams;
