//! What a rule finds, and what it lets pass for a reason.

use std::fmt;

/// An offence, as it is printed: where it is, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// A file, or a file and line, or a package.
    pub(super) place: String,
    pub(super) what: String,
}

impl Finding {
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// An offence that may be excepted: `place` and `subject` are what an [`Exception`] names.
pub(super) struct Offence {
    pub(super) place: String,
    pub(super) subject: String,
    pub(super) finding: Finding,
}

/// What a rule lets pass.
pub(super) struct Exception {
    /// A file, a package, a crate: the rule says which.
    pub(super) place: &'static str,
    /// A literal, a circle: the rule says which.
    pub(super) subject: &'static str,
    /// Why it may stay; for whoever reads the list.
    pub(super) reason: &'static str,
}

/// Offences that no exception names, and exceptions that name none: those are to be deleted.
pub(super) fn sift(offences: Vec<Offence>, exceptions: &[Exception]) -> Vec<Finding> {
    let names = |exception: &Exception, offence: &Offence| {
        exception.place == offence.place && exception.subject == offence.subject
    };
    let unneeded = exceptions.iter().filter(|one| !offences.iter().any(|offence| names(one, offence)));
    let mut findings: Vec<Finding> = unneeded
        .map(|one| {
            let what = format!(
                "nothing needs the exception {:?} any more ({}): delete it from xtask/src/tidy",
                one.subject, one.reason
            );
            Finding::new(one.place, what)
        })
        .collect();
    let kept = offences.into_iter().filter(|offence| !exceptions.iter().any(|one| names(one, offence)));
    findings.extend(kept.map(|offence| offence.finding));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offence(place: &str, subject: &str) -> Offence {
        let finding = Finding::new(place, subject);
        Offence { place: place.to_owned(), subject: subject.to_owned(), finding }
    }

    const EXCEPTIONS: [Exception; 1] = [Exception { place: "a.rs", subject: "x", reason: "the reason" }];

    #[test]
    fn what_is_excepted_passes_and_the_rest_is_found() {
        let findings = sift(vec![offence("a.rs", "x"), offence("b.rs", "x")], &EXCEPTIONS);
        assert_eq!(findings, [Finding::new("b.rs", "x")]);
    }

    #[test]
    fn an_exception_that_nothing_needs_is_found() {
        let findings = sift(vec![], &EXCEPTIONS);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].what.contains("the reason"), "{findings:?}");
    }
}
