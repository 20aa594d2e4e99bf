//! What runs in an isolate needs no runtime of its own, no TLS, no HTTP codec and no tables of Unicode.

use super::finding::Finding;
use super::graph::Graph;

/// What runs in an isolate is below this folder.
const FOLDER: &str = "worker-adapter/";
const BANNED: [&str; 6] = ["tokio", "ring", "hyper", "url", "idna", "icu_*"];
/// The platform's bindings need `url` (with ICU's tables) and `tokio`, and there is no asking them not
/// to. Nothing of ours reaches those parts: the linker leaves them out, and `cargo xtask worker check`
/// weighs what is left.
const BINDINGS: &str = "worker";

pub(super) fn check(wasm: &Graph) -> Vec<Finding> {
    let workers: Vec<_> = wasm
        .members()
        .filter(|(_, package)| package.roots.iter().any(|root| root.starts_with(FOLDER)))
        .collect();
    if workers.is_empty() {
        return vec![Finding::new(FOLDER, "no package is here: this rule looks at nothing")];
    }
    let mut findings = Vec::new();
    for (id, package) in workers {
        let banned = wasm.needed_by(id, BINDINGS).into_iter().filter(|name| is_banned(name));
        findings
            .extend(banned.map(|name| Finding::new(&package.name, format!("needs {name} in an isolate"))));
    }
    findings
}

fn is_banned(name: &str) -> bool {
    BANNED.iter().any(|banned| match banned.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == *banned,
    })
}

#[cfg(test)]
mod tests {
    use super::super::graph::drawn;
    use super::*;

    fn check_graph(arrows: &[&str], expected: &[&str]) {
        let shown: Vec<String> = check(&drawn(arrows)).iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_too_much_for_an_isolate_is_found() {
        let arrows = [
            "latchkey-worker-adapter/gateway -> a",
            "a -> url",
            "url -> icu_properties",
            "latchkey -> tokio",
        ];
        check_graph(
            &arrows,
            &[
                "latchkey-worker-adapter/gateway: needs icu_properties in an isolate",
                "latchkey-worker-adapter/gateway: needs url in an isolate",
            ],
        );
        check_graph(
            &["latchkey-worker-adapter -> worker", "worker -> url", "latchkey-worker-adapter => tokio"],
            &[],
        );
    }

    #[test]
    fn a_worker_under_another_name_is_found() {
        check_graph(
            &["latchkey-edge -> tokio"],
            &["worker-adapter/: no package is here: this rule looks at nothing"],
        );
    }
}
