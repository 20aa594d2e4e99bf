//! Tokens of calls that the portal makes, made here by what is documented of them: HMAC-SHA-256 alone.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

/// The field that they come in.
pub const TRY_TOKEN_FIELD: &str = "x-latchkey-try-token";
/// The field by which an upstream is told of such a call.
pub const TRIED_FIELD: &str = "x-latchkey-try";
/// How long they are good.
const LIFE_MS: u128 = 30_000;

/// A token for the holder of a key, good for a GET of one path, in normal form, of a service.
pub fn try_token(pepper: &str, key: &str, path: &str, service_id: &str) -> String {
    let digest = key_digest(pepper, key);
    let root = hmac(pepper.as_bytes(), &[&[0; 513]]);
    let secret = hmac(&root, &[b"try"]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let ends_ms = u64::try_from(now.as_millis() + LIFE_MS).expect("in time");
    let service = bytes(&service_id.replace('-', ""));
    let mac = hmac(&secret, &[&digest, &service, &ends_ms.to_be_bytes(), b"GET ", path.as_bytes()]);
    format!("{}{}{ends_ms:x}", hex(&digest), hex(&mac))
}

/// Where the grant of a key is: in hex, what a token begins with.
pub fn digest_in_hex(pepper: &str, key: &str) -> String {
    hex(&key_digest(pepper, key))
}

fn key_digest(pepper: &str, key: &str) -> [u8; 32] {
    hmac(pepper.as_bytes(), &[key.as_bytes()])
}

/// RFC 2104.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; 64];
    match key.len() > block.len() {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let mut inner = Sha256::new_with_prefix(padded(0x36));
    parts.iter().for_each(|part| inner.update(part));
    Sha256::new_with_prefix(padded(0x5c)).chain_update(inner.finalize()).finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits"))
        .collect()
}
