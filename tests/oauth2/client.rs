//! Gets tokens and calls a service with them, by a client for Rust as it is, and prints what came of it.
//! Arguments: the gateway, the path of the service, client id, client secret.

use std::env;
use std::error::Error;

use oauth2::basic::BasicClient;
use oauth2::{AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, Scope, SyncHttpClient, TokenResponse, TokenUrl};

/// TLS ends in front of the gateway, as far as it knows.
struct BehindTls(oauth2::ureq::Agent);

impl SyncHttpClient for BehindTls {
    type Error = <oauth2::ureq::Agent as SyncHttpClient>::Error;

    fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, Self::Error> {
        request.headers_mut().insert("x-forwarded-proto", "https".parse().expect("a value of a field"));
        self.0.call(request)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [gateway, path, id, secret] = &arguments[..] else { return Err("four arguments".into()) };
    let endpoint = TokenUrl::new(format!("{gateway}{path}/oauth2/token"))?;
    let behind_tls = BehindTls(oauth2::ureq::agent());
    for (name, place) in [("basic", AuthType::BasicAuth), ("body", AuthType::RequestBody)] {
        let client = BasicClient::new(ClientId::new(id.clone()))
            .set_client_secret(ClientSecret::new(secret.clone()))
            .set_auth_type(place)
            .set_token_uri(endpoint.clone());
        let asked = client.exchange_client_credentials().add_scope(Scope::new("read".into()));
        let token = asked.request(&behind_tls)?;
        let scopes: Vec<&str> = token.scopes().into_iter().flatten().map(|scope| scope.as_str()).collect();
        let bearer = format!("Bearer {}", token.access_token().secret());
        let answer = oauth2::ureq::get(&format!("{gateway}{path}")).set("authorization", &bearer).call()?;
        println!("oauth2 {name} {} {}", scopes.join(" "), answer.status());
    }
    Ok(())
}
