//! The keys, and who they stand for. The same in every run.

/// Keys that every gateway knows.
const CREDENTIALS: usize = 10_000;
/// Consumers that share them.
const CONSUMERS: usize = 100;
const KEY_LENGTH: usize = 32;
const ALPHANUMERICS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Headers that say who the key stands for: set on every request with a key.
pub(super) const IDENTITY: [&str; 3] = ["X-Consumer-ID", "X-Consumer-Username", "X-Credential-Identifier"];
/// Headers of the same kind without a value here: whatever the client sends under them must not
/// arrive.
pub(super) const WITHHELD: [&str; 4] =
    ["X-Consumer-Custom-ID", "X-Consumer-Groups", "X-Authenticated-Groups", "X-Anonymous-Consumer"];

#[derive(Clone)]
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) consumer_id: String,
    pub(super) username: String,
}

impl Credential {
    /// The values of [`IDENTITY`], in its order.
    pub(super) fn identity(&self) -> [&str; 3] {
        [&self.consumer_id, &self.username, &self.id]
    }
}

pub(super) fn credentials() -> Vec<Credential> {
    let mut random = Random(0x1a7c_4be7);
    let consumers: Vec<(String, String)> =
        (0..CONSUMERS).map(|n| (random.uuid(), format!("consumer-{n:03}"))).collect();
    (0..CREDENTIALS)
        .map(|n| {
            let (consumer_id, username) = consumers[n % CONSUMERS].clone();
            Credential { id: random.uuid(), key: random.key(), consumer_id, username }
        })
        .collect()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn key(&mut self) -> String {
        (0..KEY_LENGTH).map(|_| char::from(ALPHANUMERICS[(self.next() % 62) as usize])).collect()
    }

    /// Version 4.
    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | (b >> 48) & 0x3fff,
            b & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// nginx's map takes no notice of case.
    #[test]
    fn keys_differ_by_more_than_case() {
        let keys: HashSet<String> = credentials().into_iter().map(|c| c.key.to_lowercase()).collect();
        assert_eq!(keys.len(), CREDENTIALS);
    }

    #[test]
    fn ids_are_uuids() {
        let credential = &credentials()[0];
        assert_eq!(credential.id.len(), 36);
        assert_eq!(credential.id.as_bytes()[14], b'4');
        assert_eq!(credential.consumer_id.len(), 36);
    }
}
