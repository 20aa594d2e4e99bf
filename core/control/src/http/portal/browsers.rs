//! What a browser is called in a list of sessions: its family, and nothing else of what it says of itself.

use http::HeaderMap;
use http::header::USER_AGENT;

/// What is looked for, in this order, since most say that they are others too.
const FAMILIES: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// The family of the browser that sends a request, as far as it is known.
pub(super) fn family(headers: &HeaderMap) -> Option<&'static str> {
    let said = headers.get(USER_AGENT)?.to_str().ok()?;
    FAMILIES.into_iter().find(|(part, _)| said.contains(part)).map(|(_, family)| family)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn each_is_told_by_what_others_do_not_say() {
        for (said, expected) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Some("Firefox")),
            ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", Some("Chrome")),
            ("Mozilla/5.0 AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", Some("Edge")),
            (
                "Mozilla/5.0 AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                Some("Safari"),
            ),
            ("curl/8.5.0", Some("curl")),
            ("<b>", None),
        ] {
            let headers = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(said))]);
            assert_eq!(family(&headers), expected, "{said}");
        }
        assert_eq!(family(&HeaderMap::new()), None);
    }
}
