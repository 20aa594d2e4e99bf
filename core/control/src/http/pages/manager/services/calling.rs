//! How a service is called, as its routes and key-auth say.

use super::read::Route;
use crate::schema::Object;
use latchkey_pages::calls::{self, Facts, Key, KeyAuth, Method, Request, Routes};
use latchkey_published::plugins::KeyAuthSettings;
use latchkey_published::stored::Stored;
use latchkey_request::origin::Origin;

/// A line of curl that calls a service; `None` where nobody has said where the gateway is, or where no route
/// matches a request that is plain enough to show.
pub(super) fn curl(
    gateway: Option<&Origin>,
    routes: &[Route],
    config: &Object,
    key: Key<'_>,
) -> Option<String> {
    let settings = key_auth(config)?;
    let facts = Facts {
        gateway: gateway?.as_str(),
        is_enabled: true,
        routes: Routes::Plain(routes.iter().find_map(plain)?),
        oauth2: None,
        key_auth: Some(KeyAuth {
            name: settings.key_names.first()?,
            is_in_header: settings.key_in_header,
            is_in_bearer: settings.key_in_bearer,
            is_in_query: settings.key_in_query,
            is_in_body: settings.key_in_body,
            refuses_preflights: settings.run_on_preflight,
        }),
    };
    calls::curl(&facts, key)
}

/// The settings of key-auth, as they are stored.
pub(super) fn key_auth(config: &Object) -> Option<KeyAuthSettings> {
    KeyAuthSettings::read(Stored::of(config)).ok()
}

/// A request that a route matches, if it asks for no header field and for nothing by a pattern alone.
fn plain(route: &Route) -> Option<Request<'_>> {
    let takes = |method: &Method| {
        route.methods().is_empty() || route.methods().iter().any(|one| one == method.name())
    };
    let path = match route.paths() {
        [] => "/",
        paths => paths.iter().find(|path| !path.starts_with('~'))?,
    };
    let host = match route.hosts() {
        [] => None,
        hosts => Some(hosts.iter().find(|host| !host.contains('*'))?.as_str()),
    };
    let asks_for_fields = route.headers.as_ref().is_some_and(|headers| !headers.is_empty());
    let with_body = Method::ALL.into_iter().filter(|method| method.may_have_body());
    (!asks_for_fields).then_some(Request {
        method: Method::ALL.into_iter().find(takes)?,
        method_with_body: with_body.into_iter().find(takes),
        host,
        path,
        headers: &[],
    })
}
