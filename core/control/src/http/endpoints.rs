//! Every endpoint at the control door, in one table.
//!
//! From it come the routing, 404, 405 and OPTIONS, `/endpoints`, `/openapi.json`, and the test of who
//! may call what.

use latchkey_pages::Front;

use super::page_names::Page;
use super::shapes;
use crate::schema::{EntityKind, Field, NAMED_TOKEN, SETTINGS};

/// A part of the control door: its paths begin alike, and are for the same callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// What anybody may see.
    Open,
    /// Kong's Admin API.
    Admin,
    /// Kong's Portal API, for developers.
    Portal,
    /// The pages of developers.
    PortalPages,
    /// The pages of administrators.
    Manager,
}

impl Surface {
    /// What its paths begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Surface::Open => "",
            Surface::Admin => "/admin",
            Surface::Portal => "/portal/api",
            Surface::PortalPages => "/portal",
            Surface::Manager => "/manager",
        }
    }

    /// Whose pages it is; `None`: it has none.
    pub fn front(self) -> Option<Front> {
        match self {
            Surface::Open | Surface::Admin | Surface::Portal => None,
            Surface::PortalPages => Some(Front::Portal),
            Surface::Manager => Some(Front::Manager),
        }
    }

    /// Who may call below it, also where no endpoint is.
    pub fn who(self) -> Who {
        match self {
            Surface::Open => Who::Anyone,
            Surface::Admin => Who::Administrator,
            // What is asked for decides: there is much that anybody may see.
            Surface::Portal | Surface::PortalPages | Surface::Manager => Who::Anyone,
        }
    }

    /// The statuses that any call below it may be answered with, whatever the call: who asks is not
    /// let in or asks too often, the request or its body cannot be read, something fails.
    pub fn refusals(self) -> &'static [u16] {
        match self {
            Surface::Open => &[400, 429, 500, 501, 503],
            Surface::Admin => &[400, 401, 408, 413, 429, 500, 501, 503],
            Surface::Portal | Surface::PortalPages | Surface::Manager => {
                &[400, 401, 403, 408, 413, 421, 429, 500, 501, 503]
            }
        }
    }
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever reaches the door.
    Anyone,
    /// Who shows an admin token: others get 401, and 403 who may only read where something changes
    /// ([`Call::permission`]).
    Administrator,
    /// Who is logged in to the portal: others get 401.
    Developer,
    /// The same, once approved: who waits for that gets 403.
    Approved,
    /// Whoever reaches the door, but for a developer who waits to be approved, who gets 403.
    NotWaiting,
    /// Whoever reaches the door; who is logged in is known.
    Known,
}

/// What a caller may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// See.
    Read,
    /// See and change.
    Change,
    /// Take the place of all there is, named admin tokens too: with the installation's token alone.
    Replace,
}

/// What a call takes besides its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing; a body is not looked at.
    Nothing,
    /// `size` and `offset` in the query, and `tags` where there are any.
    Page,
    /// A page of the audit, with its filters.
    AuditPage,
    /// An object in the body.
    Object,
    /// The fields of a page's form.
    Form,
    /// A file, as the body or in a field of a form.
    File(SentFile),
}

/// A file that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentFile {
    /// A specification of a service.
    Document,
    /// The portal's logo.
    Logo,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// What the door answers alone.
    Plain(Plain),
    /// What this installation is.
    Information,
    /// Whether it works.
    Status,
    /// The paths there are.
    Endpoints,
    /// Names of the plugins there are.
    EnabledPlugins,
    /// The table of an entity.
    EntitySchema,
    /// The table of a plugin.
    PluginSchema,
    /// Whether an entity would be taken, by its table alone.
    ValidateEntity,
    /// A page of entities.
    List(Listing),
    /// Makes an entity, below those in the path.
    Create(EntityKind),
    /// One entity.
    Item(EntityKind, Verb),
    /// The entity that the one before in the path refers to.
    Reference(EntityKind, Verb),
    /// Gives the credential at the end of the path another key.
    Rotate(EntityKind),
    /// Ends the grace of the key before.
    EndGrace,
    /// Whose a key is.
    FindKey,
    /// Which route a request would match.
    MatchRoute,
    /// Approves, rejects or revokes many contracts.
    DecideContracts,
    /// The consumer of an application.
    ApplicationConsumer,
    /// A page of the audit.
    Audit,
    /// What an administrator changes while it runs.
    Settings,
    /// Changes it.
    ChangeSettings,
    /// A page of the named admin tokens.
    Tokens,
    /// Makes a named admin token.
    MakeToken,
    /// One named admin token.
    Token(Verb),
    /// Back-ups.
    Backup(BackupCall),
    /// Restores.
    Restore(RestoreCall),
    /// The keys of the tags of this installation's keys.
    TagKeys,
    /// A page of the imports that are there.
    Imports,
    /// One import: how far it has come, or that it is forgotten.
    Import(Verb),
    /// Begins an import, or goes on with it.
    AdvanceImport,
    /// Takes a part of an import.
    ReceivePart,
    /// The specification of a service.
    Document(Verb),
    /// The portal's logo.
    Logo(Verb),
    /// Writes a mail to see whether it arrives.
    TestMail,
    /// What an administrator looks at first.
    Overview,
    /// What would stop without an entity.
    Impact,
    /// Mails a developer a link that sets a new password.
    StartReset,
    /// Takes an access token back for the client that it was issued to.
    RevokeAccessToken,
    /// Takes an access token back.
    DeleteAccessToken,
    /// Refuses an access token that is to be brought.
    RefuseAccessTokens,
    /// What developers do themselves.
    Portal(PortalCall),
    /// A page: GET shows it, POST does what its form says.
    Page(Page),
}

/// What developers do themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortalCall {
    /// By whoever.
    Visitor(VisitorCall),
    /// With the own account.
    OwnAccount(OwnAccountCall),
    /// With applications.
    Application(ApplicationCall),
}

/// What is done by whoever reaches the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitorCall {
    /// Signs up.
    Register,
    /// Confirms the address of a sign-up.
    Verify,
    /// Sends that mail once more.
    ResendVerification,
    /// Says that it was not oneself who signed up.
    InvalidateVerification,
    /// Asks for a mail that sets a new password.
    ForgotPassword,
    /// Says whether its token is good.
    ValidateReset,
    /// Sets a new password by it.
    ResetPassword,
    /// Confirms a new address.
    ConfirmEmail,
    /// Takes the old address back.
    RevertEmail,
    /// Logs in.
    LogIn,
    /// Asks for a mail with a link that logs in.
    AskLink,
    /// Logs in by its token, or shows a code where another browser asked for it.
    SpendLink,
    /// Logs in by that code.
    SpendCode,
    /// What is asked for at a sign-up.
    MetaFields,
}

/// What is done with the own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnAccountCall {
    /// Logs out.
    LogOut,
    /// The session of the caller.
    Session,
    /// The own account.
    Read,
    /// Deletes it.
    Delete,
    /// Changes its password.
    ChangePassword,
    /// Asks for another address.
    ChangeEmail,
    /// Changes what else is known of the developer.
    ChangeMeta,
    /// The own sessions.
    Sessions,
    /// Ends all others.
    EndSessions,
    /// Ends one.
    EndSession,
}

/// What is done with applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplicationCall {
    /// Services that are open for registration.
    Services,
    /// The specification of one of them.
    Document,
    /// The own applications.
    List,
    /// Makes one.
    Create,
    /// One of them.
    Read,
    /// Changes it.
    Change,
    /// Deletes it.
    Delete,
    /// Offers it to another developer.
    Transfer,
    /// Takes it over.
    AcceptTransfer,
    /// Its contracts.
    Contracts,
    /// Asks for access to a service.
    AskAccess,
    /// One contract.
    Contract,
    /// Withdraws it.
    Withdraw,
    /// Its credentials.
    Credentials,
    /// Generates one.
    Generate,
    /// One credential.
    Credential,
    /// Names it.
    Rename,
    /// Deletes it.
    DeleteCredential,
    /// Gives it another key.
    Rotate,
    /// Ends the overlap.
    EndOverlap,
}

impl PortalCall {
    /// Who may make it.
    pub fn who(self) -> Who {
        match self {
            PortalCall::Visitor(_) => Who::Anyone,
            PortalCall::OwnAccount(_) => Who::Developer,
            PortalCall::Application(ApplicationCall::Services | ApplicationCall::Document) => Who::NotWaiting,
            PortalCall::Application(_) => Who::Approved,
        }
    }
}

/// What is done with a back-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupCall {
    /// Shows the one that goes on.
    List,
    /// Begins one.
    Begin,
    /// A page of its records.
    Page,
    /// Ends it.
    End,
}

/// What is done with a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreCall {
    /// Shows the one that goes on.
    List,
    /// Begins one, or goes on with it.
    Begin,
    /// Takes a part of what the back-up holds.
    Part,
    /// Publishes what was restored.
    Finish,
    /// Gives it up.
    GiveUp,
}

impl Action {
    /// What it answers with when it is done.
    pub fn gives(self) -> Gives {
        match self {
            Action::Plain(plain) => plain.gives(),
            Action::Portal(call) => call.gives(),
            Action::Page(_) => Gives::Page,
            Action::StartReset | Action::DeleteAccessToken | Action::RefuseAccessTokens => Gives::Nothing,
            Action::RevokeAccessToken => Gives::Record(shapes::REVOKED),
            Action::Document(Verb::Read) => Gives::Document,
            Action::Document(Verb::Replace | Verb::Change) => Gives::Record(shapes::DOCUMENT),
            Action::Logo(Verb::Read) => Gives::Png,
            Action::Logo(Verb::Replace | Verb::Change) => Gives::Record(shapes::LOGO),
            Action::Impact => Gives::Record(shapes::IMPACT),
            Action::Overview => Gives::Record(shapes::OVERVIEW),
            Action::TestMail => Gives::Record(shapes::TEST_MAIL_SENT),
            Action::Document(Verb::Delete) | Action::Logo(Verb::Delete) => Gives::Nothing,
            Action::Information => Gives::Record(shapes::INFORMATION),
            Action::Status => Gives::Record(shapes::STATUS),
            Action::Endpoints => Gives::Record(shapes::ENDPOINTS),
            Action::EnabledPlugins => Gives::Record(shapes::ENABLED_PLUGINS),
            Action::EntitySchema | Action::PluginSchema => Gives::Schema,
            Action::ValidateEntity => Gives::Record(shapes::VALIDATED),
            Action::List(Listing::Of(kind) | Listing::OfApplicationsConsumer(kind)) => Gives::List(kind),
            Action::List(Listing::Tags) => Gives::Record(shapes::TAGS),
            Action::List(Listing::Nothing) => Gives::Record(shapes::NOTHING_LISTED),
            Action::List(Listing::ServiceApplications) => Gives::List(EntityKind::Applications),
            Action::Create(kind) => Gives::Made(kind),
            Action::Item(_, Verb::Delete) | Action::Reference(_, Verb::Delete) => Gives::Nothing,
            // Kong wraps this one answer.
            Action::Item(EntityKind::Developers, Verb::Change)
            | Action::Reference(EntityKind::Developers, Verb::Change) => {
                Gives::Wrapped("developer", EntityKind::Developers)
            }
            Action::Item(kind, _) | Action::Reference(kind, _) => Gives::Entity(kind),
            Action::Rotate(kind) => Gives::Entity(kind),
            Action::EndGrace => Gives::Nothing,
            Action::FindKey => Gives::Record(shapes::FOUND_KEY),
            Action::MatchRoute => Gives::Record(shapes::ROUTE_MATCH),
            Action::DecideContracts => Gives::Record(shapes::DECISIONS),
            Action::ApplicationConsumer => Gives::Entity(EntityKind::Consumers),
            Action::Audit => Gives::RecordList(shapes::AUDIT_RECORD),
            Action::TagKeys => Gives::Record(shapes::TAG_KEYS),
            Action::Settings | Action::ChangeSettings => Gives::Record(SETTINGS),
            Action::Tokens => Gives::RecordList(NAMED_TOKEN),
            Action::Token(Verb::Delete) | Action::Import(Verb::Delete) => Gives::Nothing,
            Action::Imports => Gives::RecordList(shapes::IMPORT),
            Action::Import(_) | Action::AdvanceImport => Gives::Record(shapes::IMPORT),
            Action::ReceivePart => Gives::Record(shapes::IMPORT_PART),
            Action::MakeToken | Action::Token(_) => Gives::Record(NAMED_TOKEN),
            Action::Backup(BackupCall::List) => Gives::RecordList(shapes::RUN),
            Action::Backup(BackupCall::Begin) => Gives::Record(shapes::BACKUP),
            Action::Backup(BackupCall::Page) => Gives::RecordList(shapes::BACKUP_RECORD),
            Action::Restore(RestoreCall::List) => Gives::RecordList(shapes::RESTORE),
            Action::Restore(RestoreCall::Begin | RestoreCall::Part) => Gives::Record(shapes::RESTORE),
            Action::Backup(BackupCall::End) | Action::Restore(RestoreCall::Finish | RestoreCall::GiveUp) => {
                Gives::Nothing
            }
        }
    }

    /// Whether it is about what is stored, of which there is no telling while a restore goes on.
    pub fn is_of_what_is_stored(self) -> bool {
        match self {
            Action::List(Listing::Nothing)
            | Action::Plain(_)
            | Action::Information
            | Action::Status
            | Action::Endpoints
            | Action::EnabledPlugins
            | Action::EntitySchema
            | Action::PluginSchema
            | Action::ValidateEntity
            | Action::Backup(_)
            | Action::Restore(_) => false,
            Action::List(_)
            | Action::Create(_)
            | Action::Item(..)
            | Action::Reference(..)
            | Action::ApplicationConsumer
            | Action::Audit
            | Action::Settings
            | Action::ChangeSettings
            | Action::Tokens
            | Action::MakeToken
            | Action::Token(_)
            | Action::Rotate(_)
            | Action::EndGrace
            | Action::FindKey
            | Action::MatchRoute
            | Action::DecideContracts
            | Action::TagKeys
            | Action::Imports
            | Action::Import(_)
            | Action::AdvanceImport
            | Action::Portal(_)
            | Action::Page(_)
            | Action::Document(_)
            | Action::Logo(_)
            | Action::Overview
            | Action::Impact
            | Action::TestMail
            | Action::StartReset
            | Action::RevokeAccessToken
            | Action::DeleteAccessToken
            | Action::RefuseAccessTokens
            | Action::ReceivePart => true,
        }
    }
}

impl Action {
    /// What a caller needs to be let, whatever the method.
    pub fn permission(self) -> Permission {
        match self {
            Action::Plain(_)
            | Action::Portal(_)
            // Its client is asked who it is, and may take back what is its own.
            | Action::RevokeAccessToken
            // What it does is asked of endpoints, as its caller.
            | Action::Page(_)
            | Action::Information
            | Action::Status
            | Action::Endpoints
            | Action::EnabledPlugins
            | Action::EntitySchema
            | Action::PluginSchema
            | Action::ValidateEntity
            | Action::List(_)
            | Action::Item(_, Verb::Read)
            | Action::Reference(_, Verb::Read)
            | Action::FindKey
            | Action::MatchRoute
            | Action::ApplicationConsumer
            | Action::Audit
            | Action::Settings
            | Action::Tokens
            | Action::Token(Verb::Read)
            | Action::Document(Verb::Read)
            | Action::Logo(Verb::Read)
            | Action::Overview
            | Action::Impact
            | Action::Imports
            | Action::Import(Verb::Read)
            | Action::Backup(BackupCall::List)
            | Action::Restore(RestoreCall::List) => Permission::Read,
            Action::Create(_)
            | Action::Item(_, Verb::Replace | Verb::Change | Verb::Delete)
            | Action::Reference(_, Verb::Replace | Verb::Change | Verb::Delete)
            | Action::Rotate(_)
            | Action::EndGrace
            | Action::DecideContracts
            | Action::ChangeSettings
            | Action::Document(Verb::Replace | Verb::Change | Verb::Delete)
            | Action::Logo(Verb::Replace | Verb::Change | Verb::Delete)
            | Action::TestMail
            | Action::StartReset
            | Action::DeleteAccessToken
            | Action::RefuseAccessTokens
            | Action::MakeToken
            | Action::Token(Verb::Replace | Verb::Change | Verb::Delete)
            | Action::ReceivePart
            | Action::AdvanceImport
            | Action::Import(Verb::Replace | Verb::Change | Verb::Delete)
            // Who has them can make keys that cost a read to refuse.
            | Action::TagKeys
            // It is everything that is stored.
            | Action::Backup(BackupCall::Begin | BackupCall::Page | BackupCall::End) => Permission::Change,
            Action::Restore(
                RestoreCall::Begin | RestoreCall::Part | RestoreCall::Finish | RestoreCall::GiveUp,
            ) => Permission::Replace,
        }
    }
}

/// What a call answers with when it is done.
#[derive(Clone, Copy, Debug)]
pub enum Gives {
    /// No body.
    Nothing,
    /// A page of HTML.
    Page,
    /// A specification of a service, as it was uploaded.
    Document,
    /// A picture.
    Png,
    /// The description of the whole API.
    OpenApi,
    /// The table of an entity or a plugin, as Kong describes it.
    Schema,
    /// An object with these fields.
    Record(&'static [Field]),
    /// An entity.
    Entity(EntityKind),
    /// An entity that was made, with what is shown of it this once.
    Made(EntityKind),
    /// An entity as the one member, of this name, of an object.
    Wrapped(&'static str, EntityKind),
    /// A page of entities.
    List(EntityKind),
    /// A page of objects with these fields.
    RecordList(&'static [Field]),
    /// An object with these fields, and an entity as one more, of this name.
    RecordWith(&'static [Field], &'static str, EntityKind),
    /// Objects with these fields, all of them, without anything around.
    Records(&'static [Field]),
}

/// What needs neither body nor store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// The page that says what is where.
    Welcome,
    /// Whether this door answers.
    Health,
    /// What the control door takes and answers, for programs.
    OpenApi,
    /// The methods of a path.
    Options,
    /// The style sheet or the script of pages.
    Asset,
}

impl Plain {
    fn gives(self) -> Gives {
        match self {
            Plain::Welcome | Plain::Asset => Gives::Page,
            Plain::Health => Gives::Record(shapes::HEALTH),
            Plain::OpenApi => Gives::OpenApi,
            Plain::Options => Gives::Nothing,
        }
    }
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The entities of a kind, or those of the entity before in the path.
    Of(EntityKind),
    /// The applications that have a contract with a service.
    ServiceApplications,
    /// Every tag of every entity, or the tag in the path of whoever has it.
    Tags,
    /// What there is none of here.
    Nothing,
    /// What of a developer's a consumer in the path has: nothing, since only the hidden consumers of
    /// applications have any.
    OfApplicationsConsumer(EntityKind),
}

/// What is done with one entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Shows it.
    Read,
    /// Makes it what is sent.
    Replace,
    /// Changes what is sent.
    Change,
    /// Removes it.
    Delete,
}

/// One method of a path.
#[derive(Debug)]
pub struct Call {
    /// `GET`, …
    pub method: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// The statuses that it answers once the caller may call: the first when it is done, the others
    /// when it is not. Besides, where there is a store: 500 and 503.
    pub answers: &'static [u16],
    /// What it does.
    pub action: Action,
}

impl Call {
    /// Who may make it, on a surface.
    pub fn who(&self, surface: Surface) -> Who {
        match self.action {
            Action::Portal(call) => call.who(),
            Action::Page(page) => page.who(),
            _ => surface.who(),
        }
    }

    /// What a caller needs to be let.
    pub fn permission(&self) -> Permission {
        self.action.permission()
    }
}

/// A path and its calls.
#[derive(Debug)]
pub struct Endpoint {
    /// Where it is, and so who may call it.
    pub surface: Surface,
    /// Below the surface's prefix. Segments in braces take any text: a kind's name stands for the id
    /// or endpoint key of an entity of that kind.
    pub path: &'static str,
    /// One for each method. HEAD, which is GET without a body, goes along with it; OPTIONS every path
    /// takes.
    pub calls: &'static [Call],
}

impl Endpoint {
    /// What a method does here; `None`: 405.
    pub fn call(&self, method: &str) -> Option<&'static Call> {
        match method {
            "OPTIONS" => Some(&OPTIONS),
            "HEAD" => self.call("GET"),
            method => self.calls.iter().find(|call| call.method == method),
        }
    }

    /// The names in its braces, in order.
    pub fn variables(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(variable)
    }

    /// The kinds of the entities in its path, in order.
    pub fn kinds(&self) -> impl Iterator<Item = EntityKind> {
        self.variables().filter_map(EntityKind::parse)
    }

    /// For `Allow`: all its methods, in order.
    pub fn methods(&self) -> Vec<&'static str> {
        let mut methods = vec!["OPTIONS"];
        methods.extend(self.calls.iter().map(|call| call.method));
        methods.extend(self.call("HEAD").map(|_| "HEAD"));
        methods.sort_unstable();
        methods
    }
}

static OPTIONS: Call = call("OPTIONS", Takes::Nothing, &[204], Action::Plain(Plain::Options));

pub(super) const fn call(
    method: &'static str,
    takes: Takes,
    answers: &'static [u16],
    action: Action,
) -> Call {
    Call { method, takes, answers, action }
}

/// What is always there.
const fn show(action: Action) -> [Call; 1] {
    [call("GET", Takes::Nothing, &[200], action)]
}

const fn look_up(action: Action) -> [Call; 1] {
    [call("GET", Takes::Nothing, &[200, 404], action)]
}

const fn validate() -> [Call; 1] {
    [call("POST", Takes::Object, &[200, 400, 404, 415], Action::ValidateEntity)]
}

const fn list(listing: Listing) -> [Call; 1] {
    [call("GET", Takes::Page, &[200, 400, 404], Action::List(listing))]
}

/// Kong's kinds of entity of which there are none here, and there never will be any: decK reads their
/// lists.
const NOTHING: [Call; 1] = [call("GET", Takes::Page, &[200, 400], Action::List(Listing::Nothing))];

const fn collection(kind: EntityKind) -> [Call; 2] {
    // As Kong has it.
    let made: &[u16] = match kind {
        EntityKind::Developers => &[200, 400, 404, 409, 415],
        _ => &[201, 400, 404, 409, 415],
    };
    let [list] = list(Listing::Of(kind));
    [list, call("POST", Takes::Object, made, Action::Create(kind))]
}

const READ: &[u16] = &[200, 400, 404];
const WRITE: &[u16] = &[200, 400, 404, 409, 415];
const DELETE: &[u16] = &[204, 400, 404];

const fn item(kind: EntityKind) -> [Call; 4] {
    [
        call("GET", Takes::Nothing, READ, Action::Item(kind, Verb::Read)),
        call("PUT", Takes::Object, WRITE, Action::Item(kind, Verb::Replace)),
        call("PATCH", Takes::Object, WRITE, Action::Item(kind, Verb::Change)),
        call("DELETE", Takes::Nothing, DELETE, Action::Item(kind, Verb::Delete)),
    ]
}

const fn item_without_put(kind: EntityKind) -> [Call; 3] {
    let [read, _, change, delete] = item(kind);
    [read, change, delete]
}

const fn rotation(kind: EntityKind) -> [Call; 2] {
    [
        call("POST", Takes::Object, &[201, 400, 404, 415], Action::Rotate(kind)),
        call("DELETE", Takes::Nothing, DELETE, Action::EndGrace),
    ]
}

const fn reference(kind: EntityKind) -> [Call; 3] {
    [
        call("GET", Takes::Nothing, READ, Action::Reference(kind, Verb::Read)),
        call("PUT", Takes::Object, WRITE, Action::Reference(kind, Verb::Replace)),
        call("PATCH", Takes::Object, WRITE, Action::Reference(kind, Verb::Change)),
    ]
}

const fn reference_without_put(kind: EntityKind) -> [Call; 2] {
    let [read, _, change] = reference(kind);
    [read, change]
}

const START_RESET: [Call; 1] = [call("POST", Takes::Object, &[204, 200, 400, 404, 415], Action::StartReset)];

const LOGO: [Call; 3] = [
    call("GET", Takes::Nothing, &[200, 404], Action::Logo(Verb::Read)),
    call("PUT", Takes::File(SentFile::Logo), &[200, 400, 415], Action::Logo(Verb::Replace)),
    call("DELETE", Takes::Nothing, &[204], Action::Logo(Verb::Delete)),
];

const TEST_MAIL: [Call; 1] = [call("POST", Takes::Object, &[200, 400, 415], Action::TestMail)];

const DOCUMENT: [Call; 3] = [
    call("GET", Takes::Nothing, READ, Action::Document(Verb::Read)),
    call("PUT", Takes::File(SentFile::Document), &[200, 400, 404, 415], Action::Document(Verb::Replace)),
    call("DELETE", Takes::Nothing, DELETE, Action::Document(Verb::Delete)),
];

const AUDIT: [Call; 1] = [call("GET", Takes::AuditPage, &[200, 400], Action::Audit)];

const SETTINGS_CALLS: [Call; 2] = [
    call("GET", Takes::Nothing, &[200], Action::Settings),
    call("PATCH", Takes::Object, &[200, 400, 415], Action::ChangeSettings),
];

const TOKENS: [Call; 2] = [
    call("GET", Takes::Page, &[200, 400], Action::Tokens),
    call("POST", Takes::Object, &[201, 400, 409, 415], Action::MakeToken),
];

const TOKEN: [Call; 3] = [
    call("GET", Takes::Nothing, &[200, 404], Action::Token(Verb::Read)),
    call("PATCH", Takes::Object, WRITE, Action::Token(Verb::Change)),
    call("DELETE", Takes::Nothing, &[204], Action::Token(Verb::Delete)),
];

const BACKUPS: [Call; 2] = [
    call("GET", Takes::Nothing, &[200], Action::Backup(BackupCall::List)),
    call("POST", Takes::Object, &[201, 400, 409, 415], Action::Backup(BackupCall::Begin)),
];

const BACKUP: [Call; 1] = [call("DELETE", Takes::Nothing, &[204], Action::Backup(BackupCall::End))];

const BACKUP_PAGES: [Call; 1] =
    [call("GET", Takes::Page, &[200, 400, 404, 409], Action::Backup(BackupCall::Page))];

const RESTORES: [Call; 2] = [
    call("GET", Takes::Nothing, &[200], Action::Restore(RestoreCall::List)),
    call("POST", Takes::Object, &[201, 400, 404, 409, 415], Action::Restore(RestoreCall::Begin)),
];

const RESTORE: [Call; 1] = [call("DELETE", Takes::Nothing, &[204], Action::Restore(RestoreCall::GiveUp))];

const RESTORE_PART: [Call; 1] =
    [call("PUT", Takes::Object, &[200, 400, 404, 409, 415], Action::Restore(RestoreCall::Part))];

const RESTORE_FINISH: [Call; 1] =
    [call("POST", Takes::Object, &[204, 400, 404, 409, 415], Action::Restore(RestoreCall::Finish))];

const IMPORTS: [Call; 1] = [call("GET", Takes::Page, &[200, 400], Action::Imports)];

const IMPORT: [Call; 3] = [
    call("GET", Takes::Nothing, READ, Action::Import(Verb::Read)),
    call("POST", Takes::Object, WRITE, Action::AdvanceImport),
    call("DELETE", Takes::Nothing, &[204, 400, 404, 409], Action::Import(Verb::Delete)),
];

const IMPORT_PART: [Call; 1] = [call("PUT", Takes::Object, WRITE, Action::ReceivePart)];

const REVOKE: [Call; 1] = [call("POST", Takes::Object, &[200, 400, 401], Action::RevokeAccessToken)];

const ACCESS_TOKENS: [Call; 2] = [
    call("GET", Takes::Page, &[200, 400], Action::List(Listing::Nothing)),
    call("POST", Takes::Object, &[400, 415], Action::RefuseAccessTokens),
];

const ACCESS_TOKEN: [Call; 1] = [call("DELETE", Takes::Nothing, &[204, 200], Action::DeleteAccessToken)];

const fn open(path: &'static str, calls: &'static [Call]) -> Endpoint {
    Endpoint { surface: Surface::Open, path, calls }
}

const fn admin(path: &'static str, calls: &'static [Call]) -> Endpoint {
    Endpoint { surface: Surface::Admin, path, calls }
}

const fn portal(path: &'static str, calls: &'static [Call]) -> Endpoint {
    Endpoint { surface: Surface::Portal, path, calls }
}

const fn visitor(method: &'static str, takes: Takes, answers: &'static [u16], call_: VisitorCall) -> Call {
    call(method, takes, answers, Action::Portal(PortalCall::Visitor(call_)))
}

const fn own_account(
    method: &'static str,
    takes: Takes,
    answers: &'static [u16],
    call_: OwnAccountCall,
) -> Call {
    call(method, takes, answers, Action::Portal(PortalCall::OwnAccount(call_)))
}

const fn application(
    method: &'static str,
    takes: Takes,
    answers: &'static [u16],
    call_: ApplicationCall,
) -> Call {
    call(method, takes, answers, Action::Portal(PortalCall::Application(call_)))
}

use EntityKind::{
    ApplicationInstances, Applications, Consumers, Developers, KeyauthCredentials, Oauth2Credentials,
    Plugins, Routes, Services,
};

/// Every endpoint but pages. The first that matches is taken.
#[rustfmt::skip]
pub static ENDPOINTS: &[Endpoint] = &[
    open("/", &show(Action::Plain(Plain::Welcome))),
    open("/health", &show(Action::Plain(Plain::Health))),
    open("/openapi.json", &show(Action::Plain(Plain::OpenApi))),
    open("/oauth2/revoke", &REVOKE),

    admin("/", &show(Action::Information)),
    admin("/status", &show(Action::Status)),
    admin("/endpoints", &show(Action::Endpoints)),
    admin("/schemas/{entity_name}/validate", &validate()),
    admin("/schemas/plugins/{plugin_name}", &look_up(Action::PluginSchema)),
    admin("/schemas/{entity_name}", &look_up(Action::EntitySchema)),

    admin("/audit", &AUDIT),
    admin("/tag-keys", &show(Action::TagKeys)),
    admin("/settings", &SETTINGS_CALLS),
    admin("/overview", &show(Action::Overview)),
    admin("/impact/{entity_name}/{entity}", &[call("GET", Takes::Nothing, READ, Action::Impact)]),
    admin("/settings/logo", &LOGO),
    admin("/settings/test-mail", &TEST_MAIL),
    admin("/tokens", &TOKENS),
    admin("/tokens/{token}", &TOKEN),
    admin("/imports", &IMPORTS),
    admin("/imports/{import}", &IMPORT),
    admin("/imports/{import}/parts/{part}", &IMPORT_PART),

    admin("/backups", &BACKUPS),
    admin("/backups/{backup}", &BACKUP),
    admin("/backups/{backup}/pages", &BACKUP_PAGES),
    admin("/restores", &RESTORES),
    admin("/restores/{restore}", &RESTORE),
    admin("/restores/{restore}/parts/{part}", &RESTORE_PART),
    admin("/restores/{restore}/finish", &RESTORE_FINISH),

    admin("/services", &collection(Services)),
    admin("/services/{services}", &item(Services)),
    admin("/services/{services}/routes", &collection(Routes)),
    admin("/services/{services}/routes/{routes}", &item(Routes)),
    admin("/services/{services}/plugins", &collection(Plugins)),
    admin("/services/{services}/plugins/{plugins}", &item(Plugins)),
    admin("/services/{services}/document", &DOCUMENT),
    admin("/services/{services}/applications", &list(Listing::ServiceApplications)),
    admin("/services/{services}/application_instances", &collection(ApplicationInstances)),
    admin("/services/{services}/application_instances/{application_instances}", &item_without_put(ApplicationInstances)),

    admin("/routes", &collection(Routes)),
    admin("/routes/{routes}", &item(Routes)),
    admin("/routes/{routes}/service", &reference(Services)),
    admin("/routes/{routes}/plugins", &collection(Plugins)),
    admin("/routes/{routes}/plugins/{plugins}", &item(Plugins)),

    admin("/consumers", &collection(Consumers)),
    admin("/consumers/{consumers}", &item(Consumers)),
    admin("/consumers/{consumers}/plugins", &collection(Plugins)),
    admin("/consumers/{consumers}/plugins/{plugins}", &item(Plugins)),
    admin("/consumers/{consumers}/applications", &list(Listing::OfApplicationsConsumer(Applications))),
    admin("/consumers/{consumers}/developers", &list(Listing::OfApplicationsConsumer(Developers))),
    admin("/consumers/{consumers}/key-auth", &collection(KeyauthCredentials)),
    admin("/consumers/{consumers}/key-auth/{keyauth_credentials}", &item(KeyauthCredentials)),
    admin("/consumers/{consumers}/key-auth/{keyauth_credentials}/rotate", &rotation(KeyauthCredentials)),

    admin("/plugins", &collection(Plugins)),
    admin("/plugins/enabled", &show(Action::EnabledPlugins)),
    admin("/plugins/{plugins}", &item(Plugins)),
    admin("/plugins/{plugins}/service", &reference(Services)),
    admin("/plugins/{plugins}/route", &reference(Routes)),
    admin("/plugins/{plugins}/consumer", &reference(Consumers)),

    admin("/tags", &[call("GET", Takes::Page, &[200, 400], Action::List(Listing::Tags))]),
    admin("/tags/{tag}", &[call("GET", Takes::Page, &[200, 400], Action::List(Listing::Tags))]),

    admin("/acls", &NOTHING),
    admin("/basic-auths", &NOTHING),
    admin("/ca_certificates", &NOTHING),
    admin("/certificates", &NOTHING),
    admin("/consumer_groups", &NOTHING),
    admin("/filter-chains", &NOTHING),
    admin("/hmac-auths", &NOTHING),
    admin("/jwts", &NOTHING),
    admin("/key-sets", &NOTHING),
    admin("/keys", &NOTHING),
    admin("/keys/find", &[call("POST", Takes::Object, &[200, 400, 404, 415], Action::FindKey)]),
    admin("/licenses", &NOTHING),
    admin("/mtls-auths", &NOTHING),
    admin("/partials", &NOTHING),
    // Not below `/routes`, where it would be taken for a route of that name.
    admin("/router/match", &[call("POST", Takes::Object, &[200, 400, 415], Action::MatchRoute)]),
    admin("/snis", &NOTHING),
    admin("/upstreams", &NOTHING),
    admin("/vaults", &NOTHING),

    admin("/key-auths", &collection(KeyauthCredentials)),
    admin("/key-auths/{keyauth_credentials}", &item(KeyauthCredentials)),
    admin("/key-auths/{keyauth_credentials}/rotate", &rotation(KeyauthCredentials)),
    admin("/key-auths/{keyauth_credentials}/consumer", &reference(Consumers)),

    admin("/consumers/{consumers}/oauth2", &collection(Oauth2Credentials)),
    admin("/consumers/{consumers}/oauth2/{oauth2_credentials}", &item(Oauth2Credentials)),
    admin("/consumers/{consumers}/oauth2/{oauth2_credentials}/rotate", &rotation(Oauth2Credentials)),
    admin("/oauth2", &collection(Oauth2Credentials)),
    admin("/oauth2/{oauth2_credentials}", &item(Oauth2Credentials)),
    admin("/oauth2/{oauth2_credentials}/rotate", &rotation(Oauth2Credentials)),
    admin("/oauth2/{oauth2_credentials}/consumer", &reference(Consumers)),
    admin("/oauth2_tokens", &ACCESS_TOKENS),
    admin("/oauth2_tokens/{access_token}", &ACCESS_TOKEN),

    admin("/developers", &collection(Developers)),
    admin("/developers/{developers}", &item_without_put(Developers)),
    admin("/developers/{developers}/reset-password", &START_RESET),
    admin("/developers/{developers}/applications", &collection(Applications)),
    admin("/developers/{developers}/applications/{applications}", &item_without_put(Applications)),
    admin("/developers/{developers}/applications/{applications}/application_instances", &collection(ApplicationInstances)),
    admin("/developers/{developers}/applications/{applications}/application_instances/{application_instances}", &item_without_put(ApplicationInstances)),
    admin("/developers/{developers}/applications/{applications}/credentials/oauth2", &collection(Oauth2Credentials)),
    admin("/developers/{developers}/applications/{applications}/credentials/oauth2/{oauth2_credentials}", &item_without_put(Oauth2Credentials)),
    admin("/developers/{developers}/applications/{applications}/credentials/oauth2/{oauth2_credentials}/rotate", &rotation(Oauth2Credentials)),

    admin("/applications", &collection(Applications)),
    admin("/applications/{applications}", &item_without_put(Applications)),
    admin("/applications/{applications}/developer", &reference_without_put(Developers)),
    admin("/applications/{applications}/consumer", &[call("GET", Takes::Nothing, READ, Action::ApplicationConsumer)]),
    admin("/application_instances", &list(Listing::Of(ApplicationInstances))),
    admin("/application_instances/decide", &[call("POST", Takes::Object, &[200, 400, 415], Action::DecideContracts)]),
    admin("/application_instances/{application_instances}", &item_without_put(ApplicationInstances)),
    admin("/applications/{applications}/application_instances", &collection(ApplicationInstances)),
    admin("/applications/{applications}/application_instances/{application_instances}", &item_without_put(ApplicationInstances)),
    admin("/applications/{applications}/credentials/oauth2", &collection(Oauth2Credentials)),
    admin("/applications/{applications}/credentials/oauth2/{oauth2_credentials}", &item_without_put(Oauth2Credentials)),
    admin("/applications/{applications}/credentials/oauth2/{oauth2_credentials}/rotate", &rotation(Oauth2Credentials)),

    portal("/register", &[visitor("POST", Takes::Object, &[200, 400, 403, 409, 415, 429, 503], VisitorCall::Register)]),
    portal("/verify-account", &[visitor("POST", Takes::Object, &[200, 400, 401, 403, 415], VisitorCall::Verify)]),
    portal("/resend-account-verification", &[visitor("POST", Takes::Object, &[204, 400, 403, 415, 503], VisitorCall::ResendVerification)]),
    portal("/invalidate-account-verification", &[visitor("POST", Takes::Object, &[204, 400, 401, 403, 415], VisitorCall::InvalidateVerification)]),
    portal("/forgot-password", &[visitor("POST", Takes::Object, &[200, 400, 403, 415, 503], VisitorCall::ForgotPassword)]),
    portal("/validate-reset", &[visitor("POST", Takes::Object, &[200, 400, 401, 403, 415], VisitorCall::ValidateReset)]),
    portal("/reset-password", &[visitor("POST", Takes::Object, &[200, 400, 401, 403, 415, 429, 503], VisitorCall::ResetPassword)]),
    portal("/confirm-email", &[visitor("POST", Takes::Object, &[200, 400, 401, 403, 415], VisitorCall::ConfirmEmail)]),
    portal("/revert-email", &[visitor("POST", Takes::Object, &[200, 400, 401, 403, 415], VisitorCall::RevertEmail)]),
    portal("/auth", &[
        visitor("GET", Takes::Nothing, &[204, 400, 401, 403, 429, 503], VisitorCall::LogIn),
        visitor("POST", Takes::Object, &[204, 400, 401, 403, 415, 429, 503], VisitorCall::LogIn),
        own_account("DELETE", Takes::Nothing, &[200, 401, 403], OwnAccountCall::LogOut),
    ]),
    portal("/auth/link", &[visitor("POST", Takes::Object, &[204, 400, 403, 404, 415, 503], VisitorCall::AskLink)]),
    portal("/auth/link/token", &[visitor("POST", Takes::Object, &[200, 204, 400, 401, 403, 404, 415], VisitorCall::SpendLink)]),
    portal("/auth/link/code", &[visitor("POST", Takes::Object, &[204, 400, 401, 403, 404, 415], VisitorCall::SpendCode)]),
    portal("/session", &[own_account("GET", Takes::Nothing, &[200, 401], OwnAccountCall::Session)]),
    portal("/developer", &[
        own_account("GET", Takes::Nothing, &[200, 401], OwnAccountCall::Read),
        own_account("DELETE", Takes::Nothing, &[204, 401, 403], OwnAccountCall::Delete),
    ]),
    portal("/developer/password", &[own_account("PATCH", Takes::Object, &[204, 400, 401, 403, 415, 429, 503], OwnAccountCall::ChangePassword)]),
    portal("/developer/email", &[own_account("PATCH", Takes::Object, &[200, 400, 401, 403, 415, 503], OwnAccountCall::ChangeEmail)]),
    portal("/developer/meta", &[own_account("PATCH", Takes::Object, &[200, 400, 401, 403, 415], OwnAccountCall::ChangeMeta)]),
    portal("/developer/meta_fields", &[visitor("GET", Takes::Nothing, &[200], VisitorCall::MetaFields)]),
    portal("/developer/sessions", &[
        own_account("GET", Takes::Page, &[200, 400, 401], OwnAccountCall::Sessions),
        own_account("DELETE", Takes::Nothing, &[204, 401, 403], OwnAccountCall::EndSessions),
    ]),
    portal("/developer/sessions/{session}", &[own_account("DELETE", Takes::Nothing, &[204, 401, 403, 404], OwnAccountCall::EndSession)]),
    portal("/application_services", &[application("GET", Takes::Page, &[200, 400, 403], ApplicationCall::Services)]),
    portal("/application_services/{services}/document", &[application("GET", Takes::Nothing, &[200, 403, 404], ApplicationCall::Document)]),
    portal("/applications", &[
        application("GET", Takes::Page, &[200, 400, 401, 403], ApplicationCall::List),
        application("POST", Takes::Object, &[201, 400, 401, 403, 409, 415], ApplicationCall::Create),
    ]),
    portal("/applications/{applications}", &[
        application("GET", Takes::Nothing, &[200, 401, 403, 404], ApplicationCall::Read),
        application("PATCH", Takes::Object, &[200, 400, 401, 403, 404, 409, 415], ApplicationCall::Change),
        application("DELETE", Takes::Nothing, &[204, 401, 403, 404], ApplicationCall::Delete),
    ]),
    portal("/applications/{applications}/transfer", &[application("POST", Takes::Object, &[204, 400, 401, 403, 404, 415], ApplicationCall::Transfer)]),
    portal("/applications/{applications}/transfer/accept", &[application("POST", Takes::Object, &[200, 400, 401, 403, 404, 415], ApplicationCall::AcceptTransfer)]),
    portal("/applications/{applications}/application_instances", &[
        application("GET", Takes::Page, &[200, 400, 401, 403, 404], ApplicationCall::Contracts),
        application("POST", Takes::Object, &[201, 400, 401, 403, 404, 409, 415], ApplicationCall::AskAccess),
    ]),
    portal("/applications/{applications}/application_instances/{application_instances}", &[
        application("GET", Takes::Nothing, &[200, 401, 403, 404], ApplicationCall::Contract),
        application("DELETE", Takes::Nothing, &[204, 401, 403, 404], ApplicationCall::Withdraw),
    ]),
    portal("/applications/{applications}/credentials", &[
        application("GET", Takes::Page, &[200, 400, 401, 403, 404], ApplicationCall::Credentials),
        application("POST", Takes::Object, &[201, 400, 401, 403, 404, 409, 415], ApplicationCall::Generate),
    ]),
    portal("/applications/{applications}/credentials/{oauth2_credentials}", &[
        application("GET", Takes::Nothing, &[200, 401, 403, 404], ApplicationCall::Credential),
        application("PATCH", Takes::Object, &[200, 400, 401, 403, 404, 409, 415], ApplicationCall::Rename),
        application("DELETE", Takes::Nothing, &[204, 401, 403, 404], ApplicationCall::DeleteCredential),
    ]),
    portal("/applications/{applications}/credentials/{oauth2_credentials}/rotate", &[
        application("POST", Takes::Object, &[201, 400, 401, 403, 404, 415], ApplicationCall::Rotate),
        application("DELETE", Takes::Nothing, &[204, 401, 403, 404], ApplicationCall::EndOverlap),
    ]),
];

/// The name in a segment of a pattern that takes any text.
pub(super) fn variable(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}
