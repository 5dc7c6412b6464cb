//! The feed held against itself and, where they are at hand, against the printed layouts.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::{Expect, expect};

use super::*;

mod families;

fn plan(entries: u64, faults: &str) -> Plan {
    Plan { faults: Fault::parse_list(faults).expect("known faults"), ..Plan::new(7, entries) }
}

fn clean_files(entries: u64) -> Vec<GeneratedFile> {
    generate(&plan(entries, "")).collect()
}

fn of_all_families(plan: Plan) -> Plan {
    Plan { families: Family::ALL.iter().copied().collect(), ..plan }
}

fn records(file: &GeneratedFile) -> Vec<&str> {
    std::str::from_utf8(&file.bytes).expect("a clean file is ASCII").lines().collect()
}

fn is_abi(file: &GeneratedFile) -> bool {
    file.name.ends_with(".txt")
}

#[test]
fn the_seed_decides_every_byte() {
    let bytes =
        |plan: &Plan| generate(plan).map(|file| (file.path(), file.bytes, file.facts)).collect::<Vec<_>>();
    let all = plan(60, "all");
    assert_eq!(bytes(&all), bytes(&all));
    assert_ne!(bytes(&all), bytes(&Plan { seed: 8, ..all.clone() }));
    // Fingerprints over all files: they change only when the generator is changed on purpose.
    let print = |plan: &Plan| {
        let files = bytes(plan).into_iter();
        let everything: Vec<u8> =
            files.flat_map(|(path, bytes, _)| [path.as_bytes(), &bytes].concat()).collect();
        crate::ident::Fingerprint::of(&everything).to_string()[..16].to_owned()
    };
    expect!["c42e94018b1bab4f"].assert_eq(&print(&all));
    expect!["e92b8ef33192a2a9"].assert_eq(&print(&of_all_families(all)));
}

#[test]
fn abi_records_are_80_wide_and_counted() {
    for file in generate(&of_all_families(plan(300, ""))).filter(is_abi) {
        let lines = records(&file);
        assert!(lines.iter().all(|line| line.len() == crate::grammar::abi::RECORD_WIDTH), "{}", file.path());
        let (first, last) = (lines[0], lines[lines.len() - 1]);
        assert!(first.starts_with('A') && last.starts_with('Z'), "{}", file.path());
        let is_named = last.ends_with(' ');
        assert_eq!(is_named, !file.name.starts_with("x1-"), "CBP makes the trailer of a batch it rejects");
        if is_named {
            assert_eq!((&first[1..8], &first[14..20]), (&last[1..8], &last[14..20]), "{}", file.path());
        }
        let mut block: Option<(&str, usize)> = None;
        for line in &lines[1..lines.len() - 1] {
            match (&line[..1], &mut block) {
                ("B", None) => block = Some((&line[3..12], 0)),
                ("Y", Some((head, count))) => {
                    let counted = line[12..17].trim();
                    let is_right =
                        counted.is_empty() && first[8..14] == *"SECRET" || counted.parse() == Ok(*count);
                    assert!(is_right && line[3..12] == **head, "{}: {line}", file.path());
                    block = None;
                }
                (_, Some((_, count))) => *count += 1,
                (_, None) => panic!("{}: a record outside a block: {line}", file.path()),
            }
        }
        assert_eq!(block, None, "{}: a block without its end", file.path());
    }
}

/// Each record against the layouts as printed: fillers blank, numbers and dates numeric, mandatory fields filled.
#[test]
fn abi_records_agree_with_the_printed_layouts() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/spec/abi/layouts.tsv");
    let Ok(table) = std::fs::read_to_string(path) else { return };
    let mut layouts: BTreeMap<&str, Vec<Vec<&str>>> = BTreeMap::new();
    for row in table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        layouts.entry(row[0]).or_default().push(row);
    }
    let mut seen = BTreeSet::new();
    for file in clean_files(400).iter().filter(|file| is_abi(file)) {
        let application = &file.name[..2];
        for line in records(file) {
            let key = layout_of(application, line);
            seen.insert(key.clone());
            let fields = layouts.get(key.as_str()).unwrap_or_else(|| panic!("no layout {key}: {line}"));
            for field in fields {
                check_field(&key, field, line);
            }
        }
    }
    assert!(seen.len() >= 24, "{seen:?}");
}

fn layout_of(application: &str, line: &str) -> String {
    match (application, line) {
        (_, line) if line.starts_with(['A', 'B', 'Y']) => format!("{}_OUT", &line[..1]),
        (_, line) if line.starts_with('Z') => "Z".to_owned(),
        (_, line) if line.starts_with("SO70") && !line.ends_with("04") => "SO70_PRE04".to_owned(),
        ("sx" | "so", line) => line[..4].to_owned(),
        (_, line) if line.starts_with("SO") => line[..4].to_owned(),
        (application, line) => format!("{}_{}", application.to_ascii_uppercase(), &line[..2]),
    }
}

fn check_field(key: &str, field: &[&str], line: &str) {
    let column = |at: usize| field[at].parse::<usize>().expect("a column");
    let (class, needed, name) = (field[8], field[10], field[11]);
    let text = &line[column(5) - 1..column(6)];
    let said = format!("{key}.{name} `{text}` in `{line}`");
    let filler = class == "S" || name.starts_with("filler");
    assert!(!filler || text.trim().is_empty(), "not blank: {said}");
    let blank = text.trim().is_empty();
    // A condition has no disposition, a clean acceptance no severity.
    let may_be_blank = filler || needed != "M" || matches!(name, "disposition" | "severity");
    assert!(may_be_blank || !blank, "blank: {said}");
    if matches!(class, "N" | "D") && !blank {
        let one_number = text.trim_end().bytes().all(|byte| byte.is_ascii_digit());
        assert!(one_number, "not a number: {said}");
    }
}

#[test]
fn x12_envelopes_count_right() {
    let is_of_sets = |file: &GeneratedFile| !is_abi(file) && !file.name.starts_with("ta1");
    for file in generate(&of_all_families(plan(300, ""))).filter(is_of_sets) {
        let text = std::str::from_utf8(&file.bytes).expect("ASCII");
        assert_eq!((text.as_bytes()[103], text.as_bytes()[105]), (b'*', b'~'), "{}", file.path());
        let segments: Vec<Vec<&str>> =
            text.split("~\n").filter(|part| !part.is_empty()).map(|part| part.split('*').collect()).collect();
        let (mut sets, mut start) = (0, 0);
        for (at, segment) in segments.iter().enumerate() {
            match segment[0] {
                "ST" => (start, sets) = (at, sets + 1),
                "SE" => {
                    assert_eq!(segment[1].parse(), Ok(at - start + 1), "{}", file.path());
                    assert_eq!(segment[2], segments[start][2], "{}", file.path());
                }
                "GE" => assert_eq!((segment[1].parse(), segment[2]), (Ok(sets), segments[1][6])),
                "IEA" => assert_eq!((segment[1], segment[2]), ("1", segments[0][13])),
                _ => assert!(segment.last() != Some(&""), "{}: a separator at the end", file.path()),
            }
        }
        let facts = if ["997", "999"].contains(&&file.name[..3]) { 2 * sets } else { sets };
        assert_eq!(file.facts.len(), facts, "{}", file.path());
    }
}

#[test]
fn check_digits_are_right_unless_they_shall_not_be() {
    let offsets = |faults: &str| -> BTreeMap<EntryNumber, u8> {
        let facts = generate(&plan(50, faults)).flat_map(|file| file.facts);
        facts.filter_map(|fact| fact.entry).map(|entry| (entry, entry.check_digit_offset())).collect()
    };
    let right = offsets("");
    assert_eq!(right.len(), 50);
    assert!(right.values().all(|&offset| offset == 0));
    assert_eq!(offsets("check-digit").values().filter(|&&offset| offset == 1).count(), 5);
}

#[test]
fn files_come_in_order_of_time_and_hold_what_the_plan_says() {
    for messages_per_file in [1, 7, 200] {
        let plan = Plan { messages_per_file, ..plan(120, "") };
        let files: Vec<GeneratedFile> = generate(&plan).collect();
        let names: BTreeSet<String> = files.iter().map(GeneratedFile::path).collect();
        assert_eq!(names.len(), files.len(), "a name came twice");
        for file in &files {
            let text = String::from_utf8_lossy(&file.bytes);
            let openers: &[&str] = match &file.name[..2] {
                "sx" => &["SE10"],
                "so" => &["SO10"],
                "ax" => &["E0 SUMMRY"],
                "uc" => &["E1"],
                "nr" => &["N1", "N3"],
                _ => &["ST*"],
            };
            let starts = |line: &&str| openers.iter().any(|start| line.starts_with(start));
            let messages = text.lines().filter(starts).count();
            assert!((1..=messages_per_file).contains(&messages), "{}: {messages}", file.path());
        }
    }
    let days: Vec<String> =
        generate(&Plan { messages_per_file: 1, ..plan(60, "") }).map(|file| file.name).collect();
    let day = |name: &String| name.split('-').nth(1).map(str::to_owned);
    assert!(days.is_sorted_by_key(day), "out of order without being asked");
}

/// Faults change bytes, names and order, never what the brokers say.
#[test]
fn faults_of_the_way_leave_the_facts_alone() {
    let facts = |faults: &str| -> BTreeSet<Fact> {
        let unplaced = |fact: Fact| Fact { file: "".into(), ..fact };
        generate(&plan(200, faults)).flat_map(|file| file.facts).map(unplaced).collect()
    };
    let clean = facts("");
    for fault in Fault::ALL {
        match fault {
            Fault::CheckDigit => assert_ne!(facts(fault.as_str()), clean),
            Fault::UnknownCodes => assert!(facts(fault.as_str()).iter().any(|fact| fact.code == "Z9")),
            _ => assert_eq!(facts(fault.as_str()), clean, "{fault}"),
        }
    }
}

#[test]
fn each_fault_shows_in_a_small_feed() {
    let shown: BTreeSet<Fault> = generate(&plan(60, "all")).filter_map(|file| file.fault).collect();
    assert_eq!(shown.len(), Fault::ALL.len() - 2, "{shown:?}");
    let files: Vec<GeneratedFile> = generate(&plan(60, "partial,duplicate,out-of-order")).collect();
    for (at, file) in files.iter().enumerate() {
        match file.fault {
            Some(Fault::Partial) => {
                assert!(file.facts.is_empty());
                assert!(files[at + 1..].iter().any(|whole| {
                    whole.bytes.starts_with(&file.bytes) && whole.bytes.len() > file.bytes.len()
                }));
            }
            Some(Fault::Duplicate) => {
                assert!(files[..at].iter().any(|first| first.bytes == file.bytes && first.name != file.name));
            }
            Some(Fault::OutOfOrder) => {
                let number = |file: &GeneratedFile| file.name.rsplit('-').next().map(str::to_owned);
                assert!(at + 1 == files.len() || number(&files[at - 1]) > number(file));
            }
            _ => {}
        }
    }
}

#[test]
fn a_plan_beyond_the_limits_is_held_to_them() {
    let none = Plan { brokers: 0, messages_per_file: 0, ..Plan::new(1, 0) };
    assert_eq!(generate(&none).count(), 0);
    let wide = Plan { brokers: 99, start: NaiveDate::MAX, ..Plan::new(1, 20) };
    let brokers: BTreeSet<BrokerName> = generate(&wide).map(|file| file.broker).collect();
    assert_eq!(brokers.len(), BROKERS_MAX);
}

#[test]
fn a_feed_on_disk_has_its_ledger() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut sizes = 0;
    let totals = write_to(&plan(12, ""), folder.path(), &mut |file| sizes += file.bytes.len() as u64)
        .expect("a writable folder");
    assert_eq!(totals.size_bytes, sizes);
    let ledger = std::fs::read_to_string(folder.path().join(LEDGER_NAME)).expect("a ledger");
    let facts: Vec<Fact> =
        ledger.lines().map(|line| serde_json::from_str(line).expect("a fact a line")).collect();
    assert_eq!(facts.len() as u64, totals.facts);
    for fact in &facts {
        assert!(folder.path().join(&*fact.file).is_file(), "{fact:?}");
    }
}

/// The one life of a seed, file by file, blanks at the ends cut off.
fn check_life(seed: u64, expected: Expect) {
    let plan = Plan { brokers: 1, messages_per_file: 1, ..Plan::new(seed, 1) };
    let mut story = String::new();
    for file in generate(&plan) {
        story += &format!("== {}\n", file.name);
        for line in String::from_utf8_lossy(&file.bytes).lines() {
            story += line.trim_end();
            story += "\n";
        }
    }
    expected.assert_eq(&story);
}

#[test]
fn a_life_reads_like_one() {
    check_life(
        14_845,
        expect![[r#"
        == 824-20260105-0000001.edi
        ISA*00*          *00*          *ZZ*NORTHLIGHT     *ZZ*IMPORTERCO     *260105*1300*U*00401*000000001*0*P*>~
        GS*AG*NORTHLIGHT*IMPORTERCO*20260105*1300*1*X*004010~
        ST*824*0001~
        BGN*11*R00000001*20260105*1300~
        N1*CB*NORTHLIGHT*ZZ*9Z7~
        OTI*TA*6B*9Z746089467*****77*0001*810*004010~
        REF*BM*QZVCSYN00000001~
        SE*6*0001~
        GE*1*1~
        IEA*1*000000001~
        == sx-20260105-0000002.txt
        A27049Z7      010526     SX
        B  28099Z7SX
        SE10A9Z7  46089467 01EI 99-00001010011800001273862809  2809
        SE15MQZVCSYN00000001                                                    N
        SE15HQZVCH00000001                                         00000316     N
        SE20CR R00000001
        SE9011B05IMPORTER NOT ON FILE
        SE9001   SE DATA REJECTED
        Y  28099Z7SX00006
        Z27049Z7      010526
        == sx-20260105-0000003.txt
        A27049Z7      010526     SX
        B  28099Z7SX
        SE10A9Z7  46089467 01EI 99-00001010011800001273862809  2809
        SE15MQZVCSYN00000001                                                    N
        SE15HQZVCH00000001                                         00000316     N
        SE20CR R00000001
        SE9002   SE DATA ACCEPTED
        Y  28099Z7SX00005
        Z27049Z7      010526
        == so-20260105-0000004.txt
        A27049Z7      010526     SO
        B  28099Z7SO
        SO1028099Z7  46089467 0199-000010100QZVCEXAMPLE TRADER      1327W011326
        SO20CR R00000001
        SO40MQZVCSYN00000001
        SO40HQZVCH00000001                                         00000316PCS
        SO50010526174693BILL ON FILE                            N
        SO60010526174690UNDER CBP REVIEW
        Y  28099Z7SO00006
        Z27049Z7      010526
        == so-20260113-0000005.txt
        A27049Z7      011326     SO
        B  28099Z7SO
        SO1028099Z7  46089467 0199-000010100QZVCEXAMPLE TRADER      1327W011326
        SO20CR R00000001
        SO40MQZVCSYN00000001
        SO40HQZVCH00000001                                         00000316PCS
        SO70CPS   011326124510DOCUMENTS REQUIRED                00011001        CBP01203
        SO72SEND LABEL AND INVOICE FOR LINE 1
        Y  28099Z7SO00006
        Z27049Z7      011326
        == so-20260117-0000006.txt
        A27049Z7      011726     SO
        B  28099Z7SO
        SO1028099Z7  46089467 0199-000010100QZVCEXAMPLE TRADER      1327W011326
        SO20CR R00000001
        SO40MQZVCSYN00000001
        SO40HQZVCH00000001                                         00000316PCS
        SO70CPS   011726050407MAY PROCEED                     2200011001              03
        Y  28099Z7SO00005
        Z27049Z7      011726
        == so-20260117-0000007.txt
        A27049Z7      011726     SO
        B  28099Z7SO
        SO1028099Z7  46089467 0199-000010100QZVCEXAMPLE TRADER      1327W011326
        SO20CR R00000001
        SO40MQZVCSYN00000001
        SO40HQZVCH00000001                                         00000316PCS
        SO50011726062595BILL ARRIVED                            N
        SO60011726062598RELEASED                                01172608
        SO60011726062601ONEUSG
        Y  28099Z7SO00007
        Z27049Z7      011726
        == 350-20260117-0000008.edi
        ISA*00*          *00*          *ZZ*NORTHLIGHT     *ZZ*IMPORTERCO     *260117*0633*U*00401*000000008*0*P*>~
        GS*SO*NORTHLIGHT*IMPORTERCO*20260117*0633*8*X*004010~
        ST*350*0001~
        M10*QZVC*O*US*99083477*EXAMPLE TRADER*1327W*9083477**Z*L~
        P4*2809*20260113**W185~
        X4*SYN00000001*316***20260117*0633*1C*H00000001*QZVC*QZVC*QZVC*9083477*2809*W185~
        N7*QZVC*9083477~
        SE*6*0001~
        GE*1*8~
        IEA*1*000000008~
        == ax-20260121-0000009.txt
        A27049Z7      012126     AX
        B  28099Z7AX
        E0 SUMMRY 000001 REF ID: 9Z7 46089467 R00000001    342
        E1A 995   SUMMARY HAS BEEN ADDED                  9Z7  4608946700100R00000001
        Y  28099Z7AX00002
        Z27049Z7      012126
        == uc-20260314-0000010.txt
        A27049Z7      031426     UC
        B  28099Z7UC
        E1P2342   031426                                  9Z7  46089467     R00000001
        E2  SAMPLE, OFFICER                             9Z746089467
        SO70CPS   031426234502HOLD INTACT                       00011001              03
        Y  28099Z7UC00003
        Z27049Z7      031426
        == nr-20261012-0000011.txt
        A27049Z7      101226     NR
        B  28099Z7NR
        N328099Z7 460894670199-000010100010526501101226R00000001
        Y  28099Z7NR00001
        Z27049Z7      101226
        == nr-20270604-0000012.txt
        A27049Z7      060427     NR
        B  28099Z7NR
        N128099Z7 460894670199-000010100000005095460000000000000000509546000000000000
        N228099Z7 4608946706042799R00000001                  L01052600000000000000000000
        N428099Z7 460894670000000000000000015970000000000000000000000000000015970
        Y  28099Z7NR00003
        Z27049Z7      060427
    "#]],
    );
}
