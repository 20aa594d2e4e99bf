//! A declaration as the entities that are to be there, one by one, each as a POST would take it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use latchkey_control::schema::{EntityKind, FieldKind, PluginSchema, plugin};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::guards::{Guards, On, is_guard};
use super::members::{self, Holder, Verdict, WEBSOCKET, WEBSOCKET_WHY};
use super::node::{Content, Member, Node};

/// Where the tag keys of an export stand, by which keys `lk_…` stay good: below `_plugin_configs`, which
/// decK takes anything in and reads only what a plugin's `_config` names.
pub(crate) const PLUGIN_CONFIGS: &str = "_plugin_configs";
pub(crate) const OURS: &str = "latchkey";
pub(crate) const TAG_KEYS: &str = "tag_keys";

const SECRET: &str = "client_secret";
/// What a secret begins with that Kong keeps as a hash.
const KONG_HASH: &str = "$pbkdf2-";

/// What a declaration says.
#[derive(Debug, Default)]
pub(crate) struct Declaration {
    /// Services, then routes, consumers, keys, OAuth2 clients, plugins.
    pub(crate) entities: Vec<Entity>,
    pub(crate) tag_keys: Vec<String>,
    /// Entities with these are all that the declaration is about. They have them already.
    pub(crate) select_tags: Vec<String>,
    /// What was left out or read otherwise, a sentence each.
    pub(crate) notices: Vec<String>,
    /// Routes that lost their only guard, a sentence each.
    pub(crate) warnings: Vec<String>,
}

/// One entity.
#[derive(Debug)]
pub(crate) struct Entity {
    /// `{"kind": …, "entity": {…}}`
    pub(crate) json: String,
    /// Where it is written; 0: not known.
    pub(crate) line: usize,
}

/// Why a declaration is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// 0: not known.
    pub(crate) line: usize,
    pub(crate) sentence: String,
    /// It may be left out instead.
    pub(crate) is_skippable: bool,
}

impl Fault {
    pub(crate) fn new(line: usize, sentence: impl Into<String>) -> Self {
        Fault { line, sentence: sentence.into(), is_skippable: false }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.sentence),
            line => write!(f, "line {line}: {}", self.sentence),
        }
    }
}

/// Kinds that a declaration may have, in the order in which they are brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Service,
    Route,
    Consumer,
    Credential,
    Client,
    Plugin,
}

impl Kind {
    pub(crate) const ALL: [Kind; 6] =
        [Kind::Service, Kind::Route, Kind::Consumer, Kind::Credential, Kind::Client, Kind::Plugin];

    pub(crate) fn entity_kind(self) -> EntityKind {
        match self {
            Kind::Service => EntityKind::Services,
            Kind::Route => EntityKind::Routes,
            Kind::Consumer => EntityKind::Consumers,
            Kind::Credential => EntityKind::KeyauthCredentials,
            Kind::Client => EntityKind::Oauth2Credentials,
            Kind::Plugin => EntityKind::Plugins,
        }
    }

    /// The name of its lists.
    pub(crate) fn list(self) -> &'static str {
        self.entity_kind().name()
    }

    pub(crate) fn of_list(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.list() == name)
    }

    pub(crate) fn holder(self) -> Holder {
        match self {
            Kind::Service => Holder::Service,
            Kind::Route => Holder::Route,
            Kind::Consumer => Holder::Consumer,
            Kind::Credential => Holder::Credential,
            Kind::Client => Holder::Client,
            Kind::Plugin => Holder::Plugin,
        }
    }

    /// The member that names it in references; a plugin's and a credential's names nothing.
    fn named_by(self) -> Option<&'static str> {
        match self {
            Kind::Service | Kind::Route => Some("name"),
            Kind::Consumer => Some("username"),
            Kind::Credential | Kind::Client | Kind::Plugin => None,
        }
    }

    /// What stands in it as a list of entities that refer to it.
    pub(crate) fn nested(self, name: &str) -> Option<Kind> {
        match (self, Kind::of_list(name)?) {
            (Kind::Service, Kind::Route) => Some(Kind::Route),
            (Kind::Service | Kind::Route | Kind::Consumer, Kind::Plugin) => Some(Kind::Plugin),
            (Kind::Consumer, of @ (Kind::Credential | Kind::Client)) => Some(of),
            _ => None,
        }
    }

    /// Lists in it of kinds that are not here.
    fn has_absent(self, name: &str) -> bool {
        let absent: &[&str] = match self {
            Kind::Service | Kind::Route => &["filter_chains"],
            Kind::Consumer => &[
                "acls",
                "basicauth_credentials",
                "groups",
                "hmacauth_credentials",
                "jwt_secrets",
                "mtls_auth_credentials",
            ],
            Kind::Credential | Kind::Client | Kind::Plugin => &[],
        };
        absent.contains(&name)
    }

    /// What a member refers to.
    fn reference(self, name: &str) -> Option<Kind> {
        let field = self.entity_kind().schema().field(name)?;
        let FieldKind::Foreign(to, _) = field.kind else { return None };
        Kind::ALL.into_iter().find(|kind| kind.entity_kind() == to)
    }
}

/// What an entity is nested in.
struct Parent<'p> {
    /// The member of the nested one that refers to it.
    field: &'static str,
    reference: &'p Value,
    /// By name or id.
    called: &'p str,
    label: &'p str,
}

/// All the entities of a declaration. With `skip_unknown` kinds and plugins that are not here are left out.
/// The error is not empty.
pub(crate) fn flatten(root: &Node, skip_unknown: bool) -> Result<Declaration, Vec<Fault>> {
    let Some(declaration) = root.members() else {
        return Err(vec![Fault::new(root.line, "this is no declaration: it is no mapping")]);
    };
    let mut reader = Reader { skip_unknown, ..Reader::default() };
    reader.head(root);
    for member in declaration {
        reader.top(member);
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    skip_unknown: bool,
    /// Before Kong 3: paths with other characters than plain ones are regular expressions.
    has_old_paths: bool,
    defaults: HashMap<&'static str, Map<String, Value>>,
    plugin_configs: Map<String, Value>,
    entities: BTreeMap<Kind, Vec<Entity>>,
    /// Nameless entities that are alike have ids that differ by how many there were.
    alike: HashMap<[u8; 32], u32>,
    declaration: Declaration,
    /// Members that were left out: holder, name, why, and how many.
    left_out: BTreeMap<(Holder, String, &'static str), usize>,
    old_paths: usize,
    guards: Guards,
    faults: Vec<Fault>,
}

impl Reader {
    fn finish(mut self) -> Result<Declaration, Vec<Fault>> {
        if !self.faults.is_empty() {
            self.faults.sort_by_key(|fault| fault.line);
            return Err(self.faults);
        }
        let left_out = self.left_out.iter().map(|((holder, name, why), count)| {
            let times = if *count == 1 { String::new() } else { format!(" ({count} times)") };
            format!("left out: {name} of {}{times}: {why}", holder.name())
        });
        let mut notices: Vec<String> = left_out.collect();
        if self.old_paths > 0 {
            let paths = self.old_paths;
            notices.push(format!(
                "{paths} paths are regular expressions in this format: ~ stands before them now"
            ));
        }
        notices.append(&mut self.declaration.notices);
        let entities = self.entities.into_values().flatten().collect();
        Ok(Declaration { entities, notices, warnings: self.guards.lost(), ..self.declaration })
    }

    fn fault(&mut self, line: usize, sentence: impl Into<String>) {
        self.faults.push(Fault::new(line, sentence));
    }

    /// What is not here: refused, or left out.
    fn absent(&mut self, line: usize, what: &str, why: &str) {
        if self.skip_unknown {
            self.declaration.notices.push(format!("left out: {what}: {why}"));
        } else {
            let sentence = format!("{what}: {why}");
            self.faults.push(Fault { line, sentence, is_skippable: true });
        }
    }

    /// What the rest is read by.
    fn head(&mut self, root: &Node) {
        if let Some(version) = root.member("_format_version") {
            let text = match &version.content {
                Content::Text(text) => text.to_string(),
                _ => version.to_json().to_string(),
            };
            match text.as_str() {
                "1.0" | "1.1" | "2.1" => self.has_old_paths = true,
                "3.0" => {}
                _ => {
                    let sentence = format!("_format_version {text:?} is not known: 1.1, 2.1 and 3.0 are");
                    self.fault(version.line, sentence);
                }
            }
        }
        if let Some(info) = root.member("_info") {
            self.info(info);
        }
        if let Some(configs) = root.member(PLUGIN_CONFIGS) {
            self.configs(configs);
        }
    }

    fn info(&mut self, info: &Node) {
        for member in info.members().unwrap_or_default() {
            match &*member.name {
                "select_tags" => match texts(&member.value) {
                    Some(tags) => self.declaration.select_tags = tags,
                    None => self.fault(member.line, "_info.select_tags is no list of texts"),
                },
                "defaults" => self.take_defaults(&member.value),
                // They are what decK finds references by; here all that is stored is looked at.
                "default_lookup_tags" => {}
                _ => self.other(Holder::Info, "_info", member),
            }
        }
    }

    fn take_defaults(&mut self, defaults: &Node) {
        for member in defaults.members().unwrap_or_default() {
            let kind = Kind::ALL.into_iter().find(|kind| kind.holder().name() == &*member.name);
            match (kind, member.value.to_json()) {
                (Some(kind), Value::Object(fields)) => {
                    self.defaults.insert(kind.list(), fields);
                }
                (_, Value::Null) => {}
                // Of kinds of which there are none.
                (None, _) if matches!(&*member.name, "upstream" | "target") => {}
                _ => self.fault(member.line, format!("_info.defaults.{} is not known", member.name)),
            }
        }
    }

    fn configs(&mut self, configs: &Node) {
        let Value::Object(mut configs) = configs.to_json() else { return };
        if let Some(Value::Array(keys)) = configs.get(OURS).map(|ours| ours[TAG_KEYS].clone()) {
            let keys = keys.iter().filter_map(Value::as_str).map(str::to_owned);
            self.declaration.tag_keys = keys.collect();
            configs.remove(OURS);
        }
        self.plugin_configs = configs;
    }

    fn top(&mut self, member: &Member) {
        match (&*member.name, Kind::of_list(&member.name)) {
            (_, Some(kind)) => self.list(kind, member, None),
            ("_format_version" | "_transform" | "_comment" | "_ignore" | "_info" | PLUGIN_CONFIGS, _) => {}
            (name, None) if !name.starts_with('_') && member.value.elements().is_some() => {
                self.absent_list(member, None);
            }
            (name, None) if !name.starts_with('_') && member.value.is_null() => {}
            _ => self.other(Holder::Declaration, "the declaration", member),
        }
    }

    fn list(&mut self, kind: Kind, member: &Member, parent: Option<&Parent<'_>>) {
        match (member.value.elements(), member.value.is_null()) {
            (Some(elements), _) => {
                for (number, element) in elements.iter().enumerate() {
                    self.entity(kind, number, element, parent);
                }
            }
            (None, true) => {}
            (None, false) => self.fault(member.line, format!("{} is no list", member.name)),
        }
    }

    fn absent_list(&mut self, member: &Member, of: Option<&str>) {
        for (number, element) in member.value.elements().unwrap_or_default().iter().enumerate() {
            let named =
                ["name", "username", "group", "id"].iter().find_map(|name| element.member(name)?.text());
            let named =
                named.or_else(|| element.text()).map_or(format!("number {}", number + 1), str::to_owned);
            let of = of.map_or(String::new(), |of| format!(" of {of}"));
            let what = format!("{} {named}{of}", member.name);
            self.absent(element.line, &what, "there is no such kind");
        }
    }

    /// A member that is none of an entity's fields.
    fn other(&mut self, holder: Holder, label: &str, member: &Member) {
        self.other_value(holder, label, &member.name, member.line, &member.value.to_json());
    }

    fn other_value(&mut self, holder: Holder, label: &str, name: &str, line: usize, value: &Value) {
        match members::judge(holder, name, value) {
            Verdict::Idle(why) => self.leave_out(holder, name, why),
            Verdict::Refused(why) => {
                self.fault(line, format!("{label}: {name}: {} cannot be kept: {why}", shown(value)));
            }
            Verdict::Ours => self.fault(line, format!("{label}: {name} is not known")),
        }
    }

    fn leave_out(&mut self, holder: Holder, name: &str, why: &'static str) {
        *self.left_out.entry((holder, name.to_owned(), why)).or_default() += 1;
    }

    fn entity(&mut self, kind: Kind, number: usize, node: &Node, parent: Option<&Parent<'_>>) {
        let label = label(kind, number, node, parent);
        let Some(members) = node.members() else {
            return self.fault(node.line, format!("{label} is no mapping"));
        };
        let plugin = match kind {
            Kind::Plugin => match self.plugin(node, &label, parent) {
                Some(plugin) => Some(plugin),
                None => return,
            },
            _ => None,
        };
        let mut entity = Map::new();
        let mut nested = Vec::new();
        for member in members {
            let name = &*member.name;
            match kind.nested(name) {
                Some(of) => nested.push((of, member)),
                None if kind.has_absent(name) => self.absent_list(member, Some(&label)),
                None => self.field(kind, &label, member, plugin, &mut entity),
            }
        }
        let shared = node.member("_config").filter(|source| !source.is_null());
        if let Some((source, plugin)) = shared.zip(plugin) {
            self.shared_config(plugin, &label, source, &mut entity);
        }
        self.complete(kind, &mut entity);
        if kind == Kind::Client {
            self.secret(node, &label, &mut entity);
        }
        if let Some(parent) = parent {
            entity.insert(parent.field.to_owned(), parent.reference.clone());
        }
        let reference = self.identify(kind, &mut entity);
        self.note_guard(kind, &label, &entity, parent);
        let json = json!({"kind": kind.list(), "entity": entity}).to_string();
        self.entities.entry(kind).or_default().push(Entity { json, line: node.line });
        let Some((reference, called)) = reference else { return };
        let field = kind.holder().name();
        let own = Parent { field, reference: &reference, called: &called, label: &label };
        for (of, member) in nested {
            self.list(of, member, Some(&own));
        }
    }

    /// What is told of a client's secret. Kong writes some as hashes, which are no secrets here.
    fn secret(&mut self, node: &Node, label: &str, client: &mut Map<String, Value>) {
        let secret = client.get(SECRET).and_then(Value::as_str);
        if secret.is_some_and(|secret| secret.starts_with(KONG_HASH)) {
            let why = "a hash of a secret cannot be brought: bring the secret itself";
            let line = node.member(SECRET).map_or(node.line, |secret| secret.line);
            self.absent(line, &format!("{SECRET} of {label}"), why);
            client.remove(SECRET);
        } else if client.get(SECRET).is_none_or(Value::is_null)
            && client.get("client_type").is_none_or(|kind| kind != "public")
        {
            self.declaration.notices.push(format!(
                "{label} comes without {SECRET}: it keeps the one that it has, and has none where it is new"
            ));
        }
    }

    /// The plugin that an entity configures, if it is here.
    fn plugin(
        &mut self,
        node: &Node,
        label: &str,
        parent: Option<&Parent<'_>>,
    ) -> Option<&'static PluginSchema> {
        let Some(name) = node.member("name").and_then(Node::text) else {
            self.fault(node.line, format!("{label} has no name"));
            return None;
        };
        let found = plugin(name);
        if found.is_none() {
            self.absent(node.line, label, "there is no such plugin");
            let is_on =
                node.member("enabled").is_none_or(|on| !matches!(on.content, Content::Boolean(false)));
            if is_on && is_guard(name) && !lets_anybody_in(&node.member("config").map(Node::to_json)) {
                let reference = |field: &str| called(&node.member(field)?.to_json());
                if let Some(on) = place(&reference, parent) {
                    self.guards.left_out(on, name);
                }
            }
        }
        found
    }

    /// Takes a member into an entity, or says why not.
    fn field(
        &mut self,
        kind: Kind,
        label: &str,
        member: &Member,
        plugin: Option<&'static PluginSchema>,
        entity: &mut Map<String, Value>,
    ) {
        let schema = kind.entity_kind().schema();
        let name = &*member.name;
        let is_shorthand = || schema.shorthands.iter().any(|field| field.name == name);
        let value = match (name, plugin) {
            ("_comment" | "_ignore", _) | ("_config", Some(_)) => return,
            ("config", Some(plugin)) => self.config(plugin, label, &member.value),
            ("protocols", Some(_)) => self.protocols(label, member),
            _ => match (kind.reference(name), schema.field(name)) {
                (Some(to), _) => match reference(to, &member.value) {
                    Some(value) => value,
                    None => return self.fault(member.line, format!("{label}: {name} is no reference")),
                },
                (None, Some(field))
                    if matches!(field.kind, FieldKind::Absent(_)) && !member.value.is_null() =>
                {
                    return self
                        .fault(member.line, format!("{label}: {name} cannot be kept: there are none"));
                }
                (None, Some(_)) => self.own_value(kind, name, &member.value),
                (None, None) if is_shorthand() => member.value.to_json(),
                (None, None) => return self.other(kind.holder(), label, member),
            },
        };
        entity.insert(name.to_owned(), value);
    }

    fn own_value(&mut self, kind: Kind, name: &str, value: &Node) -> Value {
        let mut value = value.to_json();
        if (kind, name) == (Kind::Route, "paths") && self.has_old_paths {
            for path in value.as_array_mut().into_iter().flatten() {
                if let Some(pattern) = path.as_str().filter(|path| is_old_pattern(path)) {
                    *path = format!("~{pattern}").into();
                    self.old_paths += 1;
                }
            }
        }
        value
    }

    fn config(&mut self, plugin: &'static PluginSchema, label: &str, config: &Node) -> Value {
        let Some(members) = config.members() else { return config.to_json() };
        let mut own = Map::new();
        for Member { name, line, value, .. } in members {
            self.setting(plugin, label, name, *line, value.to_json(), &mut own);
        }
        Value::Object(own)
    }

    /// Takes a setting of a plugin, or says why not.
    fn setting(
        &mut self,
        plugin: &'static PluginSchema,
        label: &str,
        name: &str,
        line: usize,
        value: Value,
        config: &mut Map<String, Value>,
    ) {
        if plugin.config.iter().any(|field| field.name == name) {
            config.entry(name).or_insert(value);
        } else {
            self.other_value(config_holder(plugin), &format!("{label}: config"), name, line, &value);
        }
    }

    /// Settings that several plugins share stand behind their own.
    fn shared_config(
        &mut self,
        plugin: &'static PluginSchema,
        label: &str,
        source: &Node,
        entity: &mut Map<String, Value>,
    ) {
        let shared = source.text().and_then(|name| self.plugin_configs.get(name).cloned());
        let Some(Value::Object(shared)) = shared else {
            return self.fault(source.line, format!("{label}: _config names nothing in {PLUGIN_CONFIGS}"));
        };
        let own = entity.remove("config").unwrap_or_default();
        let mut config = own.as_object().cloned().unwrap_or_default();
        for (name, value) in shared {
            self.setting(plugin, label, &name, source.line, value, &mut config);
        }
        entity.insert("config".to_owned(), config.into());
    }

    fn protocols(&mut self, label: &str, member: &Member) -> Value {
        let Some(texts) = texts(&member.value) else { return member.value.to_json() };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (websocket, others): (Vec<&str>, Vec<&str>) =
            texts.iter().partition(|text| WEBSOCKET.contains(text));
        if websocket.is_empty() {
            return member.value.to_json();
        }
        if !members::is_same_without_websocket(&others) {
            let all = texts.join(", ");
            self.fault(member.line, format!("{label}: protocols: {all} cannot be kept: {WEBSOCKET_WHY}"));
        }
        for protocol in websocket {
            self.leave_out(Holder::Plugin, &format!("protocol {protocol}"), WEBSOCKET_WHY);
        }
        others.into()
    }

    /// Fills in what the declaration says once for many entities.
    fn complete(&self, kind: Kind, entity: &mut Map<String, Value>) {
        for (name, value) in self.defaults.get(kind.list()).into_iter().flatten() {
            entity.entry(name.clone()).or_insert_with(|| value.clone());
        }
        if self.declaration.select_tags.is_empty() {
            return;
        }
        let tags = entity.entry("tags").or_insert_with(|| json!([]));
        if tags.is_null() {
            *tags = json!([]);
        }
        if let Value::Array(tags) = tags {
            for tag in self.declaration.select_tags.iter().map(|tag| Value::from(tag.as_str())) {
                if !tags.contains(&tag) {
                    tags.push(tag);
                }
            }
        }
    }

    /// How others refer to an entity, and by which name or id. One that has none is given an id, the same
    /// in each import of the same declaration.
    fn identify(&mut self, kind: Kind, entity: &mut Map<String, Value>) -> Option<(Value, String)> {
        let named_by = kind.named_by()?;
        // That of a consumer alone.
        for name in ["id", named_by, "custom_id"] {
            if let Some(called) = entity.get(name).and_then(Value::as_str) {
                return Some((json!({ name: called }), called.to_owned()));
            }
        }
        let content = json!([kind.list(), entity]);
        let digest = Sha256::digest(content.to_string()).into();
        let alike = self.alike.entry(digest).or_default();
        let digest = Sha256::new_with_prefix(digest).chain_update(alike.to_be_bytes()).finalize();
        *alike += 1;
        let bytes: [u8; 16] = digest[..16].try_into().expect("a digest has 32 bytes");
        let id = uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string();
        entity.insert("id".to_owned(), id.clone().into());
        Some((json!({ "id": id }), id))
    }

    fn note_guard(
        &mut self,
        kind: Kind,
        label: &str,
        entity: &Map<String, Value>,
        parent: Option<&Parent<'_>>,
    ) {
        if !self.skip_unknown {
            return;
        }
        let text = |name: &str| entity.get(name).and_then(Value::as_str).map(str::to_owned);
        let own: Vec<String> = ["name", "id"].into_iter().filter_map(text).collect();
        let reference = |field: &str| called(entity.get(field)?);
        match kind {
            Kind::Service => self.guards.service(&own),
            Kind::Route => self.guards.route(label.to_owned(), own, reference("service")),
            Kind::Plugin => {
                let is_on = entity.get("enabled") != Some(&Value::Bool(false));
                let asks = entity.get("name").is_some_and(|name| name == "key-auth" || name == "oauth2");
                if is_on
                    && asks
                    && !lets_anybody_in(&entity.get("config").cloned())
                    && let Some(on) = place(&reference, parent)
                {
                    self.guards.kept(on);
                }
            }
            Kind::Consumer | Kind::Credential | Kind::Client => {}
        }
    }
}

/// What an entity is called in messages: `plugin jwt of route reports`.
fn label(kind: Kind, number: usize, node: &Node, parent: Option<&Parent<'_>>) -> String {
    let names: &[&str] = match kind {
        Kind::Service | Kind::Route | Kind::Plugin => &["name", "id"],
        Kind::Consumer => &["username", "custom_id", "id"],
        Kind::Credential => &["id"],
        Kind::Client => &["name", "id"],
    };
    let name = names.iter().find_map(|name| node.member(name)?.text());
    let name = name.map_or_else(|| format!("number {}", number + 1), str::to_owned);
    let mut label = format!("{} {name}", kind.holder().name());
    if let Some(parent) = parent {
        label += " of ";
        label += parent.label;
    }
    label
}

/// The config's holder of a plugin that is here.
pub(crate) fn config_holder(plugin: &PluginSchema) -> Holder {
    match plugin.name {
        "key-auth" => Holder::KeyAuth,
        "oauth2" => Holder::OAuth2,
        _ => Holder::Registration,
    }
}

/// A plugin's setting by which whoever shows nothing good is let through.
fn lets_anybody_in(config: &Option<Value>) -> bool {
    config.as_ref().is_some_and(|config| config["anonymous"].as_str().is_some_and(|name| !name.is_empty()))
}

/// What a plugin is on; `None`: a consumer, or a group of them, alone. The last of its references counts.
fn place(reference: &dyn Fn(&str) -> Option<String>, parent: Option<&Parent<'_>>) -> Option<On> {
    let nested = |field: &str| {
        let own = parent.filter(|parent| parent.field == field).map(|parent| parent.called.to_owned());
        own.or_else(|| reference(field))
    };
    if nested("consumer").is_some() || nested("consumer_group").is_some() {
        return None;
    }
    let on_route = nested("route").map(On::Route);
    Some(on_route.or_else(|| nested("service").map(On::Service)).unwrap_or(On::Everything))
}

/// The name or id that a reference has.
fn called(reference: &Value) -> Option<String> {
    let text = match reference {
        Value::Object(members) => {
            ["id", "name", "username"].iter().find_map(|name| members.get(*name)?.as_str())
        }
        reference => reference.as_str(),
    };
    text.map(str::to_owned)
}

/// A reference as the Admin API takes it. decK and Kong write a name or an id, or a mapping with either.
fn reference(to: Kind, node: &Node) -> Option<Value> {
    let named_by = to.named_by()?;
    match &node.content {
        Content::Null => Some(Value::Null),
        Content::Text(text) if Uuid::try_parse(text).is_ok() => Some(json!({ "id": **text })),
        Content::Text(text) => Some(json!({ named_by: **text })),
        Content::Mapping(_) => {
            let named = |name: &str| Some(json!({ name: node.member(name)?.text()? }));
            named("id").or_else(|| named(named_by))
        }
        Content::Boolean(_) | Content::Number(_) | Content::List(_) => None,
    }
}

fn texts(node: &Node) -> Option<Vec<String>> {
    node.elements()?.iter().map(|element| element.text().map(str::to_owned)).collect()
}

/// Whether Kong 2 took a path for a regular expression, and its migration to 3 does.
fn is_old_pattern(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~/%".contains(&byte);
    !path.starts_with('~') && !path.bytes().all(is_plain)
}

/// A value in a message, not all of a long one.
pub(crate) fn shown(value: &Value) -> String {
    const CHARACTERS_MAX: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
