//! Mails as files in a folder, in the place of being sent.

use std::io;
use std::path::{Path, PathBuf};

use crate::mail_message::MailMessage;
use crate::private_file;
use crate::secrets;

/// A folder for its owner alone, with one file `*.eml` for each mail.
#[derive(Clone, Debug)]
pub(crate) struct MailFolder(PathBuf);

impl MailFolder {
    /// Makes the folder when it is absent.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        secrets::create_folder(path)?;
        Ok(MailFolder(path.to_owned()))
    }

    /// Writes a mail, durably: whole, or not at all. Written once more it is the same file.
    pub(crate) fn write(&self, message: &MailMessage) -> io::Result<()> {
        let MailMessage { name, bytes, .. } = message;
        private_file::write(&self.0.join(format!("{name}.eml")), &self.0.join(format!(".{name}")), bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use lettre::address::Envelope;

    use super::*;

    fn message(text: &str) -> MailMessage {
        let envelope = Envelope::new(None, vec!["dee@example.org".parse().unwrap()]).unwrap();
        MailMessage { name: "1-a".to_owned(), envelope, bytes: text.as_bytes().to_vec() }
    }

    #[test]
    #[cfg(unix)]
    fn a_mail_is_its_owners_and_once_there() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("mails");
        let folder = MailFolder::open(&path).unwrap();
        // As a crash leaves it.
        fs::write(path.join(".1-a"), "hal").unwrap();
        folder.write(&message("once")).unwrap();
        folder.write(&message("twice")).unwrap();
        let names: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["1-a.eml"]);
        assert_eq!(fs::read_to_string(path.join("1-a.eml")).unwrap(), "twice");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("1-a.eml"))), (0o700, 0o600));
    }
}
