//! From a checked configuration to what the daemon runs with: secrets are read, files are loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::engine::Versions;
use super::link_key::{self, LinkKeyError};
use super::receipts::ReceiptSettings;
use super::settings::{Delivery, Hook, Settings};
use crate::clock::{CUSTOMS_ZONE, Zone};
use crate::config::{self, Config, SecretError};
use crate::email::{MailSettings, Renderer, Security, SettingsError, SmtpSettings, TemplateError};
use crate::grammar::GrammarError;
use crate::ident::Fingerprint;
use crate::intake;
use crate::interpret::Interpreter;
use crate::outbox::{Audience, Team, Tickets};
use crate::pipeline::{FeedWatch, Pipeline};
use crate::webhook::HookSettings;

#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    #[error("a secret cannot be read")]
    Secret(#[from] SecretError),
    #[error("the mail settings cannot be used")]
    Mail(#[from] SettingsError),
    #[error(transparent)]
    LinkKey(#[from] LinkKeyError),
    #[error("a mail template cannot be used")]
    Template(#[from] TemplateError),
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Grammar(Vec<GrammarError>),
    #[error("the machine has no time-zone database")]
    Zone,
    #[error("the name of this machine cannot be read")]
    Host(#[source] std::io::Error),
}

impl Settings {
    /// Resolves a configuration.
    ///
    /// # Errors
    /// What the machine lacks: a secret, a template, a zone.
    pub fn of(config: &Config) -> Result<Self, AssembleError> {
        let pipeline = pipeline(config)?;
        let drops = config.drops().map(drop_settings).collect::<Result<_, _>>()?;
        let made = config.drops().filter(|drop| drop.create).filter_map(|drop| match &drop.place {
            config::DropPlace::Local { path } => Some(path.clone()),
            config::DropPlace::Sftp(_) => None,
        });
        let made_folders = made.collect();
        let tickets = tickets(config)?;
        let delivery = match &config.mail.smtp {
            Some(smtp) => Delivery::Smtp(Box::new(smtp_settings(smtp)?)),
            None => Delivery::Files(config.mail.outbox.clone()),
        };
        let hooks = config.webhooks.iter().map(hook_with_pace).collect::<Result<_, _>>()?;
        Ok(Self {
            state_folder: config.state.folder.clone(),
            cache_bytes: u64::from(config.state.cache_mib) << 20,
            socket: config.daemon.socket.clone(),
            stop_timeout: config.daemon.stop_timeout,
            drops,
            made_folders,
            calendar_folder: config.calendar_folder.clone(),
            receipts: receipts(config),
            pipeline: Arc::new(pipeline),
            versions: versions(config),
            renderer: Arc::new(with_links(config, tickets.clone())?),
            delivery,
            listen: config.http.listen,
            tickets,
            mail_per_minute: config.mail.smtp.as_ref().and_then(|smtp| smtp.per_minute),
            hooks,
            watched: if config.daemon.reload_on_change { config.files().to_vec() } else { Vec::new() },
        })
    }
}

/// Everything that decides what a file does.
pub fn pipeline(config: &Config) -> Result<Pipeline, AssembleError> {
    let interpreter = Interpreter::new(config.grammar.clone()).map_err(AssembleError::Grammar)?;
    let aliases = config.brokers.iter().map(|broker| (broker.name.as_str().into(), broker.aliases.clone()));
    let columns = config.brokers.iter().map(|broker| (broker.name.as_str().into(), broker.columns.clone()));
    let interpreter = interpreter.with_aliases(aliases.collect()).with_columns(columns.collect());
    Ok(Pipeline {
        interpreter: Arc::new(interpreter),
        rules: config.rules.clone(),
        deadlines: config.deadlines.clone(),
        audience: audience(config),
        importer_number: config.importer_number,
        feeds: feeds(config),
    })
}

/// What the journal calls a configuration. Who is told, and how, is part of the rules, and so are the dates of which they tell: a
/// store that is rebuilt under other teams or another table of deadlines must not mail anybody about last year.
pub fn versions(config: &Config) -> Versions {
    use std::fmt::Write;
    let mut people = String::new();
    for team in &config.teams {
        let (zone, at) = (team.zone.name(), team.digest_at);
        // Writing to a text cannot fail.
        let _ = write!(people, "{}|{:?}|{zone}|{at}|{}", team.name, team.to, team.severity_min.as_str());
        let _ = writeln!(people, "|{}", team.manners);
    }
    let people = crate::ident::hex(&Fingerprint::of(people.as_bytes()).as_bytes()[..4]);
    Versions {
        config: config.version().into(),
        grammar: config.grammar.version().into(),
        rules: format!("{}-{people}-{}", config.rules.version(), config.deadlines.version()).into(),
    }
}

/// The brokers whose feeds are watched.
fn feeds(config: &Config) -> Vec<FeedWatch> {
    let watched = config.brokers.iter().filter_map(|broker| Some((broker, broker.watch.as_ref()?)));
    watched
        .map(|(broker, watch)| FeedWatch {
            broker: broker.name.clone(),
            zone: watch.zone.clone(),
            weekdays: watch.weekdays,
            opens: watch.opens,
            closes: watch.closes,
            silent_after: chrono::TimeDelta::from_std(watch.silent_after).unwrap_or(chrono::TimeDelta::MAX),
            awaits_first: true,
        })
        .collect()
}

/// The brokers that want receipts.
fn receipts(config: &Config) -> Vec<ReceiptSettings> {
    let wanted = config.brokers.iter().filter_map(|broker| Some((broker, broker.acknowledge.as_ref()?)));
    wanted
        .map(|(broker, acknowledge)| ReceiptSettings {
            broker: broker.name.clone(),
            folder: acknowledge.folder.clone(),
            form: acknowledge.form,
        })
        .collect()
}

/// The teams of a configuration.
pub fn audience(config: &Config) -> Audience {
    let teams = config.teams.iter().map(|team| Team {
        name: team.name.clone(),
        to: team.to.clone(),
        zone: team.zone.clone(),
        digest_at: team.digest_at,
        severity_min: team.severity_min,
    });
    let audience = Audience::new(teams.collect());
    config
        .teams
        .iter()
        .fold(audience, |audience, team| audience.with_manners(&team.name, team.manners.clone()))
}

pub fn renderer(config: &Config) -> Result<Renderer, AssembleError> {
    let zone = config.teams.first().map(|team| team.zone.clone());
    let zone = match zone {
        Some(zone) => zone,
        None => Zone::named(CUSTOMS_ZONE).map_err(|_| AssembleError::Zone)?,
    };
    let mut zones = BTreeMap::new();
    // Whoever is in several teams has the zone of the first, as for digests.
    for team in config.teams.iter().rev() {
        zones.extend(team.to.iter().map(|recipient| (recipient.clone(), team.zone.clone())));
    }
    let mail = MailSettings::new(&config.mail.from, &config.mail.domain, zone)?.with_zones(zones);
    Ok(Renderer::new(config.mail.templates.as_deref(), mail)?)
}

/// What signs the links in mails. Without a listener nobody could follow one.
fn tickets(config: &Config) -> Result<Option<Arc<Tickets>>, AssembleError> {
    if config.http.listen.is_none() {
        return Ok(None);
    }
    let key = match &config.http.link_key {
        Some(secret) => secret.read()?,
        None => link_key::of_folder(&config.state.folder)?,
    };
    let tickets = Tickets::new(key, config.mail.link_base.as_deref()).ok_or(LinkKeyError::Short)?;
    Ok(Some(Arc::new(tickets)))
}

/// A renderer whose mails can be answered.
fn with_links(config: &Config, tickets: Option<Arc<Tickets>>) -> Result<Renderer, AssembleError> {
    let renderer = renderer(config)?;
    Ok(match tickets {
        Some(tickets) => renderer.with_links(tickets),
        None => renderer,
    })
}

/// The mail server of a configuration.
pub fn smtp_settings(smtp: &config::SmtpSettings) -> Result<SmtpSettings, AssembleError> {
    let (user, password) = match &smtp.login {
        Some((user, secret)) => (Some(user.to_string()), Some(secret.read()?)),
        None => (None, None),
    };
    let hello_name = match &smtp.hello_name {
        Some(name) => name.to_string(),
        None => host_name()?,
    };
    Ok(SmtpSettings {
        host: smtp.host.to_string(),
        port: smtp.port,
        security: match smtp.security {
            config::SmtpSecurity::Tls => Security::Tls,
            config::SmtpSecurity::Starttls => Security::StartTls,
            config::SmtpSecurity::None => Security::None,
        },
        allow_plaintext: false,
        user,
        password,
        ca_file: smtp.ca_file.clone(),
        hello_name,
        timeout: smtp.timeout,
    })
}

fn hook_with_pace(hook: &config::WebhookSettings) -> Result<Hook, AssembleError> {
    Ok(Hook { settings: hook_settings(hook)?, per_minute: hook.per_minute })
}

/// One webhook of a configuration.
pub fn hook_settings(hook: &config::WebhookSettings) -> Result<HookSettings, AssembleError> {
    Ok(HookSettings {
        name: hook.name.clone(),
        url: hook.url.clone(),
        secret: hook.secret.read()?,
        ca_file: hook.ca_file.clone(),
        timeout: hook.timeout,
    })
}

fn host_name() -> Result<String, AssembleError> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").map_err(AssembleError::Host)?;
    let name = name.trim();
    let plain =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    Ok(if plain { name.to_owned() } else { "localhost".to_owned() })
}

/// One drop of a configuration.
pub fn drop_settings(drop: &config::DropSettings) -> Result<intake::DropSettings, AssembleError> {
    Ok(intake::DropSettings {
        name: drop.name.clone(),
        broker: drop.broker.clone(),
        place: match &drop.place {
            config::DropPlace::Local { path } => intake::DropPlace::Local { path: path.clone() },
            config::DropPlace::Sftp(sftp) => intake::DropPlace::Sftp(sftp_settings(sftp)?),
        },
        poll: drop.poll,
        settle: drop.settle,
        incomplete_after: drop.incomplete_after,
        max_file_bytes: drop.max_file_bytes,
        ignore: drop.ignore.clone(),
        include: drop.include.clone(),
        after: match &drop.after {
            config::After::Move { to } => intake::After::Move { to: to.clone() },
            config::After::Delete => intake::After::Delete,
            config::After::Leave => intake::After::Leave,
        },
    })
}

fn sftp_settings(sftp: &config::SftpSettings) -> Result<intake::SftpSettings, AssembleError> {
    let list = |names: &[String]| (!names.is_empty()).then(|| names.join(","));
    Ok(intake::SftpSettings {
        host: sftp.host.clone(),
        port: sftp.port,
        user: sftp.user.clone(),
        auth: match &sftp.auth {
            config::SftpAuth::Password(secret) => intake::SftpAuth::Password(secret.read()?),
            config::SftpAuth::Key { path, passphrase } => intake::SftpAuth::Key {
                path: path.clone(),
                passphrase: passphrase.as_ref().map(config::Secret::read).transpose()?,
            },
            config::SftpAuth::Agent => intake::SftpAuth::Agent { socket: None },
        },
        host_key: match &sftp.host_key {
            config::HostKey::KnownHosts(path) => intake::HostKeyPin::KnownHosts(path.clone()),
            config::HostKey::Fingerprint(print) => intake::HostKeyPin::Fingerprint(print.clone()),
        },
        path: sftp.path.clone(),
        timeout: sftp.timeout,
        algorithms: intake::Algorithms {
            kex: list(&sftp.algorithms.kex),
            ciphers: list(&sftp.algorithms.ciphers),
            macs: list(&sftp.algorithms.macs),
            host_key: list(&sftp.algorithms.host_key),
            sign: list(&sftp.algorithms.sign),
        },
    })
}
