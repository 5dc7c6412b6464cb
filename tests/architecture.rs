//! Guards what the compiler does not: the direction of imports, where foreign types live, what is pure, what is long.

#[path = "architecture/lex.rs"]
mod lex;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use lex::Token;

/// Ground first. A module names modules of lower floors only; every top-level module stands here once.
const FLOORS: &[&[&str]] = &[
    &["ident", "clock", "place", "diagnostic", "words"],
    &["grammar"],
    &["notice", "decode", "intake"],
    &["interpret", "deadline", "receipt"],
    &["entry"],
    &["rules"],
    &["outbox", "ical"],
    &["step", "email", "webhook"],
    &["journal"],
    &["pipeline", "store", "config", "synthetic"],
    &["serve"],
    &["daemon"],
    &["workbench"],
    &["cli"],
];

/// A foreign crate, and the only place where its names may be written.
const HOMES: &[(&str, &str)] = &[
    ("sled", "src/store/sled"),
    ("ssh2", "src/intake/sftp"),
    ("lettre", "src/email/"),
    ("notify", "src/intake/watch"),
    ("jiff", "src/clock"),
];

/// Modules that do no I/O and read no clock: time and bytes come in as arguments.
const PURE: &[&str] =
    &["decode", "interpret", "entry", "deadline", "rules", "pipeline", "notice", "outbox", "receipt"];

/// What a pure module does not name. A path is refused when it begins or ends with one of these.
const IMPURE: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "net"],
    &["std", "thread"],
    &["std", "env"],
    &["std", "process"],
    &["tokio"],
    &["SystemTime"],
    &["SystemTime", "now"],
    &["Instant", "now"],
    &["Utc", "now"],
    &["Local", "now"],
];

const FUNCTION_LINES_MAX: usize = 60;
const FILE_LINES_MAX: usize = 500;

/// Longer functions, as `src/file.rs::name`, and files, as `src/file.rs`, each with the reason.
const LONG: &[(&str, &str)] = &[
    ("src/decode/x12/reader/mod.rs::read", "the loop over segments with its one match"),
    ("src/intake/mod.rs", "the types of the drop folders with their errors and texts"),
    ("src/intake/sftp.rs", "one connection and the library calls that it hides"),
    ("src/interpret/abi/liquidation.rs::resolve", "one line a field"),
    ("src/interpret/x12/advice.rs::verdict", "one line an element"),
    ("src/interpret/x12/status.rs::resolve", "one line an element"),
    ("src/rules/names.rs::effect_index", "one line an effect"),
    ("src/rules/stated.rs::stated", "one line an effect"),
];

/// Files of the repository that are read as text when looking for traces of a machine.
const TEXT_ENDINGS: &[&str] =
    &["rs", "toml", "md", "sh", "txt", "tsv", "json", "html", "css", "js", "service", "conf", "yml", "py"];

struct File {
    /// From the repository's root, with slashes.
    name: String,
    text: String,
    tokens: Vec<Token>,
    /// The module's path below the crate: `store::sled` for `src/store/sled.rs`.
    module: Vec<String>,
    /// The whole file is test code.
    test: bool,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut listing: Vec<PathBuf> = fs::read_dir(folder)
        .map(|items| items.flatten().map(|item| item.path()).collect())
        .unwrap_or_default();
    listing.sort();
    for path in listing {
        let skipped = path.file_name().is_some_and(|name| name == "target" || name == ".git");
        if skipped {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// The Rust files below a folder of the repository.
fn rust_files(folder: &str) -> Vec<File> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    let mut files: Vec<File> =
        found.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")).map(read).collect();
    let tests: BTreeSet<String> = files
        .iter()
        .flat_map(|file| lex::declared(&file.tokens).1.into_iter().map(move |name| (file, name)))
        .map(|(file, name)| [&file.module[..], &[name]].concat().join("::"))
        .collect();
    for file in &mut files {
        let whole = (1..=file.module.len()).any(|length| tests.contains(&file.module[..length].join("::")));
        file.test |= whole;
        for token in &mut file.tokens {
            token.test |= whole;
        }
    }
    files
}

fn read(path: &PathBuf) -> File {
    let name = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let inner = name.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let module = match inner {
        "lib" | "main" => Vec::new(),
        path => path.split('/').map(str::to_owned).collect(),
    };
    let tokens = lex::tokens(&text);
    File { test: name.starts_with("tests/"), name, text, tokens, module }
}

/// Fails with every violation at once.
fn report(rule: &str, violations: &[String]) {
    let mut message = String::new();
    for violation in violations {
        let _ = writeln!(message, "  {violation}");
    }
    assert!(violations.is_empty(), "{rule}\n{message}");
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

#[test]
fn every_module_stands_on_one_floor() {
    let lib = read(&root().join("src/lib.rs"));
    let (declared, _) = lex::declared(&lib.tokens);
    let mut standing = BTreeMap::new();
    for module in FLOORS.iter().flat_map(|floor| floor.iter()) {
        *standing.entry((*module).to_owned()).or_insert(0) += 1;
    }
    let mut violations = Vec::new();
    for module in &declared {
        if !standing.contains_key(module) {
            violations.push(format!("src/lib.rs declares `{module}`, which stands on no floor"));
        }
    }
    for (module, times) in &standing {
        if *times > 1 {
            violations.push(format!("`{module}` stands on {times} floors"));
        }
        if !declared.contains(module) {
            violations.push(format!("`{module}` stands on a floor, and src/lib.rs does not declare it"));
        }
    }
    report("Each top-level module stands in FLOORS of tests/architecture.rs once.", &violations);
}

#[test]
fn imports_run_downwards() {
    let mut violations = Vec::new();
    for file in rust_files("src").iter().filter(|file| !file.module.is_empty()) {
        let own = &file.module[0];
        let Some(floor) = floor_of(own) else { continue };
        for path in lex::paths(&file.tokens) {
            let Some(named) = crate_module(file, &path) else { continue };
            let fine = named == own || floor_of(named).is_none_or(|other| other < floor);
            if !fine {
                let (name, line, text) = (&file.name, path.line, path.text());
                let where_ = floor_of(named).map_or(0, |other| other);
                violations.push(format!(
                    "{name}:{line}: `{text}`: {own} (floor {floor}) names {named} (floor {where_})"
                ));
            }
        }
    }
    report("A module names modules of lower floors only, or itself.", &violations);
}

/// The top-level module that a path names, if it names one by `crate::` or by `super::` up to the root.
fn crate_module<'a>(file: &File, path: &'a lex::Path) -> Option<&'a str> {
    let first = path.parts.first()?;
    if first == "crate" {
        return path.parts.get(1).map(String::as_str);
    }
    let ups = path.parts.iter().take_while(|part| *part == "super").count();
    if ups > 0 && ups == file.module.len() + path.depth {
        return path.parts.get(ups).map(String::as_str);
    }
    None
}

#[test]
fn foreign_types_stay_home() {
    let mut violations = Vec::new();
    for file in rust_files("src") {
        let (modules, _) = lex::declared(&file.tokens);
        let imported: BTreeSet<String> = local_names(&file);
        for path in lex::paths(&file.tokens) {
            for (foreign, home) in HOMES {
                // A word alone is a variable or a field; a module of that name declared or imported here is ours.
                let used = path.starts_with(&[foreign]) && path.parts.len() > 1;
                let ours = modules.contains(*foreign) || imported.contains(*foreign);
                if used && !ours && !file.name.starts_with(home) {
                    violations.push(format!(
                        "{}:{}: `{}` outside {home}*",
                        file.name,
                        path.line,
                        path.text()
                    ));
                }
            }
        }
    }
    report("The types of these crates stay in one place, so that they can be exchanged.", &violations);
}

/// Last words of the paths that come from our own crate.
fn local_names(file: &File) -> BTreeSet<String> {
    let own = ["crate", "super", "self"];
    let paths = lex::paths(&file.tokens);
    let ours = paths.iter().filter(|path| path.parts.len() > 1 && own.contains(&path.parts[0].as_str()));
    ours.filter_map(|path| path.parts.last().cloned()).collect()
}

#[test]
fn the_middle_is_pure() {
    let mut violations = Vec::new();
    for file in rust_files("src") {
        let Some(module) = file.module.first().filter(|module| PURE.contains(&module.as_str())) else {
            continue;
        };
        for path in lex::paths(&file.tokens).iter().filter(|path| !path.test) {
            if IMPURE.iter().any(|parts| path.starts_with(parts) || path.ends_with(parts)) {
                violations.push(format!("{}:{}: `{}` in {module}", file.name, path.line, path.text()));
            }
        }
    }
    report("These modules do no I/O and read no clock; hand time and bytes in as arguments.", &violations);
}

#[test]
fn nothing_panics_on_purpose() {
    let mut violations = Vec::new();
    for file in rust_files("src") {
        for window in file.tokens.windows(3).filter(|window| !window[1].test) {
            let [before, word, after] = [&window[0].text, &window[1].text, &window[2].text];
            let unwraps = before == "." && after == "(" && matches!(word.as_str(), "unwrap" | "unwrap_err");
            let macros = ["panic", "todo", "unimplemented", "unreachable"];
            if unwraps || (after == "!" && macros.contains(&word.as_str())) {
                violations.push(format!("{}:{}: `{word}`", file.name, window[1].line));
            }
        }
    }
    report("Outside tests nothing unwraps or panics; `expect` names the invariant that holds.", &violations);
}

#[test]
fn lints_are_silenced_with_a_reason() {
    let mut violations = Vec::new();
    for file in rust_files("src").into_iter().chain(rust_files("tests")) {
        for window in file.tokens.windows(3) {
            let opens = window[1].text == "[" || (window[0].text == "#" && window[1].text == "!");
            if window[0].text == "#" && opens && matches!(window[2].text.as_str(), "allow" | "ignore") {
                violations.push(format!("{}:{}: `#[{}`", file.name, window[2].line, window[2].text));
            }
        }
    }
    report("Say `#[expect(lint, reason = \"..\")]`, and let every test run.", &violations);
}

#[test]
fn files_say_what_they_are_for() {
    let mut violations = Vec::new();
    for file in rust_files("src").into_iter().chain(rust_files("tests")) {
        if !file.text.starts_with("//! ") {
            violations.push(format!("{}:1: does not open with `//!`", file.name));
        }
    }
    report("Each file opens with `//!` and says what it is for.", &violations);
}

#[test]
fn functions_and_files_are_short() {
    let mut violations = Vec::new();
    let mut excused = BTreeSet::new();
    let mut excuse = |what: &str| {
        let known = LONG.iter().find(|(name, reason)| *name == what && !reason.is_empty());
        known.map(|(name, _)| excused.insert(*name)).is_some()
    };
    for file in rust_files("src") {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX && !excuse(&file.name) {
            violations.push(format!("{}: {lines} lines, more than {FILE_LINES_MAX}", file.name));
        }
        for (name, line, lines, test) in lex::functions(&file.tokens) {
            let full = format!("{}::{name}", file.name);
            if !test && !file.test && lines > FUNCTION_LINES_MAX && !excuse(&full) {
                violations.push(format!(
                    "{}:{line}: `{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}",
                    file.name
                ));
            }
        }
    }
    for (name, _) in LONG.iter().filter(|(name, _)| !excused.contains(name)) {
        violations.push(format!("{name} is in LONG of tests/architecture.rs without need"));
    }
    report("Split by concept, or give a reason in LONG of tests/architecture.rs.", &violations);
}

#[test]
fn no_test_sleeps() {
    let mut violations = Vec::new();
    for file in rust_files("src").into_iter().chain(rust_files("tests")) {
        for path in lex::paths(&file.tokens).iter().filter(|path| path.test || file.test) {
            let sleeps: &[&[&str]] = &[&["thread", "sleep"], &["time", "sleep"], &["time", "sleep_until"]];
            if sleeps.iter().any(|parts| path.ends_with(parts)) {
                violations.push(format!("{}:{}: `{}`", file.name, path.line, path.text()));
            }
        }
    }
    report(
        "No test sleeps: turn the test clock, pause tokio's time, or wait for the thing itself.",
        &violations,
    );
}

#[test]
fn nothing_tells_of_a_machine() {
    // In pieces, so that this file does not find itself.
    let traces = [["/wo", "rk/"], ["/tmp/", "wt"], ["/ro", "ot/"]].map(|pieces| pieces.concat());
    let mut found = Vec::new();
    walk(&root(), &mut found);
    let mut violations = Vec::new();
    for path in found {
        let ending = path.extension().and_then(|end| end.to_str()).unwrap_or("");
        let bare = path.extension().is_none() && path.metadata().is_ok_and(|data| data.len() < 1 << 20);
        if !bare && !TEXT_ENDINGS.contains(&ending) {
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            for trace in traces.iter().filter(|trace| begins_a_path(line, trace)) {
                violations.push(format!("{}:{}: `{trace}`", path.display(), at + 1));
            }
        }
    }
    report("No path of the machine where this was written belongs in the repository.", &violations);
}

/// True when `trace` stands in the line and is not the middle of a longer path.
fn begins_a_path(line: &str, trace: &str) -> bool {
    line.match_indices(trace).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"._-/}~".contains(letter))
    })
}
