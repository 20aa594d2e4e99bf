//! What can call the function over HTTP.

/// One way in, with the choices that change its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Function URL, invoke mode `BUFFERED`.
    FunctionUrl,
    /// Function URL, invoke mode `RESPONSE_STREAM`.
    FunctionUrlStream,
    /// HTTP API, payload format 2.0.
    HttpApi,
    /// REST API, payload format 1.0, `binaryMediaTypes: ["*/*"]`.
    RestApi,
    /// Application Load Balancer.
    Alb,
    /// Application Load Balancer, `lambda.multi_value_headers.enabled`.
    AlbMultiValue,
}

impl Trigger {
    pub const ALL: [Self; 6] = [
        Self::FunctionUrl,
        Self::FunctionUrlStream,
        Self::HttpApi,
        Self::RestApi,
        Self::Alb,
        Self::AlbMultiValue,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::FunctionUrl => "function-url",
            Self::FunctionUrlStream => "function-url-stream",
            Self::HttpApi => "http-api",
            Self::RestApi => "rest-api",
            Self::Alb => "alb",
            Self::AlbMultiValue => "alb-multi-value",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.name() == name)
    }

    /// The scheme its clients use: only a load balancer has listeners without TLS.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Alb | Self::AlbMultiValue => "http",
            Self::FunctionUrl | Self::FunctionUrlStream | Self::HttpApi | Self::RestApi => "https",
        }
    }

    /// Longest request body in bytes. Lambda takes 6 MB of event, a load balancer 1 MB.
    /// (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html,
    /// …/elasticloadbalancing/latest/application/lambda-functions.html)
    pub fn body_bytes_max(self) -> usize {
        match self {
            Self::Alb | Self::AlbMultiValue => 1 << 20,
            Self::FunctionUrl | Self::FunctionUrlStream | Self::HttpApi | Self::RestApi => 6 << 20,
        }
    }

    /// Longest whole response of the function in bytes; streamed ones may be longer.
    pub fn answer_bytes_max(self) -> usize {
        self.body_bytes_max()
    }

    /// What a client gets when the function failed, or answered what is no answer.
    pub fn failure(self) -> (u16, &'static str) {
        match self {
            Self::FunctionUrl | Self::FunctionUrlStream => (502, "Internal Server Error"),
            Self::HttpApi => (500, r#"{"message":"Internal Server Error"}"#),
            Self::RestApi => (502, r#"{"message": "Internal server error"}"#),
            Self::Alb | Self::AlbMultiValue => (502, "<html>502 Bad Gateway</html>"),
        }
    }

    /// What a client gets when the function took too long.
    pub fn timeout(self) -> (u16, &'static str) {
        match self {
            Self::FunctionUrl | Self::FunctionUrlStream => (502, "Internal Server Error"),
            Self::HttpApi => (503, r#"{"message":"Service Unavailable"}"#),
            Self::RestApi => (504, r#"{"message": "Endpoint request timed out"}"#),
            Self::Alb | Self::AlbMultiValue => (502, "<html>502 Bad Gateway</html>"),
        }
    }
}
