//! Paths of the manager: of its links, and of the actions of its forms. A form that shows a thing and one
//! that changes it have one path, with GET and POST.

use crate::portal::paths::segment;

use crate::parts::state::State;

/// What waits, and the first steps.
pub const START: &str = "/manager/";
/// Log in with an admin token.
pub const LOG_IN: &str = "/manager/log-in";
/// Log out: a POST.
pub const LOG_OUT: &str = "/manager/log-out";
/// What the words mean.
pub const HELP: &str = "/manager/help";
/// Log in by the link that the local program prints.
pub const LOG_IN_LINK: &str = "/manager/log-in/link";
/// The first service, made on the start page.
pub const FIRST_SERVICE: &str = "/manager/first/service";
/// The first route.
pub const FIRST_ROUTE: &str = "/manager/first/route";
/// key-auth for the first service, with a first key.
pub const FIRST_KEY: &str = "/manager/first/key-auth";
/// Requests for access that wait.
pub const REQUESTS: &str = "/manager/requests";
/// Approves those that are picked.
pub const REQUESTS_APPROVE: &str = "/manager/requests/approve";
/// Rejects those that are picked.
pub const REQUESTS_REJECT: &str = "/manager/requests/reject";
/// Services.
pub const SERVICES: &str = "/manager/services";
/// A new service.
pub const SERVICE_NEW: &str = "/manager/services/new";
/// Routes.
pub const ROUTES: &str = "/manager/routes";
/// A new route.
pub const ROUTE_NEW: &str = "/manager/routes/new";
/// Which route a request would match.
pub const MATCH: &str = "/manager/match";
/// Contracts.
pub const CONTRACTS: &str = "/manager/contracts";
/// Developers.
pub const DEVELOPERS: &str = "/manager/developers";
/// Invite developers.
pub const INVITE: &str = "/manager/developers/invite";
/// Applications.
pub const APPLICATIONS: &str = "/manager/applications";
/// Consumers.
pub const CONSUMERS: &str = "/manager/consumers";
/// A new consumer.
pub const CONSUMER_NEW: &str = "/manager/consumers/new";
/// The audit.
pub const AUDIT: &str = "/manager/audit";
/// The same, to be kept.
pub const AUDIT_EXPORT: &str = "/manager/audit/export";
/// Settings.
pub const SETTINGS: &str = "/manager/settings";
/// Changes how portal and manager look.
pub const SETTINGS_LOOK: &str = "/manager/settings/look";
/// Takes a logo.
pub const SETTINGS_LOGO: &str = "/manager/settings/logo";
/// Removes the logo.
pub const SETTINGS_LOGO_REMOVE: &str = "/manager/settings/logo/remove";
/// Changes what is asked for at a sign-up, and whether it is approved at once.
pub const SETTINGS_SIGN_UP: &str = "/manager/settings/sign-up";
/// Changes what administrators are told by mail.
pub const SETTINGS_MAIL: &str = "/manager/settings/mail";
/// Sends a test mail.
pub const SETTINGS_TEST_MAIL: &str = "/manager/settings/test-mail";
/// Admin tokens.
pub const TOKENS: &str = "/manager/tokens";
/// A new admin token.
pub const TOKEN_NEW: &str = "/manager/tokens/new";
/// Whose key is this?
pub const FIND_KEY: &str = "/manager/find-key";

/// Log in, and go on to a path of the manager.
pub fn log_in_to(return_to: &str) -> String {
    format!("{LOG_IN}?return_to={}", segment(return_to))
}

/// One service.
pub fn service(service: &str) -> String {
    below(SERVICES, service)
}

/// What hangs on a service, by the last part of its path.
fn of_service(of: &str, part: &str) -> String {
    format!("{}/{part}", service(of))
}

/// Its routes.
pub fn service_routes(of: &str) -> String {
    of_service(of, "routes")
}

/// A new route of it.
pub fn service_route_new(of: &str) -> String {
    of_service(of, "routes/new")
}

/// Its plugins.
pub fn service_plugins(of: &str) -> String {
    of_service(of, "plugins")
}

/// The plugins that can be added to it.
pub fn service_plugin_new(of: &str) -> String {
    of_service(of, "plugins/new")
}

/// The form of one of its plugins, by the plugin's name.
pub fn service_plugin(of: &str, plugin: &str) -> String {
    below(&service_plugins(of), plugin)
}

/// Suspends, resumes or deletes that plugin.
pub fn service_plugin_do(of: &str, plugin: &str, what: Do) -> String {
    format!("{}/{}", service_plugin(of, plugin), what.segment())
}

/// Its contracts.
pub fn service_contracts(of: &str) -> String {
    of_service(of, "contracts")
}

/// Its document.
pub fn service_document(of: &str) -> String {
    of_service(of, "document")
}

/// Deletes its document.
pub fn service_document_delete(of: &str) -> String {
    of_service(of, "document/delete")
}

/// Does something with a service.
pub fn service_do(of: &str, what: Do) -> String {
    of_service(of, what.segment())
}

/// One route.
pub fn route(route: &str) -> String {
    below(ROUTES, route)
}

/// Does something with a route.
pub fn route_do(of: &str, what: Do) -> String {
    format!("{}/{}", route(of), what.segment())
}

/// Does something with a contract.
pub fn contract_do(of: &str, what: Do) -> String {
    format!("{}/{}", below(CONTRACTS, of), what.segment())
}

/// One developer.
pub fn developer(developer: &str) -> String {
    below(DEVELOPERS, developer)
}

/// Does something with a developer.
pub fn developer_do(of: &str, what: Do) -> String {
    format!("{}/{}", developer(of), what.segment())
}

/// One application.
pub fn application(application: &str) -> String {
    below(APPLICATIONS, application)
}

/// Does something with an application.
pub fn application_do(of: &str, what: Do) -> String {
    format!("{}/{}", application(of), what.segment())
}

/// One consumer.
pub fn consumer(consumer: &str) -> String {
    below(CONSUMERS, consumer)
}

/// Does something with a consumer.
pub fn consumer_do(of: &str, what: Do) -> String {
    format!("{}/{}", consumer(of), what.segment())
}

/// A new key of a consumer.
pub fn key_new(of: &str) -> String {
    format!("{}/keys/new", consumer(of))
}

/// Does something with a key of a consumer.
pub fn key_do(of: &str, credential: &str, what: Do) -> String {
    format!("{}/{}", below(&format!("{}/keys", consumer(of)), credential), what.segment())
}

/// Does something with a key of an application.
pub fn application_key_do(of: &str, credential: &str, what: Do) -> String {
    format!("{}/{}", below(&format!("{}/keys", application(of)), credential), what.segment())
}

/// Does something with an admin token.
pub fn token_do(of: &str, what: Do) -> String {
    format!("{}/{}", below(TOKENS, of), what.segment())
}

/// The developers in a state.
pub fn developers_in(state: State) -> String {
    format!("{DEVELOPERS}?state={}", state_value(state))
}

/// A state in a query and in forms.
pub fn state_value(state: State) -> &'static str {
    match state {
        State::Active => "approved",
        State::Waiting => "requested",
        State::Rejected => "rejected",
        State::Revoked => "revoked",
        State::None => "none",
    }
}

/// What is done with a thing: the last segment of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// Approves it, also again.
    Approve,
    /// Rejects it.
    Reject,
    /// Revokes it.
    Revoke,
    /// Suspends it: a service or a plugin is not served.
    Suspend,
    /// Resumes it.
    Resume,
    /// Deletes it.
    Delete,
    /// Moves it to another developer.
    Move,
    /// Gives it another key.
    Rotate,
    /// Ends the key before the last rotation.
    EndOld,
    /// Sends a mail that sets a new password.
    Reset,
}

impl Do {
    fn segment(self) -> &'static str {
        match self {
            Do::Approve => "approve",
            Do::Reject => "reject",
            Do::Revoke => "revoke",
            Do::Suspend => "suspend",
            Do::Resume => "resume",
            Do::Delete => "delete",
            Do::Move => "move",
            Do::Rotate => "rotate",
            Do::EndOld => "end-old",
            Do::Reset => "reset",
        }
    }
}

fn below(list: &str, id: &str) -> String {
    format!("{list}/{}", segment(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment() {
        assert_eq!(service("a/b?c\"é"), "/manager/services/a%2Fb%3Fc%22%C3%A9");
        assert_eq!(key_do("c", "k", Do::EndOld), "/manager/consumers/c/keys/k/end-old");
        assert_eq!(
            service_plugin_do("s", "key-auth", Do::Delete),
            "/manager/services/s/plugins/key-auth/delete"
        );
    }
}
