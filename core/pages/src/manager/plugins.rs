//! The plugins that can be added to a service, and the form of one.

use super::Thing;
use super::paths::{self, Do};
use super::words::Plugins as Words;
use crate::parts::blocks::{Block, Button, Card, Danger, Look, Main};
use crate::parts::fields::{FormBlock, Group, tick, with_help};
use crate::parts::table::Cell;
use crate::parts::{Field, Input};
use crate::words::Common;
use crate::{Frame, Language};

/// A plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plugin {
    /// Asks for a key.
    KeyAuth,
    /// Asks for an access token.
    OAuth2,
    /// Shows the service in the portal.
    ApplicationRegistration,
}

impl Plugin {
    /// All of them, in the order shown.
    pub const ALL: [Plugin; 3] = [Plugin::KeyAuth, Plugin::OAuth2, Plugin::ApplicationRegistration];

    /// Its name in Kong.
    pub fn name(self) -> &'static str {
        match self {
            Plugin::KeyAuth => "key-auth",
            Plugin::OAuth2 => "oauth2",
            Plugin::ApplicationRegistration => "application-registration",
        }
    }

    pub(super) fn sentence(self, language: Language) -> &'static str {
        let words = Words::of(language);
        match self {
            Plugin::KeyAuth => words.key_auth,
            Plugin::OAuth2 => words.oauth2,
            Plugin::ApplicationRegistration => words.registration,
        }
    }

    fn group(self, language: Language) -> &'static str {
        let words = Words::of(language);
        match self {
            Plugin::KeyAuth | Plugin::OAuth2 => words.authentication,
            Plugin::ApplicationRegistration => words.portal,
        }
    }
}

/// What people call a setting of a plugin, and a sentence about it; `None`: there is no such setting.
pub fn plugin_field(language: Language, plugin: Plugin, name: &str) -> Option<(&'static str, &'static str)> {
    let words = Words::of(language);
    let fields = match plugin {
        Plugin::KeyAuth => words.key_auth_fields,
        Plugin::OAuth2 => words.oauth2_fields,
        Plugin::ApplicationRegistration => words.registration_fields,
    };
    fields.iter().find(|field| field.0 == name).map(|(_, label, sentence)| (*label, *sentence))
}

/// The plugins that a service may have, grouped.
#[derive(Debug)]
pub struct PluginCards<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// The service.
    pub service: Thing<'a>,
    /// Those that it has.
    pub there: &'a [Plugin],
}

impl PluginCards<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let title = format!("{}: {}", words.add, self.service.name);
        let groups =
            Plugin::ALL.chunk_by(|a, b| a.group(self.frame.language) == b.group(self.frame.language));
        let blocks = groups.flat_map(|plugins| {
            let heading = Block::Heading(plugins[0].group(self.frame.language).into());
            [heading, Block::Cards(plugins.iter().map(|plugin| self.card(*plugin)).collect())]
        });
        Main::new(title).lead(words.add_lead).blocks(blocks)
    }

    fn card(&self, plugin: Plugin) -> Card<'_> {
        let words = Words::of(self.frame.language);
        let path = paths::service_plugin(self.service.id, plugin.name());
        let (text, look) = match self.there.contains(&plugin) {
            true => (words.edit, Look::Ordinary),
            false => (words.enable, Look::Primary),
        };
        Card {
            title: plugin.name().into(),
            text: plugin.sentence(self.frame.language).into(),
            button: Button::link(path, text, look).of(plugin.name()),
        }
    }
}

/// What deserves a second look in a plugin's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Keys are looked for in the query.
    KeyInQuery,
    /// Keys are looked for in bodies.
    KeyInBody,
    /// Browsers cannot call the service from another site.
    Preflight,
    /// Requests without a good key are let through.
    Anonymous,
}

impl Warning {
    fn sentence(self, words: &Words) -> &'static str {
        match self {
            Warning::KeyInQuery => words.key_in_query,
            Warning::KeyInBody => words.key_in_body,
            Warning::Preflight => words.preflight,
            Warning::Anonymous => words.anonymous,
        }
    }
}

/// What the settings of key-auth come to.
#[derive(Clone, Copy, Debug)]
pub struct Preview<'a> {
    /// Status line, fields and body of the answer to a request without a key; `None`: it is let through.
    pub refusal: Option<&'a str>,
    /// A call with a key.
    pub call: &'a str,
}

/// The form of a plugin, made of its settings, whichever they are.
#[derive(Debug)]
pub struct PluginForm<'a> {
    /// What is around it.
    pub frame: &'a Frame<'a>,
    /// Which plugin.
    pub plugin: Plugin,
    /// The service that it is of.
    pub service: Thing<'a>,
    /// Whether the service has it already.
    pub is_there: bool,
    /// Whether it is enabled.
    pub is_enabled: bool,
    /// Its settings, made from its table.
    pub fields: &'a [Field<'a>],
    /// What is wrong with no field alone.
    pub fault: Option<&'a str>,
    /// What deserves a second look.
    pub warnings: &'a [Warning],
    /// What the settings come to, where they are stored.
    pub preview: Option<Preview<'a>>,
    /// Requests that wait, where it is asked what becomes of them: of application-registration alone.
    pub waiting: u64,
    /// Drawn for the form of one that is not there.
    pub nonce: &'a str,
}

impl PluginForm<'_> {
    pub(super) fn main(&self) -> Main<'_> {
        let words = Words::of(self.frame.language);
        let warnings = self.warnings.iter().map(|warning| Block::Note(warning.sentence(words).into()));
        let service = Cell::link(paths::service(self.service.id), self.service.name);
        let service = (Common::of(self.frame.language).service.into(), service);
        Main::new(format!("{}: {}", self.plugin.name(), self.service.name))
            .lead(self.plugin.sentence(self.frame.language))
            .block(Block::Facts(vec![service]))
            .blocks(warnings)
            .blocks((self.waiting > 0).then(|| Block::Note((words.waiting)(self.waiting).into())))
            .block(Block::Form(self.form()))
            .blocks(self.preview.iter().flat_map(|preview| preview.blocks(words)))
            .blocks(self.danger())
    }

    fn form(&self) -> FormBlock<'_> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let path = paths::service_plugin(self.service.id, self.plugin.name());
        let submit = if self.is_there { common.save } else { common.create };
        let enabled = with_help(words.enabled_help, tick("enabled", words.enabled, self.is_enabled));
        let mut settings = self.fields.to_vec();
        settings.extend(self.waiting_field());
        let group = Group { legend: Some(words.settings.into()), fields: settings, table: None };
        FormBlock::post(common, "plugin", path, submit, vec![enabled])
            .group(group)
            .nonce(self.nonce)
            .fault(self.fault)
            .cancel(paths::service_plugins(self.service.id))
    }

    /// Only where some wait: what becomes of them when new ones are approved at once.
    fn waiting_field(&self) -> Option<Field<'_>> {
        let words = Words::of(self.frame.language);
        (self.waiting > 0).then(|| Field {
            input: Input::Choice(vec![("leave", words.leave_waiting), ("approve", words.approve_waiting)]),
            help: Some(words.waiting_help),
            ..Field::line("waiting", words.waiting_label, "leave")
        })
    }

    fn danger(&self) -> Option<Block<'_>> {
        let (words, common) = (Words::of(self.frame.language), Common::of(self.frame.language));
        let path = |what| paths::service_plugin_do(self.service.id, self.plugin.name(), what);
        let name = self.plugin.name();
        let first = match self.is_enabled {
            true => Button::link(path(Do::Suspend), words.disable, Look::Remove),
            false => Button::post(path(Do::Resume), words.enable, Look::Ordinary),
        };
        let delete = Button::link(path(Do::Delete), common.delete, Look::Remove);
        self.is_there.then(|| {
            Block::Danger(Danger {
                title: words.danger,
                text: words.danger_help.into(),
                buttons: vec![first.of(name), delete.of(name)],
                form: None,
            })
        })
    }
}

impl Preview<'_> {
    fn blocks(&self, words: &'static Words) -> Vec<Block<'_>> {
        let part = |title: &'static str, text| [Block::Heading(title.into()), Block::Code(text)];
        let refusal = self.refusal.into_iter().flat_map(|refusal| part(words.refusal, refusal.into()));
        refusal.chain(part(words.good_call, self.call.into())).collect()
    }
}
