//! `cargo xtask`: the chores are in the library.

fn main() -> anyhow::Result<()> {
    xtask::run()
}
