//! Every bound, with its unit and reason.

use std::time::Duration;

/// Records in one batch: DynamoDB's `TransactWriteItems` takes 100 items. The Worker keeps to it too, since what
/// one change publishes is written to Workers KV in one step.
pub const BATCH_RECORDS_MAX: usize = 100;

/// The same of the local program, whose file takes any number: so many that no change has more digests than
/// half of what an answer of the feed lists ([`FEED_DIGESTS_MAX`]).
pub const LOCAL_BATCH_RECORDS_MAX: usize = 2_000;

/// Contracts that one call decides about, at most.
pub const DECIDED_MAX: usize = 500;

/// Contracts that one commit decides about, at most: each has a line or two in one record of the audit.
pub const DECIDED_AT_ONCE: usize = 100;

/// A piece of the configuration, unpacked, in bytes: guards against a broken store only.
pub const PIECE_BYTES_MAX: u64 = 64 << 20;

/// How old the state may be that a gateway decides by, in milliseconds, unless a setting says otherwise
/// (docs/revocation.md).
pub const REVOCATION_BOUND_MS_DEFAULT: u64 = 5_000;

/// Key in bytes: longer ones are refused before they are digested.
pub const KEY_BYTES_MAX: usize = 512;

/// Body of a question whether a key is good, in bytes: a key or token and a name, several times over.
pub const VERIFY_BODY_BYTES_MAX: usize = 8 << 10;

/// Access token in bytes: longer ones are refused before they are digested, and those made here are
/// shorter.
pub const TOKEN_BYTES_MAX: usize = 900;

/// Scope and user of an access token, in bytes together: so no token nears [`TOKEN_BYTES_MAX`].
pub const TOKEN_TEXT_BYTES_MAX: usize = 512;

/// Access tokens that are denied one by one, at most; past that all tokens of a credential are.
pub const DENIED_TOKENS_MAX: usize = 10_000;

/// Client secret that an administrator chooses, in characters at least: one that is made has 256 bits, and
/// guessing is counted for each instance alone.
pub const CLIENT_SECRET_CHARACTERS_MIN: usize = 32;

/// Scopes that a plugin may know or ask for: a token takes [`TOKEN_TEXT_BYTES_MAX`] bytes of them.
pub const SCOPES_MAX: usize = 100;

/// Longest life of an access token, in seconds, but for those without an end: a hundred years.
pub const TOKEN_EXPIRATION_SECONDS_MAX: i64 = 3_153_600_000;

/// Body of a request to a token endpoint, in bytes: its parameters take some hundred.
pub const TOKEN_REQUEST_BYTES_MAX: usize = 16 << 10;

/// Wrong secrets of one credential in a minute that are answered like any other refusal; past that 429.
pub const SECRET_GUESSES_OF_CREDENTIAL_MAX: u32 = 10;

/// The same of one address: many clients may share it.
pub const SECRET_GUESSES_OF_ADDRESS_MAX: u32 = 60;

/// Credentials and addresses whose wrong secrets are counted at a time, some 50 KB; who has guessed least makes
/// room for another.
pub const SECRET_GUESSERS_MAX: usize = 1024;

/// Longest life of a key, in seconds: Kong's bound, a little over three years.
pub const TTL_SECONDS_MAX: i64 = 100_000_000;

/// Bytes of a path, or of a header field's values, that a route's pattern is compared with. Of a field
/// it sees no more, a longer path is 414: nginx's buffer for a line of a request.
pub const PATTERN_INPUT_BYTES_MAX: usize = 8 << 10;

/// Steps of a search for each byte that it goes over, at most, of all patterns of one route together.
/// A step takes up to 14 ns natively (`router::tests::timing`), so that the longest input keeps a
/// thread for some 75 ms; in Wasm it is not measured.
pub const PATTERN_STEPS_PER_BYTE_MAX: usize = 640;

/// How long a call that is tried out in the portal may take to come to the gateway, in milliseconds: the life of
/// its token.
pub const TRY_TOKEN_MS: u64 = 30_000;

/// How long is waited for the whole answer to it, in milliseconds.
pub const TRY_TIMEOUT_MS: u64 = 15_000;

/// Calls that a developer may try out in a minute.
pub const TRIES_PER_MINUTE: usize = 10;

/// Bytes of the body of such a call, and of what is shown of its answer's.
pub const TRY_BODY_BYTES_MAX: usize = 64 << 10;

/// Names of header fields of a request whose route is looked for. Every route is compared with them.
pub const MATCH_HEADERS_MAX: usize = 100;

/// Routes that are told of with the reason why they are not the one that matches.
pub const MATCH_OTHERS_MAX: usize = 100;

/// An admin token or pepper, in bytes: what `openssl rand -hex 16` prints, 128 bits of randomness.
pub const SECRET_BYTES_MIN: usize = 32;

/// Wrong admin tokens of one address that are answered 401 in a second, unless a setting says
/// otherwise: a person who mistypes is below it, a program that guesses is not.
pub const ADMIN_GUESSES_PER_SECOND_DEFAULT: u32 = 10;

/// Log-ins that wait for a thread or an object that hashes, at most: of the local program, whose last
/// waits some 0.7 s where one thread hashes.
pub const LOG_INS_WAITING_MAX: usize = 32;

/// Addresses whose wrong admin tokens are counted apart, some 20 KB; all others count as one.
pub const GUESSERS_MAX: usize = 256;

/// Memory for grants of one instance, in bytes: a Worker's isolate has 128 MB in all.
pub const GRANT_CACHE_BYTES_DEFAULT: usize = 32 << 20;

/// The same for all threads of the local program together, which have a machine's memory.
pub const GRANT_CACHE_BYTES_LOCAL_DEFAULT: usize = 64 << 20;

/// Memory for pages of the local program's store unless a setting says otherwise: inner pages of a
/// million credentials are some 20 MB, so that what is asked for at random is one page away.
pub const STORE_CACHE_BYTES_DEFAULT: usize = 64 << 20;

/// Memory for keys known not to exist, in bytes: some 25,000 of them.
pub const MISS_CACHE_BYTES_DEFAULT: usize = 4 << 20;

/// Digests that one answer of the feed lists, the newest, and that an instance remembers changes of:
/// 300 KB of text, half a megabyte of memory. An instance that polls in half the default bound is
/// told of 1,600 changed keys a second one by one; past that it forgets, and trusts no replica.
pub const FEED_DIGESTS_MAX: usize = 4096;

/// Times that a request may have come through a Latchkey before, by its `Via`. Chains are two or three
/// long (edge, region, service); past it a service leads back to us, and each round would take two
/// connections more.
pub const PASSAGES_MAX: usize = 4;

/// Names a key-auth plugin may list: each costs a look in every place.
pub const KEY_NAMES_MAX: usize = 16;

/// Keys of one application that are good at a time, those before a rotation in their grace included, and
/// credentials that are stored of it: so that one DynamoDB transaction can change them all.
pub const APPLICATION_KEYS_MAX: usize = 50;

/// A note with a request for access, and the reason of a decision, in characters: a paragraph each, which is
/// stored three times with its contract.
pub const CONTRACT_TEXT_CHARACTERS_MAX: usize = 500;

/// Services that are remembered as refused to one application or one developer, the last ones: 40 KB.
pub const REFUSALS_MAX: usize = 1000;

/// How long a developer may accept an application that was offered, in milliseconds: 7 days.
pub const TRANSFER_OFFER_MS: u64 = 7 * 86_400_000;

/// Longest grace of a key after a rotation, in seconds: 30 days, a month to bring all callers the new one.
pub const GRACE_SECONDS_MAX: i64 = 30 * 86_400;

/// Audit records read for one page of `/admin/audit`, some 300 KB: a filter that takes few of them
/// does not keep the store busy, its page is short instead.
pub const AUDIT_READ_MAX: usize = 1000;

/// Entities that a search, or a look at what waits, reads in one call, at most: 10,000 applications are looked
/// through at once, which takes 50 ms at most locally; where there are more, the answer says so.
pub const SEARCH_READ_MAX: usize = 10_000;

/// A page of a back-up, in bytes: what is left of a body of the Admin API with one record more, of 400 KB.
pub const BACKUP_PAGE_BYTES: usize = 400 << 10;

/// A partition key, in bytes: DynamoDB's bound.
pub const PARTITION_BYTES_MAX: usize = 2048;

/// A sort key, in bytes: DynamoDB's bound of 1,024, less a character that stands before it there.
pub const SORT_BYTES_MAX: usize = 1023;

/// Days that audit records are kept unless a setting says otherwise: a quarter of a year.
pub const AUDIT_DAYS_DEFAULT: u32 = 90;

/// Most days that a setting may say: ten years.
pub const AUDIT_DAYS_MAX: u32 = 3650;

/// Entities in a page of a list, as Kong has it.
pub const PAGE_SIZE_MAX: usize = 1000;

/// Entities in a page when the caller names no size, as Kong has it.
pub const PAGE_SIZE_DEFAULT: usize = 100;

/// Bytes of a request body searched for a key unless a setting says otherwise.
/// Kong searches what nginx holds in memory, 8 KiB, and misses longer ones in silence;
/// 1 MiB covers ordinary JSON and forms, and fits many times into a Worker's 128 MB.
pub const BODY_SEARCH_BYTES_DEFAULT: usize = 1024 * 1024;

/// Parts in one multipart body. Kong looks at 100 form fields; see also GHSA-8645-p2v4-73r2.
pub const MULTIPART_PARTS_MAX: usize = 100;

/// Bytes of header in one part, its blank line not counted.
/// The usual bound for all the headers of a request (nginx, Apache).
pub const MULTIPART_PART_HEADER_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a multipart boundary (RFC 2046 §5.1.1).
pub const MULTIPART_BOUNDARY_BYTES_MAX: usize = 70;

/// Objects and arrays open at once in a JSON body, the outermost included.
/// Half of what `serde_json` reads, far above what requests nest.
pub const JSON_DEPTH_MAX: usize = 64;

/// Names, in bytes: usernames, custom ids and such stand in header fields sent to upstreams.
pub const NAME_BYTES_MAX: usize = 512;

/// A developer's metadata, in bytes.
pub const META_BYTES_MAX: usize = 16 << 10;

/// Body of an Admin API request, in bytes; adapters answer 413 beyond. Entities are far smaller
/// and must fit a record (DynamoDB: 400 KB).
pub const ADMIN_BODY_BYTES_MAX: usize = 1 << 20;

/// An entity as stored, in bytes: DynamoDB takes 400 KB a record, and one commit takes 4 MB.
pub const ENTITY_BYTES_MAX: usize = 64 << 10;

/// A specification of a service, in bytes, as uploaded: what a body of the Admin API holds.
pub const DOCUMENT_BYTES_MAX: usize = ADMIN_BODY_BYTES_MAX;

/// Body of a page's form at the control door, in bytes: the largest file, and what a form has around it.
pub const PAGE_BODY_BYTES_MAX: usize = DOCUMENT_BYTES_MAX + (16 << 10);

/// A piece of one as stored, in bytes: with a third more, as back-ups write it, below the 400 KB of a record
/// of DynamoDB.
pub const DOCUMENT_PIECE_BYTES: usize = 192 << 10;

/// Runs of one change that lost to others before the caller is told to come back.
pub const CONFLICTS_MAX: u32 = 32;

/// Tags of one entity: a commit must have room for as many others in their place (DynamoDB: 100 records).
pub const TAGS_MAX: usize = 32;

/// Tags that a list may be asked for at once, as in Kong.
pub const TAGS_ASKED_MAX: usize = 5;

/// Credentials whose grants one commit of a longer change writes, at most.
pub const JOB_CHUNK_MAX: usize = 40;

/// Keys of tags that the gateway compares a key with that begins with `lk_`, at most: each costs a MAC. A
/// pepper has one, and an import may bring those of another installation.
pub const TAG_KEYS_MAX: usize = 32;

/// Parts of one import: 4 GiB of entities, ten million keys.
pub const IMPORT_PARTS_MAX: u32 = 4096;

/// Imports that are there at the same time.
pub const IMPORTS_MAX: usize = 20;

/// How long the records of an import stay after its last call, in milliseconds: a day.
pub const IMPORT_KEPT_MS: u64 = 86_400_000;

/// The prefix of our own paths at the gateway's door, in bytes: longer than any that is in use.
pub const OWN_PREFIX_BYTES_MAX: usize = 64;

/// Head of a request or of an upstream's response, in bytes, however many fields it has: what
/// Cloudflare takes in front of the Worker, twice what AWS's load balancers pass (64 K), four times
/// what nginx holds of a request (4 × 8 KiB).
pub const HEAD_BYTES_MAX: usize = 128 * 1024;

/// Shortest a field can be, in bytes: `a:` and its line end.
const FIELD_BYTES_MIN: usize = 4;

/// Fields that fit into a head where we read it ourselves. `HeaderMap` takes 24,576 names; so many
/// different ones do not fit.
pub const HEAD_FIELDS_MAX: usize = HEAD_BYTES_MAX / FIELD_BYTES_MIN;

/// Fields of a head that hyper reads: it makes room for so many with each head, which at four times
/// as many cost a tenth of all requests. More are answered 431, as too many bytes are; Kong sees 100.
pub const HYPER_FIELDS_MAX: usize = 1024;

/// Bytes of a head, or of a body, that a connection may hold without asking: nearly all requests
/// are shorter. It has room for so many anyway, to read into.
pub const HELD_FREE_BYTES: usize = 16 * 1024;

/// Bytes held for all connections together unless a setting says otherwise.
pub const HELD_BYTES_DEFAULT: usize = 64 << 20;

/// Bytes a second that a body which is held must bring, unless a setting says otherwise. The
/// slowest mobile networks bring several times as many; Apache asks for 500, Kestrel for 240.
pub const HELD_BYTES_PER_SECOND_DEFAULT: u32 = 1024;

/// A body that is held may be slower than that for so long, as one is that starts slowly.
pub const HELD_GRACE: Duration = Duration::from_secs(10);

/// A body that is held must be complete after so long, at whatever rate.
pub const HELD_LONGEST: Duration = Duration::from_secs(300);

/// Connections of clients at the control door at once: people's browsers open six each, programs one.
pub const CONTROL_CONNECTIONS: usize = 128;

/// File handles that are neither clients' nor upstreams': store, log, sockets that listen, the
/// resolver's.
pub const HANDLES_RESERVED: u64 = 64;

/// Clients' connections at once unless a setting says otherwise or there are fewer handles: with what
/// each may hold unasked they are some 400 MB.
pub const CONNECTIONS_DEFAULT: usize = 16 * 1024;

/// How long requests under way get when the local program is told to stop, in milliseconds, unless a
/// setting says otherwise: what Docker and Kubernetes wait at most before they kill is 10 and 30 s.
pub const DRAIN_MS_DEFAULT: u64 = 30_000;

/// An e-mail address, in bytes: RFC 5321 §4.5.3.1.3, less the brackets around it.
pub const EMAIL_BYTES_MAX: usize = 254;

/// The portal's name, in bytes: it stands in the subjects of mails.
pub const PORTAL_NAME_BYTES_MAX: usize = 100;

/// The portal's logo, in bytes: it is in one record, and on every page.
pub const LOGO_BYTES_MAX: usize = 64 << 10;

/// Its width and height, in pixels: far more than a page shows, and no bomb for who decodes it.
pub const LOGO_PIXELS_MAX: u32 = 1024;

/// Fields that a sign-up asks for: more, nobody fills in.
pub const META_FIELDS_MAX: usize = 20;

/// Name and label of such a field, in bytes.
pub const META_FIELD_TEXT_BYTES_MAX: usize = 100;

/// Fewest characters that the shortest password may be set to (NIST SP 800-63B-4: 8 with a second factor).
pub const PASSWORD_MIN_LENGTH_LEAST: i64 = 8;

/// Most characters that the shortest password may be set to: NIST wants 64 to be taken.
pub const PASSWORD_MIN_LENGTH_MOST: i64 = 64;

/// A password, in bytes: more is no password, and hashing it first would cost.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// Sign-ups of one address in an hour, at most: it is a setting for offices behind one address.
pub const SIGN_UPS_PER_HOUR_MAX: i64 = 1_000_000;

/// Mails in an hour, at most.
pub const MAILS_PER_HOUR_MAX: i64 = 1_000_000;

/// Mails in an hour that strangers may cause to one mailbox, at most: each of the last day is remembered, some
/// 50 KB then.
pub const MAILS_PER_MAILBOX_MAX: i64 = 1000;

/// Administrators who are told by mail: one commit writes a mail to each.
pub const ADMIN_MAILS_MAX: usize = 10;

/// Mails that are taken from the outbox at once: what is sent within some seconds.
pub const MAILS_AT_ONCE: usize = 10;

/// How soon a mail is tried again at the earliest, in milliseconds; the pause doubles with each try.
pub const MAIL_PAUSE_MS: u64 = 60_000;

/// The longest pause between two tries, in milliseconds: four hours, some twenty tries in all.
pub const MAIL_PAUSE_MS_MAX: u64 = 4 * 3_600_000;

/// How long a mail is tried, in milliseconds: three days, a weekend.
pub const MAIL_KEPT_MS: u64 = 3 * 86_400_000;

/// How long before its end the owner of a key is told, in milliseconds: a week.
pub const KEY_END_NOTICE_MS: u64 = 7 * 86_400_000;

/// How long the token that confirms an address is good, in milliseconds: a day.
pub const VERIFY_TOKEN_MS: u64 = 86_400_000;

/// How long the token that sets a password is good, in milliseconds: half an hour.
pub const RESET_TOKEN_MS: u64 = 30 * 60_000;

/// The same of an invitation, in milliseconds: three days, as Kong has it.
pub const INVITATION_MS: u64 = 3 * 86_400_000;

/// How long a log-in link is good, in milliseconds: ten minutes (ASVS 6.5.5).
pub const LOG_IN_LINK_MS: u64 = 10 * 60_000;

/// How long an address can be taken back, in milliseconds: a week.
pub const REVERT_TOKEN_MS: u64 = 7 * 86_400_000;

/// Wrong codes of a log-in link, after which it is void: of a million, five.
pub const LINK_TRIES_MAX: u32 = 5;

/// Sessions of one developer at once.
pub const SESSIONS_MAX: usize = 20;

/// Sessions of the manager at once, of all administrators.
pub const MANAGER_SESSIONS_MAX: usize = 10;

/// How long a session of the manager lasts unless it is used, in milliseconds: half an hour.
pub const MANAGER_SESSION_IDLE_MS: u64 = 30 * 60_000;

/// How long it lasts at most, in milliseconds: half a day.
pub const MANAGER_SESSION_MS: u64 = 12 * 3_600_000;

/// How often it is written that a session is used, in milliseconds: looking at pages does not write.
pub const SESSION_SEEN_MS: u64 = 5 * 60_000;

/// How long after a log-in nobody is asked for the password again, in milliseconds.
pub const RECENT_LOG_IN_MS: u64 = 10 * 60_000;

/// How long a browser is known after a log-in, in seconds: 90 days.
pub const KNOWN_BROWSER_S: u64 = 90 * 86_400;
