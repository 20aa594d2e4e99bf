//! Mails that came, wherever they come to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::SystemTime;

use mail_parser::{Address, MessageParser};

/// Where mails are found.
pub trait Mails: Sync {
    /// All that have come so far, the oldest first.
    fn all(&self) -> Vec<Mail>;
}

/// A mail, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// Unlike that of every other.
    pub name: String,
    /// Of its file, where it is one: `600`.
    pub mode: Option<String>,
    /// The addresses it is to.
    pub to: Vec<String>,
    /// The field `To` as it is written, decoded.
    pub to_field: String,
    pub subject: String,
    /// Names of its fields, in lower case.
    pub fields: Vec<String>,
    pub text: String,
    pub html: String,
    /// As it came.
    pub raw: String,
}

/// A link, in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) whole: String,
    pub(super) origin: String,
    pub(super) path: String,
    pub(super) token: Option<String>,
}

impl Mail {
    pub(super) fn parse(name: &str, raw: &[u8]) -> Option<Self> {
        let message = MessageParser::default().parse(raw)?;
        let addresses = match message.to() {
            Some(Address::List(list)) => list.iter().filter_map(|one| one.address()).collect(),
            _ => Vec::new(),
        };
        let fields = message.headers().iter().map(|field| field.name().to_ascii_lowercase()).collect();
        let to_field = message.header_raw("To").unwrap_or_default().trim().to_owned();
        Some(Self {
            name: name.to_owned(),
            mode: None,
            to: addresses.into_iter().map(str::to_owned).collect(),
            to_field,
            subject: message.subject().unwrap_or_default().to_owned(),
            fields,
            text: message.body_text(0).unwrap_or_default().replace("\r\n", "\n"),
            html: message.body_html(0).unwrap_or_default().into_owned(),
            raw: String::from_utf8_lossy(raw).into_owned(),
        })
    }

    /// Links in the text.
    pub(super) fn links(&self) -> Vec<Link> {
        let begins_link = |word: &&str| word.starts_with("http://") || word.starts_with("https://");
        let ends_link = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"');
        self.text.split(ends_link).filter(begins_link).map(Link::parse).collect()
    }

    /// The token of a link to this path.
    pub fn token_at(&self, path: &str) -> Option<String> {
        self.links().into_iter().find(|link| link.path == path)?.token
    }

    /// The first link with a token, else the first.
    pub(super) fn link(&self) -> Option<Link> {
        let links = self.links();
        links.iter().find(|link| link.token.is_some()).or(links.first()).cloned()
    }
}

impl Link {
    fn parse(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let token = query.split('&').find_map(|pair| pair.strip_prefix("token="));
        Self {
            whole: url.to_owned(),
            origin: format!("{scheme}://{authority}"),
            path: path.to_owned(),
            token: token.map(str::to_owned),
        }
    }
}

/// A folder of `*.eml`, as the local program writes it.
pub struct Folder(pub PathBuf);

impl Mails for Folder {
    fn all(&self) -> Vec<Mail> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let mut mails: Vec<(SystemTime, Mail)> = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // One that is still being written begins with a dot.
            if name.starts_with('.') || !name.ends_with(".eml") {
                continue;
            }
            let Ok(metadata) = entry.metadata() else { continue };
            let Ok(raw) = fs::read(entry.path()) else { continue };
            let mail = Mail::parse(&name, &raw).unwrap_or_else(|| panic!("{name} is no mail"));
            let mode = Some(format!("{:o}", metadata.permissions().mode() & 0o7777));
            mails.push((metadata.modified().expect("no time of a file"), Mail { mode, ..mail }));
        }
        mails.sort_by(|(a, one), (b, other)| (a, &one.name).cmp(&(b, &other.name)));
        mails.into_iter().map(|(_, mail)| mail).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_taken_apart() {
        let raw = "From: a@example.org\r\nTo: <D.e@Example.org>\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\
            MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
            --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            Go to http://c.test/portal/verify?token=3Dlkm_1\r\nor http://c.test/portal/\r\n\
            --b\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--b--\r\n";
        let mail = Mail::parse("1", raw.as_bytes()).unwrap();
        assert_eq!((mail.to[0].as_str(), mail.subject.as_str()), ("D.e@Example.org", "café"));
        assert!(mail.html.contains("<p>x</p>"));
        let link = mail.link().unwrap();
        assert_eq!((link.origin.as_str(), link.path.as_str()), ("http://c.test", "/portal/verify"));
        assert_eq!(link.token.as_deref(), Some("lkm_1"));
        assert_eq!(mail.links().len(), 2);
    }
}
