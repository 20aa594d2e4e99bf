//! Paths that are sent along, to go on to.

/// Whether a path that was sent along leads to a page below `start`, and nowhere else (ASVS 3.7.2).
pub(super) fn is_own_path(path: &str, start: &str) -> bool {
    let root = start.trim_end_matches('/');
    let rest = path.strip_prefix(root);
    let is_below = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    is_below
        && !path.contains(['\\'])
        && !path.contains("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn only_own_paths_are_led_to() {
        for (path, is_own) in [
            ("/manager", true),
            ("/manager/", true),
            ("/manager/services?page=2", true),
            ("/manager?x", true),
            ("/managers", false),
            ("/portal/", false),
            ("//evil.example", false),
            ("/manager//evil.example", false),
            ("https://evil.example/manager/", false),
            ("/manager/\\evil", false),
            ("/manager/\r\nx", false),
            ("", false),
        ] {
            assert_eq!(is_own_path(path, "/manager/"), is_own, "{path}");
        }
    }
}
