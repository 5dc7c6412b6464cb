//! Holds of agencies on lines of the entry, and their removals.

use super::*;

/// A status of an agency for a line, or for the lines up to another.
fn on_lines(mut notice: Notice, begin: &str, end: &str) -> Notice {
    notice.kind = Kind::AgencyStatus;
    notice.fields.push("line_status", "02");
    for (name, value) in [("begin_cbp_line", begin), ("end_cbp_line", end)] {
        if !value.is_empty() {
            notice.fields.push(name, value);
        }
    }
    notice
}

#[test]
fn a_removal_for_a_line_leaves_the_other_lines_held() {
    let held =
        |seed, begin, end| on_lines(notice(seed, "2026-03-01T09:00:00", hold("FDA", "02")), begin, end);
    let gone =
        |seed, begin, end| on_lines(notice(seed, "2026-03-02T09:00:00", clear("FDA", &[])), begin, end);
    let whole = |seed, at, effect| {
        let mut told = notice(seed, at, effect);
        told.kind = Kind::AgencyStatus;
        told.fields.push("entry_status", "02");
        told
    };
    let released = notice(9, "2026-03-03T09:00:00", RELEASE);
    for (what, notices, wanted) in [
        ("one of two", vec![held(1, "001", ""), held(2, "002", ""), gone(3, "001", "")], "FDA 2"),
        ("both", vec![held(1, "001", ""), held(2, "002", ""), gone(3, "001", ""), gone(4, "002", "")], "-"),
        ("a range", vec![held(1, "001", ""), held(2, "002", ""), gone(3, "001", "003")], "-"),
        ("one of a range", vec![held(1, "0001", "0004"), gone(3, "0002", "")], "FDA 1, 3-4"),
        (
            "the whole entry lets lines go",
            vec![held(1, "001", ""), whole(2, "2026-03-02T09:00:00", clear("FDA", &[]))],
            "-",
        ),
        (
            "a line does not let the entry go",
            vec![whole(1, "2026-03-01T09:00:00", hold("FDA", "02")), gone(3, "001", "")],
            "FDA all",
        ),
        ("a line without a number", vec![held(1, "001", ""), gone(3, "", "")], "FDA 1"),
        (
            "another agency",
            vec![
                held(1, "001", ""),
                on_lines(notice(3, "2026-03-02T09:00:00", clear("EPA", &[])), "001", ""),
            ],
            "FDA 1",
        ),
    ] {
        let entry = Entry::of(number(), notices.iter().chain([&released]));
        let open: Vec<String> = entry
            .open_holds()
            .map(|(key, hold)| {
                format!("{} {}", key.agency, hold.extent.shown().unwrap_or_else(|| "all".to_owned()))
            })
            .collect();
        let wanted: Vec<&str> = if wanted == "-" { Vec::new() } else { vec![wanted] };
        assert_eq!(open, wanted, "{what}");
        assert_eq!(entry.status() == Status::Released, wanted.is_empty(), "{what}");
    }
}
