//! Many cases, several at a time.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;

/// At a time: most wait for a process to start or a disk to answer more than they compute.
const AT_A_TIME: usize = 8;

/// Runs them all, in their order as far as one of the threads is free.
pub fn each_of<C: Send>(cases: Vec<C>, run: impl Fn(C) + Sync) {
    let queue = Mutex::new(VecDeque::from(cases));
    let next = || queue.lock().unwrap().pop_front();
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(case) = next() {
                    run(case);
                }
            });
        }
    });
}
