//! A gateway that runs already, named by environment variables.

use std::env;

use super::any::Deployment;
use super::doors::Doors;

/// It goes on when the tests end.
pub struct Elsewhere {
    doors: Doors,
    admin_token: String,
    scheme: &'static str,
}

impl Elsewhere {
    /// The one that `LATCHKEY_TEST_BASE_URL` names, with its Admin API at `LATCHKEY_TEST_ADMIN_URL`.
    pub fn from_env() -> Option<Self> {
        let gateway_url = env::var("LATCHKEY_TEST_BASE_URL").ok()?.trim_end_matches('/').to_owned();
        let admin_token = env::var("LATCHKEY_TEST_ADMIN_TOKEN")
            .expect("LATCHKEY_TEST_BASE_URL needs LATCHKEY_TEST_ADMIN_TOKEN beside it");
        let admin_url = env::var("LATCHKEY_TEST_ADMIN_URL")
            .expect("LATCHKEY_TEST_BASE_URL needs LATCHKEY_TEST_ADMIN_URL beside it");
        let doors = Doors::with_admin(&gateway_url, admin_url.trim_end_matches('/'));
        Some(Self { doors, admin_token, scheme: "http" })
    }

    /// The same as clients are taken to come by https: where `LATCHKEY_TEST_SECURE_URL` says.
    pub fn by_https(&self) -> Option<Self> {
        let gateway_url = env::var("LATCHKEY_TEST_SECURE_URL").ok()?;
        let doors = self.doors.with_gateway(gateway_url.trim_end_matches('/'));
        Some(Self { doors, admin_token: self.admin_token.clone(), scheme: "https" })
    }
}

impl Deployment for Elsewhere {
    fn doors(&self) -> &Doors {
        &self.doors
    }

    fn admin_token(&self) -> &str {
        &self.admin_token
    }

    fn output(&self) -> String {
        String::new()
    }

    fn scheme(&self) -> &str {
        self.scheme
    }
}
