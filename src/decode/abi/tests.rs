//! Framing, cutting and findings, case by case.

use expect_test::{Expect, expect};

use super::*;
use crate::decode::{Body, Message, decode};

/// One line a message, one line a finding.
fn story(bytes: &[u8]) -> String {
    let grammar = Grammar::embedded();
    let mut text = String::new();
    let mut end = 0;
    decode(bytes, &grammar, &mut |message: &Message<'_>| {
        assert_eq!(message.span.offset, end, "spans cover the file");
        end = message.span.offset + message.span.length;
        text += &line(message);
    });
    assert_eq!(end, bytes.len() as u64, "spans cover the file");
    text
}

fn line(message: &Message<'_>) -> String {
    let records = match message.body {
        Body::Abi(transaction) => {
            let tags = transaction.records.iter().map(|record| {
                let id = record.layout.map_or("?", |layout| &*layout.key);
                format!(" {id}")
            });
            let heads = [transaction.batch.map(|_| "A"), transaction.block.map(|_| "B")];
            format!("{}:{}", heads.into_iter().flatten().collect::<String>(), tags.collect::<String>())
        }
        _ => "nothing".to_owned(),
    };
    let mut text = format!("{} {}\n", message.name.unwrap_or("-"), records);
    for finding in message.findings {
        let Place { line, column, .. } = finding.place;
        let column = column.map(|column| format!(":{column}")).unwrap_or_default();
        text += &format!("    {} {:?} {line}{column} {}\n", finding.code, finding.severity, finding.message);
    }
    text
}

fn check(lines: &[&str], wanted: Expect) {
    wanted.assert_eq(&story(&file(lines)));
}

fn file(lines: &[&str]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.chars().map(|c| c as u8).chain(*b"\r\n")).collect()
}

const A: &str = "A37019Z7      030226     NR";
const B: &str = "B  37019Z7NR";
const Z: &str = "Z37019Z7      030226";
const N1: &str = "N137019Z7 700001240199-999999900000003270000000000000000000327000000000000000";
const N2: &str = "N237019Z7 7000012402272699F1000123                   L07062500000000000000000000";
const N4: &str = "N437019Z7 700001240000000000000000007543000000000000000000000000000007543";
const N3: &str = "N337019Z7 700001320199-999999900070625491022726F1000123";

#[test]
fn an_envelope_holds_transactions() {
    check(
        &[A, B, N1, N2, N4, N3, "Y  37019Z7NR00004", Z],
        expect![[r#"
            NR AB: NR_N1 NR_N2 NR_N4
            NR AB: NR_N3
        "#]],
    );
    check(
        &[A, B, "Y  37019Z7NR00000", B, N3, "Y  37019Z7NR00001", Z],
        expect![[r#"
            NR AB:
            NR AB: NR_N3
        "#]],
    );
}

#[test]
fn courtesy_notices_go_by_entry() {
    let other = |record: &str| record.replace("70000124", "70000132");
    check(
        &[N1, N2, &other(N1), &other(N2), N4],
        expect![[r#"
        NR : NR_N1 NR_N2
        NR : NR_N1 NR_N2
        NR : NR_N4
    "#]],
    );
    check(
        &[N1, &other(N1), N2, &other(N2), N4, &other(N4), N3],
        expect![[r#"
        NR : NR_N1 NR_N1 NR_N2 NR_N2 NR_N4 NR_N4
        NR : NR_N3
    "#]],
    );
    check(
        &[N1, &other(N1), &other(N2), N1],
        expect![[r#"
        NR : NR_N1
        NR : NR_N1 NR_N2
        NR : NR_N1
    "#]],
    );
    check(
        &[N3, N3, N1, N2, N2],
        expect![[r#"
        NR : NR_N3
        NR : NR_N3
        NR : NR_N1 NR_N2
        NR : NR_N2
    "#]],
    );
}

#[test]
fn the_envelope_is_checked() {
    check(
        &[A, B, N3, "Y  37019Z7NR00009", "Z37029Z7      030226", A, B, N3],
        expect![[r#"
            NR AB: NR_N3
                count-mismatch Warning 4:13 the Y record counts `00009` records, the block has 1
                control-mismatch Warning 5:2 the Z record has `3702` where its A record has `3701`
            NR AB: NR_N3
                missing-trailer Warning 8 the block has no Y record
                missing-trailer Warning 8 the batch has no Z record
        "#]],
    );
    check(
        &[A, B, N3, A.replace("NR", "SO").as_str(), "Y  37019Z7NR00001"],
        expect![[r#"
            NR AB: NR_N3
                missing-trailer Warning 4 the block has no Y record
                missing-trailer Warning 4 the batch has no Z record
            SO A:
                envelope Warning 5 a Y record ends a block that no B record began
                count-mismatch Warning 5:13 the Y record counts `00001` records, the block has 0
                missing-trailer Warning 5 the batch has no Z record
        "#]],
    );
    check(
        &["Z37019Z7      030226"],
        expect![[r#"
        - nothing
            envelope Warning 1 a Z record ends a batch that no A record began
    "#]],
    );
}

#[test]
fn without_an_envelope_the_records_tell() {
    check(
        &["SE10A9Z7  70000124 01", "SE15M", "SE9002", "SE10A9Z7  70000132 01", "SE13"],
        expect![[r#"
        SX : SE10 SE15 SE90
            missing-field Info 1:39 bond_type of SE10 is mandatory and blank
            missing-field Info 1:40 entered_value of SE10 is mandatory and blank
            missing-field Info 2:10 bill_number of SE15 is mandatory and blank
            missing-field Info 2:73 non_ams of SE15 is mandatory and blank
            missing-field Info 3:10 narrative of SE90 is mandatory and blank
        SE : SE10 SE13
            missing-field Info 4:39 bond_type of SE10 is mandatory and blank
            missing-field Info 4:40 entered_value of SE10 is mandatory and blank
            missing-field Info 5:5 contact_name of SE13 is mandatory and blank
            missing-field Info 5:45 contact_phone of SE13 is mandatory and blank
    "#]],
    );
    check(
        &["4A00001", "40  010", N3],
        expect![[r#"
        ER : ER_4A AE40
            missing-field Info 2:9 origin_country of 40 is mandatory and blank
        NR : NR_N3
    "#]],
    );
    check(
        &["Dear broker,", "", "find enclosed:", N3, "Yours"],
        expect![[r#"
        - nothing
            not-edi Error 1 32 bytes are neither ABI records nor X12
        NR : NR_N3 ?
            unknown-record Warning 5 no table describes the record `Your`; it is kept as it stands
    "#]],
    );
}

#[test]
fn what_no_table_describes_is_kept() {
    check(
        &[A, B, N1, "N9SOMETHING", N2, "Y  37019Z7NR00003", Z],
        expect![[r#"
        NR AB: NR_N1 ? NR_N2
            unknown-record Warning 4 no table describes the record `N9SO`; it is kept as it stands
    "#]],
    );
    check(
        &["A37019Z7      030226     KR", "B  37019Z7KR", "K1", "K2", "Y  37019Z7KR00002", Z],
        expect![[r#"
        KR AB: ? ?
    "#]],
    );
}

#[test]
fn records_are_judged() {
    check(
        &[&N1.replace("00000327000", "000O0327000"), &N2.replace("022726", "023026")],
        expect![[r#"
        NR : NR_N1 NR_N2
            bad-number Warning 1:33 paid_duty of N1 is no number: `000O0327000`
            bad-number Warning 1:55 liquidated_duty of N1 is no number: `000O0327000`
            bad-date Warning 2:19 liquidation_date of N2 is no date or time: `023026`
    "#]],
    );
}

#[test]
fn the_end_of_the_file_may_cut_a_record() {
    let mut cut = file(&[A, B, N1, N2]);
    cut.truncate(cut.len() - 40);
    expect![[r#"
        NR AB: NR_N1 ?
            truncated Error 4 the file ends after column 42 of the record `N237`, which is not read
            missing-trailer Warning 4 the block has no Y record
            missing-trailer Warning 4 the batch has no Z record
    "#]]
    .assert_eq(&story(&cut));
    let whole = format!("{N1:80}{N2:80}{N4:80}");
    expect![[r#"
        NR : NR_N1 NR_N2 NR_N4
    "#]]
    .assert_eq(&story(whole.as_bytes()));
    expect![[r#"
        NR : NR_N1 ?
            truncated Error 2 the file ends after column 40 of the record `N237`, which is not read
    "#]]
    .assert_eq(&story(&whole.as_bytes()[..120]));
}

#[test]
fn odd_bytes_are_reported() {
    check(
        &[
            &format!("\u{ef}\u{bb}\u{bf}{A}"),
            B,
            &N3.replace("F1000123", "F\u{a2}00\t23"),
            "Y  37019Z7NR00001",
            Z,
            "\0\x1a",
        ],
        expect![[r#"
        NR AB: NR_N3
            encoding Warning 3:52 the record holds the control character 0x09
            encoding Info 3:49 the byte 0xa2 is read as Latin-1 `¢`
            encoding Info 6 NUL or Ctrl-Z bytes at the end of the record were taken off
            encoding Info 1:1 the file begins with a byte-order mark
    "#]],
    );
    check(
        &[],
        expect![[r#"
        - nothing
            empty Error 1 the file holds nothing but blanks
    "#]],
    );
    check(
        &["", "   ", ""],
        expect![[r#"
        - nothing
            empty Error 1 the file holds nothing but blanks
    "#]],
    );
    check(
        &["<html><body>", "B"],
        expect![[r#"
        - nothing
            not-edi Error 1 17 bytes are neither ABI records nor X12
    "#]],
    );
    check(
        &[&format!("{N3:85}MORE"), &format!("{N3:120}")],
        expect![[r#"
        NR : NR_N3
            overlong-record Warning 1:81 the record has 89 columns; what stands behind 80 is not read
        NR : NR_N3
    "#]],
    );
}

#[test]
fn numbers_that_may_be_negative_are_judged() {
    let jd = |duty: &str| format!("JD2070621{duty:>12}{:>12}{:>43}", "      -12345", "0208  N");
    let je = |duty: &str| format!("JE{duty:>13}{:>13}", "-7543");
    let jl = |total: &str| format!("JL070621{total:>11}");
    check(
        &[&jd("-352000"), &je("0000000327000"), &jl("-345"), "JM499      -2000"],
        expect![[r#"
            ER : ER_JD ER_JE ER_JL ER_JM
        "#]],
    );
    check(
        &[
            &jd("3,520.00"),
            &je("0000000O27000"),
            &je("- 327000"),
            &jl("34 43"),
            &jl("3-45"),
            "JM499          -",
            "JM499     --2000",
        ],
        expect![[r#"
            ER : ER_JD ER_JE ER_JE ER_JL ER_JL ER_JM ER_JM
                bad-number Warning 1:10 liquidated_duty of JD is no number: `3,520.00`
                bad-number Warning 2:3 duty of JE is no number: `0000000O27000`
                bad-number Warning 3:3 duty of JE is no number: `- 327000`
                bad-number Warning 4:9 total of JL is no number: `34 43`
                bad-number Warning 5:9 total of JL is no number: `3-45`
                bad-number Warning 6:6 amount of JM is no number: `-`
                bad-number Warning 7:6 amount of JM is no number: `--2000`
        "#]],
    );
}

#[test]
fn whole_numbers_hold_no_blanks() {
    let so40 = |quantity: &str| format!("SO40MQZVC{:50}{quantity:>8}", "HB770011");
    check(
        &[&so40("79"), &so40("7 9")],
        expect![[r#"
            SO : SO40 SO40
                bad-number Warning 2:60 quantity of SO40 is no number: `7 9`
        "#]],
    );
}

const SUMMARY: &str = "E0 SUMMRY 000001 REF ID: 9Z7 70000124";

/// An `E1` without a version.
fn e1(disposition: &str, text: &str) -> String {
    format!("E1{disposition}{text:<40}9Z7  70000124")
}

#[test]
fn an_answer_to_an_importation_under_bond_is_told_from_one_to_a_summary() {
    let accepted = e1("A 995   ", "EXTENSION ACCEPTED");
    let rejected = e1("RF999   ", "TRANSACTION DATA REJECTED");
    let added = format!("{}00100", e1("A 995   ", "SUMMARY HAS BEEN ADDED"));
    let deleted = e1("A 995   ", "ENTRY SUMMARY DELETED");
    let with_team = format!("{SUMMARY} P2600041     731");
    check(
        &[SUMMARY, &accepted, &with_team, &rejected, SUMMARY, &added, SUMMARY, &deleted],
        expect![[r#"
            TX : TIB_E0 TIB_E1
            AX : AX_E0 AX_E1
            AX : AX_E0 AX_E1
            AX : AX_E0 AX_E1
        "#]],
    );
    // What a rejection does not tell goes by the answer before it.
    check(
        &[
            SUMMARY, &rejected, SUMMARY, &accepted, SUMMARY, &rejected, &with_team, &rejected, SUMMARY,
            &rejected,
        ],
        expect![[r#"
            AX : AX_E0 AX_E1
                envelope Warning 1 neither envelope nor record tells whether this answers an entry summary (AX) or a request about a temporary importation (TX); it is read as AX
            TX : TIB_E0 TIB_E1
            TX : TIB_E0 TIB_E1
                envelope Warning 5 neither envelope nor record tells whether this answers an entry summary (AX) or a request about a temporary importation (TX); it is read as TX
            AX : AX_E0 AX_E1
            AX : AX_E0 AX_E1
                envelope Warning 9 neither envelope nor record tells whether this answers an entry summary (AX) or a request about a temporary importation (TX); it is read as AX
        "#]],
    );
    check(
        &[SUMMARY, "E0 LINITM 000001 REF ID: 001", &e1(" F439   ", "QUANTITY MISSING"), &rejected],
        expect![[r#"
            AX : AX_E0 AX_E0 AX_E1 AX_E1
        "#]],
    );
}

#[test]
fn header_and_block_name_one_application() {
    let block = |id: &str| format!("B  37019Z7{id}");
    let header = |id: &str| format!("A37019Z7      030226     {id}");
    let trailer = |id: &str, count: u32| format!("Y  37019Z7{id}{count:05}");
    let so60 = "SO600302260911 98";
    // The records are those of A, of B, of neither, and of both.
    check(
        &[&header("SO"), &block("NR"), "SO1037019Z7  70000124 01", so60, &trailer("NR", 2), Z],
        expect![[r#"
            SO AB: SO10 SO60
                control-mismatch Warning 2:11 the B record has the application `NR` where its A record has `SO`; the block is read as `SO`, unless its records tell another
                missing-field Info 3:25 importer_number of SO10 is mandatory and blank
        "#]],
    );
    check(
        &[
            &header("SO"),
            &block("NR"),
            N1,
            N2,
            N4,
            N3,
            &trailer("NR", 4),
            &block("SO"),
            so60,
            &trailer("SO", 1),
            Z,
        ],
        expect![[r#"
            NR AB: NR_N1 NR_N2 NR_N4
                control-mismatch Warning 2:11 the B record has the application `NR` where its A record has `SO`; the block is read as `SO`, unless its records tell another
            NR AB: NR_N3
            SO AB: SO60
        "#]],
    );
    check(
        &[&header("ZZ"), &block("NR"), N3, &trailer("NR", 1), &block("YY"), "K1", &trailer("YY", 1), Z],
        expect![[r#"
            NR AB: NR_N3
                control-mismatch Warning 2:11 the B record has the application `NR` where its A record has `ZZ`; the block is read as `NR`, unless its records tell another
            ZZ AB: ?
                control-mismatch Warning 5:11 the B record has the application `YY` where its A record has `ZZ`; the block is read as `ZZ`, unless its records tell another
        "#]],
    );
    let accepted = e1("A 995   ", "EXTENSION ACCEPTED");
    let rejected = e1("RF999   ", "TRANSACTION DATA REJECTED");
    for (a, b) in [("AX", "TX"), ("TX", "AX")] {
        check(
            &[&header(a), &block(b), SUMMARY, &rejected, SUMMARY, &accepted, &trailer(b, 4), Z],
            match a {
                "AX" => expect![[r#"
                    AX AB: AX_E0 AX_E1
                        control-mismatch Warning 2:11 the B record has the application `TX` where its A record has `AX`; the block is read as `AX`, unless its records tell another
                        envelope Warning 3 neither envelope nor record tells whether this answers an entry summary (AX) or a request about a temporary importation (TX); it is read as AX
                    TX AB: TIB_E0 TIB_E1
                "#]],
                _ => expect![[r#"
                    TX AB: TIB_E0 TIB_E1
                        control-mismatch Warning 2:11 the B record has the application `AX` where its A record has `TX`; the block is read as `TX`, unless its records tell another
                        envelope Warning 3 neither envelope nor record tells whether this answers an entry summary (AX) or a request about a temporary importation (TX); it is read as TX
                    TX AB: TIB_E0 TIB_E1
                "#]],
            },
        );
    }
}

#[test]
fn what_a_query_answer_repeats_may_have_signs() {
    const LINE: &str = "509405990000     -60000     -10000      -500000NO       -25000KG";
    let answer = |record: &str| {
        story(&file(&[
            "JB9Z7  0000041900100030626041502PM       Y2012227 CEE008",
            "4A00001",
            "40  001 CN",
            record,
        ]))
    };
    assert!(!answer(LINE).contains("is no number"), "{}", answer(LINE));
    // Not a minus somewhere in it, nor one by itself.
    for (from, to) in [("-500000", "-50-000"), ("-500000", "500000-"), ("-500000", "      -")] {
        let faulty = answer(&LINE.replace(from, to));
        assert!(faulty.contains("quantity_1 of 50 is no number"), "{faulty}");
    }
    let filed = story(&file(&["10A9Z7  00000419 2704P2600141    0111 X", "40  001 CN", LINE]));
    assert!(filed.contains("quantity_1 of 50 is no number"), "a filing has none: {filed}");
}
