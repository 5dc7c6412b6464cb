//! From the configuration as written to the one that is in force: defaults, bounds, references.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveTime;
use toml::Spanned;

use super::check_text as is;
use super::raw::{RawConfig, RawDaemon, RawMail, RawSmtp, RawState, RawTeam, list};
use super::secret::Secret;
use super::settings::{
    DaemonSettings, ImporterNumber, LogFormat, MailSettings, SmtpSecurity, SmtpSettings, StateSettings, Team,
};
use super::{units, webhooks};
use crate::clock::{CUSTOMS_ZONE, Zone};
use crate::diagnostic::{Faults, Field, WrittenTable, hint};
use crate::place::Severity;
use crate::webhook;

/// A Unix socket's path may not be longer.
const SOCKET_BYTES_MAX: usize = 107;
/// More recipients than this belong into a mailing list.
const ADDRESSES_MAX: usize = 100;

pub(super) type Text = Field<Spanned<String>>;

/// Reads values out of fields, with a fault for each that is out of bounds.
pub(super) struct Resolver<'a> {
    pub base: &'a Path,
    pub faults: Faults,
}

/// The four ways in which a secret can be written, the first of them refused.
pub(super) struct SecretKeys<'a> {
    pub name: &'a str,
    pub inline: &'a Text,
    pub file: &'a Text,
    pub env: &'a Text,
    pub credential: &'a Text,
}

impl Resolver<'_> {
    /// A path; relative ones start at the folder of the configuration.
    pub fn path(&mut self, key: &str, field: &Text, default: &str) -> PathBuf {
        let Some(text) = field.given() else { return self.base.join(default) };
        self.checked_path(key, text).unwrap_or_else(|| self.base.join(default))
    }

    pub fn optional_path(&mut self, key: &str, field: &Text) -> Option<PathBuf> {
        self.checked_path(key, field.given()?)
    }

    pub fn checked_path(&mut self, key: &str, text: &Spanned<String>) -> Option<PathBuf> {
        let path = text.get_ref();
        let fault = match path.as_str() {
            "" => Some("is blank"),
            path if path.starts_with('~') => {
                Some("begins with `~`, which is not replaced: write the whole path")
            }
            path if path.contains('\0') => Some("holds a NUL character"),
            _ => None,
        };
        if let Some(fault) = fault {
            self.faults.add(text.span(), format!("the path in `{key}` {fault}"));
            return None;
        }
        Some(is::normal(&self.base.join(path)))
    }

    /// A duration within bounds.
    pub fn duration(&mut self, key: &str, field: &Text, default: &str, bounds: (&str, &str)) -> Duration {
        let read = |text: &str| units::duration(text).unwrap_or_default();
        let Some(text) = field.given() else { return read(default) };
        match units::duration(text.get_ref()) {
            None => {
                let message =
                    format!("`{key}` is no duration: `{}` (examples: 30s, 5m, 2h, 1d)", text.get_ref());
                self.faults.add(text.span(), message);
            }
            Some(duration) if duration < read(bounds.0) || duration > read(bounds.1) => {
                self.faults
                    .add(text.span(), format!("`{key}` must be between {} and {}", bounds.0, bounds.1));
            }
            Some(duration) => return duration,
        }
        read(default)
    }

    pub fn size(&mut self, key: &str, field: &Text, default: &str, bounds: (&str, &str)) -> u64 {
        let read = |text: &str| units::size_bytes(text).unwrap_or_default();
        let Some(text) = field.given() else { return read(default) };
        match units::size_bytes(text.get_ref()) {
            None => {
                let message =
                    format!("`{key}` is no size: `{}` (examples: 64KiB, 100MB, 1GiB)", text.get_ref());
                self.faults.add(text.span(), message);
            }
            Some(bytes) if bytes < read(bounds.0) || bytes > read(bounds.1) => {
                self.faults
                    .add(text.span(), format!("`{key}` must be between {} and {}", bounds.0, bounds.1));
            }
            Some(bytes) => return bytes,
        }
        read(default)
    }

    pub fn port(&mut self, field: &Field<Spanned<i64>>, default: u16) -> u16 {
        let Some(number) = field.given() else { return default };
        match u16::try_from(*number.get_ref()) {
            Ok(port) if port > 0 => port,
            _ => {
                self.faults
                    .add(number.span(), format!("`port` must be 1 to 65535, not {}", number.get_ref()));
                default
            }
        }
    }

    /// How many letters a server wants in a minute.
    pub fn per_minute(&mut self, field: &Field<Spanned<i64>>) -> Option<u32> {
        let number = field.given()?;
        match u32::try_from(*number.get_ref()) {
            Ok(count @ 1..=100_000) => Some(count),
            _ => {
                let message = format!("`per_minute` must be 1 to 100000, not {}", number.get_ref());
                self.faults.add(number.span(), message);
                None
            }
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, key: &str, field: &Text, default: T, words: &[(&'static str, T)]) -> T {
        let Some(text) = field.given() else { return default };
        let found = words.iter().find(|(word, _)| *word == text.get_ref().as_str());
        if found.is_none() {
            let hint = hint(text.get_ref(), "known", words.iter().map(|(word, _)| *word));
            self.faults.add(text.span(), format!("`{key}` has no value `{}` ({hint})", text.get_ref()));
        }
        found.map_or(default, |(_, value)| *value)
    }

    /// A text that must pass a check.
    pub fn checked(
        &mut self,
        field: &Text,
        is_good: impl Fn(&str) -> bool,
        message: impl Fn(&str) -> String,
    ) -> Option<Box<str>> {
        let text = field.given()?;
        if is_good(text.get_ref()) {
            return Some(text.get_ref().as_str().into());
        }
        self.faults.add(text.span(), message(text.get_ref()));
        None
    }

    pub fn require<'f, T>(
        &mut self,
        field: &'f Field<T>,
        key: &str,
        owner: &str,
        span: &Range<usize>,
    ) -> Option<&'f T> {
        field.require(key, owner, span, &mut self.faults)
    }

    pub fn host(&mut self, field: &Text, owner: &str, span: &Range<usize>) -> Option<String> {
        self.require(field, "host", owner, span)?;
        let message = |text: &str| {
            format!(
                "`{text}` is no host: a name or an address, without scheme and port (example: sftp.example.com)"
            )
        };
        self.checked(field, is::is_host, message).map(Into::into)
    }

    /// A name that must be unique; `seen` holds where each was first.
    pub fn name(
        &mut self,
        field: &Text,
        what: &str,
        span: &Range<usize>,
        seen: &mut BTreeMap<String, String>,
    ) -> Option<Box<str>> {
        let text = self.require(field, "name", &format!("the {what}"), span)?;
        let name = text.get_ref();
        if !is::is_name(name) {
            let limit = is::NAME_CHARS_MAX;
            let message = format!(
                "`{name}` is no name for a {what}: up to {limit} letters, digits, dots, hyphens and underscores"
            );
            self.faults.add(text.span(), message);
            return None;
        }
        if let Some(first) = seen.get(name) {
            self.faults.add(text.span(), format!("there is already a {what} `{name}` (at {first})"));
            return None;
        }
        seen.insert(name.clone(), self.faults.source().place(text.span().start));
        Some(name.as_str().into())
    }

    /// The source of a secret: exactly one of three keys, or none.
    pub fn secret(&mut self, keys: &SecretKeys<'_>) -> Option<Secret> {
        let name = keys.name;
        if let Some(inline) = keys.inline.given() {
            let message = format!(
                "`{name}` must not stand in the configuration: use `{name}_file`, `{name}_env` or `{name}_credential`"
            );
            self.faults.add(inline.span(), message);
        }
        let given: Vec<(&str, &Spanned<String>)> =
            [("file", keys.file), ("env", keys.env), ("credential", keys.credential)]
                .into_iter()
                .filter_map(|(way, field)| Some((way, field.given()?)))
                .collect();
        if let [(first, _), (second, text), ..] = given[..] {
            let message = format!("`{name}_{first}` and `{name}_{second}` both name the {name}: keep one");
            self.faults.add(text.span(), message);
            return None;
        }
        let (way, text) = *given.first()?;
        match way {
            "file" => self.checked_path(&format!("{name}_file"), text).map(Secret::File),
            "env" if is::is_variable(text.get_ref()) => Some(Secret::Env(text.get_ref().as_str().into())),
            "credential" if is::is_name(text.get_ref()) => {
                Some(Secret::Credential(text.get_ref().as_str().into()))
            }
            _ => {
                let wanted = if way == "env" { "an environment variable" } else { "a systemd credential" };
                let message = format!("`{name}_{way}` must be the name of {wanted}");
                self.faults.add(text.span(), message);
                None
            }
        }
    }
}

/// The store of a million messages then stays within 2.5 times this and 64 MiB (docs/performance.md, P12).
const CACHE_MIB: u32 = 128;

pub(super) fn state(raw: &RawState, resolver: &mut Resolver<'_>) -> StateSettings {
    let folder = resolver.path("folder", &raw.folder, "state");
    let cache_mib = match raw.cache_mib.given() {
        None => CACHE_MIB,
        Some(number) => match u32::try_from(*number.get_ref()) {
            Ok(mib @ 8..=65_536) => mib,
            _ => {
                let message = format!("`cache_mib` must be 8 to 65536, not {}", number.get_ref());
                resolver.faults.add(number.span(), message);
                CACHE_MIB
            }
        },
    };
    StateSettings { folder, cache_mib }
}

pub(super) fn daemon(raw: &RawDaemon, state: &StateSettings, resolver: &mut Resolver<'_>) -> DaemonSettings {
    let socket = match raw.socket.given() {
        None => state.folder.join("entrywatch.sock"),
        Some(text) => {
            let path = resolver.path("socket", &raw.socket, "entrywatch.sock");
            let length = path.as_os_str().len();
            if length > SOCKET_BYTES_MAX {
                let message = format!(
                    "the path of `socket` has {length} bytes, and a socket's may have {SOCKET_BYTES_MAX}"
                );
                resolver.faults.add(text.span(), message);
            }
            path
        }
    };
    let log = resolver.choice(
        "log",
        &raw.log,
        LogFormat::Auto,
        &[
            ("auto", LogFormat::Auto),
            ("journald", LogFormat::Journald),
            ("json", LogFormat::Json),
            ("text", LogFormat::Text),
        ],
    );
    let message = |text: &str| {
        format!(
            "`log_level` is no level: `{text}` (examples: info, debug, \"info,entrywatch::intake=debug\")"
        )
    };
    let log_level = resolver.checked(&raw.log_level, is::is_log_filter, message);
    DaemonSettings {
        reload_on_change: raw.reload_on_change.given().is_none_or(|value| *value.get_ref()),
        socket,
        stop_timeout: resolver.duration("stop_timeout", &raw.stop_timeout, "30s", ("1s", "10m")),
        log,
        log_level: log_level.unwrap_or_else(|| "info".into()),
    }
}

pub(super) fn importer_number(field: &Text, resolver: &mut Resolver<'_>) -> ImporterNumber {
    let words = [
        ("full", ImporterNumber::Full),
        ("masked", ImporterNumber::Masked),
        ("hidden", ImporterNumber::Hidden),
    ];
    resolver.choice("importer_number", field, ImporterNumber::Masked, &words)
}

pub(super) fn mail(raw: &RawMail, resolver: &mut Resolver<'_>) -> MailSettings {
    let message = |text: &str| {
        format!(
            "`{text}` is no sender: an address, or a name and an address (example: Entrywatch <entrywatch@example.com>)"
        )
    };
    let from = resolver.checked(&raw.from, |text| is::address_of(text).is_some(), message);
    let smtp = raw.smtp.given().and_then(|smtp| {
        resolver.require(&raw.from, "from", "[mail], which sends through a server,", &raw.span);
        self::smtp(smtp, resolver)
    });
    let from = from.unwrap_or_else(|| "Entrywatch <entrywatch@localhost>".into());
    let own_domain =
        is::address_of(&from).and_then(|address| address.split_once('@')).map(|(_, domain)| domain);
    let domain = resolver
        .checked(&raw.domain, is::is_domain, |text| format!("`{text}` is no domain (example: example.com)"));
    let is_link = |text: &str| {
        ["http://", "https://"].iter().any(|scheme| {
            text.strip_prefix(scheme)
                .is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
        })
    };
    let link_base = resolver.checked(&raw.link_base, is_link, |text| {
        format!("`{text}` is no address of a page (example: https://entrywatch.example.com)")
    });
    MailSettings {
        domain: domain.unwrap_or_else(|| own_domain.unwrap_or("localhost").into()),
        from,
        link_base: link_base.map(|link| link.trim_end_matches('/').into()),
        outbox: resolver.path("outbox", &raw.outbox, "mail"),
        templates: resolver.optional_path("templates", &raw.templates),
        smtp,
    }
}

fn smtp(raw: &RawSmtp, resolver: &mut Resolver<'_>) -> Option<SmtpSettings> {
    let host = resolver.host(&raw.host, RawSmtp::OWNER, &raw.span);
    let words =
        [("tls", SmtpSecurity::Tls), ("starttls", SmtpSecurity::Starttls), ("none", SmtpSecurity::None)];
    let security = resolver.choice("security", &raw.security, SmtpSecurity::Starttls, &words);
    if security == SmtpSecurity::None
        && let (Some(host), Some(text)) = (&host, raw.security.given())
        && !is::is_loopback(host)
    {
        let message = format!(
            "`security = \"none\"` would send mail to {host} in plain text: use \"tls\" or \"starttls\""
        );
        resolver.faults.add(text.span(), message);
    }
    let default_port = match security {
        SmtpSecurity::Tls => 465,
        SmtpSecurity::Starttls => 587,
        SmtpSecurity::None => 25,
    };
    let password = resolver.secret(&SecretKeys {
        name: "password",
        inline: &raw.password,
        file: &raw.password_file,
        env: &raw.password_env,
        credential: &raw.password_credential,
    });
    let has_password = password.is_some()
        || [&raw.password, &raw.password_file, &raw.password_env, &raw.password_credential]
            .iter()
            .any(|field| !field.is_absent());
    let login = match (raw.user.given(), password) {
        (Some(user), Some(password)) => Some((user.get_ref().as_str().into(), password)),
        (Some(user), None) if !has_password => {
            resolver.faults.add(user.span(), "[mail.smtp] has a `user` without a password");
            None
        }
        (None, _) if has_password => {
            resolver.faults.add(raw.span.clone(), "[mail.smtp] has a password without a `user`");
            None
        }
        _ => None,
    };
    let hello_name = resolver.checked(&raw.hello_name, is::is_host, |text| {
        format!("`{text}` is no host name to say hello with (example: entrywatch.example.com)")
    });
    let port = resolver.port(&raw.port, default_port);
    let ca_file = resolver.optional_path("ca_file", &raw.ca_file);
    let timeout = resolver.duration("timeout", &raw.timeout, "30s", ("1s", "10m"));
    let per_minute = resolver.per_minute(&raw.per_minute);
    Some(SmtpSettings { host: host?.into(), port, security, login, ca_file, hello_name, timeout, per_minute })
}

pub(super) fn teams(raw: &RawConfig, resolver: &mut Resolver<'_>) -> Vec<Team> {
    let mut seen = BTreeMap::new();
    if raw.team.is_absent() {
        resolver.faults.add(0..0, "the configuration has no [[team]], so nobody would get an alert");
    }
    let hooks = webhooks::written(raw);
    let teams = list(&raw.team).iter().filter_map(|team| self::team(team, &hooks, &mut seen, resolver));
    spelled_once(teams.collect())
}

/// Each mailbox as it is written first, and once in a team. `Ops@Example.com` and `ops@example.com` are one: the domain's case says nothing
/// (RFC 5321, section 2.4), and no server in use tells two people by the case of the part before it.
fn spelled_once(mut teams: Vec<Team>) -> Vec<Team> {
    let mut spelled: HashMap<String, Box<str>> = HashMap::new();
    for team in &mut teams {
        let mut seen = BTreeSet::new();
        for address in team.to.iter_mut().filter(|address| !address.starts_with(webhook::PREFIX)) {
            address
                .clone_from(spelled.entry(address.to_ascii_lowercase()).or_insert_with(|| address.clone()));
        }
        team.to.retain(|address| seen.insert(address.clone()));
    }
    teams
}

fn team(
    raw: &RawTeam,
    hooks: &[String],
    seen: &mut BTreeMap<String, String>,
    resolver: &mut Resolver<'_>,
) -> Option<Team> {
    let name = resolver.name(&raw.name, "team", &raw.span, seen);
    let called = raw.name.given().map_or("the team".to_owned(), |name| format!("team `{}`", name.get_ref()));
    resolver.require(&raw.to, "to", &called, &raw.span);
    let to = list(&raw.to);
    if raw.to.given().is_some() && (to.is_empty() || to.len() > ADDRESSES_MAX) {
        let message = format!("{called} must have 1 to {ADDRESSES_MAX} addresses in `to`");
        resolver.faults.add(raw.span.clone(), message);
    }
    for address in to {
        let Some(hook) = address.get_ref().strip_prefix(webhook::PREFIX) else { continue };
        if !hooks.iter().any(|known| known == hook) {
            let hint = hint(hook, "defined", hooks.iter().map(String::as_str));
            resolver.faults.add(address.span(), format!("there is no webhook `{hook}` ({hint})"));
        }
    }
    let is_hook = |address: &str| address.starts_with(webhook::PREFIX);
    for address in to.iter().filter(|to| !is::is_address(to.get_ref()) && !is_hook(to.get_ref())) {
        let message = format!("`{}` is no mail address (example: ops@example.com)", address.get_ref());
        resolver.faults.add(address.span(), message);
    }
    let zone = zone(&raw.zone, resolver);
    let digest_at = raw.digest_at.given().and_then(|text| {
        let time = NaiveTime::parse_from_str(text.get_ref(), "%H:%M").ok();
        if time.is_none() {
            let message = format!("`digest_at` is no time of day: `{}` (example: 08:00)", text.get_ref());
            resolver.faults.add(text.span(), message);
        }
        time
    });
    let words = [("info", Severity::Info), ("warning", Severity::Warning), ("critical", Severity::Critical)];
    let severity_min = resolver.choice("severity_min", &raw.severity_min, Severity::Info, &words);
    Some(Team {
        name: name?,
        to: to.iter().map(|address| address.get_ref().as_str().into()).collect(),
        zone: zone?,
        digest_at: digest_at.or(NaiveTime::from_hms_opt(8, 0, 0))?,
        severity_min,
        manners: super::manners::manners(raw, resolver),
    })
}

fn zone(field: &Text, resolver: &mut Resolver<'_>) -> Option<Zone> {
    let name = field.given().map_or(CUSTOMS_ZONE, |text| text.get_ref());
    match Zone::named(name) {
        Ok(zone) => Some(zone),
        Err(error) => {
            let span = field.given().map_or(0..0, Spanned::span);
            resolver.faults.add(span, error.to_string());
            None
        }
    }
}
