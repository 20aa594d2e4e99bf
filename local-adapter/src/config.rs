//! Settings: flags and environment, each with its unit and default; secrets by environment alone.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use latchkey_gateway::gateway::GatewaySettings;
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::limits::{
    ADMIN_GUESSES_PER_SECOND_DEFAULT, HELD_BYTES_DEFAULT, HELD_BYTES_PER_SECOND_DEFAULT,
};
use latchkey_request::client::TrustedIps;
use latchkey_request::network::parse_networks;
use latchkey_router::OwnPaths;

/// Everything under this path is ours, all else is proxied.
pub(crate) const PREFIX: &str = "/-";

const SECRETS_HELP: &str = "\
Secrets, read from the environment alone so that no process list shows them:
  LATCHKEY_ADMIN_TOKEN      Token of the Admin API. Unset: made at first start, shown once; only its
                            digest is kept
  LATCHKEY_PEPPER           Secret that API keys are digested with. Unset: made at first start and kept
                            in <data>/pepper (readable by its owner alone)
  LATCHKEY_PEPPER_PREVIOUS  The pepper before, while it is being replaced: keys under it stay good
Each has at least 32 bytes (the pepper before may be shorter); `openssl rand -hex 32` makes one.

Logs go to stderr; RUST_LOG chooses what is logged (default: info), e.g. RUST_LOG=latchkey=debug";

/// API-key gateway with Kong's conventions, as one process over an embedded store.
#[derive(Clone, Debug, Parser)]
#[command(version, after_help = SECRETS_HELP)]
pub(crate) struct Settings {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "LATCHKEY_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Folder of the store and the generated pepper; created when absent, for its owner alone
    #[arg(long, env = "LATCHKEY_DATA", value_name = "FOLDER", default_value = "./latchkey-data")]
    pub(crate) data: PathBuf,

    /// In an empty store, make a demo service, route, developer, application and key to try out
    #[arg(long)]
    pub(crate) demo: bool,

    /// Threads that serve requests [default: one for each core]
    #[arg(long, env = "LATCHKEY_THREADS", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Peers that are believed who the client is, by X-Forwarded-For, -Proto, -Host and -Port: addresses and networks, with commas, such as 10.0.0.0/8,::1 [default: none]
    #[arg(
        long,
        env = "LATCHKEY_TRUSTED_IPS",
        value_name = "NETWORKS",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) trusted_ips: TrustedIps,

    /// Fields that responses get: server_tokens, latency_tokens, Server, Via, X-Kong-Proxy-Latency, X-Kong-Response-Latency, X-Kong-Upstream-Latency, X-Kong-Upstream-Status, X-Kong-Request-Id, with commas between them; or off
    #[arg(long, env = "LATCHKEY_HEADERS", value_name = "FIELDS", value_parser = ResponseFields::parse, default_value = "server_tokens, latency_tokens, X-Kong-Request-Id")]
    pub(crate) headers: ResponseFields,

    /// Where the gateway's own paths are: /health and /verify below this, every other path is a route's
    #[arg(long, env = "LATCHKEY_GATEWAY_PREFIX", value_name = "PATH", value_parser = OwnPaths::new, default_value = "/-")]
    pub(crate) gateway_prefix: OwnPaths,

    /// Longest time after a change, in milliseconds, that a request may still be decided by the state before
    #[arg(long, env = "LATCHKEY_REVOCATION_BOUND_MS", value_name = "MS", default_value_t = 5000)]
    pub(crate) revocation_bound_ms: u64,

    /// How long known keys stay good past the bound while the feed of changes cannot be read, in milliseconds; 0: not at all
    #[arg(long, env = "LATCHKEY_OUTAGE_GRACE_MS", value_name = "MS", default_value_t = 60_000)]
    pub(crate) outage_grace_ms: u64,

    /// Longest body that is searched for a key, in bytes; a longer one is refused with 413
    #[arg(long, env = "LATCHKEY_BODY_SEARCH_BYTES", value_name = "BYTES", default_value_t = 1 << 20)]
    pub(crate) body_search_bytes: usize,

    /// Memory for keys already looked up, in bytes, for all threads together
    #[arg(long, env = "LATCHKEY_GRANT_CACHE_BYTES", value_name = "BYTES", default_value_t = 64 << 20)]
    pub(crate) grant_cache_bytes: usize,

    /// Networks that upstreams may be in although they are refused otherwise (link-local, metadata
    /// services, multicast), e.g. 169.254.170.0/24; commas between them
    #[arg(long, env = "LATCHKEY_UPSTREAM_ALLOW", value_name = "NETWORKS", value_parser = upstream_addresses, default_value = "", hide_default_value = true)]
    pub(crate) upstream_allow: UpstreamAddresses,

    /// Connections of clients at once; past it those that wait for their client are closed, and new ones wait [default: half the limit of file handles, at most 16384]
    #[arg(long, env = "LATCHKEY_MAX_CONNECTIONS", value_name = "COUNT", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) max_connections: Option<usize>,

    /// Memory for bodies and long heads that are held, in bytes, for all clients together: half for bodies that are searched, a quarter each for the Admin API's and for heads, half of each for one client; past it 503
    #[arg(long, env = "LATCHKEY_HELD_BODY_BYTES", value_name = "BYTES", default_value_t = HELD_BYTES_DEFAULT)]
    pub(crate) held_body_bytes: usize,

    /// Least rate of bodies that are held, in bytes a second, after the first ten seconds; a slower one is refused with 408; 0: any rate
    #[arg(long, env = "LATCHKEY_HELD_BODY_RATE", value_name = "BYTES", default_value_t = HELD_BYTES_PER_SECOND_DEFAULT)]
    pub(crate) held_body_rate: u32,

    /// Wrong admin tokens from one address in a second that are answered 401; more are answered 429; 0: no bound
    #[arg(long, env = "LATCHKEY_ADMIN_GUESSES_PER_SECOND", value_name = "COUNT", default_value_t = ADMIN_GUESSES_PER_SECOND_DEFAULT)]
    pub(crate) admin_guesses_per_second: u32,

    /// Time that requests under way get to finish after SIGTERM or SIGINT, in milliseconds
    #[arg(long, env = "LATCHKEY_DRAIN_MS", value_name = "MS", default_value_t = 30_000)]
    pub(crate) drain_ms: u64,
}

impl Settings {
    /// Number of threads that serve requests.
    pub(crate) fn thread_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, usize::from)
    }

    /// What core is told, for one of the threads.
    pub(crate) fn gateway(&self) -> GatewaySettings {
        GatewaySettings {
            revocation_bound_ms: self.revocation_bound_ms,
            outage_grace_ms: self.outage_grace_ms,
            body_search_bytes: self.body_search_bytes,
            grant_cache_bytes: self.grant_cache_bytes / self.thread_count(),
            own_paths: self.gateway_prefix.clone(),
            ..GatewaySettings::default()
        }
    }
}

fn upstream_addresses(allowed: &str) -> Result<UpstreamAddresses, String> {
    parse_networks(allowed).map(UpstreamAddresses::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn help_explains_every_setting() {
        let help = Settings::command().render_long_help().to_string();
        for name in [
            "LATCHKEY_LISTEN",
            "LATCHKEY_DATA",
            "LATCHKEY_ADMIN_TOKEN",
            "LATCHKEY_PEPPER",
            "LATCHKEY_PEPPER_PREVIOUS",
            "LATCHKEY_REVOCATION_BOUND_MS",
            "LATCHKEY_OUTAGE_GRACE_MS",
            "LATCHKEY_BODY_SEARCH_BYTES",
            "LATCHKEY_THREADS",
            "LATCHKEY_UPSTREAM_ALLOW",
            "LATCHKEY_MAX_CONNECTIONS",
            "LATCHKEY_HELD_BODY_BYTES",
            "LATCHKEY_HELD_BODY_RATE",
            "LATCHKEY_TRUSTED_IPS",
            "LATCHKEY_HEADERS",
            "LATCHKEY_GATEWAY_PREFIX",
            "LATCHKEY_ADMIN_GUESSES_PER_SECOND",
            "openssl rand -hex 32",
            "RUST_LOG",
            "--grant-cache-bytes",
            "--demo",
        ] {
            assert!(help.contains(name), "{name}");
        }
        assert!(help.contains("127.0.0.1:8080") && help.contains("5000") && help.contains("60000"));
    }

    #[test]
    fn networks_that_are_none_are_named() {
        let read = |list: &str| Settings::try_parse_from(["latchkey", "--upstream-allow", list]);
        assert!(read("").is_ok() && read("169.254.170.2, fe80::/10").is_ok());
        let error = read("169.254.170.2,fe80::/200").unwrap_err().to_string();
        assert!(error.contains("fe80::/200 is no address"), "{error}");
    }

    #[test]
    fn what_is_no_field_or_prefix_is_told() {
        let parse = |flag: &str, value: &str| Settings::try_parse_from(["latchkey", flag, value]);
        assert_eq!(parse("--headers", "off").unwrap().headers, ResponseFields::NONE);
        assert_eq!(Settings::try_parse_from(["latchkey"]).unwrap().headers, ResponseFields::default());
        let error = parse("--headers", "via,serve").unwrap_err().to_string();
        assert!(error.contains("'serve'") && error.contains("--headers"), "{error}");
        let moved = parse("--gateway-prefix", "/gateway").unwrap().gateway();
        assert_eq!(moved.own_paths, OwnPaths::new("/gateway").unwrap());
        let error = parse("--gateway-prefix", "/a//b").unwrap_err().to_string();
        assert!(error.contains("normal form") && error.contains("--gateway-prefix"), "{error}");
    }

    #[test]
    fn networks_that_are_none_are_told() {
        let parse = |list: &str| Settings::try_parse_from(["latchkey", "--trusted-ips", list]);
        assert!(
            parse("127.0.0.1, 10.0.0.0/8,::1,fd00::/8").unwrap().trusted_ips.contains([10, 1, 1, 1].into())
        );
        assert_eq!(parse("").unwrap().trusted_ips, TrustedIps::default());
        let error = parse("127.0.0.1,10.0.0.0/33").unwrap_err().to_string();
        assert!(
            error.contains("10.0.0.0/33 is no address and no network") && error.contains("--trusted-ips"),
            "{error}"
        );
    }

    #[test]
    fn command_line_is_well_formed() {
        Settings::command().debug_assert();
    }
}
