//! Secrets: taken from the environment, and a pepper made at first start where none is set.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use latchkey_control::ports::Random;
use latchkey_published::admit_secret::SecretSetting;
use latchkey_published::keys::{Pepper, Peppers, PlainKey, hex};

use crate::private_file;
use crate::system::SystemRandom;

const PEPPER_FILE: &str = "pepper";
const PEPPER_BYTES: usize = 32;

/// The peppers, and whether the current one was made just now.
pub(crate) struct FoundPeppers {
    pub(crate) peppers: Peppers,
    pub(crate) is_new: bool,
}

/// Creates the data folder for its owner alone; one that is there stays as it is.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// What the environment sets.
#[derive(Default)]
pub(crate) struct SecretSettings {
    pub(crate) admin_token: Option<PlainKey>,
    pub(crate) pepper: Option<Pepper>,
    pub(crate) previous: Option<Pepper>,
    pub(crate) verify_token: Option<PlainKey>,
}

impl SecretSettings {
    /// Reads the environment. The error is for the person at the terminal.
    pub(crate) fn read() -> Result<Self, String> {
        SecretSettings::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        let secret = |setting: SecretSetting| {
            let value = variable(setting.name()).unwrap_or_default();
            setting.admit(value.as_encoded_bytes()).map(|text| text.map(PlainKey::new))
        };
        #[expect(clippy::disallowed_methods, reason = "a pepper is made of it")]
        let pepper =
            |setting| Ok::<_, String>(secret(setting)?.map(|text| Pepper::new(text.reveal().as_bytes())));
        Ok(SecretSettings {
            admin_token: secret(SecretSetting::AdminToken)?,
            pepper: pepper(SecretSetting::Pepper)?,
            previous: pepper(SecretSetting::PepperPrevious)?,
            verify_token: secret(SecretSetting::VerifyToken)?,
        })
    }
}

/// The peppers that are set, the current one else from its file.
///
/// The file is made when the store `is_new`; later a missing pepper is an error, because under
/// another one no stored key would be found. The error is for the person at the terminal.
pub(crate) fn find_peppers(
    folder: &Path,
    is_new: bool,
    set: &SecretSettings,
) -> Result<FoundPeppers, String> {
    let previous = set.previous.clone();
    if let Some(current) = set.pepper.clone() {
        return Ok(FoundPeppers { peppers: Peppers { current, previous }, is_new: false });
    }
    let path = folder.join(PEPPER_FILE);
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    check_folder(folder)?;
    let (value, is_new) = match File::open(&path) {
        Ok(file) => (read_private(file, &path)?, false),
        Err(error) if is_new && error.kind() == io::ErrorKind::NotFound => {
            (make_pepper(&path).map_err(failed)?.into_bytes(), true)
        }
        Err(error) => return Err(failed(error) + "; set LATCHKEY_PEPPER, or put the file back"),
    };
    // Editors end a file with a line end, which is no part of the pepper.
    let admitted = SecretSetting::Pepper.admit_from(&path.display().to_string(), value.trim_ascii())?;
    let current = admitted.ok_or_else(|| format!("{} is empty", path.display()))?;
    let current = Pepper::new(current.as_bytes());
    Ok(FoundPeppers { peppers: Peppers { current, previous }, is_new })
}

/// Reads a file that nobody else may read.
fn read_private(mut file: File, path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    #[cfg(unix)]
    modes::check_file(&file.metadata().map_err(failed)?, path)?;
    let mut value = Vec::new();
    file.read_to_end(&mut value).map_err(failed)?;
    Ok(value)
}

/// Whoever may write to the folder could put another pepper in the place of the one that is there.
fn check_folder(folder: &Path) -> Result<(), String> {
    #[cfg(unix)]
    {
        let metadata = fs::metadata(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        modes::check_folder(&metadata, folder)?;
    }
    Ok(())
}

/// Owners and modes, judged as `ssh` judges those of its keys.
#[cfg(unix)]
mod modes {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    const GROUP_READ: u32 = 0o040;
    const GROUP_AND_OTHERS: u32 = 0o077;
    const WRITE_BY_GROUP_AND_OTHERS: u32 = 0o022;
    const STICKY: u32 = 0o1000;

    /// Nobody but the owner, who is us or root. What root owns, its group may read: as a container
    /// gets it that does not run as root.
    pub(super) fn check_file(metadata: &Metadata, path: &Path) -> Result<(), String> {
        file(metadata.uid(), metadata.mode(), own_id(), path)
    }

    /// Others may not write, unless they can only touch what is theirs (sticky).
    pub(super) fn check_folder(metadata: &Metadata, path: &Path) -> Result<(), String> {
        folder(metadata.uid(), metadata.mode(), own_id(), path)
    }

    fn own_id() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn file(owner: u32, mode: u32, own: u32, path: &Path) -> Result<(), String> {
        owned(owner, own, path)?;
        let given = if owner != own { GROUP_READ } else { 0 };
        if mode & GROUP_AND_OTHERS & !given == 0 {
            return Ok(());
        }
        let (path, mode) = (path.display(), mode & 0o7777);
        Err(format!("{path} has mode {mode:04o}, so others can get at it: chmod 600 {path}"))
    }

    fn folder(owner: u32, mode: u32, own: u32, path: &Path) -> Result<(), String> {
        owned(owner, own, path)?;
        if mode & WRITE_BY_GROUP_AND_OTHERS == 0 || mode & STICKY != 0 {
            return Ok(());
        }
        let (path, mode) = (path.display(), mode & 0o7777);
        Err(format!(
            "the folder {path} has mode {mode:04o}, so others can replace what is in it: chmod go-w {path}"
        ))
    }

    fn owned(owner: u32, own: u32, path: &Path) -> Result<(), String> {
        if owner == own || owner == 0 {
            return Ok(());
        }
        let path = path.display();
        Err(format!("{path} belongs to user {owner}, neither to us ({own}) nor to root: chown {own} {path}"))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const US: u32 = 1000;
        const OTHER: u32 = 1001;

        #[test]
        fn files_are_for_their_owner_alone() {
            for (owner, mode, own, expected) in [
                (US, 0o100_600, US, Ok(())),
                (US, 0o100_400, US, Ok(())),
                (0, 0o100_600, 0, Ok(())),
                (0, 0o100_440, US, Ok(())),
                (US, 0o100_640, US, Err("chmod 600 /d/pepper")),
                (US, 0o100_604, US, Err("chmod 600 /d/pepper")),
                (US, 0o100_644, US, Err("mode 0644")),
                (US, 0o100_620, US, Err("chmod 600")),
                (US, 0o100_601, US, Err("chmod 600")),
                (0, 0o100_640, 0, Err("chmod 600")),
                (0, 0o100_444, US, Err("chmod 600")),
                (0, 0o100_460, US, Err("chmod 600")),
                (OTHER, 0o100_600, US, Err("chown 1000 /d/pepper")),
                (OTHER, 0o100_600, 0, Err("chown 0 /d/pepper")),
            ] {
                check(file(owner, mode, own, Path::new("/d/pepper")), expected, owner, mode);
            }
        }

        #[test]
        fn folders_are_not_written_by_others() {
            for (owner, mode, own, expected) in [
                (US, 0o40_700, US, Ok(())),
                (US, 0o40_755, US, Ok(())),
                (0, 0o40_755, US, Ok(())),
                (0, 0o41_777, US, Ok(())),
                (US, 0o40_777, US, Err("chmod go-w /d")),
                (US, 0o40_770, US, Err("mode 0770")),
                (US, 0o40_702, US, Err("chmod go-w /d")),
                (0, 0o40_777, US, Err("chmod go-w /d")),
                (OTHER, 0o40_755, US, Err("chown 1000 /d")),
            ] {
                check(folder(owner, mode, own, Path::new("/d")), expected, owner, mode);
            }
        }

        fn check(judged: Result<(), String>, expected: Result<(), &str>, owner: u32, mode: u32) {
            match (judged, expected) {
                (Ok(()), Ok(())) => {}
                (Err(error), Err(hint)) => assert!(error.contains(hint), "{error}"),
                (judged, _) => panic!("owner {owner}, mode {mode:o}: {judged:?}"),
            }
        }
    }
}

fn make_pepper(path: &Path) -> io::Result<String> {
    let mut bytes = [0; PEPPER_BYTES];
    SystemRandom.fill(&mut bytes);
    let text = hex(&bytes);
    make_file(path, text.as_bytes())?;
    Ok(text)
}

/// For its owner alone.
fn make_file(path: &Path, content: &[u8]) -> io::Result<()> {
    private_file::write(path, &path.with_extension("new"), content)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "made-up secrets are looked at")]
mod tests {
    use latchkey_control::http::ControlSettings;
    use latchkey_control::registry::TokenOrigin;

    use super::*;
    use crate::control_plane::ControlPlane;
    use crate::store::RedbStore;

    #[test]
    fn pepper_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        create_folder(&data).unwrap();
        let find = |is_new| find_peppers(&data, is_new, &SecretSettings::default());
        assert!(find(false).is_err(), "a lost pepper is not replaced silently");
        let first = find(true).unwrap();
        let again = find(true).unwrap();
        assert!(first.is_new && !again.is_new);
        assert_eq!(first.peppers.current.id(), again.peppers.current.id());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&data), mode(&data.join(PEPPER_FILE))), (0o700, 0o600));
        }
    }

    fn settings(variables: &[(&str, &str)]) -> Result<SecretSettings, String> {
        SecretSettings::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    const LONG: &str = "a secret of thirty-two bytes, ok";

    #[test]
    fn secrets_of_the_environment_are_admitted() {
        let empty = settings(&[("LATCHKEY_ADMIN_TOKEN", ""), ("LATCHKEY_PEPPER", "")]).unwrap();
        assert!(empty.admin_token.is_none() && empty.pepper.is_none() && empty.previous.is_none());
        let all =
            [("LATCHKEY_ADMIN_TOKEN", LONG), ("LATCHKEY_PEPPER", LONG), ("LATCHKEY_PEPPER_PREVIOUS", "p")];
        let all = settings(&all).unwrap();
        assert_eq!(all.admin_token.unwrap().reveal(), LONG);
        assert_eq!(all.pepper.unwrap().id(), Pepper::new(LONG.as_bytes()).id());
        assert_eq!(all.previous.unwrap().id(), Pepper::new(b"p").id());
        for name in ["LATCHKEY_ADMIN_TOKEN", "LATCHKEY_PEPPER"] {
            let error = settings(&[(name, "a")]).err().unwrap();
            assert!(error.starts_with(name) && error.contains("openssl rand -hex 32"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_utf8_is_not_unset() {
        use std::os::unix::ffi::OsStringExt as _;
        for setting in SecretSetting::ALL {
            let value = OsString::from_vec([LONG.as_bytes(), b"\xff"].concat());
            let variable = |name: &str| (name == setting.name()).then(|| value.clone());
            let error = SecretSettings::from_variables(variable).err().unwrap();
            assert!(error.starts_with(setting.name()) && error.contains("UTF-8"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pepper_file_is_taken_only_where_nobody_else_can_touch_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let find =
            || find_peppers(data, true, &SecretSettings::default()).map(|found| found.peppers.current.id());
        // Not even made where others may write.
        set(data, 0o777);
        assert!(find().unwrap_err().contains("chmod go-w"));
        assert!(!data.join(PEPPER_FILE).exists());
        set(data, 0o700);
        let id = find().unwrap();
        let file = data.join(PEPPER_FILE);
        for (file_mode, folder_mode, expected) in [
            (0o644, 0o700, Some("chmod 600")),
            (0o640, 0o700, Some("chmod 600")),
            (0o600, 0o777, Some("chmod go-w")),
            (0o600, 0o770, Some("chmod go-w")),
            (0o600, 0o1777, None),
            (0o400, 0o755, None),
        ] {
            set(&file, file_mode);
            set(data, folder_mode);
            let found = find();
            match expected {
                Some(hint) => assert!(found.unwrap_err().contains(hint), "{file_mode:o} {folder_mode:o}"),
                None => assert_eq!(found.unwrap(), id, "{file_mode:o} {folder_mode:o}"),
            }
        }
        // A pepper that is set needs no file.
        set(data, 0o777);
        let set_one = settings(&[("LATCHKEY_PEPPER", LONG)]).unwrap();
        assert!(find_peppers(data, true, &set_one).is_ok());
    }

    #[test]
    fn the_content_of_a_pepper_file_is_judged_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(PEPPER_FILE);
        for (content, expected) in [
            (&b""[..], Err("is empty")),
            (b"\n", Err("is empty")),
            (b"short\n", Err("shorter than 32 bytes")),
            (&[0xff; 40], Err("not UTF-8")),
            (LONG.as_bytes(), Ok(())),
            ([LONG.as_bytes(), b"\r\n"].concat().as_slice(), Ok(())),
        ] {
            let _ = fs::remove_file(&path);
            make_file(&path, content).unwrap();
            let found = find_peppers(folder.path(), false, &SecretSettings::default());
            match (found, expected) {
                (Ok(found), Ok(())) => {
                    assert_eq!(found.peppers.current.id(), Pepper::new(LONG.as_bytes()).id());
                }
                (Err(error), Err(fault)) => {
                    assert!(error.contains(fault) && error.contains("pepper"), "{error}")
                }
                (found, _) => panic!("{content:?}: {:?}", found.err()),
            }
        }
    }

    fn unset() -> ControlSettings {
        ControlSettings::new(None, "test", uuid::Uuid::nil())
    }

    /// What an older version took is not lost: its pepper may be the one before.
    #[test]
    fn a_store_moves_off_a_short_pepper() {
        let folder = tempfile::tempdir().unwrap();
        let store = RedbStore::open(&folder.path().join("store.redb"), 1 << 20).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let open = |peppers| {
            runtime.block_on(ControlPlane::open(store.clone(), peppers, None, unset())).map(|opened| opened.1)
        };
        let short = Peppers { current: Pepper::new(b"p"), previous: None };
        let TokenOrigin::Made(token) = open(short).unwrap().origin else { panic!("no token was made") };
        let set = settings(&[("LATCHKEY_PEPPER", LONG)]).unwrap();
        let without = find_peppers(folder.path(), false, &set).unwrap().peppers;
        assert!(open(without).is_err(), "the store knows no such pepper");
        let set = settings(&[("LATCHKEY_PEPPER", LONG), ("LATCHKEY_PEPPER_PREVIOUS", "p")]).unwrap();
        let peppers = find_peppers(folder.path(), false, &set).unwrap().peppers;
        let again = open(peppers.clone()).unwrap();
        let old = peppers.previous.unwrap().digest(token.reveal().as_bytes());
        assert!(matches!(again.origin, TokenOrigin::Kept) && again.digest.matches(&old));
    }

    #[test]
    fn admin_token_is_shown_once_and_never_stored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let store = RedbStore::open(&path, 1 << 20).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let peppers = || Peppers { current: Pepper::new(b"pepper"), previous: None };
        let open = || runtime.block_on(ControlPlane::open(store.clone(), peppers(), None, unset())).unwrap();
        let (first, again) = (open().1, open().1);
        let TokenOrigin::Made(token) = first.origin else { panic!("no token was made") };
        let digest = peppers().current.digest(token.reveal().as_bytes());
        assert!(matches!(again.origin, TokenOrigin::Kept) && again.digest.matches(&digest));
        drop(store);
        let stored = fs::read(&path).unwrap();
        assert!(!stored.windows(token.reveal().len()).any(|bytes| bytes == token.reveal().as_bytes()));
    }
}
