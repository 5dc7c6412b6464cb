//! The configuration: as written ([`raw`]), then as checked ([`Config`]).
//!
//! Everything is read before anything is judged, and every fault is reported at once with its place. What comes out is
//! complete: every value is there, in its own type and within its bounds, the rules are compiled and pass their own
//! tests, and the tables of the grammar are audited. A configuration with one fault is not loaded at all.
//!
//! Whether the world agrees (can we log in, list, write, send?) is not asked here; see [`check`].

mod calendar;
mod check;
mod check_text;
mod drops;
mod exchange;
mod files;
mod hours;
mod http;
mod manners;
pub mod raw;
mod resolve;
mod secret;
mod settings;
mod units;
mod webhooks;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

pub use self::check::{CheckLine, CheckReport, check};
pub use self::drops::IGNORE_DEFAULT;
pub use self::files::scenarios_at;
use self::files::{playbook_file, read_from, rule_files, scenario_files};
pub use self::http::HttpSettings;
use self::raw::{RawConfig, list};
use self::resolve::Resolver;
pub use self::secret::{Secret, SecretError};
pub use self::settings::{
    After, Algorithms, Broker, DaemonSettings, DropPlace, DropSettings, HostKey, ImporterNumber, LogFormat,
    MailSettings, SftpAuth, SftpSettings, SmtpSecurity, SmtpSettings, StateSettings, Team, WebhookSettings,
};
use crate::deadline::{DeadlineTable, Overrides, TableFault};
pub use crate::diagnostic::Diagnostic;
use crate::diagnostic::{Faults, Source, mistaken, read_toml};
use crate::grammar::Grammar;
use crate::ident::BrokerName;
use crate::rules::{self, Playbook, Rules, Vocabulary};

/// The example that stands beside the program; it works as it is.
pub const EXAMPLE: &str = include_str!("../../config.toml");

/// The word in `[rules] files` for the rules that the binary carries.
pub const DEFAULT_RULES: &str = "default";

/// A folder may hold so many scenarios.
const SCENARIOS_MAX: usize = 1_000;

/// The table of clocks in the grammar's folder.
const DEADLINES_FILE: &str = "deadlines.toml";

/// A larger file is refused.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A configuration in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file as it was named.
    pub name: Box<str>,
    pub state: StateSettings,
    pub daemon: DaemonSettings,
    pub mail: MailSettings,
    pub http: HttpSettings,
    pub importer_number: ImporterNumber,
    pub webhooks: Vec<WebhookSettings>,
    pub teams: Vec<Team>,
    pub brokers: Vec<Broker>,
    /// Days on which Customs is closed beside weekends and federal holidays.
    pub closures: Vec<NaiveDate>,
    /// What is known better than the table of deadlines.
    pub overrides: Overrides,
    /// Where the calendars of the teams are kept; `None` when nobody wants them.
    pub calendar_folder: Option<PathBuf>,
    /// The clocks, with the closures.
    pub deadlines: Arc<DeadlineTable>,
    pub grammar: Arc<Grammar>,
    pub rules: Arc<Rules>,
    /// What `[rules] scenarios` names, read; played by `rules test` and `check`.
    pub scenarios: Vec<ScenarioFile>,
    /// False when a rule file or the playbook has faults, and `rules` are those of the other files or what is embedded.
    rules_are_meant: bool,
    /// The rule files in the order in which they are asked, for trying others in their place.
    rule_files: Vec<Named>,
    playbook: Option<Named>,
    /// Files and folders that the configuration was read from.
    files: Vec<PathBuf>,
    version: String,
}

/// A scenario as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioFile {
    pub name: String,
    pub text: String,
    /// Names of messages start here.
    pub folder: PathBuf,
}

/// A text that was read, under the name that messages use.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    text: String,
}

impl Config {
    /// Reads and checks a file. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// Every fault of the configuration, its rules, its playbook and its grammar.
    pub fn load(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let (name, text, base) = Self::text_of(path).map_err(|fault| vec![fault])?;
        Self::parse(&name, &text, &base)
    }

    /// Checks a text. Relative paths in it start at `base`, and the rule files that it names are read.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(name: &str, text: &str, base: &Path) -> Result<Self, Vec<Diagnostic>> {
        match Self::read(name, text, base) {
            (Some(config), faults) if faults.is_empty() => Ok(config),
            (_, faults) => Err(faults),
        }
    }

    /// As [`Config::load`], for looking further: with faults there is a configuration all the same, of the parts that
    /// are sound and of defaults and what is embedded in the place of the others. It must not be put into force. `None`
    /// when the file itself cannot be read as TOML.
    pub(crate) fn inspect(path: &Path) -> (Option<Self>, Vec<Diagnostic>) {
        match Self::text_of(path) {
            Ok((name, text, base)) => Self::read(&name, &text, &base),
            Err(fault) => (None, vec![fault]),
        }
    }

    fn text_of(path: &Path) -> Result<(String, String, PathBuf), Diagnostic> {
        let name = path.display().to_string();
        let text = read_file(path).map_err(|message| Diagnostic::of_file(&name, message))?;
        let base = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let base = std::path::absolute(base.unwrap_or(Path::new("."))).map_err(|error| {
            Diagnostic::of_file(&name, format!("the folder of the file cannot be found: {error}"))
        })?;
        Ok((name, text, base))
    }

    fn read(name: &str, text: &str, base: &Path) -> (Option<Self>, Vec<Diagnostic>) {
        let source = Source::new(name, text);
        let mut mistaken = Faults::of(source.clone());
        match is_a_rule_file(&source, &mut mistaken) {
            true => (None, mistaken.into_sorted()),
            false => Self::read_source(&source, base),
        }
    }

    fn read_source(source: &Source, base: &Path) -> (Option<Self>, Vec<Diagnostic>) {
        let (name, text) = (source.name(), source.text());
        let (raw, faults) = read_toml::<RawConfig>(source);
        let Some(raw) = raw else { return (None, faults.into_sorted()) };
        let mut resolver = Resolver { base, faults };
        let state = resolve::state(&given(&raw.state), &mut resolver);
        let daemon = resolve::daemon(&given(&raw.daemon), &state, &mut resolver);
        let mail = resolve::mail(&given(&raw.mail), &mut resolver);
        let http = http::http(&given(&raw.http), &mut resolver);
        let importer_number = resolve::importer_number(&given(&raw.privacy).importer_number, &mut resolver);
        let webhooks = webhooks::webhooks(&raw, &mut resolver);
        let teams = resolve::teams(&raw, &mut resolver);
        let brokers = drops::brokers(&raw, &state, &mut resolver);
        let closures: Vec<NaiveDate> =
            list(&given(&raw.calendar).closures).iter().map(|date| *date.get_ref()).collect();
        let calendar_folder = resolver.optional_path("folder", &given(&raw.calendar).folder);
        let overrides = calendar::overrides(&given(&raw.calendar), &mut resolver);
        let grammar_folder = grammar_folder(&raw, &mut resolver);
        let files = rule_files(&raw, &mut resolver);
        let playbook = playbook_file(&raw, &mut resolver);
        let scenarios = scenario_files(&raw, &mut resolver);

        let mut faults = resolver.faults.into_sorted();
        let grammar = collect(load_grammar(grammar_folder.as_deref()), &mut faults);
        let deadlines = collect(load_deadlines(grammar_folder.as_deref(), &closures), &mut faults);
        let names = Names { teams: names_written(&raw, &teams), brokers: &brokers };
        let rules = load_rules(&files, playbook.as_ref(), &names, grammar.as_deref());
        let rules = collect(rules, &mut faults);
        let grammar = grammar.or_else(|| load_grammar(None).ok());
        let rules_are_meant = rules.is_some();
        let rules = rules.or_else(|| sound_rules(&files, &names, grammar.as_deref()));
        let deadlines = deadlines.unwrap_or_else(|| DeadlineTable::embedded().with_closures(&closures));
        let deadlines = deadlines.with_overrides(overrides.clone());
        let folders = grammar_folder.into_iter().chain(mail.templates.clone());
        let read_from = read_from(&raw, base, Path::new(name), folders);
        let config = grammar.zip(rules).map(|(grammar, rules)| Self {
            version: version(text, &rules),
            files: read_from,
            name: name.into(),
            state,
            daemon,
            mail,
            http,
            importer_number,
            webhooks,
            teams,
            brokers,
            closures,
            overrides,
            calendar_folder,
            deadlines: Arc::new(deadlines),
            grammar,
            rules: Arc::new(rules),
            scenarios,
            rules_are_meant,
            rule_files: files,
            playbook,
        });
        (config, faults)
    }

    /// The example configuration with everything below `base`: local drops, mail as files, the embedded rules.
    ///
    /// # Errors
    /// Only when the machine has no time-zone database.
    pub fn embedded_defaults(base: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::parse("config.toml", EXAMPLE, base)
    }

    /// The rules as they would be with the file at `path`: in the place of the live file of the same name, else in front.
    ///
    /// # Errors
    /// Every fault of the rules, failed tests included.
    pub fn candidate_rules(&self, path: &Path) -> Result<Rules, Vec<Diagnostic>> {
        let name = path.display().to_string();
        let text = read_file(path).map_err(|message| vec![Diagnostic::of_file(&name, message)])?;
        let candidate = Named { name: name.clone(), text };
        let mut files = self.rule_files.clone();
        match self.place_of_candidate(path) {
            Some(live) => files[live] = candidate,
            None => files.insert(0, candidate),
        }
        self.load_again(&files)
    }

    /// The live rule file in whose place a candidate would stand: the one of the same name.
    fn place_of_candidate(&self, path: &Path) -> Option<usize> {
        self.rule_files.iter().position(|file| Path::new(&file.name).file_name() == path.file_name())
    }

    /// Where a candidate would stand, in words: `in the place of rules/default.toml`.
    pub fn candidate_place(&self, path: &Path) -> String {
        match self.place_of_candidate(path) {
            Some(live) => format!("in the place of {}", self.rule_files[live].name),
            None => {
                let names: Vec<&str> = self.rule_files.iter().map(|file| &*file.name).collect();
                format!(
                    "in front of {}; a file of the same name as one of these stands in its place",
                    names.join(", ")
                )
            }
        }
    }

    fn load_again(&self, files: &[Named]) -> Result<Rules, Vec<Diagnostic>> {
        let teams = self.teams.iter().map(|team| team.name.to_string()).collect();
        let names = Names { teams, brokers: &self.brokers };
        load_rules(files, self.playbook.as_ref(), &names, Some(&self.grammar))
    }

    /// Whether `rules` are the rules that are written: a look at a faulty configuration may find others in their place.
    pub(crate) fn rules_are_meant(&self) -> bool {
        self.rules_are_meant
    }

    /// The files and folders that the configuration was read from: when one of them changes, it may be another.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// A hash of the configuration, the rules and the playbook as written. Sixteen hexadecimal digits. Secrets are not
    /// part of it, for they never stand in any of these.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub fn team(&self, name: &str) -> Option<&Team> {
        self.teams.iter().find(|team| &*team.name == name)
    }

    pub fn broker(&self, name: &BrokerName) -> Option<&Broker> {
        self.brokers.iter().find(|broker| broker.name == *name)
    }

    pub fn drops(&self) -> impl Iterator<Item = &DropSettings> {
        self.brokers.iter().flat_map(|broker| &broker.drops)
    }

    /// Every secret with the words for what it opens, for a check that all can be read.
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        let mut secrets = Vec::new();
        if let Some((_, password)) = self.mail.smtp.as_ref().and_then(|smtp| smtp.login.as_ref()) {
            secrets.push(("mail server".to_owned(), password));
        }
        if let Some(key) = &self.http.link_key {
            secrets.push(("links in mails".to_owned(), key));
        }
        let hooks = self.webhooks.iter();
        secrets.extend(hooks.map(|hook| (format!("webhook {}", hook.name), &hook.secret)));
        for drop in self.drops() {
            let DropPlace::Sftp(sftp) = &drop.place else { continue };
            match &sftp.auth {
                SftpAuth::Password(secret) => secrets.push((format!("drop {}", drop.name), secret)),
                SftpAuth::Key { passphrase: Some(secret), .. } => {
                    secrets.push((format!("key of drop {}", drop.name), secret));
                }
                SftpAuth::Key { .. } | SftpAuth::Agent => {}
            }
        }
        secrets
    }
}

fn given<T: Clone + Default>(field: &crate::diagnostic::Field<T>) -> T {
    field.given().cloned().unwrap_or_default()
}

fn collect<T>(result: Result<T, Vec<Diagnostic>>, faults: &mut Vec<Diagnostic>) -> Option<T> {
    result.map_err(|more| faults.extend(more)).ok()
}

/// The whole text of a file, or what is wrong with it.
fn read_file(path: &Path) -> Result<String, String> {
    let fault = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::InvalidData => "the file is no UTF-8 text".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    };
    let size = std::fs::metadata(path).map_err(fault)?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("the file is larger than {FILE_BYTES_MAX} bytes"));
    }
    std::fs::read_to_string(path).map_err(fault)
}

fn grammar_folder(raw: &RawConfig, resolver: &mut Resolver<'_>) -> Option<PathBuf> {
    let field = given(&raw.grammar).folder;
    let folder = resolver.optional_path("folder", &field)?;
    if folder.is_dir() {
        return Some(folder);
    }
    let span = field.given().map_or(0..0, toml::Spanned::span);
    resolver.faults.add(span, format!("there is no folder {}", folder.display()));
    None
}

fn load_grammar(folder: Option<&Path>) -> Result<Arc<Grammar>, Vec<Diagnostic>> {
    Grammar::load(folder).map_err(|faults| {
        let place = |file: &str| folder.unwrap_or(Path::new("grammars")).join(file).display().to_string();
        faults
            .iter()
            .map(|fault| {
                Diagnostic::at_place(&place(&fault.file), fault.line, fault.column, fault.message.clone())
            })
            .collect()
    })
}

/// What is said of a rule file in the place of the configuration; whether it is one.
fn is_a_rule_file(source: &Source, faults: &mut Faults) -> bool {
    let Some((written, span)) = mistaken::<RawConfig>(source, rules::FILE_KEYS) else { return false };
    let message = format!(
        "this looks like a rule file ({written}); the daemon's configuration holds [state], [mail], [[team]] and [[broker]], and names rule files in \
         `[rules] files`"
    );
    faults.add(span, message);
    true
}

fn embedded_rules() -> Named {
    Named { name: rules::EMBEDDED_NAME.to_owned(), text: rules::EMBEDDED.to_owned() }
}

/// The rules of the files that are sound by themselves, for looking further where another file has faults; else the
/// embedded ones.
fn sound_rules(files: &[Named], names: &Names<'_>, grammar: Option<&Grammar>) -> Option<Rules> {
    let load = |files: &[Named]| load_rules(files, None, names, grammar).ok();
    let sound: Vec<Named> =
        files.iter().filter(|file| load(std::slice::from_ref(*file)).is_some()).cloned().collect();
    let sound = if sound.is_empty() { None } else { load(&sound) };
    sound.or_else(|| load_rules(&[embedded_rules()], None, names, None).ok())
}

/// The table of clocks, from the folder when it has one, with the configured closures.
fn load_deadlines(folder: Option<&Path>, closures: &[NaiveDate]) -> Result<DeadlineTable, Vec<Diagnostic>> {
    let path = folder.map(|folder| folder.join(DEADLINES_FILE)).filter(|path| path.exists());
    let Some(path) = path else { return Ok(DeadlineTable::embedded().with_closures(closures)) };
    let name = path.display().to_string();
    let text = read_file(&path).map_err(|message| vec![Diagnostic::of_file(&name, message)])?;
    let table = DeadlineTable::parse(&text, &name).map_err(|error| {
        let place =
            |fault: &TableFault| Diagnostic::at_place(&name, fault.line, fault.column, fault.message.clone());
        error.faults.iter().map(place).collect::<Vec<_>>()
    })?;
    Ok(table.with_closures(closures))
}

/// The names that rules may use.
struct Names<'a> {
    teams: Vec<String>,
    brokers: &'a [Broker],
}

/// Teams by name, faulty ones too: a rule that names one is not wrong because the team's address is.
fn names_written(raw: &RawConfig, teams: &[Team]) -> Vec<String> {
    let written = list(&raw.team).iter().filter_map(|team| Some(team.name.given()?.get_ref().clone()));
    let mut names: Vec<String> = written.collect();
    names.retain(|name| !name.is_empty());
    names.dedup();
    if names.is_empty() { teams.iter().map(|team| team.name.to_string()).collect() } else { names }
}

/// Compiles the rules and runs their tests.
fn load_rules(
    files: &[Named],
    playbook: Option<&Named>,
    names: &Names<'_>,
    grammar: Option<&Grammar>,
) -> Result<Rules, Vec<Diagnostic>> {
    let (mut faults, embedded) = (Vec::new(), Playbook::embedded());
    let playbook = match playbook {
        Some(own) => collect(embedded.clone().with(&own.name, &own.text), &mut faults).unwrap_or(embedded),
        None => embedded,
    };
    let known = vocabulary(grammar).with_brokers(names.brokers.iter().map(|broker| broker.name.as_str()));
    let files: Vec<(&str, &str)> = files.iter().map(|file| (&*file.name, &*file.text)).collect();
    let teams: Vec<&str> = names.teams.iter().map(String::as_str).collect();
    let rules = collect(Rules::parse(&files, &playbook, &teams, &known), &mut faults);
    if let Some(rules) = &rules {
        faults.extend(rules.run_tests().into_iter().filter_map(|test| test.fault));
    }
    match rules {
        Some(rules) if faults.is_empty() => Ok(rules),
        _ => Err(faults),
    }
}

/// The names that the grammar in force gives to tables, codes and deadlines.
pub fn vocabulary(grammar: Option<&Grammar>) -> Vocabulary {
    let deadlines = DeadlineTable::embedded().definitions().iter().map(|definition| definition.id.as_str());
    match grammar {
        Some(grammar) => Vocabulary::of(grammar, deadlines),
        None => Vocabulary::new(&Default::default(), deadlines),
    }
}

fn version(text: &str, rules: &Rules) -> String {
    let mut hash = Sha256::new();
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
    hash.update(rules.version().as_bytes());
    crate::ident::hex(&hash.finalize()[..8])
}
