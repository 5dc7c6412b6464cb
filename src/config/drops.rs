//! Brokers and their drop folders.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;

use super::check_text as is;
use super::exchange;
use super::hours;
use super::raw::{RawAlgorithms, RawBroker, RawConfig, RawDrop, RawSftp, list};
use super::resolve::{Resolver, SecretKeys};
use super::settings::{
    After, Algorithms, Broker, DropPlace, DropSettings, HostKey, SftpAuth, SftpSettings, StateSettings,
};
use crate::diagnostic::WrittenTable;
use crate::ident::{BrokerName, DropName, FilerCode};
use crate::interpret::Aliases;

/// Names that brokers' programs give to files that are still being written.
pub const IGNORE_DEFAULT: &[&str] = &[".*", "*.part", "*.partial", "*.tmp", "*.temp", "*.filepart", "~$*"];

/// Where finished files go by default, below the drop folder.
const MOVE_TO_DEFAULT: &str = "done";

/// What must be unique over all brokers, with the place of the first.
#[derive(Default)]
struct Seen {
    brokers: BTreeMap<String, String>,
    drops: BTreeMap<String, String>,
    filers: BTreeMap<FilerCode, String>,
    /// Folder of each drop: what it is called, its drop, and where it stands.
    folders: BTreeMap<String, (String, Range<usize>)>,
}

pub(super) fn brokers(raw: &RawConfig, state: &StateSettings, resolver: &mut Resolver<'_>) -> Vec<Broker> {
    let mut seen = Seen::default();
    let brokers: Vec<Broker> = list(&raw.broker)
        .iter()
        .filter_map(|broker| self::broker(broker, state, &mut seen, resolver))
        .collect();
    exchange::check_folders(list(&raw.broker), &brokers, resolver);
    let drops = || brokers.iter().flat_map(|broker| &broker.drops);
    for drop in drops() {
        let After::Move { to } = &drop.after else { continue };
        let target = folder_key(&drop.place, Some(to));
        let Some((own, span)) = seen.folders.get(&folder_key(&drop.place, None)) else { continue };
        if let Some((other, _)) = seen.folders.get(&target) {
            let message = match own == other {
                true => format!(
                    "drop `{own}` moves finished files to its own folder, where they would be found again"
                ),
                false => format!("drop `{own}` moves finished files to the folder of drop `{other}`"),
            };
            resolver.faults.add(span.clone(), message);
        }
    }
    brokers
}

/// One text for a folder, equal when two settings mean the same one.
fn folder_key(place: &DropPlace, below: Option<&str>) -> String {
    let below = below.unwrap_or_default();
    match place {
        DropPlace::Local { path } => is::normal(&path.join(below)).display().to_string(),
        DropPlace::Sftp(sftp) => {
            let path = is::normal(&Path::new(&sftp.path).join(below));
            let host = sftp.host.to_ascii_lowercase();
            format!("sftp://{}@{host}:{}//{}", sftp.user, sftp.port, path.display())
        }
    }
}

fn broker(
    raw: &RawBroker,
    state: &StateSettings,
    seen: &mut Seen,
    resolver: &mut Resolver<'_>,
) -> Option<Broker> {
    let name = resolver.name(&raw.name, "broker", &raw.span, &mut seen.brokers);
    let mut filers = Vec::new();
    for text in list(&raw.filers) {
        let Some(filer) = FilerCode::parse(text.get_ref()) else {
            let message = format!("`{}` is no filer code: three letters and digits", text.get_ref());
            resolver.faults.add(text.span(), message);
            continue;
        };
        let owner = name.as_deref().unwrap_or_default().to_owned();
        match seen.filers.insert(filer, owner) {
            Some(first) => {
                let message = format!("the filer code `{filer}` already belongs to broker `{first}`");
                resolver.faults.add(text.span(), message);
            }
            None => filers.push(filer),
        }
    }
    let broker = BrokerName::new(name.as_deref().unwrap_or_default());
    let drops = list(&raw.drop).iter().filter_map(|raw| drop(raw, &broker, state, seen, resolver)).collect();
    let aliases = aliases(raw, resolver);
    let columns = exchange::columns(raw, resolver);
    let acknowledge = exchange::acknowledge(raw, state, resolver);
    let watch = hours::watch(raw, resolver);
    name.map(|_| Broker { name: broker, filers, aliases, columns, acknowledge, watch, drops })
}

/// `"EN=entry_number"`: the broker's qualifier and what it stands for.
fn aliases(raw: &RawBroker, resolver: &mut Resolver<'_>) -> Aliases {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for text in list(&raw.x12_qualifiers) {
        let found = text.get_ref().split_once('=').and_then(|(own, name)| {
            let (own, name) = (own.trim(), name.trim());
            let is_plain =
                (1..=3).contains(&own.len()) && own.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let (_, standard) = QUALIFIERS.iter().find(|(known, _)| *known == name)?;
            is_plain.then_some((own, *standard))
        });
        match found {
            Some((own, _)) if pairs.iter().any(|(known, _)| *known == own) => {
                resolver.faults.add(text.span(), format!("the qualifier `{own}` is given twice"));
            }
            Some(pair) => pairs.push(pair),
            None => {
                let names: Vec<&str> = QUALIFIERS.iter().map(|(name, _)| *name).collect();
                let message = format!(
                    "`{}` is no qualifier; one is written EN=entry_number, with one of {}",
                    text.get_ref(),
                    names.join(", ")
                );
                resolver.faults.add(text.span(), message);
            }
        }
    }
    Aliases::new(pairs)
}

/// What a broker's qualifier may stand for, and the standard's own.
const QUALIFIERS: [(&str, &str); 10] = [
    ("entry_number", "6B"),
    ("statement", "6D"),
    ("in_bond", "IB"),
    ("bill", "BM"),
    ("master_bill", "MB"),
    ("house_bill", "4Y"),
    ("container", "OC"),
    ("broker_reference", "3Z"),
    ("purchase_order", "PO"),
    ("invoice", "IV"),
];

fn drop(
    raw: &RawDrop,
    broker: &BrokerName,
    state: &StateSettings,
    seen: &mut Seen,
    resolver: &mut Resolver<'_>,
) -> Option<DropSettings> {
    let name = resolver.name(&raw.name, "drop", &raw.span, &mut seen.drops);
    let called = raw.name.given().map_or("the drop".to_owned(), |name| format!("drop `{}`", name.get_ref()));
    let path = resolver.require(&raw.path, "path", &called, &raw.span);
    let place = path.and_then(|path| match raw.sftp.given() {
        Some(sftp) => self::sftp(sftp, path, &called, resolver).map(|sftp| DropPlace::Sftp(Box::new(sftp))),
        None => local(path, state, resolver),
    });
    let create = raw.create.given().is_some_and(|flag| *flag.get_ref());
    if let (true, Some(flag), Some(_)) = (create, raw.create.given(), raw.sftp.given()) {
        resolver.faults.add(flag.span(), "`create` is for local folders: nothing is made on a server");
    }
    let poll = resolver.duration("poll", &raw.poll, "30s", ("1s", "1d"));
    let settle = resolver.duration("settle", &raw.settle, "10s", ("0s", "1d"));
    let incomplete_after = resolver.duration("incomplete_after", &raw.incomplete_after, "15m", ("1s", "30d"));
    if settle >= incomplete_after && (raw.settle.given().is_some() || raw.incomplete_after.given().is_some())
    {
        let span =
            raw.settle.given().or(raw.incomplete_after.given()).map_or(raw.span.clone(), Spanned::span);
        resolver.faults.add(span, "`settle` must be shorter than `incomplete_after`");
    }
    let max_file_bytes = resolver.size("max_file", &raw.max_file, "100MB", ("1KiB", "4GiB"));
    let after = after(raw, resolver);
    let name = name?;
    if let (Some(place), Some(path)) = (&place, path) {
        let key = folder_key(place, None);
        if let Some((first, _)) = seen.folders.get(&key) {
            let message = format!("drop `{first}` already watches this folder");
            resolver.faults.add(path.span(), message);
        } else {
            let span = raw.move_to.given().map_or(path.span(), Spanned::span);
            seen.folders.insert(key, (name.to_string(), span));
        }
    }
    Some(DropSettings {
        name: DropName::new(&*name),
        broker: broker.clone(),
        place: place?,
        create,
        poll,
        settle,
        incomplete_after,
        max_file_bytes,
        ignore: match raw.ignore.given() {
            Some(_) => patterns("ignore", list(&raw.ignore), resolver),
            None => IGNORE_DEFAULT.iter().map(ToString::to_string).collect(),
        },
        include: patterns("include", list(&raw.include), resolver),
        after,
    })
}

fn patterns(key: &str, list: &[Spanned<String>], resolver: &mut Resolver<'_>) -> Vec<String> {
    for pattern in
        list.iter().filter(|pattern| pattern.get_ref().is_empty() || pattern.get_ref().contains('/'))
    {
        let message = format!("a pattern of `{key}` is a file name with `*` and `?`, without folders");
        resolver.faults.add(pattern.span(), message);
    }
    list.iter().map(|pattern| pattern.get_ref().clone()).collect()
}

fn local(path: &Spanned<String>, state: &StateSettings, resolver: &mut Resolver<'_>) -> Option<DropPlace> {
    let folder = resolver.checked_path("path", path)?;
    if folder.starts_with(is::normal(&state.folder)) {
        resolver.faults.add(path.span(), "a drop folder cannot lie in the folder of the state");
    }
    Some(DropPlace::Local { path: folder })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Move,
    Delete,
    Leave,
}

fn after(raw: &RawDrop, resolver: &mut Resolver<'_>) -> After {
    let words = [("move", Way::Move), ("delete", Way::Delete), ("leave", Way::Leave)];
    let way = resolver.choice("after", &raw.after, Way::Move, &words);
    if let Some(to) = raw.move_to.given() {
        if way != Way::Move {
            resolver.faults.add(to.span(), "`move_to` is of use only with `after = \"move\"`");
        } else if to.get_ref().trim().is_empty() {
            resolver.faults.add(to.span(), "`move_to` is blank");
        }
    }
    match way {
        Way::Move => {
            let to = raw.move_to.given().map_or(MOVE_TO_DEFAULT, |to| to.get_ref().trim_end_matches('/'));
            After::Move { to: if to.is_empty() { "/".to_owned() } else { to.to_owned() } }
        }
        Way::Delete => After::Delete,
        Way::Leave => After::Leave,
    }
}

fn sftp(
    raw: &RawSftp,
    path: &Spanned<String>,
    called: &str,
    resolver: &mut Resolver<'_>,
) -> Option<SftpSettings> {
    let host = resolver.host(&raw.host, RawSftp::OWNER, &raw.span);
    let user = resolver.require(&raw.user, "user", RawSftp::OWNER, &raw.span);
    if let Some(user) = user.filter(|user| user.get_ref().trim().is_empty()) {
        resolver.faults.add(user.span(), "`user` is blank");
    }
    if path.get_ref().is_empty() || path.get_ref().starts_with('~') {
        let message = "the path on a server is absolute, or relative to the login folder; `.` is that folder";
        resolver.faults.add(path.span(), message);
    }
    let auth = auth(raw, called, resolver);
    let host_key = host_key(raw, called, resolver);
    let port = resolver.port(&raw.port, 22);
    let timeout = resolver.duration("timeout", &raw.timeout, "30s", ("1s", "10m"));
    let algorithms = raw.algorithms.given().map(|raw| algorithms(raw, resolver)).unwrap_or_default();
    Some(SftpSettings {
        host: host?,
        port,
        user: user?.get_ref().clone(),
        auth: auth?,
        host_key: host_key?,
        path: path.get_ref().clone(),
        timeout,
        algorithms,
    })
}

fn auth(raw: &RawSftp, called: &str, resolver: &mut Resolver<'_>) -> Option<SftpAuth> {
    let before = resolver.faults.len();
    let password = resolver.secret(&SecretKeys {
        name: "password",
        inline: &raw.password,
        file: &raw.password_file,
        env: &raw.password_env,
        credential: &raw.password_credential,
    });
    let passphrase = resolver.secret(&SecretKeys {
        name: "passphrase",
        inline: &raw.passphrase,
        file: &raw.passphrase_file,
        env: &raw.passphrase_env,
        credential: &raw.passphrase_credential,
    });
    let key = resolver.optional_path("key", &raw.key);
    let agent = raw.agent.given().is_some_and(|flag| *flag.get_ref());
    let is_bad = resolver.faults.len() > before;
    if passphrase.is_some() && key.is_none() && !is_bad {
        resolver.faults.add(raw.span.clone(), format!("{called} has a passphrase without a `key`"));
        return None;
    }
    match (password, key, agent) {
        (Some(password), None, false) => Some(SftpAuth::Password(password)),
        (None, Some(path), false) => Some(SftpAuth::Key { path, passphrase }),
        (None, None, true) => Some(SftpAuth::Agent),
        (None, None, false) => {
            if !is_bad {
                let message = format!("{called} cannot log in: set `password_file`, `key` or `agent = true`");
                resolver.faults.add(raw.span.clone(), message);
            }
            None
        }
        _ => {
            let message =
                format!("{called} has several ways to log in: keep one of password, `key`, `agent`");
            resolver.faults.add(raw.span.clone(), message);
            None
        }
    }
}

fn host_key(raw: &RawSftp, called: &str, resolver: &mut Resolver<'_>) -> Option<HostKey> {
    match (raw.known_hosts.given(), raw.fingerprint.given()) {
        (Some(path), None) => resolver.checked_path("known_hosts", path).map(HostKey::KnownHosts),
        (None, Some(text)) if is::is_fingerprint(text.get_ref()) => {
            Some(HostKey::Fingerprint(text.get_ref().clone()))
        }
        (None, Some(text)) => {
            let message = "`fingerprint` must be SHA256: and 43 characters, as `ssh-keygen -lf` prints it";
            resolver.faults.add(text.span(), message);
            None
        }
        (Some(_), Some(text)) => {
            resolver
                .faults
                .add(text.span(), format!("{called} has `known_hosts` and `fingerprint`: keep one"));
            None
        }
        (None, None) => {
            if raw.known_hosts.is_absent() && raw.fingerprint.is_absent() {
                let message = format!(
                    "{called} pins no host key, so anybody could answer: set `fingerprint` or `known_hosts`"
                );
                resolver.faults.add(raw.span.clone(), message);
            }
            None
        }
    }
}

fn algorithms(raw: &RawAlgorithms, resolver: &mut Resolver<'_>) -> Algorithms {
    let mut read = |field: &crate::diagnostic::Field<Vec<Spanned<String>>>, key: &str| -> Vec<String> {
        let is_good = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@+".contains(c))
        };
        for name in list(field).iter().filter(|name| !is_good(name.get_ref())) {
            let message = format!("`{}` is no name of an algorithm for `{key}`", name.get_ref());
            resolver.faults.add(name.span(), message);
        }
        list(field).iter().map(|name| name.get_ref().clone()).collect()
    };
    Algorithms {
        kex: read(&raw.kex, "kex"),
        ciphers: read(&raw.ciphers, "ciphers"),
        macs: read(&raw.macs, "macs"),
        host_key: read(&raw.host_key, "host_key"),
        sign: read(&raw.sign, "sign"),
    }
}
