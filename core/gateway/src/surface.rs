//! Which part of the program a path belongs to.

/// The parts, and what each is told of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface<'a> {
    /// Admin API; the path after the prefix, starting with `/`.
    Admin(&'a str),
    /// Portal API; the path after the prefix, starting with `/`.
    PortalApi(&'a str),
    /// Developers' pages; the path after the prefix, starting with `/`.
    Portal(&'a str),
    /// Administrators' pages; the path after the prefix, starting with `/`.
    Manager(&'a str),
    /// Liveness.
    Health,
    /// State; needs the admin token.
    Status,
    /// Reserved, but nothing is there.
    Nothing,
    /// Everything else is proxied.
    Proxy,
}

/// Finds the part for `path` (as sent, without query), `prefix` being the reserved one (`/-`).
///
/// The prefix holds as it is written: `/%2D/admin` is a path of some upstream.
pub fn surface<'a>(prefix: &str, path: &'a str) -> Surface<'a> {
    let Some(rest) = path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
        return Surface::Proxy;
    };
    let under = |name: &str| match rest.strip_prefix(name)? {
        "" => Some("/"),
        below => below.starts_with('/').then_some(below),
    };
    if let Some(below) = under("/admin") {
        return Surface::Admin(below);
    }
    if let Some(below) = under("/portal/api") {
        return Surface::PortalApi(below);
    }
    if let Some(below) = under("/portal") {
        return Surface::Portal(below);
    }
    if let Some(below) = under("/manager") {
        return Surface::Manager(below);
    }
    match rest {
        "/health" => Surface::Health,
        "/status" => Surface::Status,
        _ => Surface::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_part() {
        for (path, expected) in [
            ("/-/admin", Surface::Admin("/")),
            ("/-/admin/services", Surface::Admin("/services")),
            ("/-/administrator", Surface::Nothing),
            ("/-/portal", Surface::Portal("/")),
            ("/-/portal/api/auth", Surface::PortalApi("/auth")),
            ("/-/portal/apis", Surface::Portal("/apis")),
            ("/-/manager/", Surface::Manager("/")),
            ("/-/health", Surface::Health),
            ("/-/status", Surface::Status),
            ("/-", Surface::Nothing),
            ("/-x", Surface::Proxy),
            ("/%2D/admin", Surface::Proxy),
            ("/", Surface::Proxy),
        ] {
            assert_eq!(surface("/-", path), expected, "{path}");
        }
    }
}
