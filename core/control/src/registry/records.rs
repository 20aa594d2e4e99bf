//! Where entities, their indexes and their guards are stored.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::schema::EntityKind;
use latchkey_published::keys::{KeyDigest, hex};
use latchkey_published::plugins::ApplicationRegistrationSettings as Registration;
use latchkey_published::snapshot::PieceId;
use latchkey_store::RecordKey;

/// Longest value that stands in a key as it is, in bytes (DynamoDB: 1024 for a sort key).
const PLAIN_BYTES_MAX: usize = 200;

/// The entity itself: JSON.
pub(super) fn entity(kind: EntityKind, id: Uuid) -> RecordKey {
    RecordKey::new(entity_partition(kind), id.to_string())
}

pub(super) fn entity_partition(kind: EntityKind) -> String {
    format!("entity/{}", kind.name())
}

/// Which entity has a unique value: its id. Addresses of developers are the same in whatever case.
pub(super) fn unique(kind: EntityKind, field: &str, value: &str) -> RecordKey {
    if kind == EntityKind::Developers && field == "email" {
        let folded = value.to_lowercase();
        return RecordKey::new(format!("unique/{}/{field}", kind.name()), short(&folded));
    }
    RecordKey::new(format!("unique/{}/{field}", kind.name()), short(value))
}

/// Where the ids of plugins application-registration are found, in the order of their services: the
/// partition, and what sort keys begin with. They are unlike in consumer, name, route and service, and have
/// neither consumer nor route.
pub(super) fn registrations() -> RecordKey {
    unique(EntityKind::Plugins, "@together", &format!(":{}::", Registration::PLUGIN))
}

/// Where an address was found when it was another in another case.
pub(super) fn as_typed(address: &str) -> RecordKey {
    RecordKey::new("unique/developers/email", short(address))
}

/// Says that the addresses from before are found in whatever case, or that a job is left for it.
pub(super) fn addresses_folded() -> RecordKey {
    RecordKey::new("setting", "addresses_folded")
}

/// A copy of a child under its parent: what lists and grants are made of.
pub(super) fn child(parent: EntityKind, parent_id: Uuid, kind: EntityKind, id: Uuid) -> RecordKey {
    RecordKey::new(child_partition(parent, parent_id), format!("{}{id}", child_prefix(kind)))
}

pub(super) fn child_partition(parent: EntityKind, parent_id: Uuid) -> String {
    format!("children/{}/{parent_id}", parent.name())
}

pub(super) fn child_prefix(kind: EntityKind) -> String {
    format!("{}/", kind.name())
}

/// Where the entities of a kind are, all or those of a parent: the partition, and what sort keys begin with.
pub(super) fn of_list(kind: EntityKind, parent: Option<(EntityKind, Uuid)>) -> (String, String) {
    match parent {
        Some((parent, id)) => (child_partition(parent, id), child_prefix(kind)),
        // Those of applications are listed below them alone.
        None if kind == EntityKind::Oauth2Credentials => (CLIENTS.to_owned(), String::new()),
        None => (entity_partition(kind), String::new()),
    }
}

/// Partition of the access tokens that were taken back.
pub(super) const DENIED: &str = "denied-tokens";

/// Those of one piece of the published list.
pub(super) fn denied(piece: PieceId) -> RecordKey {
    RecordKey::new(DENIED, piece.to_string())
}

/// Says that the client secrets from before the data plane was told of them are published, or that a job is
/// left for it.
pub(super) fn secrets_published() -> RecordKey {
    RecordKey::new("setting", "secrets_published")
}

/// Partition of the OAuth2 clients of consumers: copies, by their ids.
const CLIENTS: &str = "clients";

pub(super) fn client(credential: Uuid) -> RecordKey {
    RecordKey::new(CLIENTS, credential.to_string())
}

/// Partition of the contracts that wait for approval: copies, by their ids.
pub(super) const WAITING: &str = "waiting";

pub(super) fn waiting(contract: Uuid) -> RecordKey {
    RecordKey::new(WAITING, contract.to_string())
}

/// Says that the contracts that waited before there were copies are copied, or that a job is left for it.
pub(super) fn waiting_copied() -> RecordKey {
    RecordKey::new("setting", "waiting_copied")
}

/// Says that an entity has a tag.
pub(super) fn tagged(kind: EntityKind, tag: &str, id: Uuid) -> RecordKey {
    RecordKey::new(tagged_partition(kind, tag), id.to_string())
}

pub(super) fn tagged_partition(kind: EntityKind, tag: &str) -> String {
    format!("tagged/{}/{}", kind.name(), short(tag))
}

/// Partition of the entities that have tags.
pub(super) const WITH_TAGS: &str = "with-tags";

/// Says that an entity has tags.
pub(super) fn with_tags(kind: EntityKind, id: Uuid) -> RecordKey {
    RecordKey::new(WITH_TAGS, format!("{}{id}", child_prefix(kind)))
}

/// Says that the entities from before tags were indexed are indexed, or that a job is left for it.
pub(super) fn tags_indexed() -> RecordKey {
    RecordKey::new("setting", "tags_indexed")
}

/// How many entities of a kind there are whose id ends with the same digit: a number.
pub(super) fn count_of_all(kind: EntityKind, id: Uuid) -> RecordKey {
    RecordKey::new(counts_of_all(kind), format!("{:x}", id.as_u128() & 0xf))
}

pub(super) fn counts_of_all(kind: EntityKind) -> String {
    format!("count/{}", kind.name())
}

/// How many entities of a kind a parent has: a number.
pub(super) fn count_below(parent: EntityKind, parent_id: Uuid, kind: EntityKind) -> RecordKey {
    RecordKey::new(format!("count/{}/{parent_id}", parent.name()), kind.name())
}

/// Says that the entities from before there were counters are counted, or that a job is left for it.
pub(super) fn counted() -> RecordKey {
    RecordKey::new("setting", "counted")
}

/// Written by everyone who adds, changes or removes a child, read by everyone who relies on what
/// the children are: scans are not checked at the commit, this record is.
pub(super) fn guard(parent: EntityKind, parent_id: Uuid) -> RecordKey {
    RecordKey::new(format!("guard/{}/{parent_id}", parent.name()), "")
}

/// Which credential a key belongs to, by its digest, and by its claim (`HeldKey`).
pub(super) fn credential(digest: &KeyDigest) -> RecordKey {
    RecordKey::new(format!("credential/{}", digest.to_hex()), "")
}

/// How many plugins name a value as their anonymous consumer.
pub(super) fn anonymous(value: &str) -> RecordKey {
    RecordKey::new(format!("anonymous/{}", short(value)), "")
}

/// The consumer id of an application, reserved among consumers.
pub(super) fn reserved_consumer(id: Uuid) -> RecordKey {
    RecordKey::new("unique/consumers/id", id.to_string())
}

/// The services that were refused to an application or to a developer, by the id of either.
pub(super) fn refusals(owner_id: Uuid) -> RecordKey {
    RecordKey::new("refusals", owner_id.to_string())
}

/// What is known of the document of a service; its pieces stand beside it.
pub(super) fn document(service: Uuid) -> RecordKey {
    RecordKey::new(format!("document/{service}"), "facts")
}

/// A piece of that document.
pub(super) fn document_piece(service: Uuid, at: usize) -> RecordKey {
    RecordKey::new(document(service).partition, format!("piece/{at:02}"))
}

/// Partition of the changes that take several commits.
pub(super) const JOBS: &str = "job";

/// The admin token's digest.
pub(super) fn admin_token() -> RecordKey {
    RecordKey::new("setting", "admin_token")
}

/// The pepper that all that can be is sealed under.
pub(super) fn resealed() -> RecordKey {
    RecordKey::new("setting", "resealed")
}

/// Partition of the named admin tokens, by their ids.
pub(super) const NAMED_TOKENS: &str = "named_token";

pub(super) fn named_token(id: Uuid) -> RecordKey {
    RecordKey::new(NAMED_TOKENS, id.to_string())
}

/// Which named admin token has a name: its id.
pub(super) fn named_token_name(name: &str) -> RecordKey {
    RecordKey::new("unique/named_token/name", short(name))
}

/// Which named admin token has a digest: its id.
pub(super) fn named_token_digest(digest: &KeyDigest) -> RecordKey {
    RecordKey::new(format!("named_token/{}", digest.to_hex()), "")
}

/// Partition of accounts, by the ids of their developers.
pub(super) const ACCOUNTS: &str = "account";

pub(super) fn account(developer: Uuid) -> RecordKey {
    RecordKey::new(ACCOUNTS, developer.to_string())
}

/// The session of the cookie with this digest.
pub(super) fn session(digest: &KeyDigest) -> RecordKey {
    RecordKey::new(format!("session/{}", digest.to_hex()), "")
}

/// The sessions of administrators, all in one record: there are few.
pub(super) fn manager_sessions() -> RecordKey {
    RecordKey::new("session/manager", "")
}

/// The mailed token with this digest.
pub(super) fn mail_token(digest: &KeyDigest) -> RecordKey {
    RecordKey::new(format!("mail-token/{}", digest.to_hex()), "")
}

/// Which log-in link was asked for by the browser whose cookie has this digest.
pub(super) fn asked_link(digest: &KeyDigest) -> RecordKey {
    RecordKey::new(format!("asked-link/{}", digest.to_hex()), "")
}

/// What is written where there is no account, in the place of its records: as many places as a byte has
/// values, by the digest of the address, so that they do not grow.
pub(super) fn decoy(of: &KeyDigest, number: usize) -> RecordKey {
    RecordKey::new(format!("decoy/{:02x}", of.as_bytes()[0]), number.to_string())
}

/// The settings of `/admin/settings`.
pub(super) fn settings() -> RecordKey {
    RecordKey::new("setting", "settings")
}

/// The portal's logo: its bytes.
pub(super) fn logo() -> RecordKey {
    RecordKey::new("setting", "logo")
}

/// What is known of it.
pub(super) fn logo_facts() -> RecordKey {
    RecordKey::new("setting", "logo_facts")
}

/// Partition of the mails to be sent, in the order in which they are due.
pub(super) const OUTBOX: &str = "outbox";

/// A mail; `due_ms`: since the Unix epoch.
pub(super) fn outbox(due_ms: u64, id: Uuid) -> RecordKey {
    RecordKey::new(OUTBOX, format!("{due_ms:016x}-{id}"))
}

/// Partition of mails that are written ahead of their time.
pub(super) const LATER_MAILS: &str = "later-mail";

/// Such a mail; `due_ms`: since the Unix epoch.
pub(super) fn later_mail(due_ms: u64, id: Uuid) -> RecordKey {
    RecordKey::new(LATER_MAILS, outbox(due_ms, id).sort)
}

/// When the mail of a sort key is due, and its id.
pub(super) fn mail_due(sort: &str) -> Option<(u64, Uuid)> {
    let (due_ms, id) = sort.split_once('-')?;
    let (due_ms, id) = (u64::from_str_radix(due_ms, 16).ok()?, Uuid::try_parse(id).ok()?);
    // In its one form.
    (outbox(due_ms, id).sort == sort).then_some((due_ms, id))
}

/// When the mails of the last hour were written.
pub(super) fn mails_sent() -> RecordKey {
    RecordKey::new("mails-sent", "")
}

/// Partition of the calls that developers have tried out in the last minute, by the ids of these.
pub(super) const TRIES: &str = "tries";

pub(super) fn tries(developer: Uuid) -> RecordKey {
    RecordKey::new(TRIES, developer.to_string())
}

/// Partition of what strangers have caused to mailboxes in the last day.
pub(super) const MAILBOXES: &str = "mailbox";

pub(super) fn mailbox(address: &KeyDigest) -> RecordKey {
    RecordKey::new(MAILBOXES, address.to_hex())
}

/// Partition of what waits for administrators, by the day on which they are told of it.
pub(super) const DIGESTS: &str = "digest";

/// `day`: of the Unix epoch.
pub(super) fn digest(day: u64) -> RecordKey {
    RecordKey::new(DIGESTS, format!("{day:08x}"))
}

/// A value as a part of a key: as it is when short and free of NUL, else its hash.
fn short(value: &str) -> String {
    if value.len() <= PLAIN_BYTES_MAX && !value.contains('\0') {
        return format!("={value}");
    }
    format!("#{}", hex(&Sha256::digest(value.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::super::lookup::Holder;
    use super::*;

    fn read<T: for<'de> serde::Deserialize<'de>>(golden: &str) -> T {
        serde_json::from_str(golden).unwrap()
    }

    /// Values as the first program stored them (`core/published/golden`).
    #[test]
    fn indexes_read_as_they_were_stored() {
        let id = Uuid::parse_str("00000000-0000-0000-0000-000000000001").unwrap();
        let holder = |golden| read::<Holder>(golden);
        let of_consumer = holder(include_str!("../../../published/golden/1/holder-consumer.json"));
        assert_eq!(of_consumer, Holder { application: false, id });
        let of_application = holder(include_str!("../../../published/golden/1/holder-application.json"));
        assert_eq!(of_application, Holder { application: true, id });
        assert_eq!(read::<Uuid>(include_str!("../../../published/golden/1/unique.json")), id);
        assert_eq!(read::<u64>(include_str!("../../../published/golden/1/anonymous.json")), 2);
        assert_eq!(read::<usize>(include_str!("../../../published/golden/1/count.json")), 12);
        let token: KeyDigest = read(include_str!("../../../published/golden/1/admin-token.json"));
        assert_eq!(token, KeyDigest::from_bytes([3; 32]));
    }

    /// Where the first program stored them.
    #[test]
    fn records_are_where_they_were() {
        let (id, kind) = (Uuid::from_u128(1), EntityKind::Consumers);
        let text = |key: RecordKey| format!("{} {}", key.partition, key.sort);
        let digest = KeyDigest::from_bytes([0xab; 32]);
        let hex = "ab".repeat(32);
        let ids = "00000000-0000-0000-0000-000000000001";
        let long = format!("unique/consumers/username #{}", hex_of_long());
        for (key, expected) in [
            (entity(kind, id), format!("entity/consumers {ids}")),
            (unique(kind, "username", "bob"), "unique/consumers/username =bob".to_owned()),
            (unique(kind, "username", &"a".repeat(201)), long),
            (child(kind, id, EntityKind::Plugins, id), format!("children/consumers/{ids} plugins/{ids}")),
            (guard(kind, id), format!("guard/consumers/{ids} ")),
            (credential(&digest), format!("credential/{hex} ")),
            (anonymous("bob"), "anonymous/=bob ".to_owned()),
            (reserved_consumer(id), format!("unique/consumers/id {ids}")),
            (tagged(kind, "a b", id), format!("tagged/consumers/=a b {ids}")),
            (with_tags(kind, id), format!("with-tags consumers/{ids}")),
            (tags_indexed(), "setting tags_indexed".to_owned()),
            (count_of_all(kind, Uuid::from_u128(0xa1b)), "count/consumers b".to_owned()),
            (count_below(kind, id, EntityKind::Plugins), format!("count/consumers/{ids} plugins")),
            (counted(), "setting counted".to_owned()),
            (document(id), format!("document/{ids} facts")),
            (document_piece(id, 5), format!("document/{ids} piece/05")),
            (refusals(id), format!("refusals {ids}")),
            (RecordKey::new(JOBS, ""), "job ".to_owned()),
            (admin_token(), "setting admin_token".to_owned()),
            (resealed(), "setting resealed".to_owned()),
            (named_token(id), format!("named_token {ids}")),
            (named_token_name("ci"), "unique/named_token/name =ci".to_owned()),
            (named_token_digest(&digest), format!("named_token/{hex} ")),
            (settings(), "setting settings".to_owned()),
            (logo(), "setting logo".to_owned()),
            (logo_facts(), "setting logo_facts".to_owned()),
            (outbox(0x1f, id), format!("outbox 000000000000001f-{ids}")),
            (later_mail(0x1f, id), format!("later-mail 000000000000001f-{ids}")),
            (mails_sent(), "mails-sent ".to_owned()),
            (mailbox(&digest), format!("mailbox {hex}")),
            (tries(id), format!("tries {ids}")),
            (super::digest(0x1f), "digest 0000001f".to_owned()),
        ] {
            assert_eq!(text(key), expected);
        }
    }

    #[test]
    fn the_name_of_a_mail_says_when_it_is_due() {
        let (id, latest) = (Uuid::from_u128(1), u64::MAX);
        for due_ms in [0, 7, 1_700_000_000_000, latest] {
            assert_eq!(mail_due(&outbox(due_ms, id).sort), Some((due_ms, id)));
        }
        let name = outbox(7, id).sort;
        for none in [
            "",
            "-",
            "7-",
            &name[1..],
            &name.replace('-', ""),
            &format!("{name}0"),
            &format!("+{}", &name[1..]),
            &outbox(0xa, id).sort.to_uppercase(),
        ] {
            assert_eq!(mail_due(none), None, "{none}");
        }
        assert!(outbox(7, id).sort < outbox(8, Uuid::nil()).sort);
    }

    fn hex_of_long() -> String {
        hex(&Sha256::digest("a".repeat(201).as_bytes()))
    }
}
