//! `check`: is the configuration sound, and can we reach what it names?

use std::io::Write;

use super::Global;
use super::context::config_file;
use super::exit::{Exit, Failure, Outcome};
use super::output::{Paint, Ui, answer};
use super::rules::play_all;
use crate::config::{CheckReport, Config, DropPlace, SmtpSettings, WebhookSettings, check};
use crate::daemon::assemble;
use crate::diagnostic::Diagnostic;
use crate::email::SmtpCourier;
use crate::intake::open_folder;
use crate::interpret::Interpreter;
use crate::webhook::HookCourier;
use crate::words::chain;
use crate::words::count;
use crate::workbench::inspect;
use crate::workbench::scenario::Scenario;

/// Check configuration, rules, templates, tables and rule tests; every problem at once
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Do not log in to drops and mail servers
    #[arg(long)]
    pub offline: bool,
}

#[derive(serde::Serialize)]
struct Line<'a> {
    what: &'a str,
    ok: bool,
    detail: &'a str,
    /// It is no failure, and probably not meant.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
}

#[derive(serde::Serialize)]
struct Report<'a> {
    ok: bool,
    faults: Vec<String>,
    lines: Vec<Line<'a>>,
}

pub fn run(args: &Args, global: &Global, ui: &Ui) -> Outcome {
    let path = config_file(global.config.as_deref())?;
    let mut report = check(&path, args.offline);
    if let Some(config) = report.config.take() {
        // With faults it is looked at as far as the sound parts go, so that all problems are told at once.
        look_inside(&config, &mut report);
        play_scenarios(&config, &mut report);
        if !args.offline {
            reach_out(&config, &mut report)?;
        }
    }
    let exit = match (report.faults.is_empty(), report.is_ok()) {
        (false, _) => Exit::Usage,
        (true, false) => Exit::NotFine,
        (true, true) => Exit::Fine,
    };
    let shown = Report {
        ok: report.is_ok(),
        faults: report.faults.iter().map(ToString::to_string).collect(),
        lines: report
            .lines
            .iter()
            .map(|line| Line { what: &line.what, ok: line.ok, detail: &line.detail, warning: line.warning })
            .collect(),
    };
    for fault in &shown.faults {
        // Diagnostics go where diagnostics go; the report itself is on standard output.
        let _ = writeln!(std::io::stderr(), "{fault}");
    }
    let print = |out: &mut super::output::Out| {
        for line in &shown.lines {
            let mark = match (line.ok, line.warning) {
                (false, _) => ui.paint(Paint::Red, "FAIL"),
                (true, true) => ui.paint(Paint::Yellow, "warn"),
                (true, false) => "ok  ".to_owned(),
            };
            writeln!(out, "{mark}  {}: {}", line.what, line.detail)?;
        }
        Ok(())
    };
    answer(ui, &shown, print, exit)
}

/// What only the modules above the configuration can check: that interpretation finds its fields, that mails render.
fn look_inside(config: &Config, report: &mut CheckReport) {
    let interpreter =
        Interpreter::new(config.grammar.clone()).map(|_| "every field that is read exists".to_owned());
    let faults = |faults: Vec<crate::grammar::GrammarError>| {
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    report.add("message families", interpreter.map_err(faults));
    let renderer = assemble::renderer(config).map_err(|error| chain(&error));
    let rendered = renderer.and_then(|renderer| inspect::render_all(&config.rules, &renderer));
    report.add(
        "mail templates",
        rendered.map(|letters| format!("every rule's letters render, {}", count(letters, "sample"))),
    );
    // No fault: narrow and broad rules may cross on purpose. But somebody should know.
    let audience = assemble::audience(config);
    for overlap in inspect::overlaps(&config.rules, &config.grammar.codes, &audience) {
        report.add("rules overlap", Ok(overlap));
    }
    if config.rules_are_meant() {
        for warning in inspect::warnings(&config.rules, &config.grammar.codes, &audience) {
            report.warn(warning.what, warning.text);
        }
    }
}

/// Plays the scenarios of the configuration. Under other rules than those that are written their letters would say nothing, so
/// they are only read then.
fn play_scenarios(config: &Config, report: &mut CheckReport) {
    if !config.rules_are_meant() {
        let brokers: Vec<&str> = config.brokers.iter().map(|broker| broker.name.as_str()).collect();
        for file in &config.scenarios {
            let read = Scenario::read(&file.name, &file.text, &file.folder);
            let read = read.and_then(|scenario| scenario.from_brokers(&brokers));
            let said = read.map(|_| "can be read; played when the rules are sound".to_owned());
            let faults = |faults: Vec<Diagnostic>| lines(faults.iter().map(ToString::to_string));
            report.add(format!("scenario {}", file.name), said.map_err(faults));
        }
        return;
    }
    match play_all(config, &config.scenarios) {
        Ok(played) => {
            for ran in played {
                let outcome = if ran.ok {
                    Ok("every letter as expected".to_owned())
                } else {
                    Err(lines(ran.faults.into_iter()))
                };
                report.add(format!("scenario {}", ran.what), outcome);
            }
        }
        Err(failure) => report.add("scenarios", Err(failure.text().unwrap_or_default())),
    }
}

fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("\n")
}

/// Logs in to every drop and to the mail server, sees whether files can be moved, and connects to the webhooks.
fn reach_out(config: &Config, report: &mut CheckReport) -> Result<(), Failure> {
    for drop in config.drops() {
        let what = format!("drop {} reached", drop.name);
        if let (true, DropPlace::Local { path }) = (drop.create, &drop.place)
            && !path.exists()
        {
            // It is made at the start.
            continue;
        }
        let settings = match assemble::drop_settings(drop) {
            Ok(settings) => settings,
            Err(error) => {
                report.add(what, Err(chain(&error)));
                continue;
            }
        };
        let checked = open_folder(&settings).check();
        let found = checked.map(|checked| {
            let mut text = count(checked.files, "file");
            for remark in checked.remarks {
                text.push_str("; ");
                text.push_str(&remark);
            }
            text
        });
        report.add(what, found.map_err(|error| error.report()));
    }
    if let Some(smtp) = &config.mail.smtp {
        let greeted = greet(smtp)?;
        report.add("mail server reached", greeted);
    }
    for hook in &config.webhooks {
        let reached = reach_hook(hook)?;
        report.add(format!("webhook {} reached", hook.name), reached);
    }
    Ok(())
}

/// Connects and sends nothing; `alerts test-webhook` does.
fn reach_hook(hook: &WebhookSettings) -> Result<Result<String, String>, Failure> {
    let courier = assemble::hook_settings(hook).map_err(|error| chain(&error));
    let courier = courier.and_then(|settings| HookCourier::new(settings).map_err(|error| chain(&error)));
    match courier {
        Ok(courier) => Ok(runtime()?.block_on(courier.reach())),
        Err(error) => Ok(Err(error)),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::unreadable)
}

fn greet(smtp: &SmtpSettings) -> Result<Result<String, String>, Failure> {
    let settings = match assemble::smtp_settings(smtp) {
        Ok(settings) => settings,
        Err(error) => return Ok(Err(chain(&error))),
    };
    Ok(runtime()?.block_on(async {
        let courier = SmtpCourier::new(settings).map_err(|error| chain(&error))?;
        let check = courier.check().await.map_err(|error| chain(&error))?;
        let encrypted = if check.is_encrypted { "encrypted" } else { "not encrypted" };
        let signed_in = if check.is_signed_in { ", signed in" } else { "" };
        Ok(format!("{}, {encrypted}{signed_in}", check.server))
    }))
}
