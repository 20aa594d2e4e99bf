//! Which cores the gateway under test gets, and which the load and the upstream.

use std::fs;

use anyhow::{Context, Result, bail};

pub(super) struct Cores {
    pub(super) gateway: Vec<usize>,
    pub(super) load: Vec<usize>,
}

impl Cores {
    /// The first `gateway` cores that this process may use for the gateway, the others for the load
    /// and the upstream; all for both where none is left.
    pub(super) fn assign(gateway: usize) -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status").context("this benchmark needs Linux")?;
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let allowed = parse_list(allowed.context("no Cpus_allowed_list in /proc/self/status")?)?;
        Self::split(&allowed, gateway)
    }

    fn split(allowed: &[usize], gateway: usize) -> Result<Self> {
        if gateway == 0 || gateway > allowed.len() {
            bail!("--cores {gateway}: this machine lends 1 to {}", allowed.len());
        }
        let (gateway, rest) = allowed.split_at(gateway);
        let load = if rest.is_empty() { gateway } else { rest };
        Ok(Self { gateway: gateway.to_vec(), load: load.to_vec() })
    }

    /// Whether the load runs where the gateway does.
    pub(super) fn are_shared(&self) -> bool {
        self.gateway == self.load
    }

    pub(super) fn all(&self) -> Vec<usize> {
        let mut all = [self.gateway.clone(), self.load.clone()].concat();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// `0-2,5` as taskset takes it.
pub(super) fn list(cores: &[usize]) -> String {
    cores.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn parse_list(list: &str) -> Result<Vec<usize>> {
    let mut cores = vec![];
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        cores.extend(first.parse::<usize>()?..=last.parse()?);
    }
    Ok(cores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_single_cores() {
        assert_eq!(parse_list("\t0-2,5\n").unwrap(), [0, 1, 2, 5]);
    }

    #[test]
    fn gateway_first_load_on_the_rest() {
        let cores = Cores::split(&[0, 1], 1).unwrap();
        assert_eq!((cores.gateway, cores.load), (vec![0], vec![1]));
    }

    #[test]
    fn shared_when_none_is_left() {
        let cores = Cores::split(&[0, 1], 2).unwrap();
        assert!(cores.are_shared());
        assert_eq!(cores.all(), [0, 1]);
    }

    #[test]
    fn more_than_there_are() {
        assert!(Cores::split(&[0, 1], 3).is_err());
    }
}
