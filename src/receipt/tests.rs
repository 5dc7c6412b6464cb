//! Receipts as they are written, to the letter.

use expect_test::{Expect, expect};

use super::*;

const ISA: &str = "ISA*00*          *00*          *ZZ*LANTERNBRK     *30*HARBORGOODS    *260302*0915*U*00401*000000077*1*P*>~";

fn written(text: &str, form: ReceiptForm) -> String {
    let stamp = Stamp { number: 12, at: "2026-03-02T15:04:05Z".parse().expect("an instant") };
    let receipt = receipt(&mut text.as_bytes(), &Grammar::embedded(), form, stamp).expect("it can be read");
    receipt.map(|bytes| String::from_utf8(bytes).expect("ASCII")).unwrap_or_default()
}

fn check(text: &str, form: ReceiptForm, wanted: Expect) {
    wanted.assert_eq(&written(text, form));
}

const STATUS: &str = "GS*SO*LANTERNBRK*HARBORGOODS*20260302*0915*77*X*004010~ST*350*0001~\
    X4*77812003*12*01*9Z700002027*20260609*1120*1C**QXLN~SE*3*0001~GE*1*77~IEA*1*000000077~";

#[test]
fn what_is_sound_is_accepted() {
    check(
        &format!("{ISA}{STATUS}"),
        ReceiptForm::Functional,
        expect![[r#"
            ISA*00*          *00*          *30*HARBORGOODS    *ZZ*LANTERNBRK     *260302*1504*U*00401*000000012*0*P*>~
            TA1*000000077*260302*0915*A*000~
            GS*FA*HARBORGOODS*LANTERNBRK*20260302*1504*1200*X*004010~
            ST*997*0001~
            AK1*SO*77~
            AK2*350*0001~
            AK5*A~
            AK9*A*1*1*1~
            SE*6*0001~
            GE*1*1200~
            IEA*1*000000012~
        "#]],
    );
    check(
        &format!("{ISA}{STATUS}"),
        ReceiptForm::Implementation,
        expect![[r#"
            ISA*00*          *00*          *30*HARBORGOODS    *ZZ*LANTERNBRK     *260302*1504*^*00501*000000012*0*P*>~
            TA1*000000077*260302*0915*A*000~
            GS*FA*HARBORGOODS*LANTERNBRK*20260302*1504*1200*X*005010X231A1~
            ST*999*0001*005010X231A1~
            AK1*SO*77*004010~
            AK2*350*0001~
            IK5*A~
            AK9*A*1*1*1~
            SE*6*0001~
            GE*1*1200~
            IEA*1*000000012~
        "#]],
    );
}

#[test]
fn what_is_wrong_is_named() {
    // A foreign segment, a date that is none, a missing time, a wrong count, a set without its trailer.
    let sets = "GS*SO*LANTERNBRK*HARBORGOODS*20260302*0915*77*X*004010~ST*350*0001~ZZZ*1~\
        X4*77812003*12*01*9Z700002027*20261399**1C**QXLN~SE*9*0001~ST*350*0002~\
        X4*77812003*12*01*9Z700002027*20260609*1120*1C**QXLN~GE*5*78~IEA*1*000000077~";
    check(
        &format!("{ISA}{sets}"),
        ReceiptForm::Functional,
        expect![[r#"
        ISA*00*          *00*          *30*HARBORGOODS    *ZZ*LANTERNBRK     *260302*1504*U*00401*000000012*0*P*>~
        TA1*000000077*260302*0915*A*000~
        GS*FA*HARBORGOODS*LANTERNBRK*20260302*1504*1200*X*004010~
        ST*997*0001~
        AK1*SO*77~
        AK2*350*0001~
        AK3*ZZZ*2**1~
        AK3*X4*3**8~
        AK4*5**8~
        AK5*E*4*5~
        AK2*350*0002~
        AK5*R*2~
        AK9*P*5*2*1*5*4~
        SE*11*0001~
        GE*1*1200~
        IEA*1*000000012~
    "#]],
    );
    check(
        &format!("{ISA}{sets}"),
        ReceiptForm::Implementation,
        expect![[r#"
        ISA*00*          *00*          *30*HARBORGOODS    *ZZ*LANTERNBRK     *260302*1504*^*00501*000000012*0*P*>~
        TA1*000000077*260302*0915*A*000~
        GS*FA*HARBORGOODS*LANTERNBRK*20260302*1504*1200*X*005010X231A1~
        ST*999*0001*005010X231A1~
        AK1*SO*77*004010~
        AK2*350*0001~
        IK3*ZZZ*2**1~
        IK3*X4*3**8~
        IK4*5**8~
        IK5*E*4*5~
        AK2*350*0002~
        IK5*R*2~
        AK9*P*5*2*1*5*4~
        SE*11*0001~
        GE*1*1200~
        IEA*1*000000012~
    "#]],
    );
}

/// AK2 and AK5 of what is answered to a set with this ST, segments and SE, without the rest.
fn verdicts(st: &str, body: &str, se: &str, form: ReceiptForm) -> Vec<String> {
    let text = format!(
        "{ISA}GS*SO*LANTERNBRK*HARBORGOODS*20260302*0915*77*X*004010~{st}~{body}{se}GE*1*77~IEA*1*000000077~"
    );
    let receipt = written(&text, form);
    let inner = receipt.lines().filter(|line| ["AK", "IK"].contains(&&line[..2]));
    inner.filter(|line| !line.starts_with("AK1")).map(|line| line.trim_end_matches('~').to_owned()).collect()
}

const X4: &str = "X4*77812003*12*01*9Z700002027*20260609*1120*1C**QXLN~";

#[test]
fn what_is_wrong_with_a_set_has_its_code() {
    let cases: [(&str, &str, &[&str]); 11] = [
        ("ST*350*0001", "SE*3*0001~", &["AK2*350*0001", "AK5*A", "AK9*A*1*1*1"]),
        ("ST*350*0001", "SE*3*0002~", &["AK2*350*0001", "AK5*E*3", "AK9*E*1*1*1"]),
        ("ST*350*0001", "SE*3*1~", &["AK2*350*0001", "AK5*E*3", "AK9*E*1*1*1"]),
        ("ST*350*0001", "SE*4*0001~", &["AK2*350*0001", "AK5*E*4", "AK9*E*1*1*1"]),
        ("ST*350*0001", "", &["AK2*350*0001", "AK5*R*2", "AK9*R*1*1*0"]),
        ("ST*350", "SE*3*0003~", &["AK2*350*0003", "AK5*E*7", "AK9*E*1*1*1"]),
        ("ST*350", "", &["AK2*350*0000", "AK5*R*7*2", "AK9*R*1*1*0"]),
        ("ST*350*12", "SE*3*12~", &["AK2*350*0012", "AK5*E*7", "AK9*E*1*1*1"]),
        ("ST*350*1234567890", "SE*3*1234567890~", &["AK2*350*123456789", "AK5*E*7", "AK9*E*1*1*1"]),
        ("ST*350*00\u{7}1", "SE*3*00\u{7}1~", &["AK2*350*00 1", "AK5*E*7", "AK9*E*1*1*1"]),
        ("ST*214*0001", "SE*3*0001~", &["AK2*214*0001", "AK5*E*1", "AK9*E*1*1*1"]),
    ];
    for (st, se, wanted) in cases {
        assert_eq!(verdicts(st, X4, se, ReceiptForm::Functional), wanted, "{st} {se}");
        let wanted: Vec<String> = wanted.iter().map(|line| line.replace("AK5", "IK5")).collect();
        assert_eq!(verdicts(st, X4, se, ReceiptForm::Implementation), wanted, "{st} {se}");
    }
    let twice = verdicts("ST*350*0001", X4, "SE*3*0001~ST*350*0001~SE*2*0001~", ReceiptForm::Functional);
    assert_eq!(twice[2..4], ["AK2*350*0001", "AK5*E*23"]);
}

#[test]
fn what_is_wrong_with_an_element_has_its_code() {
    // Bill too long, quantity with a letter, carrier too short; no disposition; neither date nor time.
    let body = "X4*7781200312345*1O*01*9Z700002027*20260609*1120*1C**Q~X4*77812003*12*01*9Z700002027*20261309*2560***QXLN~";
    let wanted = [
        "AK2*350*0001",
        "AK3*X4*2**8",
        "AK4*1**5",
        "AK4*2**6",
        "AK4*9**4",
        "AK3*X4*3**8",
        "AK4*7**1",
        "AK4*5**8",
        "AK4*6**9",
        "AK5*E*5",
        "AK9*E*1*1*1",
    ];
    assert_eq!(verdicts("ST*350*0001", body, "SE*4*0001~", ReceiptForm::Functional), wanted);
    let wanted = wanted.map(|line| line.replace("AK3", "IK3").replace("AK4", "IK4").replace("AK5", "IK5"));
    assert_eq!(verdicts("ST*350*0001", body, "SE*4*0001~", ReceiptForm::Implementation), wanted);
}

#[test]
fn a_segment_that_ends_early_is_blamed_itself() {
    // Neither a port, nor a remark, nor the reference behind its qualifier; what follows on the same line is whole.
    let body = format!("P4~{X4}K1~N7*QXLU*1234567~N9*BM~{X4}");
    let wanted = [
        "AK2*350*0001",
        "AK3*P4*2**8",
        "AK4*1**1",
        "AK4*2**1",
        "AK3*K1*4**8",
        "AK4*1**1",
        "AK3*N9*6**8",
        "AK4*2**2",
        "AK5*E*5",
        "AK9*E*1*1*1",
    ];
    assert_eq!(verdicts("ST*350*0001", &body, "SE*8*0001~", ReceiptForm::Functional), wanted);
}

#[test]
fn receipts_and_what_is_no_x12_are_not_answered() {
    let receipt = "GS*FA*LANTERNBRK*IMPORTERCO*20260302*0915*77*X*004010~ST*997*0001~AK1*IN*77~AK9*A*1*1*1~SE*4*0001~\
        GE*1*77~IEA*1*000000077~";
    let silent = ISA.replace("*1*P*", "*0*P*");
    for text in [
        format!("{silent}{receipt}"),
        String::new(),
        "A27049Z7      030226     SO\r\n".to_owned(),
        "{\"kind\":\"form\"}".to_owned(),
        silent.clone(),
    ] {
        assert_eq!(written(&text, ReceiptForm::Functional), "", "{text}");
    }
    // Whether the interchange arrived was asked for all the same.
    check(
        &format!("{ISA}{receipt}"),
        ReceiptForm::Functional,
        expect![[r#"
        ISA*00*          *00*          *30*HARBORGOODS    *ZZ*LANTERNBRK     *260302*1504*U*00401*000000012*0*P*>~
        TA1*000000077*260302*0915*A*000~
        IEA*0*000000012~
    "#]],
    );
}

#[test]
fn the_senders_own_text_cannot_break_the_receipt() {
    let text = format!("{ISA}{STATUS}").replace('*', "|").replace("LANTERNBRK|HARBOR", "LAN*TERN^|HARBOR");
    let receipt = written(&text, ReceiptForm::Functional);
    assert!(receipt.contains("GS*FA*HARBORGOODS*LAN TERN*"), "{receipt}");
}
