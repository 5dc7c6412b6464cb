//! Lives in all families: which messages are written, and sums that agree from filing to payment.

use super::*;

#[test]
fn only_the_families_that_are_asked_for_are_written() {
    let story = |families: &str| -> BTreeMap<EntryNumber, BTreeSet<String>> {
        let families = Family::parse_list(families).expect("known families");
        let mut said: BTreeMap<EntryNumber, BTreeSet<String>> = BTreeMap::new();
        for fact in generate(&Plan { families, ..plan(60, "") }).flat_map(|file| file.facts) {
            let Some(entry) = fact.entry else { continue };
            // The day of the envelope depends on what else is in the file.
            let fact = Fact { file: "".into(), at: None, ..fact };
            said.entry(entry).or_default().insert(format!("{fact:?}"));
        }
        said
    };
    let (all, some) = (story("all"), story("SO,PF,820"));
    assert_eq!(some.len(), 60);
    for (entry, said) in &some {
        assert!(said.is_subset(&all[entry]), "{entry}");
    }
    assert!(
        story("PF").values().all(|said| !said.is_empty()),
        "statements do not need the answers they follow"
    );
}

#[test]
fn a_broker_that_copies_a_part_copies_each_kind_of_message_for_some_entries() {
    let whole = of_all_families(plan(200, ""));
    let count = |plan: &Plan| generate(plan).flat_map(|file| file.facts).count();
    let (all, part) = (count(&whole), count(&Plan { copied_percent: 40, ..whole.clone() }));
    assert!((all * 3 / 10..all / 2).contains(&part), "{part} of {all}");
    assert_eq!(count(&Plan { copied_percent: 0, ..whole }), 0);
}

/// What was filed is what was asked for on statements and paid, cent by cent.
#[test]
fn amounts_agree_across_the_families() {
    let mut filed: BTreeMap<EntryNumber, [i64; 4]> = BTreeMap::new();
    let cents = |text: &str| text.replace('.', "").parse::<i64>().expect("a sum");
    let (mut on_statements, mut paid, mut due, mut by_month) = (0, 0, 0, 0);
    let mut facts: Vec<Fact> =
        generate(&of_all_families(plan(300, ""))).flat_map(|file| file.facts).collect();
    // Filings first: a file of statements may be full before that of the filings is.
    facts.sort_by_key(|fact| fact.kind != "summary_filed");
    for fact in &facts {
        let sum = |name: &str| fact.fields.get(name).map(|text| cents(text));
        let Some(entry) = fact.entry else {
            match fact.kind.as_ref() {
                "statement" if fact.fields.contains_key("due_date") => by_month += 1,
                "statement" => due += sum("amount_paid").unwrap_or(0),
                _ => {}
            }
            continue;
        };
        match (fact.kind.as_ref(), fact.code.as_str()) {
            ("summary_filed", _) => {
                let Some(fees) = sum("fees") else { continue };
                let all = [sum("duty"), Some(fees), sum("antidumping")].map(|sum| sum.expect("a total"));
                filed.insert(entry, [all[0], all[1], all[2], all.iter().sum()]);
            }
            ("statement_entry", "F") => {
                assert_eq!(sum("amount"), Some(filed[&entry][3]), "{entry}");
                on_statements += 1;
                paid += filed[&entry][3];
            }
            ("payment", _) => assert_eq!(sum("amount"), Some(filed[&entry][3]), "{entry}"),
            _ => {}
        }
    }
    assert!(on_statements > 200 && by_month > 20, "{on_statements} {by_month}");
    assert_eq!(paid, due, "the final statements add up");
}

#[test]
fn every_family_and_kind_comes_up() {
    let files: Vec<GeneratedFile> = generate(&of_all_families(plan(400, ""))).collect();
    let families: BTreeSet<String> = files
        .iter()
        .filter_map(|file| file.name.split_once('-').map(|(family, _)| family.to_uppercase()))
        .collect();
    assert_eq!(families, Family::ALL.iter().map(Family::to_string).collect());
    let kinds: BTreeMap<&str, BTreeSet<&str>> =
        files.iter().flat_map(|file| &file.facts).fold(BTreeMap::new(), |mut kinds, fact| {
            kinds.entry(fact.kind.as_ref()).or_default().insert(fact.code.as_str());
            kinds
        });
    expect![[r#"
        {
            "acknowledgement": {
                "A",
                "R",
            },
            "agency_status": {
                "02",
                "07",
                "10",
            },
            "application_advice": {
                "TA",
                "TE",
                "TR",
            },
            "batch_rejected": {
                "999",
                "X31",
            },
            "bill_status": {
                "1C",
                "1H",
                "1I",
                "51",
                "54",
                "93",
                "95",
            },
            "census_override": {
                "",
                "50",
                "C04",
            },
            "census_warning": {
                "27D",
            },
            "entry_status": {
                "",
                "013",
                "1",
                "950",
            },
            "filing_response": {
                "A",
                "RB",
            },
            "liquidation": {
                "44",
                "49",
                "50",
                "L",
                "R",
            },
            "manifest_event": {
                "",
                "1",
                "2",
                "3",
                "H",
            },
            "order_link": {
                "",
            },
            "payment": {
                "",
            },
            "query": {
                "",
            },
            "release_filed": {
                "",
            },
            "release_response": {
                "01",
                "02",
                "11",
            },
            "release_status": {
                "01",
                "03",
                "23",
                "90",
                "96",
                "98",
                "99",
            },
            "statement": {
                "F",
                "P",
            },
            "statement_entry": {
                "ABI",
                "F",
                "P",
            },
            "summary_filed": {
                "",
            },
            "summary_notice": {
                "1",
                "2",
                "3",
                "4",
                "8",
                "C",
                "D",
                "P",
                "Q",
            },
            "summary_response": {
                "439",
                "995",
                "996",
                "999",
            },
            "tib_expiration": {
                "",
            },
            "tib_request": {
                "1",
            },
            "tib_response": {
                "995",
                "999",
                "C02",
            },
        }"#]]
    .assert_eq(&format!("{kinds:#?}"));
}
