//! docs/portal.md: every command in it is run, and answers what stands there.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;

use latchkey_tests::base::wait_until;
use latchkey_tests::deployment::{Deployment as _, Local, Options};
use latchkey_tests::transcript::{check, fits, steps};

const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(120);

#[test]
fn the_document_is_true() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/portal.md");
    let mut steps = steps(&fs::read_to_string(document).unwrap());
    let mails = tempfile::tempdir().unwrap();
    let folder = mails.path().to_str().unwrap();
    let start = steps.remove(0);
    let flags = start.command.strip_prefix("cargo run -- ").expect("it begins with the program");
    let flags = flags.split(' ').map(|flag| if flag == "mails" { folder } else { flag }.to_owned()).collect();
    let program = Local::spawn(Options { admin_token: None, flags, ..Options::default() });
    wait_until("the demo is set up", TIMEOUT, || program.printed().contains("/demo\n"));
    let printed = program.printed();
    assert!(fits(&start.printed, &printed), "it starts with\n{printed}");
    let token = printed.split_once("export LATCHKEY_TOKEN=").unwrap().1.lines().next().unwrap();
    let [gateway, control] =
        [program.doors().gateway(""), program.doors().control("")].map(|place| place.authority);
    for step in &mut steps {
        let own = step.command.replace("127.0.0.1:8080", &gateway).replace("127.0.0.1:8081", &control);
        step.command = own.replace("lkadmin_…", token).replace("MAILS=mails", &format!("MAILS={folder}"));
    }
    assert!(steps.len() > 30, "only {} commands", steps.len());
    check(&steps, |_| {});
}
