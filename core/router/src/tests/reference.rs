//! A matcher too simple to be wrong: it sorts entries by a direct comparison and tries each.
//! It shares no code with the router but the normal form of paths.

use std::cmp::Ordering;

use regex::bytes::RegexBuilder;

use super::{NormalPath, RouteSpec, TestRequest};

pub(super) struct Reference<'r> {
    entries: Vec<(&'r RouteSpec, Option<&'r str>)>,
}

impl<'r> Reference<'r> {
    pub(super) fn new(routes: &'r [RouteSpec]) -> Self {
        let mut entries = Vec::new();
        for route in routes {
            match list(&route.paths) {
                [] => entries.push((route, None)),
                paths => entries.extend(paths.iter().map(|path| (route, Some(path.as_str())))),
            }
        }
        entries.sort_by(|left, right| compare(*left, *right));
        Reference { entries }
    }

    pub(super) fn find(&self, request: &TestRequest) -> Option<(&'r str, usize)> {
        let matched = |&(route, path): &(&'r RouteSpec, Option<&str>)| {
            let matched = matches(route, path, request)?;
            Some((route.name.as_deref().unwrap(), matched))
        };
        self.entries.iter().find_map(matched)
    }
}

fn list(field: &Option<Vec<String>>) -> &[String] {
    field.as_deref().unwrap_or_default()
}

fn headers(route: &RouteSpec) -> Vec<(&String, &Vec<String>)> {
    route.headers.iter().flatten().filter(|(_, values)| !values.is_empty()).collect()
}

fn compare(left: (&RouteSpec, Option<&str>), right: (&RouteSpec, Option<&str>)) -> Ordering {
    let kinds = |route: &RouteSpec| {
        usize::from(!list(&route.methods).is_empty())
            + usize::from(!list(&route.hosts).is_empty())
            + usize::from(!headers(route).is_empty())
            + usize::from(!list(&route.paths).is_empty())
            + usize::from(!list(&route.snis).is_empty())
    };
    let plain_hosts = |route: &RouteSpec| {
        let hosts = list(&route.hosts);
        !hosts.is_empty() && hosts.iter().all(|host| !host.contains('*'))
    };
    let is_regex = |path: Option<&str>| path.is_some_and(|path| path.starts_with('~'));
    let priority = |route: &RouteSpec, path| if is_regex(path) { route.regex_priority } else { 0 };
    let length = |path: Option<&str>| match path {
        Some(path) if !path.starts_with('~') => NormalPath::new(path.as_bytes()).len(),
        _ => 0,
    };
    kinds(right.0)
        .cmp(&kinds(left.0))
        .then(plain_hosts(right.0).cmp(&plain_hosts(left.0)))
        .then(headers(right.0).len().cmp(&headers(left.0).len()))
        .then(is_regex(right.1).cmp(&is_regex(left.1)))
        .then(priority(right.0, right.1).cmp(&priority(left.0, left.1)))
        .then(length(right.1).cmp(&length(left.1)))
        .then(left.0.created_at.cmp(&right.0.created_at))
        .then(left.0.id.cmp(&right.0.id))
}

fn matches(route: &RouteSpec, path: Option<&str>, request: &TestRequest) -> Option<usize> {
    let methods = list(&route.methods);
    let hosts = list(&route.hosts);
    let snis = list(&route.snis);
    let holds = (methods.is_empty() || methods.contains(&request.method))
        && (hosts.is_empty() || hosts.iter().any(|host| host_matches(host, request)))
        && (snis.is_empty() || !request.https || snis.iter().any(|sni| sni_matches(sni, request)))
        && headers(route).iter().all(|(name, values)| {
            let sent = request.headers.get_all(name.as_str());
            values.iter().any(|value| sent.iter().any(|sent| value_matches(value, sent.as_bytes())))
        });
    if !holds {
        return None;
    }
    let Some(path) = path else { return Some(0) };
    let sent = NormalPath::new(&request.path);
    match path.strip_prefix('~') {
        Some(pattern) => {
            let pattern = format!("^(?:{pattern})");
            let regex = RegexBuilder::new(&pattern).unicode(false).build().unwrap();
            regex.find(&sent).map(|found| found.len())
        }
        None => {
            let path = NormalPath::new(path.as_bytes());
            sent.starts_with(&path).then(|| path.len())
        }
    }
}

fn host_matches(pattern: &str, request: &TestRequest) -> bool {
    let sent = request.host.to_lowercase();
    let default_port = if request.https { "443" } else { "80" };
    let (name, port) = name_and_port(&sent);
    let pattern = pattern.to_lowercase();
    let (pattern_name, pattern_port) = name_and_port(&pattern);
    let name_matches = if let Some(suffix) = pattern_name.strip_prefix('*') {
        name.ends_with(suffix)
    } else if let Some(prefix) = pattern_name.strip_suffix('*') {
        name.starts_with(prefix)
    } else {
        name == pattern_name
    };
    name_matches && pattern_port.is_none_or(|pattern_port| pattern_port == port.unwrap_or(default_port))
}

/// An IPv6 address stands in brackets, or without a port.
fn name_and_port(host: &str) -> (&str, Option<&str>) {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match (bracketed, host.split_once(':')) {
        (Some((address, port)), _) => (address, port.strip_prefix(':')),
        (None, Some((name, port))) if !port.contains(':') => (name, Some(port)),
        (None, _) => (host, None),
    }
}

fn sni_matches(sni: &str, request: &TestRequest) -> bool {
    let normal = |sni: &str| sni.to_lowercase().trim_end_matches('.').to_owned();
    let Some(sent) = request.sni.as_deref().map(normal) else { return false };
    match sni.split_once('*') {
        Some((start, end)) => sent.starts_with(&start.to_lowercase()) && sent.ends_with(&end.to_lowercase()),
        None => sent == normal(sni),
    }
}

fn value_matches(value: &str, sent: &[u8]) -> bool {
    match value.strip_prefix("~*") {
        Some(pattern) => {
            let regex = RegexBuilder::new(pattern).unicode(false).case_insensitive(true).build().unwrap();
            regex.is_match(sent)
        }
        None => value.to_lowercase().as_bytes() == sent.to_ascii_lowercase(),
    }
}
