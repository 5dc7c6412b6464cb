//! A drop folder on an SFTP server, by ssh2. No type of that library leaves this module.
//!
//! The order of connecting and the odd steps follow what libssh2 needs: the timeout before the handshake (without it a
//! silent server is waited for without end), the keepalive only after the login (before it, strict key exchange breaks),
//! and a short timeout before anything is dropped after an error (dropping talks to the server again).

use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use ssh2::{ErrorCode, FileStat, OpenFlags, OpenType, RenameFlags, Session, Sftp};

use super::on_thread::fetch_limit;
use super::{
    ARCHIVE_NAMES_MAX, After, Cause, Checked, Finished, Folder, IntakeError, LISTING_MAX, Listing,
    NameFilter, Seen, SftpSettings, archive_name, is_plain_name,
};
use crate::ident::Fingerprint;

mod login;

/// Bytes asked for in one read. libssh2 requests four times as many ahead, so this sets the pipeline.
const READ_BYTES: usize = 256 << 10;
/// How long dropping a broken connection may wait, twice.
const DROP_TIMEOUT_MS: u32 = 200;
/// Seconds between keepalives.
const KEEPALIVE_SECS: u32 = 20;
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;
/// Identities of an agent that are tried; servers close the connection after about as many.
const IDENTITIES_MAX: usize = 6;

/// libssh2.h: no common algorithm, or the exchange broke.
const KEX_FAILURE: i32 = -5;
const KEY_EXCHANGE_FAILURE: i32 = -8;
const TIMEOUT: i32 = -9;
const FILE_ERROR: i32 = -16;
const AUTHENTICATION_FAILED: i32 = -18;
const PUBLICKEY_UNVERIFIED: i32 = -19;
/// draft-ietf-secsh-filexfer-02, 7.
const NO_SUCH_FILE: i32 = 2;
const PERMISSION_DENIED: i32 = 3;

/// What libssh2 or the way to it said. Never holds a secret.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the name `{host}` could not be resolved")]
    Resolve {
        host: String,
        #[source]
        source: io::Error,
    },
    #[error("the name `{0}` has no address")]
    NoAddress(String),
    #[error("no TCP connection to {address}")]
    Tcp {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    #[error("no common algorithm ({0})")]
    NoCommonAlgorithm(String),
    #[error("`{list}` holds no {what} algorithm that is supported (supported: {supported})")]
    BadAlgorithms { what: &'static str, list: String, supported: String },
    #[error("{text} (libssh2 error {code})")]
    Ssh { code: i32, text: String },
    #[error("{text} (SFTP status {code})")]
    Sftp { code: i32, text: String },
    #[error("the server takes `{methods}`, which is not {wanted}")]
    NoSuchMethod { wanted: &'static str, methods: String },
    #[error("the {what} was not accepted{hint}")]
    Refused { what: &'static str, hint: &'static str },
    #[error("the key file `{path}` could not be read", path = path.display())]
    KeyFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the key file `{path}` could not be used ({text}); wrong or missing passphrase?", path = path.display())]
    Key { path: PathBuf, text: String },
    #[error("no agent answers ({text}); is SSH_AUTH_SOCK set for this service?")]
    NoAgent { text: String },
    #[error("the agent holds no identity")]
    NoIdentity,
}

impl Fault {
    fn of(error: &ssh2::Error, timeout: Duration) -> Self {
        let text = error.message().to_owned();
        match error.code() {
            ErrorCode::Session(TIMEOUT) => Self::Timeout(timeout),
            ErrorCode::Session(code) => Self::Ssh { code, text },
            ErrorCode::SFTP(code) => Self::Sftp { code, text },
        }
    }

    /// The server answered, only not as we wished: the connection is well.
    fn is_answer(&self) -> bool {
        matches!(self, Self::Sftp { .. })
    }

    fn is_status(&self, status: i32) -> bool {
        matches!(self, Self::Sftp { code, .. } if *code == status)
    }
}

/// A logged-in connection. Fields are dropped in order, and dropping talks to the server: hence `Drop`.
struct Link {
    sftp: Sftp,
    session: Session,
    /// Answered a call before this one: it may have been closed since, which is no trouble.
    used: bool,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.session.set_timeout(DROP_TIMEOUT_MS);
    }
}

/// A folder on a server. Connects at the first call, and anew after a fault.
pub struct SftpFolder {
    settings: SftpSettings,
    filter: NameFilter,
    after: After,
    link: Option<Link>,
    /// The host key type that matched a fingerprint pin last time.
    matched_type: Option<String>,
}

/// What a call found out: the server's answer, or that the connection is gone.
type Answered<T> = Result<T, Fault>;

impl SftpFolder {
    pub fn new(settings: SftpSettings, filter: NameFilter, after: After) -> Self {
        Self { settings, filter, after, link: None, matched_type: None }
    }

    /// Runs a call on a live connection. One that was idle and turns out to be closed is replaced once.
    fn on_link<T>(
        &mut self,
        refused: impl Fn(Fault) -> IntakeError,
        mut call: impl FnMut(&Self, &Link) -> Answered<T>,
    ) -> Result<T, IntakeError> {
        loop {
            let link = match self.link.take() {
                Some(link) => link,
                None => self.connect()?,
            };
            let was_used = link.used;
            match call(self, &link) {
                Ok(answer) => {
                    self.link = Some(Link::kept(link));
                    return Ok(answer);
                }
                Err(fault) if fault.is_answer() => {
                    self.link = Some(Link::kept(link));
                    return Err(refused(fault));
                }
                Err(fault) => {
                    drop(link);
                    if !was_used || matches!(fault, Fault::Timeout(_)) {
                        return Err(IntakeError::Lost {
                            server: self.settings.server(),
                            source: fault.into(),
                        });
                    }
                }
            }
        }
    }

    fn fault(&self, error: &ssh2::Error) -> Fault {
        Fault::of(error, self.settings.timeout)
    }

    fn path(&self, name: &str) -> PathBuf {
        join(&self.settings.path, name)
    }

    fn archive_folder(&self, to: &str) -> String {
        match to.starts_with('/') {
            true => to.to_owned(),
            false => join(&self.settings.path, to).to_string_lossy().into_owned(),
        }
    }

    fn list_on(&self, link: &Link) -> Answered<Listing> {
        let folder = if self.settings.path.is_empty() { "." } else { self.settings.path.as_str() };
        let mut handle = link.sftp.opendir(folder).map_err(|error| self.fault(&error))?;
        let started = Instant::now();
        let limit = self.settings.timeout.saturating_mul(3);
        let mut listing = Listing::default();
        let read = loop {
            let (path, stat) = match handle.readdir() {
                Ok(entry) => entry,
                Err(error) if error.code() == ErrorCode::Session(FILE_ERROR) => break Ok(()),
                Err(error) => break Err(self.fault(&error)),
            };
            if started.elapsed() > limit {
                break Err(Fault::Timeout(limit));
            }
            if !stat.is_file() {
                continue;
            }
            if listing.files.len() + listing.odd_names.len() >= LISTING_MAX {
                listing.cut_short = true;
                break Ok(());
            }
            match path.to_str() {
                Some(name) if is_plain_name(name) => {
                    if self.filter.accepts(name) {
                        listing.files.push(seen_as(name, &stat));
                    }
                }
                _ => listing.odd_names.push(path.to_string_lossy().escape_default().to_string()),
            }
        };
        if read.is_err() {
            link.session.set_timeout(DROP_TIMEOUT_MS);
        }
        read.map(|()| listing)
    }

    /// `None` when it turned out larger than the limit.
    fn fetch_on(&self, link: &Link, seen: &Seen, limit_bytes: u64) -> Answered<Fetched> {
        let mut file = link.sftp.open(self.path(&seen.name)).map_err(|error| self.fault(&error))?;
        let read = self.read_to_end(&mut file, seen, limit_bytes).map_err(|error| {
            // The status is lost on the way through `Read`; a server that still answers has not gone.
            link.session.set_timeout(DROP_TIMEOUT_MS);
            let fault = match (error.kind(), file.stat()) {
                (io::ErrorKind::TimedOut, _) => Fault::Timeout(self.settings.timeout),
                (_, Err(stat)) if matches!(stat.code(), ErrorCode::Session(_)) => self.fault(&stat),
                _ => Fault::Sftp { code: 4, text: error.to_string() },
            };
            if fault.is_answer() {
                link.session.set_timeout(millis(self.settings.timeout));
            }
            fault
        });
        let Some(bytes) = read? else { return Ok(Fetched::TooLarge) };
        let after = file.stat().map_err(|error| {
            link.session.set_timeout(DROP_TIMEOUT_MS);
            self.fault(&error)
        })?;
        let same = bytes.len() as u64 == seen.size_bytes && seen_as(&seen.name, &after) == *seen;
        Ok(if same { Fetched::Bytes(bytes) } else { Fetched::Changed })
    }

    fn read_to_end(
        &self,
        file: &mut ssh2::File,
        seen: &Seen,
        limit_bytes: u64,
    ) -> io::Result<Option<Vec<u8>>> {
        let started = Instant::now();
        let allowed = fetch_limit(self.settings.timeout, seen.size_bytes.min(limit_bytes));
        // One byte more than expected, so that one round trip brings the end of the file as well.
        let expected = usize::try_from(seen.size_bytes.min(limit_bytes)).unwrap_or(0).saturating_add(1);
        let mut bytes = Vec::with_capacity(expected);
        loop {
            let length = bytes.len();
            bytes.resize(length + expected.saturating_sub(length).clamp(1, READ_BYTES), 0);
            let read = match file.read(&mut bytes[length..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                other => other?,
            };
            bytes.truncate(length + read);
            if bytes.len() as u64 > limit_bytes {
                return Ok(None);
            }
            // Longer than listed: it is growing, and the caller will see that by its length.
            if read == 0 || bytes.len() as u64 > seen.size_bytes {
                return Ok(Some(bytes));
            }
            if started.elapsed() > allowed {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the file came too slowly"));
            }
        }
    }

    fn lstat(&self, link: &Link, path: &Path) -> Answered<Option<FileStat>> {
        match link.sftp.lstat(path).map_err(|error| self.fault(&error)) {
            Ok(stat) => Ok(Some(stat)),
            Err(fault) if fault.is_status(NO_SUCH_FILE) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn delete_on(&self, link: &Link, seen: &Seen) -> Answered<Finished> {
        let path = self.path(&seen.name);
        match self.lstat(link, &path)? {
            None => return Ok(Finished::Gone),
            Some(stat) if seen_as(&seen.name, &stat) != *seen => return Ok(Finished::Changed),
            Some(_) => {}
        }
        match link.sftp.unlink(&path).map_err(|error| self.fault(&error)) {
            Ok(()) => Ok(Finished::Done),
            Err(fault) if fault.is_status(NO_SUCH_FILE) => Ok(Finished::Gone),
            Err(fault) => Err(fault),
        }
    }

    fn archive_on(&self, link: &Link, seen: &Seen, to: &str, content: &Fingerprint) -> Answered<Finished> {
        let source = self.path(&seen.name);
        let folder = self.archive_folder(to);
        let mut made = false;
        let mut attempt = 0;
        while attempt < ARCHIVE_NAMES_MAX {
            let target = join(&folder, &archive_name(&seen.name, content, attempt));
            match self.rename_new(link, &source, &target) {
                Ok(()) => return self.verify_moved(link, &source, &target, seen),
                Err(fault) if !fault.is_answer() => return Err(fault),
                Err(fault) => {
                    // Servers answer "failure" to many things, so look what it was.
                    if self.lstat(link, &source)?.is_none() {
                        return Ok(Finished::Gone);
                    }
                    match self.lstat(link, &target)? {
                        Some(stat) if self.holds(link, &target, &stat, seen, content)? => {
                            return self.delete_on(link, seen);
                        }
                        Some(_) => attempt += 1,
                        None if !made && self.lstat(link, Path::new(&folder))?.is_none() => {
                            link.sftp.mkdir(Path::new(&folder), 0o755).map_err(|error| self.fault(&error))?;
                            made = true;
                        }
                        None => return Err(fault),
                    }
                }
            }
        }
        Err(Fault::Sftp { code: 4, text: "every name for it is taken in the archive folder".into() })
    }

    /// OpenSSH never overwrites on this rename; of other servers nobody knows, so they are asked first.
    fn rename_new(&self, link: &Link, from: &Path, to: &Path) -> Answered<()> {
        let is_openssh = link.session.banner().is_some_and(|banner| banner.contains("OpenSSH"));
        if !is_openssh && self.lstat(link, to)?.is_some() {
            return Err(Fault::Sftp { code: 11, text: "file already exists".into() });
        }
        link.sftp.rename(from, to, Some(RenameFlags::empty())).map_err(|error| self.fault(&error))
    }

    /// What was moved must be what was taken. If somebody replaced it in the last moment it goes back.
    fn verify_moved(&self, link: &Link, source: &Path, target: &Path, seen: &Seen) -> Answered<Finished> {
        match self.lstat(link, target)? {
            Some(stat) if seen_as(&seen.name, &stat) != *seen => {
                self.rename_new(link, target, source)?;
                Ok(Finished::Changed)
            }
            // A server may sweep its archive at once.
            Some(_) | None => Ok(Finished::Done),
        }
    }

    /// True when the archived file has exactly these bytes.
    fn holds(
        &self,
        link: &Link,
        path: &Path,
        stat: &FileStat,
        seen: &Seen,
        content: &Fingerprint,
    ) -> Answered<bool> {
        if !stat.is_file() || stat.size != Some(seen.size_bytes) {
            return Ok(false);
        }
        let mut file = match link.sftp.open(path).map_err(|error| self.fault(&error)) {
            Ok(file) => file,
            Err(fault) if fault.is_status(PERMISSION_DENIED) => return Ok(false),
            Err(fault) => return Err(fault),
        };
        match self.read_to_end(&mut file, seen, seen.size_bytes) {
            Ok(bytes) => Ok(bytes.is_some_and(|bytes| Fingerprint::of(&bytes) == *content)),
            Err(error) => {
                link.session.set_timeout(DROP_TIMEOUT_MS);
                Err(Fault::Ssh { code: 0, text: error.to_string() })
            }
        }
    }

    fn check_archive_on(&self, link: &Link, folder: &str) -> Answered<()> {
        if self.lstat(link, Path::new(folder))?.is_none() {
            link.sftp.mkdir(Path::new(folder), 0o755).map_err(|error| self.fault(&error))?;
        }
        let real = |path: &str| link.sftp.realpath(Path::new(path)).map_err(|error| self.fault(&error));
        let drop_path = if self.settings.path.is_empty() { "." } else { self.settings.path.as_str() };
        if real(folder)? == real(drop_path)? {
            return Err(Fault::Sftp { code: 4, text: "it is the drop folder itself".into() });
        }
        let probe = join(folder, ".entrywatch-check.tmp");
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let opened = link.sftp.open_mode(&probe, flags, 0o600, OpenType::File);
        drop(opened.map_err(|error| self.fault(&error))?);
        link.sftp.unlink(&probe).map_err(|error| self.fault(&error))
    }
}

enum Fetched {
    Bytes(Vec<u8>),
    TooLarge,
    Changed,
}

impl Link {
    fn kept(mut link: Self) -> Self {
        link.used = true;
        link
    }
}

impl Folder for SftpFolder {
    fn list(&mut self) -> Result<Listing, IntakeError> {
        let place = format!("{}:{}", self.settings.server(), self.settings.path);
        self.on_link(|fault| IntakeError::List { place: place.clone(), source: fault.into() }, Self::list_on)
    }

    fn fetch(&mut self, seen: &Seen, limit_bytes: u64) -> Result<Vec<u8>, IntakeError> {
        let name = || seen.name.clone();
        if seen.size_bytes > limit_bytes {
            return Err(IntakeError::TooLarge { name: name(), limit_bytes });
        }
        let refused = |fault: Fault| match fault.is_status(NO_SUCH_FILE) {
            true => IntakeError::Vanished { name: name() },
            false => IntakeError::Read { name: name(), source: fault.into() },
        };
        match self.on_link(refused, |folder, link| folder.fetch_on(link, seen, limit_bytes))? {
            Fetched::Bytes(bytes) => Ok(bytes),
            Fetched::TooLarge => Err(IntakeError::TooLarge { name: name(), limit_bytes }),
            Fetched::Changed => Err(IntakeError::Changed { name: name() }),
        }
    }

    fn finish(&mut self, seen: &Seen, content: &Fingerprint) -> Result<Finished, IntakeError> {
        let act = match &self.after {
            After::Leave => return Ok(Finished::Done),
            After::Delete => "delete".to_owned(),
            After::Move { to } => format!("move to `{to}`:"),
        };
        let refused = |fault: Fault| {
            let source: Cause = fault.into();
            IntakeError::Finish { act: act.clone(), name: seen.name.clone(), source }
        };
        self.on_link(refused, |folder, link| match &folder.after {
            After::Move { to } => folder.archive_on(link, seen, to, content),
            After::Delete | After::Leave => folder.delete_on(link, seen),
        })
    }

    fn check(&mut self) -> Result<Checked, IntakeError> {
        self.link = None;
        let listing = self.list()?;
        if let After::Move { to } = &self.after {
            let folder = self.archive_folder(to);
            let refused = |fault: Fault| IntakeError::Archive { to: folder.clone(), source: fault.into() };
            self.on_link(refused, |this, link| this.check_archive_on(link, &folder))?;
        }
        Ok(Checked { files: listing.files.len(), remarks: Vec::new() })
    }
}

/// Never 0, which would mean no timeout at all.
fn millis(timeout: Duration) -> u32 {
    u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1)
}

/// Paths on a server are text with `/`, whatever the machine here thinks.
fn join(folder: &str, name: &str) -> PathBuf {
    match folder {
        "" => PathBuf::from(name),
        folder => PathBuf::from(format!("{}/{name}", folder.trim_end_matches('/'))),
    }
}

/// Times on a server have whole seconds.
fn seen_as(name: &str, stat: &FileStat) -> Seen {
    let secs = stat.mtime.and_then(|secs| i64::try_from(secs).ok()).unwrap_or(0);
    let modified = DateTime::<Utc>::from_timestamp(secs, 0).unwrap_or_default();
    Seen { name: name.to_owned(), size_bytes: stat.size.unwrap_or(0), modified, version: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_paths_are_joined_with_slashes() {
        for (folder, name, wanted) in [
            ("", "a", "a"),
            (".", "a", "./a"),
            ("/", "a", "/a"),
            ("/drop/", "a", "/drop/a"),
            ("drop", "a b.edi", "drop/a b.edi"),
        ] {
            assert_eq!(join(folder, name), Path::new(wanted));
        }
    }

    #[test]
    fn a_timeout_is_never_endless() {
        assert_eq!(millis(Duration::ZERO), 1);
        assert_eq!(millis(Duration::from_secs(30)), 30_000);
        assert_eq!(millis(Duration::MAX), u32::MAX);
    }
}
