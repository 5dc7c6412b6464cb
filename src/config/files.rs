//! The files that a configuration names: rules, playbook, scenarios.

use std::path::{Path, PathBuf};

use super::raw::{RawConfig, list};
use super::resolve::Resolver;
use super::{DEFAULT_RULES, Named, SCENARIOS_MAX, ScenarioFile, embedded_rules, given, read_file};
use crate::diagnostic::WrittenTable;

/// What the configuration is made of on disk, besides what is embedded.
pub(super) fn read_from(
    raw: &RawConfig,
    base: &Path,
    own: &Path,
    folders: impl IntoIterator<Item = PathBuf>,
) -> Vec<PathBuf> {
    let rules = given(&raw.rules);
    let named = list(&rules.files).iter().chain(list(&rules.scenarios)).chain(rules.playbook.given());
    let named = named.map(|file| file.get_ref().as_str()).filter(|file| *file != DEFAULT_RULES);
    [own.to_owned()].into_iter().chain(named.map(|file| base.join(file))).chain(folders).collect()
}

/// The rule files in their order. Without `[rules] files`, the embedded ones.
pub(super) fn rule_files(raw: &RawConfig, resolver: &mut Resolver<'_>) -> Vec<Named> {
    let raw = given(&raw.rules);
    if raw.files.is_absent() {
        return vec![embedded_rules()];
    }
    let mut files = Vec::new();
    let last = list(&raw.files).len().saturating_sub(1);
    for (index, file) in list(&raw.files).iter().enumerate() {
        match file.get_ref().as_str() {
            DEFAULT_RULES if index < last => {
                let message = "\"default\" decides about everything, so it must be the last: no rule behind it is asked";
                resolver.faults.add(file.span(), message);
            }
            DEFAULT_RULES => files.push(embedded_rules()),
            _ => files.extend(named_file("files", file, resolver)),
        }
    }
    if list(&raw.files).is_empty() && raw.files.given().is_some() {
        resolver.faults.add(raw.place(), "`files` names no rule file, so nothing would ever alert");
    }
    files
}

pub(super) fn playbook_file(raw: &RawConfig, resolver: &mut Resolver<'_>) -> Option<Named> {
    let raw = given(&raw.rules);
    named_file("playbook", raw.playbook.given()?, resolver)
}

/// The scenarios that are named, files and the `.txt` files of folders, in the order of their names.
pub(super) fn scenario_files(raw: &RawConfig, resolver: &mut Resolver<'_>) -> Vec<ScenarioFile> {
    let raw = given(&raw.rules);
    let mut files = Vec::new();
    for item in list(&raw.scenarios) {
        let Some(path) = resolver.checked_path("scenarios", item) else { continue };
        match scenarios_at(&path, item.get_ref()) {
            Ok(found) => files.extend(found),
            Err(message) => resolver.faults.add(item.span(), message),
        }
    }
    files
}

/// One scenario, or those of a folder. `name` is what messages call the path.
///
/// # Errors
/// A sentence about what cannot be read.
pub fn scenarios_at(path: &Path, name: &str) -> Result<Vec<ScenarioFile>, String> {
    let read = |path: &Path, name: String| -> Result<ScenarioFile, String> {
        let text = read_file(path).map_err(|message| format!("`{}`: {message}", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(ScenarioFile { name, text, folder })
    };
    if !path.is_dir() {
        return Ok(vec![read(path, name.to_owned())?]);
    }
    let listing = std::fs::read_dir(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let mut paths: Vec<PathBuf> = listing.flatten().map(|item| item.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    paths.sort();
    if paths.len() > SCENARIOS_MAX {
        return Err(format!("`{}` holds more than {SCENARIOS_MAX} scenarios", path.display()));
    }
    let named =
        |path: &PathBuf| Path::new(name).join(path.file_name().unwrap_or_default()).display().to_string();
    paths.iter().map(|path| read(path, named(path))).collect()
}

fn named_file(key: &str, file: &toml::Spanned<String>, resolver: &mut Resolver<'_>) -> Option<Named> {
    let path = resolver.checked_path(key, file)?;
    match read_file(&path) {
        Ok(text) => Some(Named { name: file.get_ref().clone(), text }),
        Err(message) => {
            resolver.faults.add(file.span(), format!("`{}`: {message}", path.display()));
            None
        }
    }
}
