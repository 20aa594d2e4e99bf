//! What a started program prints, taken as it comes.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::base::wait_until;

/// How long the rest of what an ended program has printed may take.
const REST_WITHIN: Duration = Duration::from_secs(10);

/// All that came so far; copies share it.
#[derive(Clone, Debug, Default)]
pub struct Output(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    bytes: Mutex<Vec<u8>>,
    /// Pipes that are not at their end.
    open: AtomicUsize,
}

impl Output {
    /// Takes what comes there, from now to its end.
    pub fn collect(&self, from: impl Read + Send + 'static) {
        drop(self.collect_lines(from));
    }

    /// The same; each line can be received besides.
    pub fn collect_lines(&self, from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
        let (found, lines) = mpsc::channel();
        let shared = Arc::clone(&self.0);
        shared.open.fetch_add(1, Ordering::SeqCst);
        thread::spawn(move || {
            let mut reader = BufReader::new(from);
            let mut line = Vec::new();
            while let Ok(1..) = reader.read_until(b'\n', &mut line) {
                shared.bytes.lock().unwrap().extend_from_slice(&line);
                let _ = found.send(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
        lines
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.bytes.lock().unwrap()).into_owned()
    }

    /// All of it; whoever prints must have ended.
    pub fn text_to_end(&self) -> String {
        wait_until("the output ends", REST_WITHIN, || self.0.open.load(Ordering::SeqCst) == 0);
        self.text()
    }
}
