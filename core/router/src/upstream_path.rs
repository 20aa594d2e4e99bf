use super::NormalPath;

/// Appends the path to ask the upstream for, by Kong's path handling `v0`.
///
/// `service_path` is the service's own; none and `/` are the same.
/// `stripped` is how many bytes of `request_path` to cut ([`super::Match::stripped`]); 0 for none.
/// What is left after a cut loses a leading `./` or `../`, which `/a..` cut after `/a` would otherwise leave.
pub fn upstream_path(
    service_path: Option<&[u8]>,
    request_path: &NormalPath<'_>,
    stripped: usize,
    out: &mut Vec<u8>,
) {
    let base = service_path.unwrap_or_default();
    let trunk = base.strip_suffix(b"/").unwrap_or(base);
    let remainder = without_dot_segment(request_path.get(stripped..).unwrap_or_default());
    let remainder = remainder.strip_prefix(b"/").unwrap_or(remainder);
    // With nothing left to append, the base keeps its own slash only if the request had one.
    let ends_in_slash = request_path.ends_with(b"/") && (base.len() > trunk.len() || request_path.len() > 1);

    out.extend_from_slice(trunk);
    if !remainder.is_empty() || trunk.is_empty() || ends_in_slash {
        out.push(b'/');
    }
    out.extend_from_slice(remainder);
}

fn without_dot_segment(remainder: &[u8]) -> &[u8] {
    match remainder {
        b"." | b".." => b"",
        [b'.', b'/', rest @ ..] | [b'.', b'.', b'/', rest @ ..] => rest,
        _ => remainder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(service: Option<&str>, request: &str, stripped: &str, expected: &str) {
        assert!(request.starts_with(stripped));
        let mut out = b"kept".to_vec();
        let request = NormalPath::new(request.as_bytes());
        upstream_path(service.map(str::as_bytes), &request, stripped.len(), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), format!("kept{expected}"));
    }

    #[test]
    fn the_v0_table() {
        for (service, stripped, expected) in [
            (None, "/a", ["/", "/", "/x"]),
            (Some(""), "/a", ["/", "/", "/x"]),
            (Some("/"), "/a", ["/", "/", "/x"]),
            (Some("/s"), "/a", ["/s", "/s/", "/s/x"]),
            (Some("/s/"), "/a", ["/s", "/s/", "/s/x"]),
            (None, "", ["/a", "/a/", "/a/x"]),
            (Some("/"), "", ["/a", "/a/", "/a/x"]),
            (Some("/s"), "", ["/s/a", "/s/a/", "/s/a/x"]),
            (Some("/s/"), "", ["/s/a", "/s/a/", "/s/a/x"]),
        ] {
            for (request, expected) in ["/a", "/a/", "/a/x"].into_iter().zip(expected) {
                check(service, request, stripped, expected);
            }
        }
    }

    #[test]
    fn the_whole_path_or_the_root_cut() {
        for (service, request, stripped, expected) in [
            (None, "/", "/", "/"),
            (Some("/s"), "/", "/", "/s"),
            (Some("/s/"), "/", "/", "/s/"),
            (Some("/s"), "/", "", "/s"),
            (Some("/s/"), "/", "", "/s/"),
            (Some("/s"), "/x", "/", "/s/x"),
            (Some("/s/"), "/x/", "/", "/s/x/"),
            (Some("/s"), "/a/", "/a/", "/s/"),
            (Some("/s/"), "/a/", "/a/", "/s/"),
            (None, "/a/", "/a/", "/"),
            (Some("/s"), "/abc", "/a", "/s/bc"),
        ] {
            check(service, request, stripped, expected);
        }
    }

    #[test]
    fn what_is_left_cannot_climb_out() {
        for (request, expected) in [
            ("/a..", "/s"),
            ("/a.", "/s"),
            ("/a../x", "/s/x"),
            ("/a./x", "/s/x"),
            ("/a../", "/s/"),
            ("/a...", "/s/..."),
            ("/a/.x", "/s/.x"),
        ] {
            check(Some("/s"), request, "/a", expected);
        }
    }
}
