//! No package is built in two versions without a reason.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Exception, Finding, Offence, sift};
use super::graph::Graph;

/// `place` is the package; `subject` is empty, as versions change with every update.
const EXCEPTIONS: &[Exception] = &[
    Exception { place: "base64", subject: "", reason: "hyper-util and pem are a version ahead of ours" },
    Exception {
        place: "bit-vec",
        subject: "",
        reason: "proptest and jsonschema, in tests alone, are at one each",
    },
    Exception { place: "block-buffer", subject: "", reason: "of digest, below" },
    Exception {
        place: "chacha20",
        subject: "",
        reason: "proptest, in tests alone, is a version ahead of chacha20poly1305",
    },
    Exception { place: "cpufeatures", subject: "", reason: "of sha2, below" },
    Exception { place: "crypto-common", subject: "", reason: "of digest, below" },
    Exception { place: "digest", subject: "", reason: "of hmac and sha2, below" },
    Exception { place: "getrandom", subject: "", reason: "ring, ours and rand are at one each" },
    Exception {
        place: "hmac",
        subject: "",
        reason: "AWS's SDK, in the Lambda alone, is a version ahead of ours",
    },
    Exception {
        place: "nom",
        subject: "",
        reason: "x509-parser, an option of rcgen, is a version behind lettre, which reads SMTP by it",
    },
    Exception {
        place: "rand_core",
        subject: "",
        reason: "proptest, in tests alone, is ahead of argon2, which draws nothing by it",
    },
    Exception {
        place: "sha2",
        subject: "",
        reason: "AWS's SDK, in the Lambda alone, is a version ahead of ours",
    },
    Exception {
        place: "syn",
        subject: "",
        reason: "derive macros, while compiling alone: half of them are a version ahead",
    },
    Exception {
        place: "synstructure",
        subject: "",
        reason: "derive macros, while compiling alone: half of them are a version ahead",
    },
];

pub(super) fn check(graphs: &[Graph]) -> Vec<Finding> {
    sift(offences(graphs), EXCEPTIONS)
}

fn offences(graphs: &[Graph]) -> Vec<Offence> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in graphs.iter().flat_map(|graph| graph.packages.values()) {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    let several = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    let offence = |(name, versions): (&str, BTreeSet<&str>)| {
        let versions: Vec<&str> = versions.into_iter().collect();
        let finding = Finding::new(name, format!("is built in versions {}", versions.join(", ")));
        Offence { place: name.to_owned(), subject: String::new(), finding }
    };
    several.map(offence).collect()
}

#[cfg(test)]
mod tests {
    use super::super::graph::drawn;
    use super::*;

    #[test]
    fn two_versions_are_found_also_in_two_graphs() {
        let graphs =
            [drawn(&["a -> b@1.0.0", "a -> b@2.0.0", "a -> c@1.0.0"]), drawn(&["a -> c@1.1.0", "a -> d"])];
        let found: Vec<String> =
            offences(&graphs).iter().map(|offence| offence.finding.to_string()).collect();
        assert_eq!(found, ["b: is built in versions 1.0.0, 2.0.0", "c: is built in versions 1.0.0, 1.1.0"]);
    }
}
