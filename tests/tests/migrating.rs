//! docs/migrating-from-kong.md: every command in it is run, over a declaration as Kong dumps it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use latchkey_tests::base::ADMIN_TOKEN;
use latchkey_tests::client::Client as _;
use latchkey_tests::deployment::{Deployment as _, Local, Options, local_program};
use latchkey_tests::transcript::{Step, check, steps};
use latchkey_tests::upstream::Upstream;

const STAND_IN: &str = env!("CARGO_BIN_EXE_stand-in-deck");

fn document() -> Vec<Step> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/migrating-from-kong.md");
    steps(&fs::read_to_string(document).unwrap())
}

/// What Kong has, its service being at this port.
fn declaration(port: u16) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kong.yaml");
    fs::read_to_string(file).unwrap().replace("port: 9001", &format!("port: {port}"))
}

/// A folder with what the document calls `latchkey` and `deck`.
fn programs(folder: &Path) -> PathBuf {
    let programs = folder.join("bin");
    fs::create_dir(&programs).unwrap();
    symlink(local_program(), programs.join("latchkey")).unwrap();
    symlink(STAND_IN, programs.join("deck")).unwrap();
    programs
}

#[test]
fn the_document_is_true() {
    let (gateway, upstream) = (Local::spawn(Options::in_memory()), Upstream::recording());
    let folder = tempfile::tempdir().unwrap();
    let kong = folder.path().join("what-kong-has.yaml");
    fs::write(&kong, declaration(upstream.port())).unwrap();
    let [door, control] =
        [gateway.doors().gateway(""), gateway.doors().control("")].map(|place| place.authority);
    let mut steps = document();
    for step in &mut steps {
        let own = step.command.replace("127.0.0.1:8080", &door).replace("127.0.0.1:8081", &control);
        step.command = own.replace("lkadmin_…", ADMIN_TOKEN);
    }
    assert_eq!(steps.iter().filter(|step| step.command.contains("latchkey import")).count(), 5);
    let programs = programs(folder.path());
    let path = std::env::var("PATH").unwrap();
    check(&steps, |shell| {
        shell.env("PATH", format!("{}:{path}", programs.display())).env("STAND_IN_KONG", &kong);
    });
    // Whoever has another key is let in as well, and told to the service.
    let request = latchkey_tests::raw_http::Request::get("/orders/8").header("apikey", "another \"of\" bob");
    assert_eq!(gateway.send(&request).status, 200);
    let seen = upstream.take();
    assert_eq!(seen.last().unwrap().headers.first("x-consumer-custom-id").as_deref(), Some("42"));
}
