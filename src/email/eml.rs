//! Mails as files: what happens to letters as long as no mail server is configured.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{Courier, Mail};
use crate::outbox::Outcome;

/// Writes each mail as `<created>-<key>.eml` into one folder.
///
/// A file is there whole or not at all: it is written beside its place under a hidden name, synced, and renamed. The
/// same mail written again replaces itself.
#[derive(Clone, Debug)]
pub struct EmlCourier {
    folder: PathBuf,
}

impl EmlCourier {
    /// # Errors
    /// When the folder is not there and cannot be made.
    pub fn new(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `20260302T142005Z-<key>.eml`.
    pub fn file_name(mail: &Mail) -> String {
        format!("{}-{}.eml", mail.date().format("%Y%m%dT%H%M%SZ"), mail.key())
    }
}

#[async_trait]
impl Courier for EmlCourier {
    async fn deliver(&mut self, mails: &[Mail]) -> Vec<Outcome> {
        let folder = self.folder.clone();
        let files: Vec<_> = mails.iter().map(|mail| (Self::file_name(mail), mail.bytes().to_vec())).collect();
        match tokio::task::spawn_blocking(move || write_all(&folder, &files)).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                let error = format!("the task that writes mail files ended early: {error}");
                vec![Outcome::Refused { error: error.into() }; mails.len()]
            }
        }
    }
}

fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> Vec<Outcome> {
    let written: Vec<_> = files.iter().map(|(name, bytes)| write_one(folder, name, bytes)).collect();
    // A rename is durable once the folder is synced.
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    let outcome = |(result, (name, _)): (io::Result<()>, &(String, Vec<u8>))| {
        let result = result.and_then(|()| match &synced {
            Ok(()) => Ok(()),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        });
        match result {
            Ok(()) => Outcome::Accepted { response: format!("written to {name}").into() },
            Err(error) => Outcome::Refused { error: format!("could not write {name}: {error}").into() },
        }
    };
    written.into_iter().zip(files).map(outcome).collect()
}

fn write_one(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let hidden = folder.join(format!(".{name}.part"));
    // Readable by the group, so that the operations team can open it; mails name customers and amounts.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&hidden)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&hidden, folder.join(name))
}
