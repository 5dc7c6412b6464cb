//! Drop folders: finding the files that brokers have finished writing, fetching them, and tidying up afterwards.
//!
//! A [`Folder`] (local or SFTP) lists, fetches and finishes files; [`settle`] decides, without any I/O, which files
//! stand still and whether their trailer is there; a [`Scanner`](scanner::Scanner) drives one drop with both.
//! File events ([`watch`]) are hints to scan sooner and never the truth: polling alone finds the same files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::ident::{BrokerName, DropName, Fingerprint};

pub mod backoff;
pub mod known_hosts;
pub mod local;
mod offers;
mod on_thread;
pub mod pattern;
pub mod scanner;
pub mod settle;
pub mod sftp;
mod trailer;
pub mod watch;

/// One drop folder as the configuration describes it, already checked.
#[derive(Clone, Debug)]
pub struct DropSettings {
    pub name: DropName,
    pub broker: BrokerName,
    pub place: DropPlace,
    /// How often the folder is listed when no hint comes.
    pub poll: Duration,
    /// How long size and times must stand still. Zero takes a file at the first look, on its trailer alone.
    pub settle: Duration,
    /// How long a file may stand still without its trailer before it is taken as it is.
    pub incomplete_after: Duration,
    /// Larger files stay where they are and are reported.
    pub max_file_bytes: u64,
    /// Names of files that are still being written; see [`DEFAULT_IGNORE`].
    pub ignore: Vec<String>,
    /// When not empty, only names that match one of these patterns are looked at.
    pub include: Vec<String>,
    pub after: After,
}

/// Names that brokers' programs give to unfinished files. `*` stands for any run of characters, `?` for one;
/// upper and lower case are the same.
pub const DEFAULT_IGNORE: &[&str] = &[".*", "*.part", "*.partial", "*.tmp", "*.temp", "*.filepart", "~$*"];

/// Where a drop folder is.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are a handful of drops, and a box would be in everybody's way"
)]
pub enum DropPlace {
    Local { path: PathBuf },
    Sftp(SftpSettings),
}

/// What happens to a file in its folder once it is safely kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum After {
    /// It is moved to this folder, relative to the drop folder unless it begins with `/`. Nothing is overwritten.
    Move {
        to: String,
    },
    Delete,
    /// It stays; the scanner remembers that it was taken.
    Leave,
}

/// How to reach an SFTP server and how to know that it is the right one.
#[derive(Clone, Debug)]
pub struct SftpSettings {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub auth: SftpAuth,
    pub host_key: HostKeyPin,
    /// The drop folder on the server; relative paths start at the login folder.
    pub path: String,
    /// How long one call may wait for the server.
    pub timeout: Duration,
    pub algorithms: Algorithms,
}

impl SftpSettings {
    /// `user@host:port`, for messages.
    pub fn server(&self) -> String {
        format!("{}@{}:{}", self.user, self.host, self.port)
    }
}

/// How to log in. Secrets print as redacted.
#[derive(Clone, Debug)]
pub enum SftpAuth {
    Password(SecretString),
    /// A private key file in OpenSSH or PEM form.
    Key {
        path: PathBuf,
        passphrase: Option<SecretString>,
    },
    /// Every identity of the agent behind `SSH_AUTH_SOCK` is tried, or of the one at `socket`.
    Agent {
        socket: Option<PathBuf>,
    },
}

/// What the server's host key is compared with. There is no third way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HostKeyPin {
    /// A file in the form of OpenSSH's `known_hosts`.
    KnownHosts(PathBuf),
    /// `SHA256:` and base64, as `ssh-keygen -lf` prints it.
    Fingerprint(String),
}

/// Algorithm lists for one partner, comma separated, best first. `None` keeps the library's own list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Algorithms {
    pub kex: Option<String>,
    pub ciphers: Option<String>,
    pub macs: Option<String>,
    /// Host key types to offer. By default those that are pinned.
    pub host_key: Option<String>,
    /// Signature for RSA user keys, for a server that takes only `rsa-sha2-256`.
    pub sign: Option<String>,
}

/// A file as a listing shows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Seen {
    /// The name inside the folder, without any path.
    pub name: String,
    pub size_bytes: u64,
    pub modified: DateTime<Utc>,
    /// Whatever else tells a changed file from the one seen before: the change time of a local file, 0 where there
    /// is none. Compared, never interpreted.
    pub version: u64,
}

/// One look at a folder: at most [`LISTING_MAX`] files.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listing {
    /// Plain files whose names are not temporary, in no particular order.
    pub files: Vec<Seen>,
    /// Names that cannot be opened by name (not UTF-8, or holding a path), shown as well as can be.
    pub odd_names: Vec<String>,
    /// True when the folder held more than [`LISTING_MAX`] names; the rest is seen once some are gone.
    pub cut_short: bool,
}

/// How many files one listing may hold, so that a runaway folder cannot take the memory of all.
pub const LISTING_MAX: usize = 100_000;

/// A place that files are dropped into. Calls block; an implementation bounds how long.
pub trait Folder: Send {
    /// Lists plain files, without folders, links and temporary names.
    ///
    /// # Errors
    /// [`IntakeError::List`], or why the server could not be reached.
    fn list(&mut self) -> Result<Listing, IntakeError>;

    /// Reads the whole file, as long as it still is the file that was seen.
    ///
    /// # Errors
    /// [`IntakeError::Vanished`], [`IntakeError::Changed`], [`IntakeError::TooLarge`] (counted while reading, whatever
    /// the listing said), [`IntakeError::Read`], or why the server could not be reached.
    fn fetch(&mut self, seen: &Seen, limit_bytes: u64) -> Result<Vec<u8>, IntakeError>;

    /// Says which files will be fetched next. A folder far away may begin to fetch them.
    fn expect(&mut self, _next: &[Seen], _limit_bytes: u64) {}

    /// Moves, deletes or leaves a file whose bytes are kept, as configured. A file that is gone is fine; one that is
    /// no longer the file that was seen stays ([`Finished::Changed`]). An archived file is never overwritten: the
    /// same content is dropped, other content gets a name with its fingerprint.
    ///
    /// # Errors
    /// [`IntakeError::Finish`], or why the server could not be reached.
    fn finish(&mut self, seen: &Seen, content: &Fingerprint) -> Result<Finished, IntakeError>;

    /// Does what a scan would do without taking anything: reach the folder, list it, and see that files can be moved
    /// or deleted as configured. For the `check` command.
    fn check(&mut self) -> Result<Checked, IntakeError>;
}

/// Opens the folder of a drop. A remote one gets a thread of its own and connects at the first call.
pub fn open_folder(settings: &DropSettings) -> Box<dyn Folder> {
    let filter = NameFilter::of(settings);
    match &settings.place {
        DropPlace::Local { path } => Box::new(local::LocalFolder::new(path, filter, settings.after.clone())),
        DropPlace::Sftp(server) => {
            let folder = sftp::SftpFolder::new(server.clone(), filter, settings.after.clone());
            Box::new(on_thread::OnThread::start(Box::new(folder), server.server(), server.timeout))
        }
    }
}

/// What [`Folder::finish`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finished {
    Done,
    /// Somebody else removed it first.
    Gone,
    /// It is not the file that was taken any more; it stays and will be looked at anew.
    Changed,
}

/// What [`Folder::check`] saw.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    pub files: usize,
    /// Things that work but deserve a sentence, such as a folder without file events.
    pub remarks: Vec<String>,
}

/// The cause of an [`IntakeError`], whatever library it came from.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong with a drop folder.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    #[error("could not list `{place}`")]
    List {
        place: String,
        #[source]
        source: Cause,
    },
    #[error("`{name}` is no longer there")]
    Vanished { name: String },
    #[error("`{name}` changed while it was read")]
    Changed { name: String },
    #[error("`{name}` is larger than {limit_bytes} bytes")]
    TooLarge { name: String, limit_bytes: u64 },
    #[error("the name `{name}` cannot be used as a file name (not UTF-8, or it holds a path)")]
    OddName { name: String },
    #[error("the folder holds more than {LISTING_MAX} files; the rest waits until some are gone")]
    TooMany,
    #[error("could not read `{name}`")]
    Read {
        name: String,
        #[source]
        source: Cause,
    },
    #[error("could not {act} `{name}`")]
    Finish {
        act: String,
        name: String,
        #[source]
        source: Cause,
    },
    #[error("could not write to the archive folder `{to}`")]
    Archive {
        to: String,
        #[source]
        source: Cause,
    },
    #[error("could not connect to {server}")]
    Connect {
        server: String,
        #[source]
        source: Cause,
    },
    #[error("{server} refused the login")]
    Login {
        server: String,
        #[source]
        source: Cause,
    },
    #[error("the host key of {server} is not the expected one")]
    HostKey {
        server: String,
        #[source]
        source: Box<known_hosts::HostKeyError>,
    },
    #[error("the connection to {server} was lost")]
    Lost {
        server: String,
        #[source]
        source: Cause,
    },
}

impl IntakeError {
    /// True when the same call may succeed later without anyone's help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Vanished { .. } | Self::Changed { .. } | Self::Connect { .. } | Self::Lost { .. } => true,
            Self::List { .. } | Self::Read { .. } | Self::Finish { .. } => false,
            Self::Archive { .. } | Self::TooLarge { .. } | Self::OddName { .. } | Self::TooMany => false,
            Self::Login { .. } | Self::HostKey { .. } => false,
        }
    }

    /// True when the whole folder is out of reach, not just one file.
    pub fn is_about_folder(&self) -> bool {
        matches!(
            self,
            Self::List { .. }
                | Self::Connect { .. }
                | Self::Login { .. }
                | Self::HostKey { .. }
                | Self::Lost { .. }
                | Self::TooMany
        )
    }

    pub fn kind(&self) -> TroubleKind {
        match self {
            Self::List { .. } => TroubleKind::ListFailed,
            Self::TooMany => TroubleKind::TooMany,
            Self::TooLarge { .. } => TroubleKind::TooLarge,
            Self::OddName { .. } => TroubleKind::OddName,
            Self::Read { .. } | Self::Vanished { .. } | Self::Changed { .. } => TroubleKind::Unreadable,
            Self::Finish { .. } | Self::Archive { .. } => TroubleKind::FinishFailed,
            Self::Connect { .. } | Self::Lost { .. } => TroubleKind::Unreachable,
            Self::Login { .. } => TroubleKind::LoginRefused,
            Self::HostKey { .. } => TroubleKind::HostKeyRefused,
        }
    }

    /// The error and its causes in one line, for a log or an alert. Holds no secret.
    pub fn report(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// What a person is told about. Its text form is stable and part of the alert's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TroubleKind {
    ListFailed,
    TooMany,
    TooLarge,
    OddName,
    Unreadable,
    FinishFailed,
    Unreachable,
    LoginRefused,
    HostKeyRefused,
}

impl TroubleKind {
    pub const ALL: [Self; 9] = [
        Self::ListFailed,
        Self::TooMany,
        Self::TooLarge,
        Self::OddName,
        Self::Unreadable,
        Self::FinishFailed,
        Self::Unreachable,
        Self::LoginRefused,
        Self::HostKeyRefused,
    ];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ListFailed => "list-failed",
            Self::TooMany => "too-many-files",
            Self::TooLarge => "too-large",
            Self::OddName => "odd-name",
            Self::Unreadable => "unreadable",
            Self::FinishFailed => "finish-failed",
            Self::Unreachable => "unreachable",
            Self::LoginRefused => "login-refused",
            Self::HostKeyRefused => "host-key-refused",
        }
    }
}

/// Which trouble this is: alert once for each key, and once more when it clears.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TroubleKey {
    pub drop: DropName,
    pub kind: TroubleKind,
    /// The file, when the trouble is about one.
    pub file: Option<String>,
}

/// Something about a drop that a person should know. The files concerned stay where they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    pub key: TroubleKey,
    /// One line with the causes, without secrets.
    pub text: String,
    pub since: DateTime<Utc>,
    /// True when it may pass without anyone's help.
    pub transient: bool,
}

/// The troubles that are open, so that each is told once.
#[derive(Debug, Default)]
pub(crate) struct Troubles(BTreeMap<TroubleKey, Trouble>);

impl Troubles {
    /// Answers the trouble when it is new.
    pub(crate) fn raise(&mut self, trouble: Trouble) -> Option<Trouble> {
        match self.0.entry(trouble.key.clone()) {
            std::collections::btree_map::Entry::Vacant(free) => Some(free.insert(trouble).clone()),
            std::collections::btree_map::Entry::Occupied(_) => None,
        }
    }

    /// Closes all that `is_over` says are over, and answers their keys.
    pub(crate) fn clear(&mut self, mut is_over: impl FnMut(&TroubleKey) -> bool) -> Vec<TroubleKey> {
        let over: Vec<TroubleKey> = self.0.keys().filter(|key| is_over(key)).cloned().collect();
        for key in &over {
            self.0.remove(key);
        }
        over
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &Trouble> {
        self.0.values()
    }
}

/// Which names a drop looks at.
#[derive(Clone, Debug, Default)]
pub struct NameFilter {
    ignore: Vec<String>,
    include: Vec<String>,
}

impl NameFilter {
    pub fn of(settings: &DropSettings) -> Self {
        Self { ignore: settings.ignore.clone(), include: settings.include.clone() }
    }

    pub fn accepts(&self, name: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| pattern::matches(pattern, name));
        !any(&self.ignore) && (self.include.is_empty() || any(&self.include))
    }
}

/// The name under which a file is archived when `name` is already taken by other content.
///
/// Twelve hexadecimal digits of the fingerprint stand before the ending: `status.edi` becomes
/// `status.0a1b2c3d4e5f.edi`. A number follows should even that be taken.
pub(crate) fn archive_name(name: &str, content: &Fingerprint, attempt: u32) -> String {
    if attempt == 0 {
        return name.to_owned();
    }
    let print = content.to_string();
    let short = &print[..12];
    let number = if attempt == 1 { String::new() } else { format!("-{attempt}") };
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!("{stem}.{short}{number}.{ending}"),
        _ => format!("{name}.{short}{number}"),
    }
}

/// How many names are tried for one archived file before we give up and say so.
pub(crate) const ARCHIVE_NAMES_MAX: u32 = 8;

/// True for a name that stays inside its folder.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filtered_by_pattern() {
        let ignore = DEFAULT_IGNORE.iter().map(|&pattern| pattern.to_owned()).collect();
        let all = NameFilter { ignore, include: vec![] };
        for (name, wanted) in [
            ("status.edi", true),
            ("status", true),
            ("status.edi.part", false),
            ("STATUS.TMP", false),
            ("status.edi.filepart", false),
            (".status.edi", false),
            ("partner.edi", true),
            ("tmp.edi", true),
        ] {
            assert_eq!(all.accepts(name), wanted, "{name}");
        }
        let some = NameFilter { ignore: all.ignore, include: vec!["*.edi".into(), "ABI*".into()] };
        for (name, wanted) in [("a.edi", true), ("abi0001", true), ("a.txt", false), ("a.edi.part", false)] {
            assert_eq!(some.accepts(name), wanted, "{name}");
        }
    }

    #[test]
    fn archive_names_are_distinct_and_keep_their_ending() {
        let print = Fingerprint::of(b"");
        for (name, attempt, wanted) in [
            ("a.edi", 0, "a.edi"),
            ("a.edi", 1, "a.e3b0c44298fc.edi"),
            ("a.edi", 2, "a.e3b0c44298fc-2.edi"),
            ("plain", 1, "plain.e3b0c44298fc"),
            (".hidden", 1, ".hidden.e3b0c44298fc"),
        ] {
            assert_eq!(archive_name(name, &print, attempt), wanted);
        }
    }

    #[test]
    fn names_with_paths_are_refused() {
        for name in ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\0b"] {
            assert!(!is_plain_name(name), "{name:?}");
        }
        assert!(is_plain_name("a b.edi"));
    }

    #[test]
    fn secrets_do_not_print() {
        let auth = SftpAuth::Password(SecretString::from("swordfish"));
        assert!(!format!("{auth:?}").contains("swordfish"));
    }
}
