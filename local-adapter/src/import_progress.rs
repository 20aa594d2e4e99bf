//! How far an import is: a bar at a terminal, a line every now and then elsewhere.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::message;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
const BAR: &str = "{msg:9} {bar:40} {human_pos} of {human_len} ({eta} left)";

/// How far one state is.
#[derive(Default)]
pub(crate) struct Progress {
    state: String,
    total: usize,
    bar: Option<ProgressBar>,
    told: Option<Instant>,
}

impl Progress {
    pub(crate) fn start(state: &str, total: usize) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(BAR).expect("it is well-formed");
            ProgressBar::new(total as u64).with_style(style).with_message(state.to_owned())
        });
        Progress { state: state.to_owned(), total, bar, told: None }
    }

    /// So much of the state is done.
    pub(crate) fn reach(&mut self, done: usize) {
        match &self.bar {
            Some(bar) => bar.set_position(done as u64),
            None => {
                if done == self.total || self.told.is_none_or(|told| told.elapsed() >= LINE_EVERY) {
                    self.told = Some(Instant::now());
                    message::note(&format!("{}: {done} of {}", self.state, self.total));
                }
            }
        }
    }

    /// The same of a state that may be another.
    pub(crate) fn go_on(&mut self, state: &str, done: usize, total: usize) {
        if state != self.state {
            self.end();
            *self = Progress::start(state, total);
        }
        if matches!(state, "done" | "refused") {
            return self.end();
        }
        self.total = total;
        if let Some(bar) = &self.bar {
            bar.set_length(total as u64);
        }
        self.reach(done);
    }

    /// Prints beside the bar.
    pub(crate) fn above(&self, text: &str) -> io::Result<()> {
        match &self.bar {
            Some(bar) => bar.suspend(|| message::print(text)),
            None => message::print(text),
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
