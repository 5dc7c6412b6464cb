//! Has the configuration changed on disk? Names, sizes and times of its files, compared from look to look.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Folders are walked this deep.
const DEPTH_MAX: usize = 3;

/// Files that are looked at; a folder that holds more is watched in part.
const FILES_MAX: usize = 5_000;

type Look = BTreeMap<PathBuf, (u64, i64, i64, u64)>;

/// Remembers how the files looked when they were put into force.
#[derive(Debug, Default)]
pub struct Changes {
    in_force: Look,
    last: Look,
}

impl Changes {
    /// Begins with the files as they are.
    pub fn of(paths: &[PathBuf]) -> Self {
        let look = look(paths);
        Self { in_force: look.clone(), last: look }
    }

    /// True once for each change: two looks in a row found the same, and it is not what is in force. One look alone may
    /// fall into the middle of a write.
    pub fn look(&mut self, paths: &[PathBuf]) -> bool {
        let now = look(paths);
        let stands_still = now == self.last;
        self.last = now;
        if !stands_still || self.last == self.in_force {
            return false;
        }
        self.in_force = self.last.clone();
        true
    }
}

fn look(paths: &[PathBuf]) -> Look {
    let mut found = Look::new();
    for path in paths {
        walk(path, 0, &mut found);
    }
    found
}

fn walk(path: &Path, depth: usize, found: &mut Look) {
    let Ok(metadata) = std::fs::metadata(path) else { return };
    if metadata.is_dir() {
        let listing = std::fs::read_dir(path).into_iter().flatten().flatten();
        for item in listing.take_while(|_| depth < DEPTH_MAX) {
            walk(&item.path(), depth + 1, found);
        }
    } else if found.len() < FILES_MAX {
        let times = (metadata.len(), metadata.mtime(), metadata.mtime_nsec(), metadata.ino());
        found.insert(path.to_owned(), times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_when_it_stands_still() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("rules.toml");
        let paths = [file.clone(), folder.path().join("tables")];
        let write = |text: &str| std::fs::write(&file, text).expect("written");
        write("one");
        let mut changes = Changes::of(&paths);
        assert!(!changes.look(&paths));
        write("one and two");
        assert!(!changes.look(&paths), "it may still be written");
        assert!(changes.look(&paths));
        assert!(!changes.look(&paths), "told once");
        std::fs::create_dir(folder.path().join("tables")).expect("a folder");
        std::fs::write(folder.path().join("tables/NR.toml"), "x").expect("written");
        assert!(!changes.look(&paths));
        assert!(changes.look(&paths));
        std::fs::remove_file(&file).expect("gone");
        assert!(!changes.look(&paths));
        assert!(changes.look(&paths));
    }
}
