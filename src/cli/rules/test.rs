//! `rules test`: the tests beside the rules, and scenarios.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::output::{Out, Paint, Ui, answer};
use crate::config::{Config, Diagnostic, ScenarioFile, scenarios_at};
use crate::daemon::assemble;
use crate::words::chain;
use crate::workbench::scenario::{BenchStage, Scenario, load_message, play};

#[derive(clap::Args, Debug)]
pub struct Args {
    /// Rule files (.toml) with their own tests, scenarios (.txt), or folders of scenarios; without any, all of the
    /// configuration
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// One test or scenario that was run.
#[derive(serde::Serialize)]
pub struct Ran {
    /// `rule cbp-hold, test 1`, or the scenario's name.
    pub what: String,
    pub place: String,
    pub ok: bool,
    /// Each with its place and excerpt.
    pub faults: Vec<String>,
}

#[derive(serde::Serialize)]
struct Report {
    passed: usize,
    failed: usize,
    /// Files that were named and have no test.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without_tests: Vec<String>,
    tests: Vec<Ran>,
}

pub fn run(args: &Args, context: &Context, ui: &Ui) -> Outcome {
    let config = &context.config;
    let (mut tests, mut without_tests) = (Vec::new(), Vec::new());
    if args.files.is_empty() {
        tests.extend(rule_tests(&config.rules));
        tests.extend(play_all(config, &config.scenarios)?);
    }
    for path in &args.files {
        let ran = of_file(config, path)?;
        if ran.is_empty() {
            without_tests.push(path.display().to_string());
        }
        tests.extend(ran);
    }
    let failed = tests.iter().filter(|test| !test.ok).count();
    let report = Report { passed: tests.len() - failed, failed, without_tests, tests };
    let exit = if failed == 0 { Exit::Fine } else { Exit::NotFine };
    answer(ui, &report, |out| print(out, ui, &report), exit)
}

fn print(out: &mut Out, ui: &Ui, report: &Report) -> std::io::Result<()> {
    for test in report.tests.iter().filter(|test| !test.ok) {
        writeln!(out, "{}  {}", ui.paint(Paint::Red, "FAIL"), ui.paint(Paint::Strong, &test.what))?;
        for line in test.faults.iter().flat_map(|fault| fault.lines()) {
            writeln!(out, "  {}", ui.paint(Paint::Plain, line))?;
        }
    }
    for file in &report.without_tests {
        writeln!(out, "{file}: no tests")?;
    }
    if report.tests.is_empty() {
        return writeln!(
            out,
            "no tests, so nothing was tried (docs/rules.md tells how a rule gets its tests)"
        );
    }
    writeln!(out, "{} passed, {} failed", report.passed, report.failed)
}

fn rule_tests(rules: &crate::rules::Rules) -> Vec<Ran> {
    let ran = |result: crate::rules::TestResult| Ran {
        what: format!("rule {}, test {}", result.rule, result.number),
        place: result.place,
        ok: result.fault.is_none(),
        faults: result.fault.iter().map(ToString::to_string).collect(),
    };
    rules.run_tests().into_iter().map(ran).collect()
}

fn of_file(config: &Config, path: &Path) -> Result<Vec<Ran>, Failure> {
    if path.extension().is_some_and(|ending| ending == "toml") {
        // In the place where it would stand, for it may speak of rules of other files. Only its own tests are told.
        let name = path.display().to_string();
        return match config.candidate_rules(path) {
            Ok(rules) => {
                let own = format!("{name}:");
                Ok(rule_tests(&rules).into_iter().filter(|test| test.place.starts_with(&own)).collect())
            }
            Err(faults) => Ok(vec![failed(name, &faults)]),
        };
    }
    let scenarios = scenarios_at(path, &path.display().to_string()).map_err(Failure::unreadable)?;
    play_all(config, &scenarios)
}

fn failed(name: String, faults: &[Diagnostic]) -> Ran {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Ran { what: name.clone(), place: name, ok: faults.is_empty(), faults }
}

/// Plays scenarios under the rules of a configuration, each from an empty store.
///
/// # Errors
/// When the configuration cannot be used on this machine.
pub fn play_all(config: &Config, scenarios: &[ScenarioFile]) -> Result<Vec<Ran>, Failure> {
    if scenarios.is_empty() {
        return Ok(Vec::new());
    }
    let mut pipeline = assemble::pipeline(config).map_err(|error| Failure::usage(chain(&error)))?;
    pipeline.feeds.iter_mut().for_each(|watch| watch.awaits_first = false);
    let pipeline = Arc::new(pipeline);
    let renderer = assemble::renderer(config).map_err(|error| Failure::usage(chain(&error)))?;
    let brokers: Vec<&str> = config.brokers.iter().map(|broker| broker.name.as_str()).collect();
    let one = |file: &ScenarioFile| {
        let read = Scenario::read(&file.name, &file.text, &file.folder);
        let faults = match read.and_then(|scenario| scenario.from_brokers(&brokers)) {
            Ok(scenario) => {
                let mut stage = BenchStage::new(pipeline.clone(), &renderer);
                play(&scenario, &mut stage, &load_message)
            }
            Err(faults) => faults,
        };
        failed(file.name.clone(), &faults)
    };
    Ok(scenarios.iter().map(one).collect())
}
