//! Every path with its operations.

use serde_json::{Map, Value, json};

use super::names::{full_path, operation_id};
use super::{answers, schemas};
use crate::audit::Did;
use crate::http::endpoints::{
    Action, ApplicationCall, BackupCall, Call, ENDPOINTS, Endpoint, Listing, OwnAccountCall, Plain,
    PortalCall, RestoreCall, Takes, Verb, VisitorCall, Who,
};
use crate::http::lists::{is_found_by_client_id, is_found_by_custom_id};
use crate::http::shapes::{self, RESTORE_ASKED, RESTORE_FINISHED, RESTORE_PART};
use crate::http::uploads::{FileKind, kind_of};
use crate::registry::{IMPORTED, is_filtered_by, searched_fields};
use crate::schema::json_schema::{View, entity_name, form_of, record, reference_to};
use crate::schema::{
    DECISION, EntityKind, FIND_KEY, Field, MATCH_REQUEST, NAMED_TOKEN, ROTATION, SETTINGS, TEST_MAIL,
    account_calls, portal_calls,
};
use latchkey_published::limits;

/// The paths of the document.
pub(super) fn paths() -> Value {
    let path = |endpoint: &Endpoint| (full_path(endpoint), path_item(endpoint));
    ENDPOINTS.iter().map(path).collect::<Map<_, _>>().into()
}

fn path_item(endpoint: &Endpoint) -> Value {
    let mut item = Map::new();
    let variables: Vec<Value> = endpoint.variables().map(path_parameter).collect();
    if !variables.is_empty() {
        item.insert("parameters".to_owned(), variables.into());
    }
    let operations =
        endpoint.calls.iter().map(|call| (call.method.to_lowercase(), operation(endpoint, call)));
    item.extend(operations);
    Value::Object(item)
}

fn path_parameter(name: &str) -> Value {
    let description = match EntityKind::parse(name) {
        Some(kind) => match kind.schema().endpoint_key {
            Some(key) => format!("Id or {key} of {}.", a(&one_of(kind))),
            None => format!("Id of {}.", a(&one_of(kind))),
        },
        None => format!("A {}.", name.replace('_', " ")),
    };
    json!({
        "name": name, "in": "path", "required": true, "description": description,
        "schema": {"type": "string", "minLength": 1},
    })
}

fn operation(endpoint: &Endpoint, call: &Call) -> Value {
    let mut operation = json!({
        "operationId": operation_id(endpoint, call),
        "summary": summary(endpoint, call.action),
        "tags": [endpoint.path.split('/').nth(1).filter(|word| !word.is_empty()).unwrap_or("installation")],
        "responses": answers::of_call(endpoint, call),
        "security": match call.who(endpoint.surface) {
            Who::Anyone | Who::Known | Who::NotWaiting => json!([]),
            Who::Developer | Who::Approved => json!([{"session": []}]),
            Who::Administrator => json!([{"admin_token": []}, {"bearer": []}]),
        },
    });
    match call.takes {
        // Pages are for people: they are not described.
        Takes::Nothing | Takes::Form => {}
        Takes::Page => operation["parameters"] = page_parameters(endpoint, call).into(),
        Takes::AuditPage => operation["parameters"] = audit_parameters(endpoint, call).into(),
        Takes::Object => operation["requestBody"] = body(endpoint, call),
        Takes::File(file) => operation["requestBody"] = file_body(kind_of(file)),
    }
    operation
}

fn page_parameters(endpoint: &Endpoint, call: &Call) -> Vec<Value> {
    let size = json!({
        "type": "integer", "minimum": 1, "maximum": limits::PAGE_SIZE_MAX, "default": limits::PAGE_SIZE_DEFAULT,
    });
    let text = || json!({"type": "string"});
    let mut parameters = vec![
        parameter("size", size, "How many entities a page has."),
        parameter("offset", text(), "Where the page begins: what the page before answered as `offset`."),
    ];
    if takes_tags(call.action) {
        let description = "Lists what has all of these tags, as `a,b`, or any of them, as `a/b`: at most 5.";
        parameters.push(parameter("tags", text(), description));
    }
    if call.action == Action::Portal(PortalCall::Application(ApplicationCall::List)) {
        let description = "Whether each application has its contracts with it, as `application_instances`.";
        parameters.push(parameter("include_instances", json!({"enum": ["true", "false"]}), description));
    }
    if let Action::List(Listing::Of(kind)) = call.action {
        parameters.extend(search_parameters(kind));
    }
    if let Action::List(Listing::Of(kind)) = call.action
        && is_found_by_custom_id(kind, endpoint.kinds().count())
    {
        parameters.push(parameter("custom_id", text(), FOUND_BY));
    }
    if let Action::List(Listing::Of(kind)) = call.action
        && is_found_by_client_id(kind)
    {
        parameters.push(parameter("client_id", text(), FOUND_BY));
    }
    parameters
}

const FOUND_BY: &str = "Lists the one that has it, or none.";

/// What a list is searched by. A page of it may be short before the last.
fn search_parameters(kind: EntityKind) -> Vec<Value> {
    let mut parameters = Vec::new();
    if !searched_fields(kind).is_empty() {
        let fields = searched_fields(kind).join(", ");
        let description = format!("Lists those that have this text, in whatever case, in one of: {fields}.");
        parameters.push(parameter("q", json!({"type": "string"}), &description));
    }
    let filters = [
        ("status", json!({"type": "integer"}), "Lists those in this state."),
        ("service", json!({"type": "string", "format": "uuid"}), "Lists those of the service with this id."),
        (
            "application",
            json!({"type": "string", "format": "uuid"}),
            "Lists those of the application with this id.",
        ),
    ];
    let filters = filters.into_iter().filter(|(name, ..)| is_filtered_by(kind, name));
    parameters.extend(filters.map(|(name, schema, description)| parameter(name, schema, description)));
    let description = format!(
        "Whether to say how many there are, as `total`, where that takes a look at {} entities at most.",
        limits::SEARCH_READ_MAX
    );
    parameters.push(parameter("total", json!({"enum": ["true", "false"]}), &description));
    parameters
}

fn audit_parameters(endpoint: &Endpoint, call: &Call) -> Vec<Value> {
    let text = || json!({"type": "string", "minLength": 1});
    let seconds = || json!({"type": "integer", "minimum": 0});
    let did = Did::ALL.map(Did::name);
    let id = json!({"type": "string", "format": "uuid"});
    let mut parameters = page_parameters(endpoint, call);
    parameters.extend([
        parameter("entity", text(), "Only changes of this kind of entity, such as `services`."),
        parameter("entity_id", id, "Only changes of the entity with this id."),
        parameter("did", json!({"enum": did}), "Only changes that did this."),
        parameter("who", text(), "Only changes made by who has this kind, name or id."),
        parameter("since", seconds(), "Only changes of this second or later, of the Unix epoch."),
        parameter("until", seconds(), "Only changes of this second or earlier, of the Unix epoch."),
    ]);
    parameters
}

fn parameter(name: &str, schema: Value, description: &str) -> Value {
    json!({"name": name, "in": "query", "schema": schema, "description": description})
}

fn takes_tags(action: Action) -> bool {
    match action {
        Action::List(Listing::Of(kind)) => kind.schema().field("tags").is_some(),
        Action::List(Listing::Nothing) => true,
        _ => false,
    }
}

/// What is sent: the same in three forms.
fn body(endpoint: &Endpoint, call: &Call) -> Value {
    let (kind, view) = match call.action {
        Action::MakeToken => {
            return forms(record(NAMED_TOKEN, View::Sent), json!({"schema": form_of(NAMED_TOKEN)}));
        }
        Action::Token(_) => {
            return forms(record(NAMED_TOKEN, View::Changes), json!({"schema": form_of(NAMED_TOKEN)}));
        }
        Action::ChangeSettings => {
            return forms(record(SETTINGS, View::Changes), json!({"schema": form_of(SETTINGS)}));
        }
        Action::Restore(call) => {
            let fields = match call {
                RestoreCall::Part => return json_alone(RESTORE_PART),
                RestoreCall::Finish => RESTORE_FINISHED,
                _ => RESTORE_ASKED,
            };
            return forms(record(fields, View::Sent), json!({"schema": form_of(fields)}));
        }
        Action::Rotate(_) => {
            return forms(record(ROTATION, View::Sent), json!({"schema": form_of(ROTATION)}));
        }
        Action::TestMail => {
            return forms(record(TEST_MAIL, View::Sent), json!({"schema": form_of(TEST_MAIL)}));
        }
        Action::RevokeAccessToken => return revocation_body(),
        Action::FindKey => return forms(record(FIND_KEY, View::Sent), json!({"schema": form_of(FIND_KEY)})),
        Action::MatchRoute => {
            return forms(record(MATCH_REQUEST, View::Sent), json!({"schema": form_of(MATCH_REQUEST)}));
        }
        Action::DecideContracts => {
            return forms(record(DECISION, View::Sent), json!({"schema": form_of(DECISION)}));
        }
        Action::AdvanceImport => {
            let fields = shapes::IMPORT_OPTIONS;
            return forms(record(fields, View::Sent), json!({"schema": form_of(fields)}));
        }
        Action::ReceivePart => return part_body(),
        Action::Portal(call) => return portal_body(call),
        Action::Create(kind) | Action::Item(kind, Verb::Replace) | Action::Reference(kind, Verb::Replace) => {
            (kind, View::Sent)
        }
        Action::Item(kind, _) | Action::Reference(kind, _) => (kind, View::Changes),
        _ => return json!({"content": {"application/json": {"schema": {"type": "object"}}}}),
    };
    let entity = reference_to(&entity_name(kind, view));
    let needed = references_needed(endpoint, kind, view);
    let entity = if needed.is_empty() { entity } else { json!({"allOf": [entity, {"required": needed}]}) };
    forms(entity, json!({"schema": reference_to(&schemas::form_name(kind))}))
}

/// As RFC 7009 has it; the client may be in `Authorization` instead.
fn revocation_body() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let schema = json!({
        "type": "object",
        "properties": {
            "token": text("The access token."),
            "token_type_hint": text("Not looked at."),
            "client_id": text("That of the client, unless it is in `Authorization: Basic`."),
            "client_secret": text("The same of its secret."),
        },
        "required": ["token"],
    });
    json!({
        "required": true,
        "content": {
            "application/x-www-form-urlencoded": {"schema": schema},
            "application/json": {"schema": schema},
        },
    })
}

/// What is sent to the Portal API: in two forms, of which none holds a file.
fn portal_body(call: PortalCall) -> Value {
    let fields = match call {
        PortalCall::Visitor(call) => of_visitor_body(call),
        PortalCall::OwnAccount(call) => of_own_account_body(call),
        PortalCall::Application(call) => of_application_body(call),
    };
    let mut schema = record(fields, View::Sent);
    if fields.iter().any(|field| field.name == "service") {
        // No path gives it.
        schema["required"] = json!(["service"]);
    }
    json!({
        "description": FORMS,
        "content": {
            "application/json": {"schema": schema},
            "application/x-www-form-urlencoded": {"schema": form_of(fields)},
        },
    })
}

fn of_visitor_body(call: VisitorCall) -> &'static [Field] {
    match call {
        VisitorCall::Register => account_calls::REGISTER,
        VisitorCall::ResendVerification | VisitorCall::ForgotPassword | VisitorCall::AskLink => {
            account_calls::ADDRESS
        }
        VisitorCall::Verify
        | VisitorCall::InvalidateVerification
        | VisitorCall::ValidateReset
        | VisitorCall::ConfirmEmail
        | VisitorCall::RevertEmail
        | VisitorCall::SpendLink => account_calls::MAILED_TOKEN,
        VisitorCall::ResetPassword => account_calls::RESET_PASSWORD,
        VisitorCall::LogIn => account_calls::LOG_IN,
        VisitorCall::SpendCode => account_calls::LINK_CODE,
        VisitorCall::MetaFields => &[],
    }
}

fn of_own_account_body(call: OwnAccountCall) -> &'static [Field] {
    match call {
        OwnAccountCall::ChangeEmail => account_calls::ADDRESS,
        OwnAccountCall::ChangePassword => account_calls::CHANGE_PASSWORD,
        OwnAccountCall::ChangeMeta => account_calls::CHANGE_META,
        OwnAccountCall::LogOut
        | OwnAccountCall::Session
        | OwnAccountCall::Read
        | OwnAccountCall::Delete
        | OwnAccountCall::Sessions
        | OwnAccountCall::EndSessions
        | OwnAccountCall::EndSession => &[],
    }
}

fn of_application_body(call: ApplicationCall) -> &'static [Field] {
    match call {
        ApplicationCall::Create => portal_calls::APPLICATION,
        ApplicationCall::Change => portal_calls::APPLICATION_CHANGE,
        ApplicationCall::Transfer => portal_calls::TRANSFER,
        ApplicationCall::AskAccess => portal_calls::ASK_ACCESS,
        ApplicationCall::Generate => portal_calls::CREDENTIAL,
        ApplicationCall::Rename => portal_calls::CREDENTIAL_CHANGE,
        ApplicationCall::Rotate => ROTATION,
        ApplicationCall::Services
        | ApplicationCall::Document
        | ApplicationCall::List
        | ApplicationCall::Read
        | ApplicationCall::Delete
        | ApplicationCall::AcceptTransfer
        | ApplicationCall::Contracts
        | ApplicationCall::Contract
        | ApplicationCall::Withdraw
        | ApplicationCall::Credentials
        | ApplicationCall::Credential
        | ApplicationCall::DeleteCredential
        | ApplicationCall::EndOverlap => &[],
    }
}

fn json_alone(fields: &'static [Field]) -> Value {
    json!({"required": true, "content": {"application/json": {"schema": record(fields, View::Sent)}}})
}

/// Entities of several kinds, which no form can hold.
fn part_body() -> Value {
    let kinds: Vec<Value> = IMPORTED.iter().map(|kind| sent_as(*kind)).collect();
    let schema = json!({
        "type": "object",
        "properties": {
            "entities": {"type": "array", "items": {"anyOf": kinds}},
            "tag_keys": {
                "type": ["array", "null"],
                "items": {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"},
                "maxItems": limits::TAG_KEYS_MAX,
                "description": "Keys of the tags of keys that were made by another Latchkey.",
            },
        },
        "required": ["entities"],
        "additionalProperties": false,
    });
    json!({
        "description": "References may be by `id` or by a unique value, such as `name` or `username`, and lead to what is in any part or stored.",
        "content": {"application/json": {"schema": schema}},
    })
}

fn sent_as(kind: EntityKind) -> Value {
    json!({
        "type": "object",
        "properties": {
            "kind": {"const": kind.name()},
            "entity": {"type": "object", "description": format!("{} as a POST would take it.", several_of(kind))},
        },
        "required": ["kind", "entity"],
        "additionalProperties": false,
    })
}

/// A file: as the body, or in a field of a form.
fn file_body(kind: &FileKind) -> Value {
    let file = |media_type: &&str| ((*media_type).to_owned(), json!({}));
    let mut content: Map<String, Value> = kind.media_types.iter().map(file).collect();
    let properties = json!({kind.field: {"type": "string", "format": "binary"}});
    let form = json!({"type": "object", "properties": properties, "required": [kind.field]});
    content.insert("multipart/form-data".to_owned(), json!({"schema": form}));
    json!({"required": true, "content": content})
}

const FORMS: &str = "In forms, members are named by paths: `service.id`, `config.realm`; a list is sent as \
    `paths[]` or `paths[1]`, a member of a map as `headers.x-a` or `headers[x-a]`; values are read as the \
    field's type, and an empty one is null. What is required in JSON is required in forms. No body is an \
    object without members.";

fn forms(entity: Value, form: Value) -> Value {
    json!({
        "description": FORMS,
        "content": {
            "application/json": {"schema": entity},
            "application/x-www-form-urlencoded": form,
            "multipart/form-data": form,
        },
    })
}

/// Required references that the path does not give.
fn references_needed(endpoint: &Endpoint, kind: EntityKind, view: View) -> Vec<&'static str> {
    let last = match endpoint.kinds().collect::<Vec<_>>().as_slice() {
        [.., parent, own] if *own == kind => Some(*parent),
        [own] if *own == kind => None,
        [.., parent] => Some(*parent),
        [] => None,
    };
    let references = kind.schema().references();
    let needed = references.filter(|(field, to)| view == View::Sent && field.required && last != Some(*to));
    needed.map(|(field, _)| field.name).collect()
}

fn of_plain(plain: Plain) -> &'static str {
    match plain {
        Plain::Welcome => "The page that says what is where",
        Plain::Health => "Whether this door answers",
        Plain::OpenApi => "This document",
        Plain::Options => "The methods of a path",
        Plain::Asset => "The style sheet or the script of pages",
    }
}

fn summary(endpoint: &Endpoint, action: Action) -> String {
    let kinds: Vec<EntityKind> = endpoint.kinds().collect();
    let of_last = kinds.last().map(|kind| format!(" of {}", a(&one_of(*kind)))).unwrap_or_default();
    match action {
        Action::Plain(plain) => of_plain(plain).to_owned(),
        Action::Page(_) => "A page".to_owned(),
        Action::Information => "What this installation is".to_owned(),
        Action::Status => "Whether it works".to_owned(),
        Action::Endpoints => "The paths of the Admin API".to_owned(),
        Action::EnabledPlugins => "Names of the plugins that can be configured".to_owned(),
        Action::EntitySchema => "The table of an entity".to_owned(),
        Action::PluginSchema => "The table of a plugin".to_owned(),
        Action::ValidateEntity => "Whether an entity would be taken, by its table alone".to_owned(),
        Action::List(Listing::Of(kind)) => format!("List {}{of_last}", several_of(kind)),
        Action::List(Listing::ServiceApplications) => {
            "List the applications that have a contract with a service".to_owned()
        }
        Action::List(Listing::Tags) if endpoint.variables().next().is_some() => {
            "List the entities that have a tag".to_owned()
        }
        Action::List(Listing::Tags) => "List the tags of all entities".to_owned(),
        Action::List(Listing::Nothing) => "An empty list: there is nothing of this kind".to_owned(),
        Action::List(Listing::OfApplicationsConsumer(kind)) => {
            format!("List {}{of_last}: there are none", several_of(kind))
        }
        Action::Create(kind) => format!("Make {}{of_last}", a(&one_of(kind))),
        Action::Item(kind, verb) => format!("{} {}", verb_of(verb), a(&one_of(kind))),
        Action::Reference(kind, verb) => format!("{} the {}{of_last}", verb_of(verb), one_of(kind)),
        Action::Rotate(kind) => format!("Give {} another key", a(&one_of(kind))),
        Action::EndGrace => "End the grace of the key before a rotation".to_owned(),
        Action::FindKey => "Whose a key is, where it is good, and how to end it".to_owned(),
        Action::MatchRoute => "Which route a request would match, and why not another".to_owned(),
        Action::DecideContracts => "Approve, reject or revoke many contracts".to_owned(),
        Action::ApplicationConsumer => "Show the consumer of an application".to_owned(),
        Action::Audit => "List what was changed, the newest first".to_owned(),
        Action::TagKeys => "The keys of the tags of keys that were made here".to_owned(),
        Action::Settings => "Show the settings that an administrator changes".to_owned(),
        Action::ChangeSettings => "Change settings: null is the default".to_owned(),
        Action::Tokens => "List the named admin tokens".to_owned(),
        Action::MakeToken => "Make a named admin token".to_owned(),
        Action::Token(verb) => format!("{} a named admin token", verb_of(verb)),
        Action::Backup(call) => of_backup(call).to_owned(),
        Action::Restore(call) => of_restore(call).to_owned(),
        Action::Imports => "List the imports that are there".to_owned(),
        Action::Import(Verb::Delete) => "Forget an import and its parts".to_owned(),
        Action::Import(_) => "How far an import has come".to_owned(),
        Action::AdvanceImport => "Begin an import, or go on with it for a while".to_owned(),
        Action::Portal(PortalCall::Visitor(call)) => of_visitor(call).to_owned(),
        Action::Portal(PortalCall::OwnAccount(call)) => of_own_account(call).to_owned(),
        Action::Portal(PortalCall::Application(call)) => of_application(call).to_owned(),
        Action::Logo(verb) => of_logo(verb).to_owned(),
        Action::Impact => "What would stop if an entity were deleted, suspended or revoked".to_owned(),
        Action::Overview => "What waits for an administrator, and keys that end within a week".to_owned(),
        Action::TestMail => "Write a mail to see whether it arrives".to_owned(),
        Action::Document(verb) => of_document(verb).to_owned(),
        Action::StartReset => "Mail the developer a link that sets a new password".to_owned(),
        Action::RevokeAccessToken => REVOKE_ACCESS_TOKEN.to_owned(),
        Action::DeleteAccessToken => "Take an access token back; 200 where more had to be".to_owned(),
        Action::RefuseAccessTokens => "Refused: no token can be brought".to_owned(),
        Action::ReceivePart => "Send a part of an import, anew if need be".to_owned(),
    }
}

const REVOKE_ACCESS_TOKEN: &str =
    "Take an access token back, as its client (RFC 7009); what is none is answered alike";

fn of_logo(verb: Verb) -> &'static str {
    match verb {
        Verb::Read => "The portal's logo",
        Verb::Delete => "Delete the portal's logo",
        Verb::Replace | Verb::Change => "Upload the portal's logo, a PNG",
    }
}

fn of_document(verb: Verb) -> &'static str {
    match verb {
        Verb::Read => "The specification of a service, as it was uploaded",
        Verb::Delete => "Delete the specification of a service",
        Verb::Replace | Verb::Change => {
            "Upload the specification of a service, in the place of the one before"
        }
    }
}

fn of_visitor(call: VisitorCall) -> &'static str {
    match call {
        VisitorCall::Register => "Sign up as a developer",
        VisitorCall::Verify => "Confirm the address of a sign-up, by the token of the mail",
        VisitorCall::ResendVerification => "Send that mail once more",
        VisitorCall::InvalidateVerification => "Say that it was somebody else who signed up",
        VisitorCall::ForgotPassword => "Ask for a mail that sets a new password",
        VisitorCall::ValidateReset => "Whether the token of that mail is good",
        VisitorCall::ResetPassword => "Set a new password by the token of the mail",
        VisitorCall::ConfirmEmail => "Confirm a new address, by the token of the mail",
        VisitorCall::RevertEmail => "Take the old address back, by the token of the notice",
        VisitorCall::LogIn => "Log in",
        VisitorCall::AskLink => "Ask for a mail with a link that logs in",
        VisitorCall::SpendLink => {
            "Log in by the token of the link, or show a code for the browser that asked"
        }
        VisitorCall::SpendCode => "Log in by that code",
        VisitorCall::MetaFields => "What is asked for at a sign-up",
    }
}

fn of_own_account(call: OwnAccountCall) -> &'static str {
    match call {
        OwnAccountCall::LogOut => "Log out",
        OwnAccountCall::Session => "Show the session of the caller",
        OwnAccountCall::Read => "Show the own account",
        OwnAccountCall::Delete => "Delete the own account",
        OwnAccountCall::ChangePassword => "Change the own password",
        OwnAccountCall::ChangeEmail => "Ask for another address, which counts once it is confirmed",
        OwnAccountCall::ChangeMeta => "Change what else is known of the developer",
        OwnAccountCall::Sessions => "List the own sessions",
        OwnAccountCall::EndSessions => "End all other sessions",
        OwnAccountCall::EndSession => "End one session",
    }
}

fn of_application(call: ApplicationCall) -> &'static str {
    match call {
        ApplicationCall::Services => "List the services that are open for registration",
        ApplicationCall::Document => "The specification of one of these services, as it was uploaded",
        ApplicationCall::List => "List the own applications",
        ApplicationCall::Create => "Make an application",
        ApplicationCall::Read => "Show an application",
        ApplicationCall::Change => "Change an application",
        ApplicationCall::Delete => "Delete an application",
        ApplicationCall::Transfer => "Offer an application to another developer",
        ApplicationCall::AcceptTransfer => "Take over an application that was offered",
        ApplicationCall::Contracts => "List the contracts of an application",
        ApplicationCall::AskAccess => "Ask for access to a service",
        ApplicationCall::Contract => "Show a contract",
        ApplicationCall::Withdraw => "Withdraw a contract",
        ApplicationCall::Credentials => "List the credentials of an application",
        ApplicationCall::Generate => "Generate a credential: its key is shown this once",
        ApplicationCall::Credential => "Show a credential",
        ApplicationCall::Rename => "Name a credential",
        ApplicationCall::DeleteCredential => "Delete a credential",
        ApplicationCall::Rotate => "Give a credential another key",
        ApplicationCall::EndOverlap => "End the overlap of a rotation",
    }
}

fn of_backup(call: BackupCall) -> &'static str {
    match call {
        BackupCall::List => "Show the back-up that goes on",
        BackupCall::Begin => "Begin a back-up: it is of this moment",
        BackupCall::Page => "List the records of a back-up; where one comes again, that is how it was",
        BackupCall::End => "End a back-up",
    }
}

fn of_restore(call: RestoreCall) -> &'static str {
    match call {
        RestoreCall::List => "Show the restore that goes on",
        RestoreCall::Begin => {
            "Begin a restore, or go on with it, until it is at stage `loading`: all that is stored is removed"
        }
        RestoreCall::Part => {
            "Write a part of what a back-up holds, in order; one that was written is passed over"
        }
        RestoreCall::Finish => "End a restore: what was written is published",
        RestoreCall::GiveUp => "Give up a restore: nothing is left",
    }
}

fn verb_of(verb: Verb) -> &'static str {
    match verb {
        Verb::Read => "Show",
        Verb::Replace => "Make or replace",
        Verb::Change => "Change",
        Verb::Delete => "Remove",
    }
}

fn several_of(kind: EntityKind) -> String {
    kind.name().replace('_', " ")
}

/// Every name of a kind is a plural in `s`.
fn one_of(kind: EntityKind) -> String {
    several_of(kind).trim_end_matches('s').to_owned()
}

fn a(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}
