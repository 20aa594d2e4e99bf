//! Address and password, or id and secret, in `Authorization: Basic` (RFC 7617), in UTF-8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Address and password of a request; `None`: it shows none, or what is none.
pub(super) fn address_and_password(headers: &HeaderMap) -> Option<(String, String)> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let field = fields.next().filter(|_| fields.next().is_none())?.as_bytes();
    let (scheme, rest) = field.split_at_checked("basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim_ascii()).ok()?).ok()?;
    let (address, password) = text.split_once(':')?;
    Some((address.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_first_colon_parts_them() {
        for (fields, expected) in [
            (&["Basic YTpi"][..], Some(("a", "b"))),
            (&["basic YTpi"], Some(("a", "b"))),
            (&["BASIC   YTpi "], Some(("a", "b"))),
            (&["Basic YTpiOmM="], Some(("a", "b:c"))),
            (&["Basic Og=="], Some(("", ""))),
            (&["Basic YTogYiA="], Some(("a", " b "))),
            (&["Basic w7w6w7w="], Some(("ü", "ü"))),
            (&["Basic YTpi", "Basic YTpi"], None),
            (&["Basic YQ=="], None),
            (&["Basic YTpi="], None),
            (&["Basic /zov"], None),
            (&["Basic"], None),
            (&["Bearer YTpi"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(AUTHORIZATION, HeaderValue::from_static(field));
            }
            let expected = expected.map(|(a, b)| (a.to_owned(), b.to_owned()));
            assert_eq!(address_and_password(&headers), expected, "{fields:?}");
        }
    }
}
