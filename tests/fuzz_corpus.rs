//! Every file of the fuzz corpus through the same checks as the fuzz targets, so that what was found once stays found.

#[path = "../fuzz/checks.rs"]
mod checks;

use std::fs;
use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for file in
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten()
    {
        let bytes =
            fs::read(file.path()).unwrap_or_else(|error| panic!("{}: {error}", file.path().display()));
        // The name is on the screen when the check fails.
        println!("{target}: {}", file.file_name().display());
        check(&bytes);
        count += 1;
    }
    assert!(count >= 5, "only {count} files in {}", folder.display());
}

#[test]
fn abi() {
    replay("abi", checks::abi);
    replay("x12", checks::abi);
}

#[test]
fn x12() {
    replay("x12", checks::x12);
    replay("abi", checks::x12);
}

#[test]
fn json() {
    replay("json", checks::json);
}

#[test]
fn csv() {
    replay("csv", checks::csv);
}

#[test]
fn families() {
    replay("families", checks::families);
}

#[test]
fn sets() {
    replay("sets", checks::sets);
}

#[test]
fn config() {
    replay("config", checks::config);
}

#[test]
fn grammar() {
    replay("grammar", checks::grammar);
}
