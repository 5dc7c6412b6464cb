//! The key that signs the links in mails: configured, or made once and kept in the state folder, readable by its owner only.
//!
//! It is no part of the state: a backup has none, and after a restore the links of older mails end. Letters and acknowledgements do not depend on it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use crate::ident::hex;
use crate::journal::create_folder;
use crate::outbox::KEY_BYTES_MIN;

/// Its name below the state folder.
pub const LINK_KEY: &str = "link.key";

/// Bytes of chance in a key that we make.
const CHANCE_BYTES: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum LinkKeyError {
    #[error("the key of the links in mails, {path}, could not be read or made", path = path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the key of the links in mails is shorter than {KEY_BYTES_MIN} characters")]
    Short,
    #[error("{path} may be read by others: chmod 600, or delete it so that a new one is made", path = path.display())]
    Open { path: PathBuf },
}

/// Reads the key below a state folder, or makes it.
pub fn of_folder(folder: &Path) -> Result<SecretString, LinkKeyError> {
    let path = folder.join(LINK_KEY);
    let io = |source| LinkKeyError::Io { path: path.clone(), source };
    if !path.exists() {
        create_folder(folder).map_err(|error| io(io::Error::other(error.to_string())))?;
        match make(&path) {
            // Another process was faster; its key is as good.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(io)?,
        }
    }
    let mut file = File::open(&path).map_err(io)?;
    if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
        return Err(LinkKeyError::Open { path });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(io)?;
    let key = SecretString::from(text.trim().to_owned());
    if key.expose_secret().len() < KEY_BYTES_MIN { Err(LinkKeyError::Short) } else { Ok(key) }
}

/// Writes it under another name first: a key is there whole or not at all.
fn make(path: &Path) -> io::Result<()> {
    let mut chance = [0; CHANCE_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut chance)?;
    let new = path.with_extension(format!("key.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    let made = file.write_all(hex(&chance).as_bytes()).and_then(|()| file.sync_all());
    let placed = made.and_then(|()| std::fs::hard_link(&new, path));
    std::fs::remove_file(&new)?;
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state");
        let key = of_folder(&state).expect("it is made");
        assert_eq!(key.expose_secret().len(), 2 * CHANCE_BYTES);
        assert_eq!(of_folder(&state).expect("it is read").expose_secret(), key.expose_secret());
        let path = state.join(LINK_KEY);
        assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("changed");
        assert!(matches!(of_folder(&state), Err(LinkKeyError::Open { .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("changed");
        std::fs::write(&path, "short").expect("written");
        assert!(matches!(of_folder(&state), Err(LinkKeyError::Short)));
        assert_eq!(std::fs::read_dir(&state).expect("a listing").count(), 1, "nothing is left beside it");
    }
}
