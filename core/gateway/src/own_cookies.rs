//! Cookies of ours, which pages at the control door have. Browsers heed no port, and send them to a gateway
//! at the same host and take them from there: so no upstream is sent one, and none sets one.

use memchr::memmem;

/// Their names where pages are on plain http, on this machine alone; byte for byte, as browsers compare them.
const NAMES: [&[u8]; 6] = [b"lk_portal", b"lk_manager", b"lk_known", b"lk_try", b"lk_said", b"lk_language"];
/// What their names begin with everywhere else.
const PREFIX: &[u8] = b"__Host-lk_";
/// What every name of ours has in it.
const COMMON: &[u8] = b"lk_";

/// Whether a `Set-Cookie` of this value sets one of ours, by how browsers read it (RFC 6265 §5.2).
pub fn is_set_by(set_cookie: &[u8]) -> bool {
    is_own(set_cookie.split(|byte| *byte == b';').next().unwrap_or_default())
}

/// A `Cookie` field without ours, every other pair byte for byte. `None`: it has none of ours; empty:
/// nothing else.
///
/// What stands between pairs is `;`, and `,` where a platform has joined two fields, or a server reads
/// cookies by RFC 2965.
pub fn without_own(cookie: &[u8]) -> Option<Vec<u8>> {
    memmem::find(cookie, COMMON)?;
    let mut kept = Vec::with_capacity(cookie.len());
    let (mut rest, mut separator, mut has_own) = (cookie, None, false);
    loop {
        let end = rest.iter().position(|byte| matches!(byte, b';' | b',')).unwrap_or(rest.len());
        let (pair, behind) = rest.split_at(end);
        if is_own(pair) {
            has_own = true;
        } else if kept.is_empty() {
            kept.extend_from_slice(if has_own { pair.trim_ascii_start() } else { pair });
        } else {
            kept.extend(separator);
            kept.extend_from_slice(pair);
        }
        let Some((next, behind)) = behind.split_first() else { break };
        (rest, separator) = (behind, Some(*next));
    }
    if kept.iter().all(|byte| matches!(byte, b';' | b',') || byte.is_ascii_whitespace()) {
        kept.clear();
    }
    has_own.then_some(kept)
}

/// Whether name and value are one of ours. A cookie without a name is sent by its value alone, in which a
/// server sees name and value: so that is judged like a name.
fn is_own(pair: &[u8]) -> bool {
    let is_filler = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'=';
    let begin = pair.iter().position(|byte| !is_filler(byte)).unwrap_or(pair.len());
    let name = pair[begin..].split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii_end();
    name.starts_with(PREFIX) || NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_told_byte_for_byte() {
        for (value, expected) in [
            ("lk_portal=a", true),
            ("lk_manager=a", true),
            ("lk_known=a; Path=/", true),
            ("lk_said=a; Path=/", true),
            ("lk_language=ja; Path=/", true),
            ("lk_try=a", true),
            ("__Host-lk_portal=a; Path=/; Secure", true),
            ("__Host-lk_later=a", true),
            (" \t lk_portal = a", true),
            ("lk_portal", true),
            ("__Host-lk_", true),
            ("=lk_portal=a", true),
            (" = __Host-lk_portal=a", true),
            ("LK_portal=a", false),
            ("lk_portals=a", false),
            ("lk_session=a", false),
            ("lk_=a", false),
            ("__host-lk_portal=a", false),
            ("__Secure-lk_portal=a", false),
            ("Host-lk_portal=a", false),
            ("xlk_portal=a", false),
            ("a=lk_portal", false),
            ("a=lk_portal=b", false),
            ("a=b; lk_portal=c", false),
            ("\"lk_portal\"=a", false),
            ("lk=a", false),
            ("", false),
            ("=", false),
        ] {
            assert_eq!(is_set_by(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn ours_are_cut_and_all_else_stays() {
        for (cookie, expected) in [
            ("theme=dark; lang=en", None),
            ("my_lk_portal=1; lk_portals=2; Host-lk_x=3; a=lk_try", None),
            ("", None),
            ("lk_portal=lks_x", Some("")),
            ("lk_portal=x; lk_manager=y", Some("")),
            ("__Host-lk_portal=x; __Host-lk_manager=y;__Host-lk_known=z", Some("")),
            (" ; lk_portal=x ; ", Some("")),
            ("theme=dark; lk_portal=x; lang=en", Some("theme=dark; lang=en")),
            ("lk_portal=x; lang=en", Some("lang=en")),
            ("lang=en; lk_portal=x", Some("lang=en")),
            ("lang=en; lk_portal=x;", Some("lang=en;")),
            ("a=1;__Host-lk_known=x;b=\"2\"", Some("a=1;b=\"2\"")),
            ("x=%20; lk_manager=\"x\"; y=;z", Some("x=%20; y=;z")),
            ("lk_portal=x; lk_try=y; a=1;  b = 2", Some("a=1;  b = 2")),
            ("a=1; lk_portal = x; lk_portal; =lk_portal=x; b=2", Some("a=1; b=2")),
            // Two fields in one.
            ("a=1, lk_portal=x; b=2", Some("a=1; b=2")),
            ("lk_portal=x, a=1", Some("a=1")),
            ("a=\"; lk_portal=x; b=\"", Some("a=\"; b=\"")),
        ] {
            let kept = without_own(cookie.as_bytes()).map(|kept| String::from_utf8(kept).unwrap());
            assert_eq!(kept.as_deref(), expected, "{cookie}");
        }
    }

    #[test]
    fn bytes_of_others_need_be_no_text() {
        assert_eq!(without_own(b"a=\xff; lk_try=\xfe; b=\x80").as_deref(), Some(&b"a=\xff; b=\x80"[..]));
    }

    /// Names and values of cookies, of which some are ours.
    fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
        let name = prop_oneof![
            Just("lk_portal".to_owned()),
            Just("__Host-lk_manager".to_owned()),
            Just("lk_tr".to_owned()),
            "[A-Za-z_-]{1,6}",
        ];
        proptest::collection::vec((name, "[!-+--:<-~]{0,5}"), 0..6)
    }

    proptest! {
        #[test]
        fn what_a_browser_sends_loses_ours_alone(pairs in pairs(), space in "[ \t]{0,2}") {
            let join = |pairs: &[&(String, String)]| {
                let texts: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
                texts.join(&format!(";{space}"))
            };
            let is_ours = |name: &str| NAMES.contains(&name.as_bytes()) || name.starts_with("__Host-lk_");
            let all: Vec<_> = pairs.iter().collect();
            let others: Vec<_> = pairs.iter().filter(|(name, _)| !is_ours(name)).collect();
            let kept = without_own(join(&all).as_bytes());
            let expected = (others.len() < all.len()).then(|| join(&others).into_bytes());
            prop_assert_eq!(kept, expected);
        }
    }
}
