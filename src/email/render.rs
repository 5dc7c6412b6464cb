//! Letters to mails, through templates that an installation may replace.
//!
//! The templates are strict: a name that does not exist is an error, found when the service starts, for every template
//! is rendered then with sample alerts; one that does not show what they are about is a fault as well. Should a replaced
//! template fail later all the same, or make a blank mail, it leaves in our own layout and the fault is logged: an alert is
//! worth more than its looks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::digest::{self, DigestMail};
use super::mail::{ComposeError, Draft, MAIL_BYTES_MAX, Mail, MailSettings};
use super::shown::{self, Told};
use super::view::{self, AlertMail};
use super::{attached, sample, text};
use crate::ident::hex;
use crate::outbox::{Alert, Cause, Letter, LetterKind, Outcome, Tickets};
use crate::place::Severity;

/// The templates, each replaced by a file of the same name in the folder of overrides.
pub const TEMPLATES: [(&str, &str); 4] = [
    ("alert.txt", include_str!("templates/alert.txt")),
    ("alert.html", include_str!("templates/alert.html")),
    ("digest.txt", include_str!("templates/digest.txt")),
    ("digest.html", include_str!("templates/digest.html")),
];

/// How many instructions one template may take: a full digest of 500 alerts takes about a tenth.
const FUEL: u64 = 1_000_000;

/// The largest file that is taken for a template.
const TEMPLATE_BYTES_MAX: u64 = 256 << 10;

/// Turns letters into mails.
pub struct Renderer {
    settings: MailSettings,
    /// With the overrides of the installation; `None` when there are none.
    replaced: Option<Templates>,
    own: Templates,
}

/// Foreign text becomes HTML by no way that a template could take: what makes HTML escapes whatever it shows, also what it
/// includes from a template for text.
struct Templates {
    text: Environment<'static>,
    html: Environment<'static>,
}

#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("could not read the templates in `{path}`")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{path}` replaces no template (templates: alert.txt, alert.html, digest.txt, digest.html)")]
    Unknown { path: PathBuf },
    #[error("the template `{path}` is larger than {TEMPLATE_BYTES_MAX} bytes")]
    TooLarge { path: PathBuf },
    #[error("the template `{path}` is not UTF-8 text")]
    NotText { path: PathBuf },
    /// The text holds an excerpt of the template.
    #[error("{path}:{line}: the template fails: {problem}")]
    Faulty { path: PathBuf, line: usize, problem: String },
    #[error("{path}: the template {problem}")]
    Mute { path: PathBuf, problem: String },
}

/// Why templates make no mail.
#[derive(Debug)]
enum Fault {
    Engine(minijinja::Error),
    /// What the template does, in words that stand behind "the template".
    Body {
        template: &'static str,
        problem: String,
    },
}

impl From<minijinja::Error> for Fault {
    fn from(error: minijinja::Error) -> Self {
        Self::Engine(error)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("letter {letter} has no alerts")]
    NoAlerts { letter: String },
    #[error("the template of letter {letter} fails: {problem}")]
    Template { letter: String, problem: String },
    #[error("letter {letter} does not become a mail")]
    Compose {
        letter: String,
        #[source]
        source: ComposeError,
    },
}

impl RenderError {
    /// Never: the same letter would fail in the same way.
    pub fn is_transient(&self) -> bool {
        false
    }

    /// What the letter's state should take note of: nobody but a person can help.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Compose { source, .. } => source.outcome(),
            Self::NoAlerts { .. } | Self::Template { .. } => {
                Outcome::Rejected { error: self.to_string().into() }
            }
        }
    }
}

impl Renderer {
    /// Loads the templates and tries each with sample alerts.
    ///
    /// # Errors
    /// When a file in `overrides` cannot be read, replaces no template, or fails with the samples.
    pub fn new(overrides: Option<&Path>, settings: MailSettings) -> Result<Self, TemplateError> {
        let mut own = Templates::load(&[]).map_err(|error| faulty(error, None))?;
        own.try_samples(&sample::letters(), &settings).map_err(|fault| faulty(fault, None))?;
        let replaced = match overrides {
            Some(folder) => Some(load_overrides(folder, &settings)?),
            None => None,
        };
        Ok(Self { settings, replaced, own })
    }

    /// The same, but mails bear links through which they can be answered.
    #[must_use]
    pub fn with_links(mut self, tickets: Arc<Tickets>) -> Self {
        self.settings.set_links(tickets);
        self
    }

    pub fn settings(&self) -> &MailSettings {
        &self.settings
    }

    /// Renders a letter with the templates of the installation, where [`Renderer::render`] would fall back to our own.
    ///
    /// # Errors
    /// What fails, in the templates or in the mail that they make.
    pub fn try_render(&self, letter: &Letter, alerts: &[Alert]) -> Result<Mail, RenderError> {
        if let Some(replaced) = &self.replaced {
            let view = View::of(letter, alerts, &self.settings);
            replaced.attempt(&view).map_err(|fault| RenderError::Template {
                letter: letter.key.to_string(),
                problem: described(&fault),
            })?;
        }
        self.render(letter, alerts)
    }

    /// Subject and text of the mail of a letter, for a recipient that is no mailbox.
    ///
    /// # Errors
    /// As [`Renderer::render`], but for the address.
    pub fn plain(&self, letter: &Letter, alerts: &[Alert]) -> Result<(String, String), RenderError> {
        if alerts.is_empty() {
            return Err(RenderError::NoAlerts { letter: letter.key.to_string() });
        }
        let Bodies { subject, text, .. } = self.bodies(letter, alerts)?;
        Ok((subject, text))
    }

    fn bodies(&self, letter: &Letter, alerts: &[Alert]) -> Result<Bodies, RenderError> {
        let bodies = self.replaced.as_ref().and_then(|templates| {
            templates
                .render(letter, alerts, &self.settings)
                .inspect_err(|fault| {
                    let problem = described(fault);
                    tracing::error!(letter = %letter.key, problem, "A replaced template fails; the mail leaves in the built-in layout.");
                })
                .ok()
        });
        match bodies {
            Some(bodies) => Ok(bodies),
            None => self.own.render(letter, alerts, &self.settings).map_err(|fault| RenderError::Template {
                letter: letter.key.to_string(),
                problem: described(&fault),
            }),
        }
    }

    /// The mail of a letter. `alerts` are those that the letter names, in its order.
    ///
    /// The same letter and alerts give the same bytes, whenever it is called: every day count is counted from the day
    /// on which the letter was written.
    pub fn render(&self, letter: &Letter, alerts: &[Alert]) -> Result<Mail, RenderError> {
        if alerts.is_empty() {
            return Err(RenderError::NoAlerts { letter: letter.key.to_string() });
        }
        let bodies = self.bodies(letter, alerts)?;
        let draft = Draft {
            key: &letter.key,
            recipient: &letter.recipient,
            thread: thread(letter, alerts, self.settings.domain()),
            date: letter.created_at,
            subject: bodies.subject,
            headers: headers(letter, alerts),
            text: bodies.text,
            html: bodies.html,
        };
        let calendar = attached::calendar_of(letter, alerts).map(|text| (attached::FILE_NAME, text));
        Mail::compose_with(draft, calendar, &self.settings)
            .map_err(|source| RenderError::Compose { letter: letter.key.to_string(), source })
    }
}

/// The id at the root of a thread. No mail bears it, all mails about the entry (or the trouble) refer to it, and so
/// mail programs put them together.
fn thread(letter: &Letter, alerts: &[Alert], domain: &str) -> Option<String> {
    let (kind, subject) = match (&letter.entry, alerts.first().map(|alert| &alert.cause)) {
        (Some(entry), _) => ("entry", entry.as_str()),
        (None, Some(Cause::Trouble(trouble))) if letter.kind == LetterKind::Alert => {
            ("trouble", &*trouble.subject)
        }
        _ => return None,
    };
    let hash = Sha256::new().chain_update(kind).chain_update([0]).chain_update(subject).finalize();
    Some(format!("<{kind}-{}@{domain}>", hex(&hash[..16])))
}

fn headers(letter: &Letter, alerts: &[Alert]) -> Vec<(&'static str, String)> {
    // RFC 3834: keeps holiday notes and other robots from answering.
    let mut headers = vec![("Auto-Submitted", "auto-generated".to_owned())];
    let is_news = !matches!(letter.kind, LetterKind::Digest { .. } | LetterKind::Over);
    let severity = letter.loudness(alerts);
    if severity == Severity::Critical && is_news {
        headers.push(("Importance", "high".to_owned()));
        headers.push(("X-Priority", "1".to_owned()));
    }
    headers.push(("X-Entrywatch-Severity", severity.as_str().to_owned()));
    if let Some(entry) = letter.entry {
        headers.push(("X-Entrywatch-Entry", entry.to_string()));
    }
    if let (LetterKind::Alert, [alert]) = (letter.kind, alerts) {
        headers.push(("X-Entrywatch-Rule", alert.rule.to_string()));
    }
    headers
}

fn load_overrides(folder: &Path, settings: &MailSettings) -> Result<Templates, TemplateError> {
    let unreadable = |source| TemplateError::Read { path: folder.to_owned(), source };
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for file in fs::read_dir(folder).map_err(unreadable)? {
        let path = file.map_err(unreadable)?.path();
        let is_template = path.extension().is_some_and(|end| end == "txt" || end == "html" || end == "j2");
        if !is_template {
            continue;
        }
        let known = TEMPLATES.iter().find(|(name, _)| path.file_name().is_some_and(|file| file == *name));
        let Some((name, _)) = known else { return Err(TemplateError::Unknown { path }) };
        let source = read_template(path.clone())?;
        if let Some(line) = line_of_escaping_tag(&source) {
            let problem = "`autoescape` is not for templates: what they show in HTML is always escaped";
            return Err(TemplateError::Faulty { path, line, problem: problem.to_owned() });
        }
        found.push((name, source));
    }
    let mut templates = Templates::load(&found).map_err(|error| faulty(error, Some(folder)))?;
    let mut letters = sample::letters();
    letters.extend(sample::large_letters());
    templates.try_samples(&letters, settings).map_err(|fault| faulty(fault, Some(folder)))?;
    Ok(templates)
}

/// The line of the first tag that would change how values are escaped.
fn line_of_escaping_tag(source: &str) -> Option<usize> {
    let is_escaping = |tag: &str| tag.trim_start_matches(['-', '+']).trim_start().starts_with("autoescape");
    let (at, _) = source.match_indices("{%").find(|(at, tag)| is_escaping(&source[at + tag.len()..]))?;
    Some(source[..at].matches('\n').count() + 1)
}

fn read_template(path: PathBuf) -> Result<String, TemplateError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read =
        fs::File::open(&path).and_then(|file| file.take(TEMPLATE_BYTES_MAX + 1).read_to_end(&mut bytes));
    match read {
        Err(source) => Err(TemplateError::Read { path, source }),
        Ok(_) if bytes.len() as u64 > TEMPLATE_BYTES_MAX => Err(TemplateError::TooLarge { path }),
        Ok(_) => String::from_utf8(bytes).map_err(|_| TemplateError::NotText { path }),
    }
}

fn faulty(fault: impl Into<Fault>, folder: Option<&Path>) -> TemplateError {
    let path = |name: &str| folder.map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
    match fault.into() {
        Fault::Engine(error) => TemplateError::Faulty {
            path: path(error.name().unwrap_or("template")),
            line: error.line().unwrap_or(1),
            problem: describe(&error),
        },
        Fault::Body { template, problem } => TemplateError::Mute { path: path(template), problem },
    }
}

fn described(fault: &Fault) -> String {
    match fault {
        Fault::Engine(error) => describe(error),
        Fault::Body { template, problem } => format!("`{template}` {problem}"),
    }
}

/// What is wrong and, while the samples are tried, the lines of the template around it. Values are left out.
fn describe(error: &minijinja::Error) -> String {
    let full = format!("{error:#}");
    let excerpt = full.lines().take_while(|line| !line.starts_with('~'));
    excerpt.filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

struct Bodies {
    subject: String,
    text: String,
    html: String,
}

/// What the templates of a letter see.
#[derive(Serialize)]
#[serde(untagged)]
enum View {
    Alert(AlertMail),
    Digest(DigestMail),
}

impl View {
    fn of(letter: &Letter, alerts: &[Alert], settings: &MailSettings) -> Self {
        match letter.kind {
            LetterKind::Alert
            | LetterKind::Bundle { .. }
            | LetterKind::Reminder { .. }
            | LetterKind::Escalation { .. }
            | LetterKind::Over => Self::Alert(view::alert_mail(letter, alerts, settings)),
            LetterKind::Digest { day } => Self::Digest(digest::digest_mail(letter, alerts, day, settings)),
        }
    }

    /// The names of its templates, for text and for HTML.
    fn templates(&self) -> (&'static str, &'static str) {
        match self {
            Self::Alert(_) => ("alert.txt", "alert.html"),
            Self::Digest(_) => ("digest.txt", "digest.html"),
        }
    }

    /// The link of a mail that can be answered; `false` where there is no place for one.
    fn set_link(&mut self, link: &str) -> bool {
        match self {
            Self::Alert(mail) => {
                mail.ack = Some(link.to_owned());
                true
            }
            Self::Digest(_) => false,
        }
    }

    fn subject(&self) -> &str {
        match self {
            Self::Alert(mail) => &mail.subject,
            Self::Digest(mail) => &mail.subject,
        }
    }

    fn told(&self) -> Vec<Told<'_>> {
        match self {
            Self::Alert(mail) => mail.told(),
            Self::Digest(mail) => mail.told(),
        }
    }
}

/// All templates, for mails of one sort.
fn environment(
    overrides: &[(&'static str, String)],
    is_html: bool,
) -> Result<Environment<'static>, minijinja::Error> {
    let mut env = Environment::new();
    env.set_debug(true);
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?;
    env.set_syntax(syntax);
    env.set_auto_escape_callback(move |_| if is_html { AutoEscape::Html } else { AutoEscape::None });
    // No way to take foreign text for HTML, not even by mistake in an override.
    env.remove_filter("safe");
    env.add_filter("wrap", |text: &str, width: usize, indent: Option<usize>| {
        text::wrap(text, width, indent.unwrap_or(0))
    });
    env.add_filter("pad", |text: &str, width: usize| {
        let length = text.chars().count();
        let gap = width.saturating_sub(length).max(usize::from(length >= width)).min(MAIL_BYTES_MAX);
        text.to_owned() + &" ".repeat(gap)
    });
    env.add_filter("lead", |text: &str, width: usize| " ".repeat(width.min(80)) + text);
    for (name, built_in) in TEMPLATES {
        match overrides.iter().find(|(replaced, _)| *replaced == name) {
            Some((_, source)) => env.add_template_owned(name, source.clone())?,
            None => env.add_template(name, built_in)?,
        }
    }
    Ok(env)
}

impl Templates {
    fn load(overrides: &[(&'static str, String)]) -> Result<Self, minijinja::Error> {
        Ok(Self { text: environment(overrides, false)?, html: environment(overrides, true)? })
    }

    /// Tries the samples. Only here do errors carry an excerpt: later they would carry what stands in a message.
    fn try_samples(
        &mut self,
        letters: &[(Letter, Vec<Alert>)],
        settings: &MailSettings,
    ) -> Result<(), Fault> {
        self.set_debug(true);
        for (letter, alerts) in letters {
            let mut view = View::of(letter, alerts, settings);
            self.attempt(&view)?;
            if view.set_link(sample::LINK) {
                self.attempt(&view)?;
            }
        }
        self.set_debug(false);
        Ok(())
    }

    fn set_debug(&mut self, on: bool) {
        self.text.set_debug(on);
        self.html.set_debug(on);
    }

    /// Renders a sample, and looks whether both bodies show what it is about.
    fn attempt(&self, view: &View) -> Result<(), Fault> {
        let bodies = self.bodies(view)?;
        let (told, (text, html)) = (view.told(), view.templates());
        for (template, seen) in [(text, bodies.text), (html, shown::visible(&bodies.html))] {
            if let Some(problem) = shown::missing(&told, &seen) {
                return Err(Fault::Body { template, problem });
            }
        }
        Ok(())
    }

    fn render(&self, letter: &Letter, alerts: &[Alert], settings: &MailSettings) -> Result<Bodies, Fault> {
        self.bodies(&View::of(letter, alerts, settings))
    }

    fn bodies(&self, view: &View) -> Result<Bodies, Fault> {
        let (text, html) = view.templates();
        let render = |env: &Environment<'_>, template: &'static str| {
            let body = env.get_template(template)?.render(Serde(view))?;
            if body.len() > MAIL_BYTES_MAX {
                let problem = format!("makes a body of more than {MAIL_BYTES_MAX} bytes");
                return Err(Fault::Body { template, problem });
            }
            Ok(body)
        };
        let (text_body, html_body) = (render(&self.text, text)?, render(&self.html, html)?);
        for (template, is_blank) in
            [(text, text_body.trim().is_empty()), (html, shown::visible(&html_body).trim().is_empty())]
        {
            if is_blank {
                return Err(Fault::Body { template, problem: "makes a blank mail".to_owned() });
            }
        }
        Ok(Bodies { subject: view.subject().to_owned(), text: text_body, html: html_body })
    }
}

#[cfg(test)]
mod tests;
