//! One thread waiting for another.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Nobody waits longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Shut until it is opened, then open for good; copies are one gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Fails when nobody opens it in time.
    #[track_caller]
    pub fn pass(&self) {
        let is_open = self.0.0.lock().unwrap();
        let (is_open, _) = self.0.1.wait_timeout_while(is_open, PATIENCE, |is_open| !*is_open).unwrap();
        assert!(*is_open, "not opened within {PATIENCE:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_gate_lets_everybody_pass() {
        let gate = Gate::default();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| gate.pass());
            }
            gate.clone().open();
        });
        gate.pass();
    }
}
