//! Pepper and admin token: taken from the environment, or made at first start.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use latchkey_core::keys::{KeyDigest, Pepper, Peppers, PlainKey, generate_key, hex};
use latchkey_core::ports::Random;
use latchkey_core::registry::Error;

use crate::admin::LocalRegistry;
use crate::system::SystemRandom;

const PEPPER_FILE: &str = "pepper";
const PEPPER_BYTES: usize = 32;

/// The peppers, and whether the current one was made just now.
pub(crate) struct FoundPeppers {
    pub(crate) peppers: Peppers,
    pub(crate) is_new: bool,
}

/// Whether the Admin API has a token that its owner may not know yet.
pub(crate) struct AdminToken {
    /// What a caller's token must digest to.
    pub(crate) digest: KeyDigest,
    /// The token itself, when it was made just now: to be shown once.
    pub(crate) new: Option<PlainKey>,
}

/// Creates the data folder for its owner alone; one that is there stays as it is.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Peppers from the environment, the current one else from its file.
///
/// The file is made when the store `is_new`; later a missing pepper is an error, because under
/// another one no stored key would be found.
pub(crate) fn find_peppers(folder: &Path, is_new: bool) -> io::Result<FoundPeppers> {
    let previous = secret("LATCHKEY_PEPPER_PREVIOUS").map(|secret| Pepper::new(secret.as_bytes()));
    if let Some(secret) = secret("LATCHKEY_PEPPER") {
        let peppers = Peppers { current: Pepper::new(secret.as_bytes()), previous };
        return Ok(FoundPeppers { peppers, is_new: false });
    }
    let path = folder.join(PEPPER_FILE);
    let (text, is_new) = match fs::read_to_string(&path) {
        Ok(text) => (text, false),
        Err(error) if is_new && error.kind() == io::ErrorKind::NotFound => (make_pepper(&path)?, true),
        Err(error) => {
            let hint = format!("{}: {error}; set LATCHKEY_PEPPER, or put the file back", path.display());
            return Err(io::Error::new(error.kind(), hint));
        }
    };
    let text = text.trim();
    if text.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} is empty", path.display())));
    }
    Ok(FoundPeppers { peppers: Peppers { current: Pepper::new(text.as_bytes()), previous }, is_new })
}

/// The token from the environment, else the one of the first start, which is made now if need be.
pub(crate) async fn find_admin_token(registry: &LocalRegistry) -> Result<AdminToken, Error> {
    let pepper = &registry.peppers().current;
    if let Some(token) = secret("LATCHKEY_ADMIN_TOKEN") {
        return Ok(AdminToken { digest: pepper.digest(token.as_bytes()), new: None });
    }
    if let Some(digest) = registry.admin_token_digest().await? {
        return Ok(AdminToken { digest, new: None });
    }
    let token = make_token();
    let digest = pepper.digest(token.reveal().as_bytes());
    registry.set_admin_token_digest(Some(digest)).await?;
    Ok(AdminToken { digest, new: Some(token) })
}

/// A new admin token: 190 bits in the form of a key, with another beginning.
pub(crate) fn make_token() -> PlainKey {
    let mut seed = [0; 32];
    SystemRandom.fill(&mut seed);
    let key = generate_key(&Pepper::new(&seed), &SystemRandom);
    PlainKey::new(key.reveal().replacen("lk_", "lkadmin_", 1))
}

fn make_pepper(path: &Path) -> io::Result<String> {
    let mut bytes = [0; PEPPER_BYTES];
    SystemRandom.fill(&mut bytes);
    let text = hex(&bytes);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Written aside and renamed, so that the file is never there half.
    let draft = path.with_extension("new");
    let _ = fs::remove_file(&draft);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    Ok(text)
}

/// An environment variable; set but empty counts as unset.
fn secret(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::AdminPlane;
    use crate::store::RedbStore;

    #[test]
    fn pepper_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        create_folder(&data).unwrap();
        assert!(find_peppers(&data, false).is_err(), "a lost pepper is not replaced silently");
        let first = find_peppers(&data, true).unwrap();
        let again = find_peppers(&data, true).unwrap();
        assert!(first.is_new && !again.is_new);
        assert_eq!(first.peppers.current.id(), again.peppers.current.id());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&data), mode(&data.join(PEPPER_FILE))), (0o700, 0o600));
        }
    }

    #[test]
    fn admin_token_is_shown_once_and_never_stored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let store = RedbStore::open(&path).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let peppers = || Peppers { current: Pepper::new(b"pepper"), previous: None };
        let open = || runtime.block_on(AdminPlane::open(store.clone(), peppers())).unwrap();
        let (first, again) = (open().1, open().1);
        let token = first.new.unwrap();
        let digest = peppers().current.digest(token.reveal().as_bytes());
        assert!(again.new.is_none() && again.digest.matches(&digest));
        drop(store);
        let stored = fs::read(&path).unwrap();
        assert!(!stored.windows(token.reveal().len()).any(|bytes| bytes == token.reveal().as_bytes()));
    }
}
