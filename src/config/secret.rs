//! Where secrets come from. The configuration never holds one.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// A larger secret file is a mistake.
const SECRET_BYTES_MAX: u64 = 4_096;

/// The folder that systemd fills with the unit's credentials.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The source of one secret. It is read when it is needed, and printing it shows `<secret>`.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The first line of a file.
    File(PathBuf),
    /// An environment variable.
    Env(Box<str>),
    /// A credential of the systemd unit, by its id.
    Credential(Box<str>),
}

/// Why a secret cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("could not read the secret file {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the secret file {} is empty, larger than {SECRET_BYTES_MAX} bytes, or no text", path.display())]
    Content { path: PathBuf },
    #[error("the environment variable `{0}` is not set, or no text")]
    Env(Box<str>),
    #[error("`{CREDENTIALS_DIRECTORY}` is not set: the credential `{0}` exists only in a systemd unit that loads it")]
    NoCredentials(Box<str>),
}

impl SecretError {
    /// True when the same read may succeed later without anyone's help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() != std::io::ErrorKind::NotFound)
    }
}

impl Secret {
    /// # Errors
    /// When the source is missing, empty or too large. The text never holds a part of the secret.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::File(path) => read_file(path),
            Self::Env(name) => match std::env::var(&**name) {
                Ok(value) if !value.is_empty() => Ok(value.into()),
                _ => Err(SecretError::Env(name.clone())),
            },
            Self::Credential(name) => {
                let folder = std::env::var_os(CREDENTIALS_DIRECTORY)
                    .ok_or_else(|| SecretError::NoCredentials(name.clone()))?;
                read_file(&Path::new(&folder).join(&**name))
            }
        }
    }

    /// Where it comes from, for people: `the file /etc/entrywatch/smtp`.
    pub fn origin(&self) -> String {
        match self {
            Self::File(path) => format!("the file {}", path.display()),
            Self::Env(name) => format!("the environment variable {name}"),
            Self::Credential(name) => format!("the systemd credential {name}"),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

fn read_file(path: &Path) -> Result<SecretString, SecretError> {
    let fault = |source| SecretError::File { path: path.to_owned(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(fault)?;
    let content = || SecretError::Content { path: path.to_owned() };
    match file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return Err(content()),
        Err(error) => return Err(fault(error)),
    }
    let is_large = text.len() as u64 > SECRET_BYTES_MAX;
    let line = text.lines().next().unwrap_or_default();
    if is_large || line.is_empty() { Err(content()) } else { Ok(line.into()) }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn secrets_are_read_from_files_and_never_printed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        for (content, wanted) in
            [("hunter2\n", Some("hunter2")), ("hunter2", Some("hunter2")), ("", None), ("\n", None)]
        {
            std::fs::write(&path, content).expect("a file");
            let secret = Secret::File(path.clone());
            assert_eq!(secret.read().ok().as_ref().map(|secret| secret.expose_secret()), wanted, "{content:?}");
            assert_eq!(format!("{secret} {secret:?}"), "<secret> <secret>");
        }
        std::fs::write(&path, vec![b'x'; 5_000]).expect("a file");
        assert!(matches!(Secret::File(path.clone()).read(), Err(SecretError::Content { .. })));
        std::fs::write(&path, [0xff, 0xfe]).expect("a file");
        assert!(matches!(Secret::File(path).read(), Err(SecretError::Content { .. })));
        assert!(Secret::File(folder.path().join("missing")).read().is_err());
        assert!(Secret::Env("ENTRYWATCH_NO_SUCH_VARIABLE".into()).read().is_err());
    }
}
