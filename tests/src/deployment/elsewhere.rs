//! A gateway that runs already, named by environment variables.

use std::env;

use super::any::Deployment;
use super::doors::Doors;

/// It goes on when the tests end.
pub struct Elsewhere {
    doors: Doors,
    admin_token: String,
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
        Some(Self { doors, admin_token })
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
}
