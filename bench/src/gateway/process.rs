//! A server that is started, kept to some cores, watched and stopped.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::cores;
use super::scratch::Scratch;
use xtask::workspace;

/// Stopped when dropped.
pub(super) struct Process {
    child: Child,
    log: PathBuf,
}

/// In bytes, over all processes of a server.
#[derive(Clone, Copy, Default)]
pub(super) struct Memory {
    /// What is resident; pages that processes share count once for each.
    pub(super) resident: u64,
    /// The same with shared pages divided among those who share them.
    pub(super) proportional: u64,
}

impl Process {
    /// Starts `command` on these cores, its output in a log.
    /// It ends when this program does, however that happens.
    pub(super) fn start(name: &str, command: &Command, on: &[usize], scratch: &Scratch) -> Result<Self> {
        let log = scratch.path().join(format!("{name}.log"));
        let output = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let mut pinned = Command::new("setpriv");
        pinned.args(["--pdeathsig", "TERM", "--", "taskset", "--cpu-list", &cores::list(on)]);
        pinned.arg(command.get_program()).args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => pinned.env(variable, value),
                None => pinned.env_remove(variable),
            };
        }
        pinned.current_dir(scratch.path()).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = pinned.spawn().with_context(|| format!("start {pinned:?}"))?;
        Ok(Self { child, log })
    }

    pub(super) fn exited(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    pub(super) fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// User and system time used so far, of all its processes.
    pub(super) fn cpu_time(&self) -> Result<Duration> {
        self.family()?.into_iter().map(|pid| Ok(stat(&pid.to_string())?.own_time)).sum()
    }

    pub(super) fn memory(&self) -> Result<Memory> {
        let mut memory = Memory::default();
        for pid in self.family()? {
            memory.resident += kilobytes(&format!("/proc/{pid}/status"), "VmRSS:")? * 1024;
            memory.proportional += kilobytes(&format!("/proc/{pid}/smaps_rollup"), "Pss:")? * 1024;
        }
        Ok(memory)
    }

    /// Its first process and all that descend from it.
    fn family(&self) -> Result<Vec<u32>> {
        let parents = parents()?;
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            family.extend(parents.iter().filter(|(_, p)| **p == parent).map(|(pid, _)| *pid));
            next += 1;
        }
        Ok(family)
    }

    fn stop(&mut self) -> Result<()> {
        let family = self.family()?;
        let _ = self.signal("-TERM", &[self.child.id()]);
        for _ in 0..60 {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        let _ = self.signal("-KILL", &family);
        self.child.wait()?;
        Ok(())
    }

    fn signal(&self, signal: &str, pids: &[u32]) -> Result<String> {
        workspace::output_of(Command::new("kill").arg(signal).args(pids.iter().map(u32::to_string)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("process {} may be left running: {error}", self.child.id());
        }
    }
}

/// CPU time of the programs that this one has started and waited for, such as the load.
pub(super) fn cpu_time_of_ended_children() -> Result<Duration> {
    Ok(stat("self")?.ended_children_time)
}

/// What these cores have done so far beside being idle: all time that was not there for others,
/// time stolen by the hypervisor included.
pub(super) fn busy_time(on: &[usize]) -> Result<Duration> {
    let all = fs::read_to_string("/proc/stat")?;
    let mut busy = 0;
    for core in on {
        let name = format!("cpu{core}");
        let line = all.lines().find(|line| line.split(' ').next() == Some(&name));
        let line = line.with_context(|| format!("no {name} in /proc/stat"))?;
        busy += busy_ticks(line)?;
    }
    ticks(busy)
}

/// Fields of proc(5): user nice system idle iowait irq softirq steal guest guest_nice, the last two
/// being part of the first two.
fn busy_ticks(line: &str) -> Result<u64> {
    let fields: Vec<u64> = line
        .split_ascii_whitespace()
        .skip(1)
        .map(str::parse)
        .collect::<Result<_, _>>()
        .context("/proc/stat")?;
    Ok(fields.iter().enumerate().filter(|(n, _)| matches!(n, 0..=2 | 5..=7)).map(|(_, ticks)| ticks).sum())
}

struct Stat {
    parent: u32,
    own_time: Duration,
    ended_children_time: Duration,
}

fn stat(pid: &str) -> Result<Stat> {
    let line =
        fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    let [parent, user, system, children_user, children_system] =
        stat_fields(&line).with_context(|| format!("/proc/{pid}/stat reads {line}"))?;
    Ok(Stat {
        parent: u32::try_from(parent)?,
        own_time: ticks(user + system)?,
        ended_children_time: ticks(children_user + children_system)?,
    })
}

/// Fields 4 and 14 to 17 of proc(5). The second, the program's name in brackets, may hold anything.
fn stat_fields(line: &str) -> Option<[u64; 5]> {
    let (_, rest) = line.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse().ok();
    Some([field(4)?, field(14)?, field(15)?, field(16)?, field(17)?])
}

fn parents() -> Result<HashMap<u32, u32>> {
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // One that ended meanwhile is none of ours.
        if let Ok(stat) = stat(&pid.to_string()) {
            parents.insert(pid, stat.parent);
        }
    }
    Ok(parents)
}

fn ticks(count: u64) -> Result<Duration> {
    static PER_SECOND: OnceLock<u64> = OnceLock::new();
    let per_second = match PER_SECOND.get() {
        Some(known) => *known,
        None => {
            let printed = workspace::output_of(Command::new("getconf").arg("CLK_TCK"))?;
            *PER_SECOND.get_or_init(|| printed.trim().parse().unwrap_or(100))
        }
    };
    Ok(Duration::from_micros(count * 1_000_000 / per_second))
}

fn kilobytes(file: &str, name: &str) -> Result<u64> {
    let content = fs::read_to_string(file).with_context(|| format!("read {file}"))?;
    let value = content
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .with_context(|| format!("{name} in {file}"))?;
    Ok(value.trim().trim_end_matches("kB").trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let line = "42 (a) b) S 7 42 42 0 -1 4194560 1 2 3 4 11 12 13 14 20 0 1 0 100 0 0";
        assert_eq!(stat_fields(line), Some([7, 11, 12, 13, 14]));
    }

    #[test]
    fn idle_and_guest_time_is_not_busy() {
        assert_eq!(busy_ticks("cpu0 1 2 4 1000 1000 8 16 32 1000 1000").unwrap(), 63);
    }

    #[test]
    fn own_process_has_a_parent() {
        assert!(parents().unwrap().contains_key(&std::process::id()));
    }
}
