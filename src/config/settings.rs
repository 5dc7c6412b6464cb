//! The configuration as checked: every value is there, in its own type and within its bounds.

use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveTime;

use super::secret::Secret;
use crate::clock::Zone;
use crate::decode::ColumnNames;
use crate::ident::{BrokerName, DropName, FilerCode};
use crate::interpret::Aliases;
pub use crate::outbox::{ImporterNumber, Manners};
use crate::place::Severity;
use crate::receipt::ReceiptForm;
use crate::webhook::HookUrl;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateSettings {
    /// Archive, journal and store.
    pub folder: PathBuf,
    /// Memory for the store's cache, in MiB.
    pub cache_mib: u32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DaemonSettings {
    /// The Unix socket through which the commands reach the daemon.
    pub socket: PathBuf,
    /// How long a stop may take before work in hand is cut off.
    pub stop_timeout: Duration,
    pub log: LogFormat,
    /// A level, or a filter like `info,entrywatch=debug`.
    pub log_level: Box<str>,
    /// Whether a change of the configuration's files is taken over without a signal.
    pub reload_on_change: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// To journald when it listens, else text.
    Auto,
    Journald,
    Json,
    Text,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailSettings {
    /// `Entrywatch <entrywatch@example.com>` or an address alone.
    pub from: Box<str>,
    /// The right side of Message-IDs.
    pub domain: Box<str>,
    /// The address of the dashboard, without a slash at its end.
    pub link_base: Option<Box<str>>,
    /// Where letters are written as files when there is no server.
    pub outbox: PathBuf,
    /// A folder whose files replace templates of the same name.
    pub templates: Option<PathBuf>,
    pub smtp: Option<SmtpSettings>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SmtpSettings {
    pub host: Box<str>,
    pub port: u16,
    pub security: SmtpSecurity,
    /// User and password; both or neither.
    pub login: Option<(Box<str>, Secret)>,
    /// Certificates in PEM form to trust beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// What we call ourselves in EHLO; the machine's name when absent.
    pub hello_name: Option<Box<str>>,
    pub timeout: Duration,
    /// Letters in a minute, when the server wants no more.
    pub per_minute: Option<u32>,
}

/// A program that gets letters by HTTP. Teams name it as `webhook:NAME` among their addresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebhookSettings {
    pub name: Box<str>,
    pub url: HookUrl,
    /// What letters are signed with.
    pub secret: Secret,
    /// Certificates in PEM form to trust in place of those of the system.
    pub ca_file: Option<PathBuf>,
    pub timeout: Duration,
    /// Letters in a minute, when it wants no more.
    pub per_minute: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SmtpSecurity {
    /// TLS from the first byte, usually port 465.
    Tls,
    /// STARTTLS, and no mail without it, usually port 587.
    Starttls,
    /// Plain text; only to this machine.
    None,
}

/// People who get alerts.
#[derive(Clone, Debug)]
pub struct Team {
    pub name: Box<str>,
    /// Addresses without names.
    pub to: Vec<Box<str>>,
    pub zone: Zone,
    /// When the daily digest leaves, in the team's zone.
    pub digest_at: NaiveTime,
    /// The team gets only alerts that are at least this loud, digest included.
    pub severity_min: Severity,
    /// How it wants to be told.
    pub manners: Manners,
}

#[derive(Clone, Debug)]
pub struct Broker {
    pub name: BrokerName,
    /// The filer codes under which it files. Empty: any.
    pub filers: Vec<FilerCode>,
    /// X12 qualifiers that it uses in place of the standard's.
    pub aliases: Aliases,
    /// Names of columns that its tables have of their own.
    pub columns: ColumnNames,
    /// Receipts that are written back to it, when it wants them.
    pub acknowledge: Option<AcknowledgeSettings>,
    /// When its files are expected; `None` when nobody is to be told that none come.
    pub watch: Option<WatchSettings>,
    pub drops: Vec<DropSettings>,
}

/// Where receipts for X12 are written, and in which form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AcknowledgeSettings {
    pub folder: PathBuf,
    pub form: ReceiptForm,
}

/// The hours in which a broker works, and how much of them may pass without a file.
#[derive(Clone, Debug)]
pub struct WatchSettings {
    pub zone: Zone,
    /// Bit 0 is Monday.
    pub weekdays: u8,
    pub opens: NaiveTime,
    pub closes: NaiveTime,
    pub silent_after: Duration,
}

/// One drop folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DropSettings {
    pub name: DropName,
    pub broker: BrokerName,
    pub place: DropPlace,
    /// Make a local folder that is missing, instead of reporting it.
    pub create: bool,
    /// How often the folder is listed when no hint comes.
    pub poll: Duration,
    /// How long size and time must stand still.
    pub settle: Duration,
    /// How long a file may stand still without its trailer.
    pub incomplete_after: Duration,
    pub max_file_bytes: u64,
    /// Names of unfinished files, with `*` and `?`.
    pub ignore: Vec<String>,
    /// When not empty, only these names are looked at.
    pub include: Vec<String>,
    pub after: After,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DropPlace {
    Local { path: PathBuf },
    Sftp(Box<SftpSettings>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SftpSettings {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub auth: SftpAuth,
    pub host_key: HostKey,
    /// On the server; relative paths start at the login folder.
    pub path: String,
    pub timeout: Duration,
    pub algorithms: Algorithms,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SftpAuth {
    Password(Secret),
    Key { path: PathBuf, passphrase: Option<Secret> },
    Agent,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HostKey {
    /// A file in the form of OpenSSH's `known_hosts`.
    KnownHosts(PathBuf),
    /// `SHA256:` and 43 base64 characters.
    Fingerprint(String),
}

/// Algorithm names for one partner, best first. Empty keeps the library's own list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Algorithms {
    pub kex: Vec<String>,
    pub ciphers: Vec<String>,
    pub macs: Vec<String>,
    pub host_key: Vec<String>,
    pub sign: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum After {
    /// Relative to the drop folder unless it begins with `/`.
    Move {
        to: String,
    },
    Delete,
    Leave,
}
