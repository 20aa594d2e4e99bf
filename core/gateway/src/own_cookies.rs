//! Cookies of ours, which pages at the control door have. Browsers heed no port, and may send them to
//! a gateway at the same host and take them from there, so no upstream sets one.

/// What their names begin with, byte for byte.
const PREFIXES: [&[u8]; 2] = [b"__Host-lk_", b"lk_"];

/// Whether a `Set-Cookie` of this value sets one of ours, by how browsers read it (RFC 6265 §5.2).
/// One without a name is sent by its value alone, in which a server sees name and value: so that is
/// judged like a name.
pub fn is_set_by(set_cookie: &[u8]) -> bool {
    let pair = set_cookie.split(|byte| *byte == b';').next().unwrap_or_default();
    let is_filler = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'=';
    let begin = pair.iter().position(|byte| !is_filler(byte)).unwrap_or(pair.len());
    PREFIXES.iter().any(|prefix| pair[begin..].starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_byte_for_byte() {
        for (value, expected) in [
            ("lk_session=a", true),
            ("__Host-lk_session=a; Path=/; Secure", true),
            (" \t lk_session = a", true),
            ("lk_", true),
            ("=lk_session=a", true),
            (" = __Host-lk_session=a", true),
            ("LK_session=a", false),
            ("__host-lk_session=a", false),
            ("__Secure-lk_session=a", false),
            ("xlk_session=a", false),
            ("a=lk_session", false),
            ("a=b; lk_session=c", false),
            ("lk=a", false),
            ("", false),
            ("=", false),
        ] {
            assert_eq!(is_set_by(value.as_bytes()), expected, "{value}");
        }
    }
}
