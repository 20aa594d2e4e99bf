//! Settings: flags and environment, each with its unit and default; secrets by environment alone.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;
use latchkey_control::http::{AdminOrigins, ControlSettings};
use latchkey_control::ports::Random as _;
use latchkey_gateway::gateway::GatewaySettings;
use latchkey_gateway::response_fields::ResponseFields;
use latchkey_gateway::upstream_address::UpstreamAddresses;
use latchkey_published::keys::KeyDigest;
use latchkey_published::limits::{
    ADMIN_GUESSES_PER_SECOND_DEFAULT, AUDIT_DAYS_DEFAULT, AUDIT_DAYS_MAX, DRAIN_MS_DEFAULT,
    GRANT_CACHE_BYTES_LOCAL_DEFAULT, HELD_BYTES_DEFAULT, HELD_BYTES_PER_SECOND_DEFAULT,
    STORE_CACHE_BYTES_DEFAULT,
};
use latchkey_request::client::TrustedIps;
use latchkey_request::network::parse_networks;
use latchkey_request::origin::Origin;
use latchkey_router::{OWN_PREFIX_DEFAULT, OwnPaths};

use crate::backup;
use crate::compact;
use crate::digest;
use crate::export;
use crate::import;
use crate::mail::{self, MailWay};
use crate::origin::origin_of;
use crate::system::SystemRandom;

const SECRETS_HELP: &str = "\
Secrets, read from the environment alone so that no process list shows them:
  LATCHKEY_ADMIN_TOKEN      Token of the Admin API. Unset: made at first start, shown once; only its
                            digest is kept
  LATCHKEY_PEPPER           Secret that API keys are digested with. Unset: made at first start and kept
                            in <data>/pepper (readable by its owner alone)
  LATCHKEY_PEPPER_PREVIOUS  The pepper before, while it is being replaced: keys under it stay good
  LATCHKEY_VERIFY_TOKEN     Token of programs that ask the gateway whether a key is good. Unset: none
                            is answered
Each has at least 32 bytes (the pepper before may be shorter); `openssl rand -hex 32` makes one.
  LATCHKEY_SMTP_URL         Server that takes mails: smtps://user:password@host, or
                            smtp://user:password@host?tls=required for STARTTLS; on this machine also
                            smtp://localhost:25. Unset: nobody is mailed

Logs go to stderr; RUST_LOG chooses what is logged (default: info), e.g. RUST_LOG=latchkey=debug";

/// API-key gateway with Kong's conventions, as one process over an embedded store.
#[derive(Clone, Debug, Parser)]
#[command(version, after_help = SECRETS_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct Settings {
    /// Instead of the gateway.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Where the gateway listens, plain HTTP/1.1; port 0 takes a free one
    #[arg(long, env = "LATCHKEY_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Where the control door (Admin API, health) listens, plain HTTP/1.1; port 0 takes a free one [default: 127.0.0.1 and the gateway's port + 1, wherever the gateway listens]
    #[arg(long, env = "LATCHKEY_CONTROL_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) control_listen: Option<SocketAddr>,

    /// Folder of the store and the generated pepper; created when absent, for its owner alone
    #[arg(long, env = "LATCHKEY_DATA", value_name = "FOLDER", default_value = "./latchkey-data")]
    pub(crate) data: PathBuf,

    /// Where people reach the control door, for links and pages, such as https://keys.example.com [default: where it listens]
    #[arg(long, env = "LATCHKEY_CONTROL_ORIGIN", value_name = "ORIGIN", value_parser = Origin::parse)]
    pub(crate) control_origin: Option<Origin>,

    /// Where clients reach the gateway, for links and pages, such as https://api.example.com [default: where it listens]
    #[arg(long, env = "LATCHKEY_GATEWAY_ORIGIN", value_name = "ORIGIN", value_parser = Origin::parse)]
    pub(crate) gateway_origin: Option<Origin>,

    /// Origins whose pages may call the Admin API in a browser, to the letter, with commas between them [default: none]
    #[arg(
        long,
        env = "LATCHKEY_ADMIN_ORIGINS",
        value_name = "ORIGINS",
        value_parser = AdminOrigins::parse,
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) admin_origins: AdminOrigins,

    /// Origins whose pages may call the Portal API in a browser, with its cookie, to the letter, with commas between them [default: none]
    #[arg(
        long,
        env = "LATCHKEY_PORTAL_CORS_ORIGINS",
        value_name = "ORIGINS",
        value_parser = AdminOrigins::parse,
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) portal_cors_origins: AdminOrigins,

    /// Folder that mails are written to, a file each, in the place of being sent; created when absent, for its owner alone; contradicts LATCHKEY_SMTP_URL [default: none]
    #[arg(long, env = "LATCHKEY_MAIL_DIR", value_name = "FOLDER")]
    pub(crate) mail_dir: Option<PathBuf>,

    /// Whom mails come from, such as Portal <portal@example.com>; LATCHKEY_SMTP_URL asks for it [default: portal@localhost in --mail-dir, else none]
    #[arg(long, env = "LATCHKEY_MAIL_FROM", value_name = "ADDRESS", value_parser = mail::sender)]
    pub(crate) mail_from: Option<String>,

    /// In an empty store, make a demo service, route, developer, application and key to try out
    #[arg(long)]
    pub(crate) demo: bool,

    /// Threads that serve requests at the gateway, 1 to 1024 [default: one for each core]
    #[arg(long, env = "LATCHKEY_THREADS", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Peers that are believed who the client is, at both doors, by X-Forwarded-For, -Proto, -Host and -Port (Kong's trusted_ips): addresses and networks, with commas, such as 10.0.0.0/8,::1; from all others these fields are replaced [default: none; with --demo 127.0.0.0/8,::1]
    #[arg(
        long,
        env = "LATCHKEY_TRUSTED_IPS",
        value_name = "NETWORKS",
        default_value = "",
        default_value_if("demo", "true", "127.0.0.0/8,::1"),
        hide_default_value = true
    )]
    pub(crate) trusted_ips: TrustedIps,

    /// Fields that responses are added, with commas between them (Kong's headers): Server (of answers made here) and Via (of upstreams' responses), both by server_tokens; X-Kong-Response-Latency, X-Kong-Proxy-Latency and X-Kong-Upstream-Latency, all by latency_tokens; X-Kong-Upstream-Status; X-Kong-Request-Id; or off; what is switched off is not worked out either
    #[arg(long, env = "LATCHKEY_HEADERS", value_name = "FIELDS", value_parser = ResponseFields::parse, default_value = "server_tokens, latency_tokens, X-Kong-Request-Id")]
    pub(crate) headers: ResponseFields,

    /// Where the gateway's own paths are: /health and /verify below this, every other path is a route's
    #[arg(long, env = "LATCHKEY_GATEWAY_PREFIX", value_name = "PATH", value_parser = OwnPaths::new, default_value = OWN_PREFIX_DEFAULT)]
    pub(crate) gateway_prefix: OwnPaths,

    /// Longest time after a change, in milliseconds, that a request may still be decided by the state before (the local program acts at once, and closes open WebSockets within it)
    #[arg(long, env = "LATCHKEY_REVOCATION_BOUND_MS", value_name = "MS", default_value_t = GatewaySettings::default().revocation_bound_ms)]
    pub(crate) revocation_bound_ms: u64,

    /// How long known keys stay good past the bound while the feed of changes cannot be read, in milliseconds; 0: not at all (the local program has the feed in its own memory, where this does not happen)
    #[arg(long, env = "LATCHKEY_OUTAGE_GRACE_MS", value_name = "MS", default_value_t = GatewaySettings::default().outage_grace_ms)]
    pub(crate) outage_grace_ms: u64,

    /// Longest body that is searched for a key (only with key_in_body), in bytes; a longer one is refused with 413
    #[arg(long, env = "LATCHKEY_BODY_SEARCH_BYTES", value_name = "BYTES", default_value_t = GatewaySettings::default().body_search_bytes)]
    pub(crate) body_search_bytes: usize,

    /// Memory for keys already looked up, in bytes, for all threads together (of a Lambda function, 33554432 unless it is set)
    #[arg(long, env = "LATCHKEY_GRANT_CACHE_BYTES", value_name = "BYTES", default_value_t = GRANT_CACHE_BYTES_LOCAL_DEFAULT)]
    pub(crate) grant_cache_bytes: usize,

    /// Memory for pages of the store's file, in bytes, at least 1048576; the operating system's cache of files comes besides
    #[arg(long, env = "LATCHKEY_STORE_CACHE_BYTES", value_name = "BYTES", default_value_t = STORE_CACHE_BYTES_DEFAULT, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1 << 20..))]
    pub(crate) store_cache_bytes: usize,

    /// Networks that upstreams may be in although they are refused otherwise (link-local, metadata services, multicast), with commas, such as 169.254.170.0/24,fe80::/10 [default: none]
    #[arg(long, env = "LATCHKEY_UPSTREAM_ALLOW", value_name = "NETWORKS", value_parser = upstream_addresses, default_value = "", hide_default_value = true)]
    pub(crate) upstream_allow: UpstreamAddresses,

    /// Connections of clients at the gateway at once; past it those that wait for their client are closed, and new ones wait [default: half the limit of file handles, at most 16384]
    #[arg(long, env = "LATCHKEY_MAX_CONNECTIONS", value_name = "COUNT", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) max_connections: Option<usize>,

    /// Memory for bodies and long heads that are held, in bytes, for all clients together: half for bodies that are searched, a quarter for heads at the gateway, an eighth each for heads and bodies at the control door, half of each for one client; past it 503
    #[arg(long, env = "LATCHKEY_HELD_BODY_BYTES", value_name = "BYTES", default_value_t = HELD_BYTES_DEFAULT)]
    pub(crate) held_body_bytes: usize,

    /// Least rate of bodies that are held, in bytes a second, after the first ten seconds; a slower one is refused with 408; 0: any rate
    #[arg(long, env = "LATCHKEY_HELD_BODY_RATE", value_name = "BYTES/S", default_value_t = HELD_BYTES_PER_SECOND_DEFAULT)]
    pub(crate) held_body_rate: u32,

    /// Wrong admin tokens from one address (of IPv6: one /64) in a second that are answered 401; more are answered 429; 0: no bound
    #[arg(long, env = "LATCHKEY_ADMIN_GUESSES_PER_SECOND", value_name = "COUNT", default_value_t = ADMIN_GUESSES_PER_SECOND_DEFAULT)]
    pub(crate) admin_guesses_per_second: u32,

    /// Days that audit records are kept, 1 to 3650
    #[arg(long, env = "LATCHKEY_AUDIT_DAYS", value_name = "DAYS", default_value_t = AUDIT_DAYS_DEFAULT, value_parser = clap::value_parser!(u32).range(1..=i64::from(AUDIT_DAYS_MAX)))]
    pub(crate) audit_days: u32,

    /// Time that requests under way get to finish after SIGTERM or SIGINT, in milliseconds
    #[arg(long, env = "LATCHKEY_DRAIN_MS", value_name = "MS", default_value_t = DRAIN_MS_DEFAULT)]
    pub(crate) drain_ms: u64,

    /// Print the page of all settings, and end
    #[arg(long, hide = true)]
    pub(crate) print_settings: bool,
}

/// What the program can do besides being the gateway.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Command {
    Compact(compact::Options),
    Digest(digest::Options),
    Backup(backup::BackupOptions),
    Restore(backup::RestoreOptions),
    Import(import::Options),
    Export(export::Options),
}

impl Settings {
    /// Number of threads that serve requests.
    pub(crate) fn thread_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, usize::from)
    }

    /// Where the control door listens. It is not at addresses that only the gateway was given.
    pub(crate) fn control_listen(&self) -> Result<SocketAddr, String> {
        let beside = || {
            let port = match self.listen.port() {
                0 => Some(0),
                port => port.checked_add(1),
            };
            Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port?))
        };
        self.control_listen
            .or_else(beside)
            .ok_or_else(|| format!("no port follows that of {}: name one with --control-listen", self.listen))
    }

    /// What core's control plane is told, for doors that listen at these addresses.
    pub(crate) fn control(&self, gateway: SocketAddr, control: SocketAddr) -> ControlSettings {
        let otherwise = |origin: &Option<Origin>, address| origin.clone().or_else(|| origin_of(address));
        ControlSettings {
            guesses_per_second: self.admin_guesses_per_second,
            admin_origins: self.admin_origins.clone(),
            control_origin: otherwise(&self.control_origin, control),
            gateway_origin: otherwise(&self.gateway_origin, gateway),
            own_paths: self.gateway_prefix.clone(),
            audit_days: self.audit_days,
            loopback_port: is_at_loopback(control.ip()).then(|| control.port()),
            portal_cors_origins: self.portal_cors_origins.clone(),
            ..ControlSettings::new(None, "latchkey", SystemRandom.uuid())
        }
    }

    /// How mails leave, if they do. `smtp_url`: of the environment alone.
    pub(crate) fn mail_way(&self, smtp_url: Option<&str>) -> Result<Option<MailWay>, String> {
        MailWay::find(self.mail_dir.as_deref(), self.mail_from.as_deref(), smtp_url)
    }

    /// What core is told, for one of the threads.
    pub(crate) fn gateway(&self, verify_token: Option<KeyDigest>) -> GatewaySettings {
        GatewaySettings {
            revocation_bound_ms: self.revocation_bound_ms,
            outage_grace_ms: self.outage_grace_ms,
            body_search_bytes: self.body_search_bytes,
            grant_cache_bytes: self.grant_cache_bytes / self.thread_count(),
            own_paths: self.gateway_prefix.clone(),
            // Not where the door listens: behind a proxy of this machine that would have others send their
            // secrets to a port of their own.
            control_origin: self.control_origin.clone(),
            verify_token,
            ..GatewaySettings::default()
        }
    }
}

/// Whether a listener at an address is reached by the names of this machine that no one else has.
fn is_at_loopback(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
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
            "LATCHKEY_CONTROL_LISTEN",
            "LATCHKEY_CONTROL_ORIGIN",
            "LATCHKEY_GATEWAY_ORIGIN",
            "LATCHKEY_ADMIN_ORIGINS",
            "LATCHKEY_DATA",
            "LATCHKEY_ADMIN_TOKEN",
            "LATCHKEY_PEPPER",
            "LATCHKEY_PEPPER_PREVIOUS",
            "LATCHKEY_VERIFY_TOKEN",
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
            "LATCHKEY_AUDIT_DAYS",
            "LATCHKEY_PORTAL_CORS_ORIGINS",
            "LATCHKEY_MAIL_DIR",
            "LATCHKEY_MAIL_FROM",
            "LATCHKEY_SMTP_URL",
            "openssl rand -hex 32",
            "RUST_LOG",
            "--grant-cache-bytes",
            "--store-cache-bytes",
            "--demo",
        ] {
            assert!(help.contains(name), "{name}");
        }
        assert!(help.contains("127.0.0.1:8080") && help.contains("5000") && help.contains("60000"));
    }

    #[test]
    fn the_control_door_is_beside_the_gateway_on_loopback() {
        for (arguments, expected) in [
            (&[][..], Some("127.0.0.1:8081")),
            (&["--listen", "127.0.0.1:0"], Some("127.0.0.1:0")),
            (&["--listen", "0.0.0.0:80"], Some("127.0.0.1:81")),
            (&["--listen", "[::]:9000"], Some("127.0.0.1:9001")),
            (&["--listen", "[::]:65535"], None),
            (&["--listen", "[::]:65535", "--control-listen", "[::1]:9"], Some("[::1]:9")),
        ] {
            let settings = Settings::try_parse_from([&["latchkey"], arguments].concat()).unwrap();
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(settings.control_listen().ok(), expected, "{arguments:?}");
        }
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
        let moved = parse("--gateway-prefix", "/gateway").unwrap().gateway(None);
        assert_eq!(moved.own_paths, OwnPaths::new("/gateway").unwrap());
        let error = parse("--gateway-prefix", "/a//b").unwrap_err().to_string();
        assert!(error.contains("normal form") && error.contains("--gateway-prefix"), "{error}");
    }

    #[test]
    fn audit_records_are_kept_for_some_days() {
        let parse = |days: &str| Settings::try_parse_from(["latchkey", &format!("--audit-days={days}")]);
        assert_eq!(Settings::try_parse_from(["latchkey"]).unwrap().audit_days, 90);
        assert_eq!(parse("1").unwrap().audit_days, 1);
        for wrong in ["0", "3651", "-1", "x"] {
            assert!(parse(wrong).unwrap_err().to_string().contains("--audit-days"), "{wrong}");
        }
    }

    #[test]
    fn networks_that_are_none_are_told() {
        let parse = |list: &str| Settings::try_parse_from(["latchkey", "--trusted-ips", list]);
        assert!(
            parse("127.0.0.1, 10.0.0.0/8,::1,fd00::/8").unwrap().trusted_ips.contains([10, 1, 1, 1].into())
        );
        assert_eq!(parse("").unwrap().trusted_ips, TrustedIps::default());
        let demo =
            |more: &[&str]| Settings::try_parse_from([&["latchkey", "--demo"], more].concat()).unwrap();
        assert!(demo(&[]).trusted_ips.contains([127, 0, 0, 1].into()));
        assert!(!demo(&["--trusted-ips", "::2"]).trusted_ips.contains([127, 0, 0, 1].into()));
        let error = parse("127.0.0.1,10.0.0.0/33").unwrap_err().to_string();
        assert!(
            error.contains("10.0.0.0/33 is no address and no network") && error.contains("--trusted-ips"),
            "{error}"
        );
    }

    #[test]
    fn a_command_stands_alone() {
        let parse = |arguments: &[&str]| Settings::try_parse_from([&["latchkey"], arguments].concat());
        assert!(parse(&["digest"]).unwrap().command.is_some());
        assert!(parse(&["digest", "kong.yaml"]).is_ok() && parse(&["digest", "-"]).is_ok());
        assert!(parse(&["--demo", "digest"]).is_err() && parse(&["digest", "--demo"]).is_err());
        assert!(parse(&["--demo"]).unwrap().command.is_none());
    }

    #[test]
    fn command_line_is_well_formed() {
        Settings::command().debug_assert();
    }
}
