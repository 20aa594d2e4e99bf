//! Paths of the portal: of its links and of the actions of its forms.
//!
//! A path that asks (GET) is that of the action too (POST). Those that mails lead to are the mails' own.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Services open for registration.
pub const SERVICES: &str = "/portal/";
/// Sign up.
pub const SIGN_UP: &str = "/portal/sign-up";
/// Verify the address of a new account.
pub const VERIFY: &str = "/portal/verify";
/// Another mail to verify an address.
pub const RESEND: &str = "/portal/verify/resend";
/// Who did not sign up says so.
pub const NOT_ME: &str = "/portal/verify/not-me";
/// Confirm a new address.
pub const CONFIRM_ADDRESS: &str = "/portal/confirm-email";
/// Keep the address of before.
pub const REVERT_ADDRESS: &str = "/portal/revert-email";
/// Log in.
pub const LOG_IN: &str = "/portal/log-in";
/// Log out: a POST.
pub const LOG_OUT: &str = "/portal/log-out";
/// The account.
pub const ACCOUNT: &str = "/portal/account";
/// What the words mean.
pub const HELP: &str = "/portal/help";
/// My apps.
pub const APPLICATIONS: &str = "/portal/apps";
/// A new application.
pub const APPLICATION_NEW: &str = "/portal/apps/new";
/// Log in again, before what needs a log-in of lately.
pub const LOG_IN_AGAIN: &str = "/portal/log-in/again";
/// Log in by a link; its action spends the token.
pub const LOG_IN_LINK: &str = "/portal/log-in/link";
/// Asks for a link.
pub const LOG_IN_ASK_LINK: &str = "/portal/log-in/ask-link";
/// Says that a link was sent, and takes its code.
pub const LOG_IN_CODE: &str = "/portal/log-in/code";
/// A new password is asked for.
pub const FORGOT: &str = "/portal/forgot";
/// A new password is set.
pub const RESET: &str = "/portal/reset";
/// After a form that sends a mail.
pub const LOOK_INTO_MAIL: &str = "/portal/look-into-mail";
/// Changes name and the administrator's fields.
pub const ACCOUNT_META: &str = "/portal/account/meta";
/// Changes the address.
pub const ACCOUNT_EMAIL: &str = "/portal/account/email";
/// Changes the password.
pub const ACCOUNT_PASSWORD: &str = "/portal/account/password";
/// Ends the other sessions.
pub const ACCOUNT_END_OTHERS: &str = "/portal/account/sessions/end-others";
/// Deletes the account.
pub const ACCOUNT_DELETE: &str = "/portal/account/delete";

/// For who did not sign up, with the token of the mail.
pub fn not_me(token: &str) -> String {
    format!("{NOT_ME}?token={}", segment(token))
}

/// Log in, and go on to a path of the portal.
pub fn log_in_to(return_to: &str) -> String {
    format!("{LOG_IN}?return_to={}", segment(return_to))
}

/// Ends a session.
pub fn end_session(session: &str) -> String {
    format!("{ACCOUNT}/sessions/{}/end", segment(session))
}

/// One service.
pub fn service(service: &str) -> String {
    format!("/portal/services/{}", segment(service))
}

/// Tries a service.
pub fn try_it(of: &str) -> String {
    format!("{}/try", service(of))
}

/// One application.
pub fn application(application: &str) -> String {
    format!("{APPLICATIONS}/{}", segment(application))
}

/// Changes an application.
pub fn application_edit(of: &str) -> String {
    format!("{}/edit", application(of))
}

/// Deletes an application.
pub fn application_delete(of: &str) -> String {
    format!("{}/delete", application(of))
}

/// Offers an application to another developer.
pub fn transfer(of: &str) -> String {
    format!("{}/transfer", application(of))
}

/// Accepts an application that is offered.
pub fn accept_transfer(of: &str) -> String {
    format!("{}/accept", transfer(of))
}

/// Generates a key; its GET is the form alone.
pub fn key_new(of: &str) -> String {
    format!("{}/keys/new", application(of))
}

/// One key of an application.
pub fn key(of: &str, credential: &str) -> String {
    format!("{}/keys/{}", application(of), segment(credential))
}

/// Gives a key another name.
pub fn key_rename(of: &str, credential: &str) -> String {
    format!("{}/rename", key(of, credential))
}

/// Rotates a key.
pub fn key_rotate(of: &str, credential: &str) -> String {
    format!("{}/rotate", key(of, credential))
}

/// Ends the key before the last rotation.
pub fn key_end_old(of: &str, credential: &str) -> String {
    format!("{}/end-old", key(of, credential))
}

/// Deletes a key.
pub fn key_delete(of: &str, credential: &str) -> String {
    format!("{}/delete", key(of, credential))
}

/// Deletes a key that was shown and not stored, and makes another.
pub fn key_replace(of: &str, credential: &str) -> String {
    format!("{}/replace", key(of, credential))
}

/// An application's contract with a service.
pub fn contract(of: &str, service: &str) -> String {
    format!("{}/services/{}", application(of), segment(service))
}

/// Asks for an application's access to a service, for the first time or again.
pub fn request_access(of: &str, service: &str) -> String {
    format!("{}/request", contract(of, service))
}

/// Withdraws a request that waits.
pub fn withdraw(of: &str, service: &str) -> String {
    format!("{}/withdraw", contract(of, service))
}

/// Ends access that is in use.
pub fn end_access(of: &str, service: &str) -> String {
    format!("{}/end", contract(of, service))
}

/// Asks for access to a service, for an application that is chosen there.
pub fn service_request(of: &str) -> String {
    format!("{}/request", service(of))
}

/// A service's specification.
pub fn specification(of: &str) -> String {
    format!("{}/specification", service(of))
}

/// Another page of it, or of what was searched for in it.
pub fn specification_page(of: &str, search: &str, page: usize) -> String {
    format!("{}?q={}&page={page}", specification(of), segment(search))
}

/// One operation of it.
pub fn operation(of: &str, operation: &str) -> String {
    format!("{}/{}", specification(of), segment(operation))
}

/// Downloads the document.
pub fn document_download(of: &str) -> String {
    format!("{}/document", service(of))
}

/// Tries a call out, filled in; the body as `operation` of the service's specification shows it.
pub fn try_call(of: &str, method: &str, path: &str, query: &str, operation: &str) -> String {
    let (path, query, operation) = (segment(path), segment(query), segment(operation));
    format!("{}/try?method={method}&path={path}&query={query}&operation={operation}", service(of))
}

/// What of a text stays as it is in a segment of a path (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment() {
        assert_eq!(service("a/b?c\"é"), "/portal/services/a%2Fb%3Fc%22%C3%A9");
        assert_eq!(contract("a", "s"), "/portal/apps/a/services/s");
        assert_eq!(key("a", "k-1"), "/portal/apps/a/keys/k-1");
        assert_eq!(log_in_to("/portal/apps?q=a"), "/portal/log-in?return_to=%2Fportal%2Fapps%3Fq%3Da");
        assert_eq!(not_me("t&x"), "/portal/verify/not-me?token=t%26x");
        assert_eq!(operation("s", "a/b"), "/portal/services/s/specification/a%2Fb");
        assert_eq!(
            try_call("s", "GET", "/a b", "x=1&y", "a/b"),
            "/portal/services/s/try?method=GET&path=%2Fa%20b&query=x%3D1%26y&operation=a%2Fb"
        );
    }
}
