//! Pages that ask before access is taken away: what stops, and within how many seconds.

use super::paths::{self, Do};
use super::plugins::Plugin;
use super::words::{Asked, Confirm as Words, People};
use crate::parts::blocks::{Block, Danger, Main};
use crate::parts::fields::{FormBlock, Typed, with_help};
use crate::words::Common;
use crate::{Frame, Language};

/// What stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impact {
    /// How many applications.
    pub applications: u64,
    /// Within how many seconds, everywhere.
    pub within_seconds: u64,
}

impl Impact {
    /// What stops, by `alone` where no application does, and when.
    pub(super) fn sentence(self, alone: fn(&Words) -> &'static str, language: Language) -> String {
        let words = Words::of(language);
        let within = (words.within)(self.within_seconds);
        let stops = match self.applications {
            0 => alone(words).to_owned(),
            count => (words.stops)(count),
        };
        match language {
            Language::En => format!("{stops}, {within}."),
            Language::Ja => format!("{stops}{within}"),
        }
    }
}

/// That a key is refused, where its application has another, or is none.
pub(super) const KEY_REFUSED: fn(&Words) -> &'static str = |words| words.key_refused;
/// The same of the key before the last rotation.
pub(super) const OLD_KEY_REFUSED: fn(&Words) -> &'static str = |words| words.old_key_refused;

/// What is to be taken away, with the ids that its path needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking<'a> {
    /// Suspend a service.
    SuspendService(&'a str),
    /// Delete a service.
    DeleteService(&'a str),
    /// Delete the document of a service.
    DeleteDocument(&'a str),
    /// Delete a route.
    DeleteRoute(&'a str),
    /// Disable a plugin of a service.
    DisablePlugin(&'a str, Plugin),
    /// Delete a plugin of a service.
    DeletePlugin(&'a str, Plugin),
    /// Revoke a contract.
    RevokeContract(&'a str),
    /// Revoke a developer.
    RevokeDeveloper(&'a str),
    /// Delete a developer.
    DeleteDeveloper(&'a str),
    /// Suspend an application.
    SuspendApplication(&'a str),
    /// Delete an application.
    DeleteApplication(&'a str),
    /// Suspend a key of an application.
    SuspendApplicationKey(&'a str, &'a str),
    /// Delete a key of an application.
    DeleteApplicationKey(&'a str, &'a str),
    /// Suspend a consumer.
    SuspendConsumer(&'a str),
    /// Delete a consumer.
    DeleteConsumer(&'a str),
    /// Suspend a key of a consumer.
    SuspendKey(&'a str, &'a str),
    /// Delete a key of a consumer.
    DeleteKey(&'a str, &'a str),
    /// End the key of a consumer's before its last rotation.
    EndOldKey(&'a str, &'a str),
    /// Delete an admin token.
    DeleteToken(&'a str),
}

impl Taking<'_> {
    fn action(self) -> String {
        match self {
            Taking::SuspendService(id) => paths::service_do(id, Do::Suspend),
            Taking::DeleteService(id) => paths::service_do(id, Do::Delete),
            Taking::DeleteDocument(id) => paths::service_document_delete(id),
            Taking::DeleteRoute(id) => paths::route_do(id, Do::Delete),
            Taking::DisablePlugin(id, plugin) => paths::service_plugin_do(id, plugin.name(), Do::Suspend),
            Taking::DeletePlugin(id, plugin) => paths::service_plugin_do(id, plugin.name(), Do::Delete),
            Taking::RevokeContract(id) => paths::contract_do(id, Do::Revoke),
            Taking::RevokeDeveloper(id) => paths::developer_do(id, Do::Revoke),
            Taking::DeleteDeveloper(id) => paths::developer_do(id, Do::Delete),
            Taking::SuspendApplication(id) => paths::application_do(id, Do::Suspend),
            Taking::DeleteApplication(id) => paths::application_do(id, Do::Delete),
            Taking::SuspendApplicationKey(of, id) => paths::application_key_do(of, id, Do::Suspend),
            Taking::DeleteApplicationKey(of, id) => paths::application_key_do(of, id, Do::Delete),
            Taking::SuspendConsumer(id) => paths::consumer_do(id, Do::Suspend),
            Taking::DeleteConsumer(id) => paths::consumer_do(id, Do::Delete),
            Taking::SuspendKey(of, id) => paths::key_do(of, id, Do::Suspend),
            Taking::DeleteKey(of, id) => paths::key_do(of, id, Do::Delete),
            Taking::EndOldKey(of, id) => paths::key_do(of, id, Do::EndOld),
            Taking::DeleteToken(id) => paths::token_do(id, Do::Delete),
        }
    }

    fn asked(self, language: Language) -> &'static Asked {
        let words = Words::of(language);
        match self {
            Taking::SuspendService(_) => &words.suspend_service,
            Taking::DeleteService(_) => &words.delete_service,
            Taking::DeleteDocument(_) => &words.delete_document,
            Taking::DeleteRoute(_) => &words.delete_route,
            Taking::DisablePlugin(_, Plugin::KeyAuth) => &words.disable_key_auth,
            Taking::DisablePlugin(_, Plugin::OAuth2) => &words.disable_oauth2,
            Taking::DisablePlugin(_, Plugin::ApplicationRegistration) => &words.disable_registration,
            Taking::DeletePlugin(_, Plugin::KeyAuth) => &words.delete_key_auth,
            Taking::DeletePlugin(_, Plugin::OAuth2) => &words.delete_oauth2,
            Taking::DeletePlugin(_, Plugin::ApplicationRegistration) => &words.delete_registration,
            Taking::RevokeContract(_) => &words.revoke_contract,
            Taking::RevokeDeveloper(_) => &words.revoke_developer,
            Taking::DeleteDeveloper(_) => &words.delete_developer,
            Taking::SuspendApplication(_) => &words.suspend_application,
            Taking::DeleteApplication(_) => &words.delete_application,
            Taking::SuspendConsumer(_) => &words.suspend_consumer,
            Taking::DeleteConsumer(_) => &words.delete_consumer,
            Taking::SuspendApplicationKey(..) | Taking::SuspendKey(..) => &words.suspend_key,
            Taking::DeleteApplicationKey(..) | Taking::DeleteKey(..) => &words.delete_key,
            Taking::EndOldKey(..) => &words.end_old_key,
            Taking::DeleteToken(_) => &words.delete_token,
        }
    }

    /// Where it leads who does not want it.
    fn back(self) -> String {
        match self {
            Taking::SuspendService(id) | Taking::DeleteService(id) => paths::service(id),
            Taking::DeleteDocument(id) => paths::service_document(id),
            Taking::DeleteRoute(id) => paths::route(id),
            Taking::DisablePlugin(id, plugin) | Taking::DeletePlugin(id, plugin) => {
                paths::service_plugin(id, plugin.name())
            }
            Taking::RevokeContract(_) => paths::CONTRACTS.to_owned(),
            Taking::RevokeDeveloper(id) | Taking::DeleteDeveloper(id) => paths::developer(id),
            Taking::SuspendApplication(id)
            | Taking::DeleteApplication(id)
            | Taking::SuspendApplicationKey(id, _)
            | Taking::DeleteApplicationKey(id, _) => paths::application(id),
            Taking::SuspendConsumer(id)
            | Taking::DeleteConsumer(id)
            | Taking::SuspendKey(id, _)
            | Taking::DeleteKey(id, _)
            | Taking::EndOldKey(id, _) => paths::consumer(id),
            Taking::DeleteToken(_) => paths::TOKENS.to_owned(),
        }
    }

    /// What stops where no application does.
    fn alone(self) -> fn(&Words) -> &'static str {
        match self {
            Taking::SuspendService(_) | Taking::DeleteService(_) | Taking::DeleteRoute(_) => {
                |words| words.stops_serving
            }
            Taking::DisablePlugin(_, Plugin::KeyAuth) | Taking::DeletePlugin(_, Plugin::KeyAuth) => {
                |words| words.opens
            }
            Taking::DisablePlugin(_, Plugin::OAuth2) | Taking::DeletePlugin(_, Plugin::OAuth2) => {
                |words| words.no_tokens
            }
            Taking::SuspendConsumer(_) | Taking::DeleteConsumer(_) => |words| words.keys_refused,
            Taking::SuspendApplicationKey(..)
            | Taking::DeleteApplicationKey(..)
            | Taking::SuspendKey(..)
            | Taking::DeleteKey(..) => KEY_REFUSED,
            Taking::EndOldKey(..) => OLD_KEY_REFUSED,
            Taking::DeleteToken(_) => |words| words.token_refused,
            Taking::DeleteDocument(_)
            | Taking::DisablePlugin(_, Plugin::ApplicationRegistration)
            | Taking::DeletePlugin(_, Plugin::ApplicationRegistration)
            | Taking::RevokeContract(_)
            | Taking::RevokeDeveloper(_)
            | Taking::DeleteDeveloper(_)
            | Taking::SuspendApplication(_)
            | Taking::DeleteApplication(_) => |words| words.stops_none,
        }
    }

    /// Whether a developer reads why.
    fn has_reason(self) -> bool {
        matches!(self, Taking::RevokeContract(_))
    }
}

/// A page that asks. Its path is that of the action: GET asks, POST does it.
#[derive(Debug)]
pub struct Confirm<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// What is to be taken away.
    pub taking: Taking<'a>,
    /// Name of the thing.
    pub name: &'a str,
    /// What stops.
    pub impact: Impact,
    /// The reason that was typed, where one is asked for.
    pub reason: Typed<'a>,
}

impl Confirm<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let language = self.frame.language;
        let (asked, common, people) =
            (self.taking.asked(language), Common::of(language), People::of(language));
        let reason = self
            .taking
            .has_reason()
            .then(|| with_help(people.reason_help, self.reason.lines("reason", common.reason)));
        let fields = reason.into_iter().collect();
        let form = FormBlock::post(common, "confirm", self.taking.action(), asked.button, fields)
            .removes()
            .cancel(self.taking.back());
        let danger = Danger::asked(common, self.impact.sentence(self.taking.alone(), language), form);
        Main::new((asked.title)(self.name)).lead(asked.text).block(Block::Danger(danger))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_besides_applications_is_said() {
        let impact = Impact { applications: 0, within_seconds: 5 };
        for (taking, english) in [
            (Taking::DeleteService("s"), "It serves no more calls, within 5 seconds."),
            (
                Taking::DisablePlugin("s", Plugin::KeyAuth),
                "Calls without a key are let through, within 5 seconds.",
            ),
            (Taking::DeleteApplicationKey("a", "k"), "Calls with this key are refused, within 5 seconds."),
            (Taking::EndOldKey("c", "k"), "Calls with the old key are refused, within 5 seconds."),
            (Taking::SuspendConsumer("c"), "Calls with its keys are refused, within 5 seconds."),
            (Taking::DeleteDocument("s"), "No application stops, within 5 seconds."),
        ] {
            assert_eq!(impact.sentence(taking.alone(), Language::En), english);
        }
        assert_eq!(
            impact.sentence(Taking::DeleteKey("c", "k").alone(), Language::Ja),
            "このキーによる呼び出しは拒否されます。5秒以内に反映されます。"
        );
    }

    #[test]
    fn what_stops_is_said_with_the_seconds() {
        for (applications, english, japanese) in [
            (
                0,
                "No application stops, within 5 seconds.",
                "停止するアプリケーションはありません。5秒以内に反映されます。",
            ),
            (
                1,
                "1 application stops, within 5 seconds.",
                "1件のアプリケーションが停止します。5秒以内に反映されます。",
            ),
            (
                12,
                "12 applications stop, within 5 seconds.",
                "12件のアプリケーションが停止します。5秒以内に反映されます。",
            ),
        ] {
            let impact = Impact { applications, within_seconds: 5 };
            let sentence = |language| impact.sentence(|words| words.stops_none, language);
            assert_eq!(sentence(Language::En), english);
            assert_eq!(sentence(Language::Ja), japanese);
        }
    }
}
