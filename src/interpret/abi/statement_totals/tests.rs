//! Statements whose totals agree, whose totals differ, and those of which a part may stand elsewhere.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};

use crate::decode::{Message, decode};
use crate::grammar::Grammar;
use crate::interpret::{Interpreter, NoticeSink};
use crate::notice::NoticeRef;
use crate::place::{Finding, finding_code};

#[derive(Default)]
struct Told(Vec<String>);

impl NoticeSink for Told {
    fn notice(&mut self, _: &NoticeRef<'_>) {}

    fn finding(&mut self, finding: Finding) {
        if finding.code == finding_code::CONTRADICTION {
            self.0.push(format!("line {}: {}\n", finding.place.line, finding.message));
        }
    }
}

fn told(text: &str) -> String {
    let grammar = Grammar::embedded();
    let interpreter = Interpreter::new(grammar.clone()).expect("the embedded grammar is whole");
    let mut told = Told::default();
    decode(text.as_bytes(), &grammar, &mut |message: &Message<'_>| interpreter.interpret(message, &mut told));
    told.0.concat()
}

/// One of the two transmissions of a sample.
fn sample(name: &str, which: usize) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/abi/pass").join(name);
    let text = fs::read_to_string(path).expect("a sample");
    let starts: Vec<usize> = text.match_indices("A2704").map(|(at, _)| at).chain([text.len()]).collect();
    text[starts[which]..starts[which + 1]].to_owned()
}

/// With these texts in place of those, each of the same length.
fn changed(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old) && old.len() == new.len(), "{old} {new}");
        text.replacen(old, new, 1)
    })
}

fn daily() -> [String; 2] {
    [0, 1].map(|which| sample("pf-statements.txt", which))
}

fn monthly() -> [String; 2] {
    [0, 1].map(|which| sample("ms-statements.txt", which))
}

#[test]
fn totals_that_agree_say_nothing() {
    for text in daily().into_iter().chain(monthly()) {
        assert_eq!(told(&text), "", "{text}");
    }
}

fn check(text: &str, changes: &[(&str, &str)], wanted: Expect) {
    wanted.assert_eq(&told(&changed(text, changes)));
}

#[test]
fn a_difference_is_told_once_with_both_figures() {
    let [due, paid] = daily();
    check(
        &due,
        &[("00000694584", "00000694585")],
        expect![[r#"
            line 12: the totals due are not the sums of what the statement lists: amount 6945.85, listed 6945.84
        "#]],
    );
    // What an entry owes: its duty, and so the amount.
    check(
        &due,
        &[("03172600000327000", "03172600000327100")],
        expect![[r#"
            line 12: the totals due are not the sums of what the statement lists: amount 6945.84, listed 6946.84; duty 6540.00, listed 6541.00
        "#]],
    );
    check(
        &due,
        &[("QE014990000001108450100000002500", "QE014990000001108550100000002600")],
        expect![[r#"
            line 12: the totals due are not the sums of what the statement lists: fees of class 499 110.85, listed 110.84; fees of class 501 26.00, listed 25.00
        "#]],
    );
    // The totals due of a final statement are those of the preliminary one.
    check(&paid, &[("00000694584", "00000694585")], expect![""]);
    check(
        &paid,
        &[("Q600000012500", "Q600000012600")],
        expect![[r#"
            line 10: the totals paid are not the sums of what the statement lists: antidumping duty 126.00, listed 125.00
        "#]],
    );
}

#[test]
fn what_is_not_due_may_be_in_a_sum_or_not() {
    let [due, _] = daily();
    // The countervailing duty is covered by a bond; the total of its class may have it or not, and nothing else.
    let total = |cents: &str| vec![("Q40000002500000000000000", format!("Q4000000250000{cents}"))];
    for (cents, is_told) in [("0000000000", false), ("0000004000", false), ("0000002000", true)] {
        let changes = total(cents);
        let changes: Vec<(&str, &str)> = changes.iter().map(|(old, new)| (*old, &**new)).collect();
        assert_eq!(!told(&changed(&due, &changes)).is_empty(), is_told, "{cents}");
    }
    // An entry that pays by itself is in no amount due.
    let alone = [("03172600000000000", "03172600000100000")];
    assert_eq!(told(&changed(&due, &alone)), "");
    // Nobody says whether it does.
    let unsaid = [("7YNY", "7 NY"), ("00000694584", "00000694585")];
    assert_eq!(told(&changed(&due, &unsaid)), "");
}

#[test]
fn a_statement_that_may_go_on_elsewhere_is_left_alone() {
    let ([due, paid], wrong) = (daily(), ("00000694584", "00000694585"));
    let with = |text: &str, change: (&str, &str)| told(&changed(text, &[change]));
    assert!(!with(&due, wrong).is_empty());
    let due = changed(&due, &[wrong]);
    for (change, why) in [
        (("0000200000  ", "0000400000  "), "it counts more entries than are listed"),
        (("0000200000  ", "            "), "it counts none"),
        (("PF00011", "PF00012"), "the block counts another record"),
        (("Q227049Z7  00000419", "Q927049Z7  00000419"), "a record that nobody reads"),
        (("QA0149900000005542", "QA014990000000554X"), "an amount that is none"),
        (("Q32726076001", "Q12726076001"), "a total is missing"),
    ] {
        assert_eq!(with(&due, change), "", "{why}");
    }
    let lines: Vec<&str> = due.lines().collect();
    let without = |at: usize| {
        let kept: Vec<&str> =
            lines.iter().enumerate().filter(|(line, _)| *line != at).map(|(_, line)| *line).collect();
        kept.join("\n").replace("PF00011", "PF00010")
    };
    assert_eq!(told(&without(2)), "", "no Q1 opens what is said of the first entry");
    assert_eq!(told(&without(3)), "", "the first entry has no Q2");
    let twice = due.replace(
        "QE014990000001108450100000002500",
        "Q4000000250000000000000000000694584000000000000000200000",
    );
    assert_eq!(told(&twice), "", "two totals");

    // A deleted entry that is listed all the same.
    let paid = changed(&paid, &[("Q600000012500", "Q600000012600")]);
    assert_eq!(told(&changed(&paid, &[("Q727260760019Z7  00000435", "Q727260760019Z7  00000419")])), "");
}

#[test]
fn a_monthly_statement_sums_its_daily_ones_up() {
    let [due, paid] = monthly();
    check(
        &due,
        &[("Q4000000125000000000000000000347292", "Q4000000125000000000000000000347392")],
        expect![[r#"
            line 7: the totals due are not the sums of what the statement lists: amount 3473.92, listed 3472.92
        "#]],
    );
    // Entries were deleted from it, and nothing says which figures have them.
    check(&paid, &[("Q6000000125", "Q6000000126")], expect![""]);
    // One of several importers: a broker may pass a part of it on, but never more than all of it.
    let of_many = changed(&due, &[("041326798-765432100", "041326698-765432100")]);
    check(
        &of_many,
        &[("Q4000000125000000000000000000347292", "Q4000000125000000000000000000347392")],
        expect![""],
    );
    check(
        &of_many,
        &[("Q4000000125000000000000000000347292", "Q4000000125000000000000000000347192")],
        expect![[r#"
            line 7: the totals due are not the sums of what the statement lists: amount 3471.92, listed 3472.92
        "#]],
    );
}
