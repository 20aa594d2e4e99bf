//! docs/portal.md: every command in it is run, and answers what stands there.
#![allow(clippy::unwrap_used, missing_docs)]

use latchkey_tests::transcript::check_with_demo;

#[test]
fn the_document_is_true() {
    let mails = tempfile::tempdir().unwrap();
    let folder = mails.path().to_str().unwrap();
    let own = |text: &str| {
        text.replace("--mail-dir mails", &format!("--mail-dir {folder}"))
            .replace("MAILS=mails", &format!("MAILS={folder}"))
    };
    check_with_demo("portal.md", own);
}
