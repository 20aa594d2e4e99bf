//! A function: its program in as many environments as there are invocations at a time, up to a limit.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::runtime_api::{FUNCTION_ARN, Part, RuntimeApi};
use crate::output::Output;

/// The platform gives the program ten seconds until its first poll.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often it is looked whether the program still runs.
const LIFE_CHECK: Duration = Duration::from_millis(50);

/// What to start and how.
#[derive(Clone, Debug)]
pub struct Program {
    pub path: PathBuf,
    pub arguments: Vec<String>,
    pub variables: Vec<(String, String)>,
    /// Environments at a time; further invocations wait.
    pub environments_max: usize,
    /// Whether a program is stopped while it has nothing to do, as the platform does.
    pub freeze: bool,
    /// Time for one invocation.
    pub timeout: Duration,
}

impl Program {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            environments_max: 1,
            freeze: true,
            timeout: Duration::from_secs(30),
        }
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Why an invocation has no response.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The program reported an error for it.
    Reported(String),
    /// The program ended, or never polled.
    Ended(String),
    TimedOut,
}

/// A function that can be invoked from many threads; stopped on drop.
pub struct Function {
    program: Program,
    log: Output,
    pool: Mutex<Pool>,
    given_back: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Environment>,
    /// Idle or not.
    count: usize,
    started: usize,
}

impl Function {
    pub fn new(program: Program) -> Self {
        let (log, pool) = (Output::default(), Mutex::default());
        Self { program, log, pool, given_back: Condvar::new() }
    }

    /// Starts one environment ahead of the first invocation, as provisioned concurrency does.
    pub fn warm_up(&self) -> Result<(), Failure> {
        let environment = self.take()?;
        self.give_back(environment);
        Ok(())
    }

    /// Invokes it and hands each part of the response to `sink`, which says whether to go on.
    /// Never hands on `Part::Failed`.
    pub fn invoke(&self, event: Vec<u8>, mut sink: impl FnMut(Part)) -> Result<(), Failure> {
        let mut environment = self.take()?;
        let result = environment.invoke(event, self.program.timeout, &mut sink);
        match result {
            Ok(()) | Err(Failure::Reported(_)) => self.give_back(environment),
            Err(_) => self.discard(environment),
        }
        result
    }

    /// Environments started so far.
    pub fn started(&self) -> usize {
        self.pool.lock().unwrap().started
    }

    /// Kills every environment once it is idle: the next invocation is a cold start.
    pub fn forget_environments(&self) {
        let mut pool = self.idle_pool();
        pool.count = 0;
        pool.idle.clear();
    }

    /// Processes of its environments, once they have nothing to do.
    pub fn idle_pids(&self) -> Vec<u32> {
        self.idle_pool().idle.iter().map(Environment::pid).collect()
    }

    fn idle_pool(&self) -> MutexGuard<'_, Pool> {
        let pool = self.pool.lock().unwrap();
        self.given_back.wait_while(pool, |pool| pool.idle.len() < pool.count).unwrap()
    }

    /// All that its environments printed.
    pub fn log(&self) -> String {
        self.log.text()
    }

    fn take(&self) -> Result<Environment, Failure> {
        let mut pool = self.pool.lock().unwrap();
        loop {
            if let Some(environment) = pool.idle.pop() {
                return Ok(environment);
            }
            if pool.count < self.program.environments_max {
                pool.count += 1;
                pool.started += 1;
                drop(pool);
                return Environment::start(&self.program, &self.log).inspect_err(|_| self.removed());
            }
            pool = self.given_back.wait(pool).unwrap();
        }
    }

    fn give_back(&self, mut environment: Environment) {
        if self.program.freeze {
            environment.freeze();
        }
        self.pool.lock().unwrap().idle.push(environment);
        self.given_back.notify_all();
    }

    fn discard(&self, environment: Environment) {
        drop(environment);
        self.removed();
    }

    fn removed(&self) {
        self.pool.lock().unwrap().count -= 1;
        self.given_back.notify_all();
    }
}

/// One process with its Runtime API; killed on drop.
pub struct Environment {
    api: RuntimeApi,
    child: Child,
    spawned: Instant,
    frozen: bool,
}

impl Environment {
    /// Starts the program and waits until it polls.
    pub fn start(program: &Program, log: &Output) -> Result<Self, Failure> {
        let mut environment = Self::spawn(program, log)?;
        let deadline = Instant::now() + INIT_TIMEOUT;
        while environment.api.wait_for_poll(LIFE_CHECK).is_none() {
            if let Some(report) = environment.api.init_error() {
                return Err(Failure::Ended(report));
            }
            environment.check_life()?;
            if Instant::now() > deadline {
                return Err(Failure::Ended("the program did not poll".to_owned()));
            }
        }
        Ok(environment)
    }

    fn spawn(program: &Program, log: &Output) -> Result<Self, Failure> {
        let api = RuntimeApi::start();
        let spawned = Instant::now();
        let mut child = command(program, &api)
            .spawn()
            .map_err(|error| Failure::Ended(format!("cannot start {}: {error}", program.path.display())))?;
        log.collect(child.stdout.take().expect("piped"));
        log.collect(child.stderr.take().expect("piped"));
        Ok(Self { api, child, spawned, frozen: false })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the program polls.
    pub fn wait_until_it_polls(&self) {
        assert!(self.api.wait_for_poll(INIT_TIMEOUT).is_some(), "the program does not poll any more");
    }

    /// From before the start of the process to its first poll.
    pub fn init_time(&self) -> Duration {
        let first_poll = self.api.wait_for_poll(INIT_TIMEOUT).expect("started by its first poll");
        first_poll.duration_since(self.spawned)
    }

    /// One invocation, to its end.
    pub fn invoke(
        &mut self,
        event: Vec<u8>,
        timeout: Duration,
        sink: &mut impl FnMut(Part),
    ) -> Result<(), Failure> {
        self.thaw();
        let deadline = Instant::now() + timeout;
        let parts = self.api.invoke(event, timeout);
        loop {
            let part = match parts.recv_timeout(LIFE_CHECK) {
                Ok(part) => part,
                Err(RecvTimeoutError::Disconnected) => return self.ended(),
                Err(RecvTimeoutError::Timeout) => {
                    if Instant::now() > deadline {
                        return Err(Failure::TimedOut);
                    }
                    self.check_life()?;
                    continue;
                }
            };
            match part {
                Part::Failed(report) => return Err(Failure::Reported(report)),
                Part::Whole(_) | Part::End => {
                    sink(part);
                    return Ok(());
                }
                Part::Broken(ref reason) => {
                    let reason = reason.clone();
                    sink(part);
                    return Err(Failure::Reported(reason));
                }
                Part::Begin | Part::Chunk(_) => sink(part),
            }
        }
    }

    fn check_life(&mut self) -> Result<(), Failure> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => self.ended(),
        }
    }

    fn ended(&mut self) -> Result<(), Failure> {
        let status = self.child.try_wait().ok().flatten();
        Err(Failure::Ended(status.map_or("the program hung up".to_owned(), |status| status.to_string())))
    }

    /// Stops the process once it polls again; what it does beside that waits for the next invocation.
    fn freeze(&mut self) {
        if !self.frozen && self.api.wait_for_poll(INIT_TIMEOUT).is_some() {
            self.signal(Signal::STOP);
            self.frozen = true;
        }
    }

    fn thaw(&mut self) {
        if self.frozen {
            self.signal(Signal::CONT);
            self.frozen = false;
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The variables of docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, and nothing of
/// the caller's but the path.
fn command(program: &Program, api: &RuntimeApi) -> Command {
    let folder = program.path.parent().unwrap_or(&program.path);
    let mut command = Command::new(&program.path);
    command
        .args(&program.arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_LAMBDA_RUNTIME_API", api.authority())
        .env("AWS_LAMBDA_FUNCTION_NAME", FUNCTION_ARN.rsplit(':').next().unwrap_or_default())
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/latchkey")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "test")
        .env("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_SESSION_TOKEN", "test")
        .env("LAMBDA_TASK_ROOT", folder)
        .env("LAMBDA_RUNTIME_DIR", folder)
        .env("_HANDLER", "bootstrap")
        .env("TZ", ":UTC")
        .envs(program.variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}
