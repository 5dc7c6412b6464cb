//! File events of local folders, as hints to scan sooner.
//!
//! Nothing is learnt from an event but that a look may be worth while: a broken upload and a whole one send the same
//! events, some renames send none, and a full queue drops them. Events are never needed; without them a file is found
//! at the next poll.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::ident::DropName;

/// One watcher for all local folders: each would cost a thread and one of the user's few inotify instances.
pub struct Watch {
    watcher: RecommendedWatcher,
    folders: Vec<Watched>,
    hints: Arc<Hints>,
}

struct Watched {
    drop: DropName,
    path: PathBuf,
    /// Device and inode of the folder that is watched. A folder made anew needs a new watch.
    identity: Option<(u64, u64)>,
    polling_only: Option<&'static str>,
}

struct Hints {
    paths: Vec<PathBuf>,
    flags: Vec<AtomicBool>,
}

/// Why events cannot be had. The drops are polled all the same.
#[derive(Debug, thiserror::Error)]
#[error("could not watch folders for file events; polling goes on")]
pub struct WatchError(#[source] notify::Error);

impl Watch {
    /// Watches the folders that exist and tell events; the others are polled until [`rearm`](Self::rearm) finds them.
    ///
    /// `wake` is called from the watcher's thread after a hint was noted. It must return at once: a slow one makes the
    /// system drop events.
    ///
    /// # Errors
    /// When the system gives no watcher at all.
    pub fn start(
        folders: impl IntoIterator<Item = (DropName, PathBuf)>,
        wake: impl Fn() + Send + 'static,
    ) -> Result<Self, WatchError> {
        let (drops, paths): (Vec<DropName>, Vec<PathBuf>) = folders.into_iter().unzip();
        let flags = paths.iter().map(|_| AtomicBool::new(false)).collect();
        let hints = Arc::new(Hints { paths: paths.clone(), flags });
        let noted = Arc::clone(&hints);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if noted.note(event) {
                wake();
            }
        });
        let folders = drops.into_iter().zip(paths).map(|(drop, path)| {
            let polling_only = polling_only(&path);
            Watched { drop, path, identity: None, polling_only }
        });
        let mut watch = Self { watcher: watcher.map_err(WatchError)?, folders: folders.collect(), hints };
        watch.rearm();
        Ok(watch)
    }

    /// The drops with a hint since the last call.
    pub fn take_hints(&self) -> Vec<DropName> {
        let hinted = self.folders.iter().zip(&self.hints.flags);
        hinted
            .filter(|(_, flag)| flag.swap(false, Ordering::AcqRel))
            .map(|(folder, _)| folder.drop.clone())
            .collect()
    }

    /// Watches folders that have appeared or were made anew, and answers which. Cheap enough for every poll.
    pub fn rearm(&mut self) -> Vec<DropName> {
        let mut armed = Vec::new();
        for folder in self.folders.iter_mut().filter(|folder| folder.polling_only.is_none()) {
            let identity = std::fs::metadata(&folder.path).ok().map(|found| (found.dev(), found.ino()));
            if identity == folder.identity {
                continue;
            }
            if folder.identity.take().is_some() {
                // It fails when the system has dropped the watch with the folder, which is just as well.
                drop(self.watcher.unwatch(&folder.path));
            }
            if identity.is_none() {
                continue;
            }
            match self.watcher.watch(&folder.path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    folder.identity = identity;
                    armed.push(folder.drop.clone());
                }
                Err(error) => {
                    tracing::warn!(drop = %folder.drop, %error, "Could not watch drop for file events; polling goes on.");
                    folder.polling_only = Some("a filesystem that cannot be watched");
                }
            }
        }
        armed
    }

    /// Drops without events, and on what they are.
    pub fn polled(&self) -> impl Iterator<Item = (&DropName, &'static str)> {
        self.folders.iter().filter_map(|folder| Some((&folder.drop, folder.polling_only?)))
    }
}

impl Hints {
    /// Sets the flags that an event concerns; false when it concerns none.
    fn note(&self, event: notify::Result<notify::Event>) -> bool {
        let event = match event {
            Ok(event) if event.need_rescan() => return self.note_all(),
            Ok(event) if is_hint(event.kind) => event,
            Ok(_) => return false,
            Err(_) => return self.note_all(),
        };
        if event.paths.is_empty() {
            return self.note_all();
        }
        let mut any = false;
        for (folder, flag) in self.paths.iter().zip(&self.flags) {
            let concerns = |path: &PathBuf| path == folder || path.parent() == Some(folder);
            if event.paths.iter().any(concerns) {
                flag.store(true, Ordering::Release);
                any = true;
            }
        }
        any
    }

    fn note_all(&self) -> bool {
        self.flags.iter().for_each(|flag| flag.store(true, Ordering::Release));
        !self.flags.is_empty()
    }
}

/// Our own opening and listing is reported too; a scan that followed it would lead to the next for ever.
fn is_hint(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) => true,
        EventKind::Modify(kind) => matches!(kind, ModifyKind::Data(_) | ModifyKind::Name(_)),
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        EventKind::Any | EventKind::Other => false,
    }
}

/// Says on what kind of filesystem a folder is when that kind tells no events of what other machines do.
pub fn polling_only(path: &Path) -> Option<&'static str> {
    let kind = rustix::fs::statfs(path).ok()?.f_type;
    // The field is signed on some machines; magic numbers have 32 bits (statfs(2), linux/magic.h).
    match kind as u64 & 0xFFFF_FFFF {
        0x6969 => Some("NFS"),
        0x517B | 0xFF53_4D42 | 0xFE53_4D42 => Some("SMB"),
        0x0102_1997 => Some("9P"),
        0x6573_5546 => Some("FUSE"),
        0x00C3_6400 => Some("Ceph"),
        0x5346_414F | 0x6B41_4653 => Some("AFS"),
        0x786F_4256 => Some("a VirtualBox share"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RenameMode};

    use super::*;

    #[test]
    fn only_writing_is_a_hint() {
        for (kind, wanted) in [
            (EventKind::Create(CreateKind::File), true),
            (EventKind::Remove(notify::event::RemoveKind::Folder), true),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), true),
            (EventKind::Modify(ModifyKind::Name(RenameMode::To)), true),
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), false),
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), false),
            (EventKind::Access(AccessKind::Close(AccessMode::Read)), false),
            (EventKind::Access(AccessKind::Close(AccessMode::Write)), true),
            (EventKind::Other, false),
        ] {
            assert_eq!(is_hint(kind), wanted, "{kind:?}");
        }
    }

    #[test]
    fn an_overflow_or_error_concerns_every_folder() {
        let hints = Hints {
            paths: vec!["/a".into(), "/b".into()],
            flags: vec![AtomicBool::new(false), AtomicBool::new(false)],
        };
        let taken = || hints.flags.iter().map(|flag| flag.swap(false, Ordering::AcqRel)).collect::<Vec<_>>();
        assert!(hints.note(Ok(notify::Event::new(EventKind::Other).set_flag(Flag::Rescan))));
        assert_eq!(taken(), [true, true]);
        assert!(hints.note(Err(notify::Error::generic("lost"))));
        assert_eq!(taken(), [true, true]);
        let created = notify::Event::new(EventKind::Create(CreateKind::File));
        assert!(hints.note(Ok(created.clone().add_path("/b/file".into()))));
        assert_eq!(taken(), [false, true]);
        assert!(!hints.note(Ok(created.add_path("/c/file".into()))));
    }

    /// Waits for wake-ups until the drop is hinted; the limit only bounds a failing test.
    fn hinted(watch: &Watch, woken: &mpsc::Receiver<()>) -> bool {
        loop {
            if !watch.take_hints().is_empty() {
                return true;
            }
            if woken.recv_timeout(Duration::from_secs(10)).is_err() {
                return false;
            }
        }
    }

    #[test]
    fn a_folder_made_anew_is_watched_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("drop");
        let (wake, woken) = mpsc::channel();
        let name = DropName::new("drop");
        let mut watch =
            Watch::start([(name.clone(), path.clone())], move || wake.send(()).unwrap_or_default())
                .expect("a watcher");
        assert!(watch.rearm().is_empty(), "there is no folder yet");
        for _ in 0..2 {
            std::fs::create_dir(&path).expect("a folder");
            assert_eq!(watch.rearm(), std::slice::from_ref(&name));
            assert!(watch.rearm().is_empty());
            std::fs::write(path.join("file"), "text").expect("a file");
            assert!(hinted(&watch, &woken));
            std::fs::remove_dir_all(&path).expect("removed");
            assert!(watch.rearm().is_empty());
            while woken.try_recv().is_ok() {}
            watch.take_hints();
        }
    }

    #[test]
    fn local_filesystems_tell_events() {
        assert_eq!(polling_only(Path::new("/proc")), None);
        assert_eq!(polling_only(Path::new("/nonexistent")), None);
    }
}
