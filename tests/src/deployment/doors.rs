//! The two addresses of a deployment: what is proxied is asked at the gateway's, everything else at
//! the control plane's.

/// What the gateway answers itself lies under this.
const GATEWAY_PREFIX: &str = "/-";
/// Put behind the gateway's address, it gives that of the control plane, as long as both answer at
/// one door.
const CONTROL_AT_GATEWAY: &str = "/-";
const ADMIN: &str = "/admin";

/// Addresses without a slash at the end, of scheme `http`.
#[derive(Clone, Debug)]
pub struct Doors {
    gateway_url: String,
    control_url: String,
    admin_url: String,
}

/// Where one request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Host and port.
    pub authority: String,
    /// Path and query, as the request line has them.
    pub target: String,
}

impl Doors {
    /// Both planes at the gateway's door.
    pub fn one(gateway_url: &str) -> Self {
        Self::two(gateway_url, &format!("{gateway_url}{CONTROL_AT_GATEWAY}"))
    }

    /// A door for each plane; an address may have a path.
    pub fn two(gateway_url: &str, control_url: &str) -> Self {
        Self::with_admin(gateway_url, &format!("{control_url}{ADMIN}"))
    }

    /// The Admin API at an address of its own; what else the control plane has lies beside it.
    pub fn with_admin(gateway_url: &str, admin_url: &str) -> Self {
        Self {
            gateway_url: gateway_url.to_owned(),
            control_url: admin_url.strip_suffix(ADMIN).unwrap_or(admin_url).to_owned(),
            admin_url: admin_url.to_owned(),
        }
    }

    /// The same control plane, and the gateway as it is reached elsewhere.
    pub(super) fn with_gateway(&self, gateway_url: &str) -> Self {
        Self { gateway_url: gateway_url.to_owned(), ..self.clone() }
    }

    /// Host and port of the gateway.
    pub fn gateway_authority(&self) -> &str {
        split(&self.gateway_url).0
    }

    /// What is proxied.
    pub fn gateway(&self, target: &str) -> Place {
        behind(&self.gateway_url, target)
    }

    /// What the gateway answers itself: `/health`.
    pub fn own(&self, target: &str) -> Place {
        behind(&self.gateway_url, &format!("{GATEWAY_PREFIX}{target}"))
    }

    /// The control plane: `/health`, `/portal`.
    pub fn control(&self, target: &str) -> Place {
        behind(&self.control_url, target)
    }

    /// The Admin API: `/services?size=2`.
    pub fn admin(&self, target: &str) -> Place {
        behind(&self.admin_url, target)
    }
}

fn behind(url: &str, target: &str) -> Place {
    let (authority, path) = split(url);
    Place { authority: authority.to_owned(), target: format!("{path}{target}") }
}

/// Host with port, and path.
fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("only http:// can be tested: {url}"));
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(place: &Place, authority: &str, target: &str) {
        assert_eq!((place.authority.as_str(), place.target.as_str()), (authority, target));
    }

    #[test]
    fn one_door_has_both_planes() {
        let doors = Doors::one("http://127.0.0.1:8000");
        assert_eq!(doors.gateway_authority(), "127.0.0.1:8000");
        check(&doors.gateway("/a?b"), "127.0.0.1:8000", "/a?b");
        check(&doors.own("/health"), "127.0.0.1:8000", "/-/health");
        check(&doors.control("/health"), "127.0.0.1:8000", "/-/health");
        check(&doors.admin("/services"), "127.0.0.1:8000", "/-/admin/services");
    }

    #[test]
    fn two_doors_have_one_each() {
        let doors = Doors::two("http://a:1", "http://b:2/under");
        check(&doors.own("/health"), "a:1", "/-/health");
        check(&doors.control("/health"), "b:2", "/under/health");
        check(&doors.admin(""), "b:2", "/under/admin");
    }

    #[test]
    fn the_admin_api_may_be_anywhere() {
        let doors = Doors::with_admin("http://a:1/lambda", "http://b:2");
        check(&doors.gateway("/x"), "a:1", "/lambda/x");
        check(&doors.admin("/services"), "b:2", "/services");
        check(&doors.control("/health"), "b:2", "/health");
    }
}
