//! A drop folder on this machine, or mounted on it.
//!
//! Links are not followed, neither when listing nor when opening: a link could lead out of the folder.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};

use super::{
    ARCHIVE_NAMES_MAX, After, Checked, Finished, Folder, IntakeError, LISTING_MAX, Listing, NameFilter, Seen,
    archive_name, watch,
};
use crate::ident::Fingerprint;

/// A local folder and what is done with its files.
pub struct LocalFolder {
    path: PathBuf,
    filter: NameFilter,
    after: After,
    /// Folders whose names changed since the last listing. They are synced once for many files: until then a power
    /// cut brings a file back into the drop, where it is recognised by its content.
    unsynced: BTreeSet<PathBuf>,
    /// Inode numbers mean something here. Network filesystems may give one file another number at any time.
    has_inodes: bool,
}

impl LocalFolder {
    pub fn new(path: &Path, filter: NameFilter, after: After) -> Self {
        Self { path: path.to_owned(), filter, after, unsynced: BTreeSet::new(), has_inodes: false }
    }

    fn list_error(&self, source: io::Error) -> IntakeError {
        IntakeError::List { place: self.path.display().to_string(), source: source.into() }
    }

    fn seen_as(&self, name: &str, metadata: &Metadata) -> Seen {
        let changed = metadata.ctime().wrapping_mul(1_000_000_000).wrapping_add(metadata.ctime_nsec());
        let inode = if self.has_inodes { metadata.ino() } else { 0 };
        let version = changed.cast_unsigned() ^ inode.rotate_left(32);
        Seen { name: name.to_owned(), size_bytes: metadata.len(), modified: modified(metadata), version }
    }

    fn sync_folders(&mut self) {
        for folder in std::mem::take(&mut self.unsynced) {
            if let Err(error) = sync_folder(&folder) {
                tracing::debug!(folder = %folder.display(), %error, "Could not sync folder.");
            }
        }
    }

    /// Moves a file into the archive folder under the first free name.
    fn archive(&mut self, seen: &Seen, to: &str, content: &Fingerprint) -> io::Result<Finished> {
        let source = self.path.join(&seen.name);
        let folder = self.path.join(to);
        fs::create_dir_all(&folder)?;
        for attempt in 0..ARCHIVE_NAMES_MAX {
            let target = folder.join(archive_name(&seen.name, content, attempt));
            match rename_new(&source, &target) {
                Ok(()) => {
                    self.unsynced.extend([self.path.clone(), folder]);
                    return verify_moved(&source, &target, seen);
                }
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                    return self.archive_by_copy(seen, &folder, content);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Finished::Gone),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if holds(&target, seen.size_bytes, content)? {
                        return self.delete(seen);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "every name for it is taken in the archive folder"))
    }

    /// The archive is on another filesystem: copy under a temporary name, sync, rename, and only then remove.
    fn archive_by_copy(&mut self, seen: &Seen, folder: &Path, content: &Fingerprint) -> io::Result<Finished> {
        let temporary = folder.join(format!(".{content}.part"));
        let copied = copy_synced(&self.path.join(&seen.name), &temporary, seen, content);
        let finished = copied.and_then(|same| {
            if !same {
                return Ok(Finished::Changed);
            }
            for attempt in 0..ARCHIVE_NAMES_MAX {
                let target = folder.join(archive_name(&seen.name, content, attempt));
                match rename_new(&temporary, &target) {
                    Ok(()) => {
                        sync_folder(folder)?;
                        return self.delete(seen);
                    }
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        if holds(&target, seen.size_bytes, content)? {
                            return self.delete(seen);
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
            Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "every name for it is taken in the archive folder",
            ))
        });
        // Gone already when it was renamed; otherwise it must not stay behind, least of all on a full disk.
        drop(fs::remove_file(&temporary));
        finished
    }

    /// Removes the file if it still is the one that was seen.
    fn delete(&mut self, seen: &Seen) -> io::Result<Finished> {
        let path = self.path.join(&seen.name);
        match fs::symlink_metadata(&path) {
            Ok(found) if self.seen_as(&seen.name, &found) != *seen => return Ok(Finished::Changed),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Finished::Gone),
            Err(error) => return Err(error),
        }
        match fs::remove_file(&path) {
            Ok(()) => {
                self.unsynced.insert(self.path.clone());
                Ok(Finished::Done)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Finished::Gone),
            Err(error) => Err(error),
        }
    }

    fn check_archive(&self, to: &str) -> Result<Vec<String>, IntakeError> {
        let folder = self.path.join(to);
        let failed = |source: io::Error| IntakeError::Archive {
            to: folder.display().to_string(),
            source: source.into(),
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        let (here, there) =
            (fs::metadata(&self.path).map_err(failed)?, fs::metadata(&folder).map_err(failed)?);
        if (here.dev(), here.ino()) == (there.dev(), there.ino()) {
            return Err(failed(io::Error::other("it is the drop folder itself")));
        }
        tempfile::Builder::new().prefix(".entrywatch-check").tempfile_in(&folder).map_err(failed)?;
        let mut remarks = Vec::new();
        if here.dev() != there.dev() {
            remarks.push(format!(
                "`{}` is on another filesystem: files are copied, not moved",
                folder.display()
            ));
        }
        Ok(remarks)
    }
}

impl Folder for LocalFolder {
    fn list(&mut self) -> Result<Listing, IntakeError> {
        self.sync_folders();
        self.has_inodes = watch::polling_only(&self.path).is_none();
        let mut listing = Listing::default();
        for entry in fs::read_dir(&self.path).map_err(|error| self.list_error(error))? {
            let entry = entry.map_err(|error| self.list_error(error))?;
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(self.list_error(error)),
            };
            let name = entry.file_name();
            if !metadata.is_file() || !self.filter.accepts(&name.to_string_lossy()) {
                continue;
            }
            if listing.files.len() + listing.odd_names.len() >= LISTING_MAX {
                listing.cut_short = true;
                break;
            }
            match name.into_string() {
                Ok(name) => listing.files.push(self.seen_as(&name, &metadata)),
                Err(name) => listing.odd_names.push(name.to_string_lossy().into_owned()),
            }
        }
        Ok(listing)
    }

    fn fetch(&mut self, seen: &Seen, limit_bytes: u64) -> Result<Vec<u8>, IntakeError> {
        let name = || seen.name.clone();
        let read_error = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => IntakeError::Vanished { name: name() },
            // It has become a link since it was listed.
            _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                IntakeError::Changed { name: name() }
            }
            _ => IntakeError::Read { name: name(), source: error.into() },
        };
        let file = open_plain(&self.path.join(&seen.name)).map_err(read_error)?;
        let before = file.metadata().map_err(read_error)?;
        if !before.is_file() || self.seen_as(&seen.name, &before) != *seen {
            return Err(IntakeError::Changed { name: name() });
        }
        if seen.size_bytes > limit_bytes {
            return Err(IntakeError::TooLarge { name: name(), limit_bytes });
        }
        let capacity = usize::try_from(seen.size_bytes).unwrap_or(0).saturating_add(1);
        let mut bytes = Vec::with_capacity(capacity);
        (&file).take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(read_error)?;
        if bytes.len() as u64 > limit_bytes {
            return Err(IntakeError::TooLarge { name: name(), limit_bytes });
        }
        let after = file.metadata().map_err(read_error)?;
        if self.seen_as(&seen.name, &after) != *seen || bytes.len() as u64 != seen.size_bytes {
            return Err(IntakeError::Changed { name: name() });
        }
        Ok(bytes)
    }

    fn finish(&mut self, seen: &Seen, content: &Fingerprint) -> Result<Finished, IntakeError> {
        let (act, done) = match self.after.clone() {
            After::Leave => return Ok(Finished::Done),
            After::Delete => ("delete".to_owned(), self.delete(seen)),
            After::Move { to } => {
                let done = self.archive(seen, &to, content);
                (format!("move to `{to}`:"), done)
            }
        };
        done.map_err(|source| IntakeError::Finish { act, name: seen.name.clone(), source: source.into() })
    }

    fn check(&mut self) -> Result<Checked, IntakeError> {
        let listing = self.list()?;
        let mut remarks = Vec::new();
        if let Some(kind) = watch::polling_only(&self.path) {
            remarks.push(format!(
                "`{}` is on {kind}, which tells no file events: polling only",
                self.path.display()
            ));
        }
        if self.after != After::Leave {
            rustix::fs::access(&self.path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)
                .map_err(|error| IntakeError::Finish {
                    act: "remove files from".into(),
                    name: self.path.display().to_string(),
                    source: io::Error::from(error).into(),
                })?;
        }
        if let After::Move { to } = self.after.clone() {
            remarks.extend(self.check_archive(&to)?);
        }
        Ok(Checked { files: listing.files.len(), remarks })
    }
}

impl Drop for LocalFolder {
    fn drop(&mut self) {
        self.sync_folders();
    }
}

/// Times as the filesystem keeps them; its ticks are some milliseconds long.
fn modified(metadata: &Metadata) -> DateTime<Utc> {
    let nanos = u32::try_from(metadata.mtime_nsec()).unwrap_or(0);
    DateTime::<Utc>::from_timestamp(metadata.mtime(), nanos).unwrap_or_default()
}

/// Opens without following a link, and without waiting should it have become a pipe.
fn open_plain(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)
}

/// Renames, and never overwrites.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Filesystems that know no such rename (NFS) have hard links, which do not overwrite either.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        other => other.map_err(io::Error::from),
    }
}

/// What was moved must be what was taken. If somebody replaced it in the last moment it goes back.
fn verify_moved(source: &Path, target: &Path, seen: &Seen) -> io::Result<Finished> {
    let moved = fs::symlink_metadata(target)?;
    if (moved.len(), modified(&moved)) == (seen.size_bytes, seen.modified) {
        return Ok(Finished::Done);
    }
    rename_new(target, source)?;
    Ok(Finished::Changed)
}

/// True when a plain file holds exactly these bytes.
fn holds(path: &Path, size_bytes: u64, content: &Fingerprint) -> io::Result<bool> {
    let file = match open_plain(path) {
        Ok(file) => file,
        // A link or something else that cannot be compared: it is not ours.
        Err(_) => return Ok(false),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() != size_bytes {
        return Ok(false);
    }
    Ok(copy_hashed(&mut file.take(size_bytes.saturating_add(1)), &mut io::sink())? == *content)
}

/// Copies and syncs; false when the bytes are not those that were taken.
fn copy_synced(source: &Path, target: &Path, seen: &Seen, content: &Fingerprint) -> io::Result<bool> {
    let from = match open_plain(source) {
        Ok(from) => from,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut to = OpenOptions::new().write(true).create(true).truncate(true).open(target)?;
    let same = copy_hashed(&mut from.take(seen.size_bytes.saturating_add(1)), &mut to)? == *content;
    to.sync_all()?;
    Ok(same)
}

fn copy_hashed(from: &mut impl Read, to: &mut impl Write) -> io::Result<Fingerprint> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(Fingerprint::from_bytes(digest.finalize().into())),
            Ok(length) => {
                digest.update(&buffer[..length]);
                to.write_all(&buffer[..length])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests;
