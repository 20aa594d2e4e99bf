//! A grant: everything the data plane must know about one key, in one record at its digest.

use std::borrow::Cow;

use http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::feed::Epoch;
use crate::keys::{KeyDigest, PepperId};
use crate::record_key::RecordKey;
use crate::stored::{Stored, Unreadable};
use crate::token::AccessToken;

/// The stored record. Its partition is the digest, so that grants spread over a store evenly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Number of the change that wrote this record.
    pub epoch: Epoch,
    /// HMAC-SHA-256(pepper, key).
    pub digest: KeyDigest,
    /// Pepper that [`Grant::digest`] was made under.
    pub pepper_id: PepperId,
    /// Credential the key belongs to.
    pub credential_id: Uuid,
    /// Whom the upstream is told of.
    pub consumer: Consumer,
    /// Application the credential belongs to; `None` for a plain consumer's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<Uuid>,
    /// Services the application has an approved, not suspended contract for; ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service_ids: Vec<Uuid>,
    /// The key is unknown from this time on, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<u64>,
    /// `false` while the credential, its application or its developer is suspended, and where the
    /// credential's Client ID is no key.
    pub enabled: bool,
    /// What the credential is as a client of OAuth 2.0; `None`: it is none. Programs from before take no
    /// tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<OAuth2Client>,
}

/// A credential as a client of OAuth 2.0; its key is the Client ID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OAuth2Client {
    /// What it authenticates with; `None`: it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<ClientSecret>,
    /// It is in the hands of many, and has no secret that is one.
    #[serde(skip_serializing_if = "is_false")]
    pub is_public: bool,
    /// It may get and use tokens although [`Grant::enabled`] says that it is no key.
    #[serde(skip_serializing_if = "is_false")]
    pub token_enabled: bool,
    /// Tokens that were issued before this time are refused, in milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_not_before_ms: Option<u64>,
}

/// A client secret, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientSecret {
    /// HMAC-SHA-256(pepper, secret).
    pub digest: KeyDigest,
    /// The pepper that it was made under.
    pub pepper_id: PepperId,
}

impl AccessToken<'_> {
    /// Whether all tokens of its client that are as old were taken back.
    pub fn is_taken_back(&self, client: &OAuth2Client) -> bool {
        client.tokens_not_before_ms.is_some_and(|time| self.issued_at_s.saturating_mul(1_000) < time)
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A consumer, as upstreams are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consumer {
    /// Consumer id.
    pub id: Uuid,
    /// Unique name, if any.
    pub username: Option<String>,
    /// The caller's own id for it, if any.
    pub custom_id: Option<String>,
}

impl Grant {
    /// Where the grant of a key is stored.
    pub fn record_key(digest: &KeyDigest) -> RecordKey {
        RecordKey::new(format!("grant/{}", digest.to_hex()), "")
    }

    /// The stored form: JSON.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a grant has string keys only")
    }

    /// What the credential is as a client of OAuth 2.0, if it may get and use tokens.
    pub fn token_client(&self) -> Option<&OAuth2Client> {
        self.oauth2.as_ref().filter(|client| self.enabled || client.token_enabled)
    }

    /// Reads [`Grant::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| Unreadable::no_json())?;
        let stored = Stored::new(&value)?;
        Ok(Grant {
            epoch: stored.required("epoch")?,
            digest: stored.required("digest")?,
            pepper_id: stored.required("pepper_id")?,
            credential_id: stored.required("credential_id")?,
            consumer: Consumer::read(stored.required("consumer")?)?,
            application_id: stored.member("application_id")?,
            service_ids: stored.member("service_ids")?.unwrap_or_default(),
            expires_at_ms: stored.member("expires_at_ms")?,
            enabled: stored.required("enabled")?,
            oauth2: stored.member("oauth2")?.map(OAuth2Client::read).transpose()?,
        })
    }
}

impl OAuth2Client {
    fn read(stored: Stored<'_>) -> Result<Self, Unreadable> {
        Ok(OAuth2Client {
            secret: stored.member("secret")?.map(ClientSecret::read).transpose()?,
            is_public: stored.member("is_public")?.unwrap_or_default(),
            token_enabled: stored.member("token_enabled")?.unwrap_or_default(),
            tokens_not_before_ms: stored.member("tokens_not_before_ms")?,
        })
    }
}

impl ClientSecret {
    fn read(stored: Stored<'_>) -> Result<Self, Unreadable> {
        Ok(ClientSecret { digest: stored.required("digest")?, pepper_id: stored.required("pepper_id")? })
    }
}

impl Consumer {
    /// Reads it as a member of a grant, or as the Admin API stores it.
    pub fn read(stored: Stored<'_>) -> Result<Self, Unreadable> {
        Ok(Consumer {
            id: stored.required("id")?,
            username: stored.member("username")?,
            custom_id: stored.member("custom_id")?,
        })
    }
}

/// Fields that tell an upstream who calls, in the order of [`Identity`].
static IDENTITY_FIELDS: [HeaderName; 5] = [
    HeaderName::from_static("x-consumer-id"),
    HeaderName::from_static("x-consumer-username"),
    HeaderName::from_static("x-consumer-custom-id"),
    HeaderName::from_static("x-credential-identifier"),
    HeaderName::from_static("x-anonymous-consumer"),
];

/// Identity fields of a consumer, ready to be set on a request.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The values, one behind the other.
    text: Box<[u8]>,
    /// Where in the text each of [`IDENTITY_FIELDS`] ends; `None`: it is not set.
    ends: [Option<u32>; 5],
}

impl Identity {
    /// The fields of a consumer who showed a credential, or (`None`) of the anonymous one.
    pub fn new(consumer: &Consumer, credential_id: Option<Uuid>) -> Self {
        let mut text = String::new();
        let mut end_of = |value: Option<&str>| {
            text += value?;
            u32::try_from(text.len()).ok()
        };
        let ends = [
            end_of(Some(&consumer.id.to_string())),
            end_of(consumer.username.as_deref().map(field_text).as_deref()),
            end_of(consumer.custom_id.as_deref().map(field_text).as_deref()),
            end_of(credential_id.map(|id| id.to_string()).as_deref()),
            end_of(credential_id.is_none().then_some("true")),
        ];
        Identity { text: text.into_bytes().into(), ends }
    }

    /// Names and values.
    pub fn fields(&self) -> impl Iterator<Item = (&'static HeaderName, &[u8])> {
        let mut start = 0;
        IDENTITY_FIELDS.iter().zip(self.ends).filter_map(move |(name, end)| {
            let end = end? as usize;
            let value = self.text.get(start..end)?;
            start = end;
            Some((name, value))
        })
    }

    /// The text of the field of a name, if it is set.
    pub fn text_of(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, value) = self.fields().find(|(known, _)| *known == name)?;
        Some(String::from_utf8_lossy(value))
    }

    /// The credential that was shown; `None`: the consumer is the anonymous one.
    pub fn credential_id(&self) -> Option<Uuid> {
        let mut fields = self.fields();
        fields.find_map(|(name, id)| (name == IDENTITY_FIELDS[3]).then(|| Uuid::try_parse_ascii(id).ok())?)
    }

    /// Bytes of text in all fields.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }
}

/// Text as a field can carry it: bytes that none can (RFC 9110 §5.5) are percent-encoded.
pub fn field_text(text: &str) -> Cow<'_, str> {
    match HeaderValue::from_str(text).or_else(|_| HeaderValue::from_bytes(text.as_bytes())) {
        Ok(_) => text.into(),
        Err(_) => percent_encoding::utf8_percent_encode(text, percent_encoding::CONTROLS).to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grant_reads_back() {
        let grant = Grant {
            epoch: 7,
            digest: KeyDigest::from_bytes([3; 32]),
            pepper_id: crate::keys::Pepper::new(b"p").id(),
            credential_id: Uuid::from_u128(1),
            consumer: Consumer { id: Uuid::from_u128(2), username: Some("bob".into()), custom_id: None },
            application_id: Some(Uuid::from_u128(3)),
            service_ids: vec![Uuid::from_u128(4)],
            expires_at_ms: Some(9),
            enabled: true,
            oauth2: None,
        };
        assert_eq!(Grant::decode(&grant.encode()).unwrap(), grant);
        assert!(!String::from_utf8(grant.encode()).unwrap().contains("oauth2"));
    }

    /// As the first program with OAuth 2.0 stored it: `golden/1/grant-oauth2.json`.
    #[test]
    fn the_stored_form_of_a_client_stays() {
        let golden = include_bytes!("../golden/1/grant-oauth2.json").trim_ascii();
        let pepper_id = crate::keys::Pepper::new(b"p").id();
        let grant = Grant {
            epoch: 7,
            digest: KeyDigest::from_bytes([3; 32]),
            pepper_id,
            credential_id: Uuid::from_u128(1),
            consumer: Consumer { id: Uuid::from_u128(2), username: Some("bob".into()), custom_id: None },
            application_id: None,
            service_ids: vec![],
            expires_at_ms: None,
            enabled: false,
            oauth2: Some(OAuth2Client {
                secret: Some(ClientSecret { digest: KeyDigest::from_bytes([4; 32]), pepper_id }),
                is_public: false,
                token_enabled: true,
                tokens_not_before_ms: Some(1_700_000_000_000),
            }),
        };
        assert_eq!(Grant::decode(golden).unwrap(), grant);
        assert_eq!(grant.encode(), golden);
    }

    #[test]
    fn tokens_are_taken_back_up_to_a_time() {
        let token = AccessToken {
            grant: KeyDigest::from_bytes([3; 32]),
            service_id: None,
            credential_id: Uuid::from_u128(1),
            issued_at_s: 1_700_000_000,
            ends_at_s: None,
            id: crate::token::TokenId::from_bytes([0; 12]),
            scope: "",
            user: "",
        };
        let from = |time| OAuth2Client { tokens_not_before_ms: time, ..OAuth2Client::default() };
        assert!(!token.is_taken_back(&from(None)));
        assert!(!token.is_taken_back(&from(Some(1_700_000_000_000))));
        assert!(token.is_taken_back(&from(Some(1_700_000_000_001))));
    }

    #[test]
    fn a_client_may_have_tokens_and_be_no_key() {
        let of = |enabled, oauth2: Option<OAuth2Client>| Grant {
            enabled,
            oauth2,
            ..Grant::decode(include_bytes!("../golden/1/grant-oauth2.json")).unwrap()
        };
        let client = |token_enabled| Some(OAuth2Client { token_enabled, ..OAuth2Client::default() });
        assert!(of(true, client(false)).token_client().is_some());
        assert!(of(false, client(true)).token_client().is_some());
        assert!(of(false, client(false)).token_client().is_none());
        assert!(of(true, None).token_client().is_none());
    }

    #[test]
    fn control_characters_cannot_split_a_field() {
        let consumer = Consumer {
            id: Uuid::nil(),
            username: Some("a\r\nX-Evil: 1".into()),
            custom_id: Some("é".into()),
        };
        let identity = Identity::new(&consumer, None);
        let fields: Vec<_> = identity.fields().map(|(name, value)| (name.as_str(), value)).collect();
        assert_eq!(
            fields,
            [
                ("x-consumer-id", Uuid::nil().to_string().as_bytes()),
                ("x-consumer-username", b"a%0D%0AX-Evil: 1"),
                ("x-consumer-custom-id", "é".as_bytes()),
                ("x-anonymous-consumer", b"true"),
            ]
        );
    }
}
