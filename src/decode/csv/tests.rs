//! Tables from their first byte to their last, whole and in pieces.

use super::*;

fn read(text: &[u8], step: usize) -> Vec<String> {
    let (grammar, names) = (Grammar::embedded(), ColumnNames::default());
    assert!(is_table(text, &grammar, &names), "{}", String::from_utf8_lossy(text));
    let mut seen = Vec::new();
    let mut decoder = CsvDecoder::new(&grammar, &names);
    let mut sink = |message: &Message<'_>| {
        if let Body::Json(row) = message.body {
            let members = row.members.iter().skip(1);
            let cells: Vec<String> = members
                .map(|member| format!("{}={}", member.name, member.value.as_text().unwrap_or("?")))
                .collect();
            let name = message.name.unwrap_or_default();
            seen.push(format!("{name}@{}:{} {}", message.span.offset, message.span.line, cells.join(" ")));
        }
        seen.extend(message.findings.iter().map(|finding| {
            let Place { line, column, .. } = finding.place;
            format!("  {} {line}:{}", finding.code, column.unwrap_or_default())
        }));
    };
    let (mut from, mut to) = (0, 0);
    loop {
        to = (to + step).min(text.len());
        let last = to == text.len();
        from += decoder.feed(&text[from..to], last, &mut sink);
        if last {
            assert_eq!(from, text.len());
            return seen;
        }
    }
}

fn check(text: &str, wanted: &[&str]) {
    for step in [4, 50, 1_000] {
        assert_eq!(read(text.as_bytes(), step), wanted, "in steps of {step}");
    }
}

#[test]
fn rows_are_read_by_the_names_of_their_columns() {
    check(
        "\u{feff}Entry Number;PO Number;Colour\r\n9Z7-0000041-9;\"PO;1\";red\r\n\r\n;;\r\nx;PO2\r\n",
        &[
            "order_link@34:2 entry=9Z7-0000041-9 purchase_order=PO;1",
            "  unknown-field 1:1",
            "order_link@66:5 entry=x purchase_order=PO2",
            "  bad-element 5:1",
            "  passed-over 3:1",
        ],
    );
    check(
        "entry,line,hts,value\n9Z700000419,1,9405990000,\"1,200\"\n",
        &["approved_entry@21:2 entry=9Z700000419 line=1 hts_number=9405990000 value=1,200"],
    );
}

#[test]
fn what_is_wrong_with_a_row_stays_in_the_row() {
    check(
        "bill,po\nA1,\"PO 1\nB2,PO2,more\nC3,\"PO3\"\nD4,\"PO4\n",
        &[
            "order_link@8:2 bill=A1 purchase_order=\"PO 1",
            "  bad-element 2:4",
            "order_link@17:3 bill=B2 purchase_order=PO2",
            "  bad-element 3:8",
            "order_link@29:4 bill=C3 purchase_order=PO3",
            "order_link@38:5 bill=D4 purchase_order=\"PO4",
            "  bad-element 5:4",
        ],
    );
}

#[test]
fn tables_that_cannot_be_used_say_so_once() {
    check("po,invoice\nPO1,I1\nPO2,I2\n", &["  missing-field 1:1"]);
    check("entry,po\n\n", &["  passed-over 2:1", "  empty 3:1"]);
    check("entry,po,po\nx,1,2\n", &["order_link@12:2 entry=x purchase_order=1", "  unknown-field 1:1"]);
}

#[test]
fn a_row_that_never_ends_is_cut_and_the_next_is_read() {
    let (grammar, names) = (Grammar::embedded(), ColumnNames::default());
    let mut decoder = CsvDecoder::new(&grammar, &names);
    let mut seen = Vec::new();
    let mut sink = |message: &Message<'_>| {
        seen.push((message.name.map(str::to_owned), message.findings.len()));
    };
    assert_eq!(decoder.feed(b"entry,po\nxxxxxxx", false, &mut sink), 9);
    assert_eq!(decoder.cut(b"xxxxxxx", &mut sink), 7);
    let rest = b"xx\n9Z700000419,PO1\n";
    assert_eq!(decoder.feed(rest, true, &mut sink), rest.len());
    assert_eq!(seen, [(None, 1), (Some("order_link".to_owned()), 0)]);
}

#[test]
fn what_spreadsheets_put_around_a_table_is_no_data() {
    check(
        "Orders of March;;\n;;\nEntry;PO;\n'9Z7-0000041-9;=\"0012\";\nx;PO2;\n;;\nGrand Total:;2;\n;;\n\u{1a}",
        &[
            "order_link@31:4 entry=9Z7-0000041-9 purchase_order=0012",
            "  passed-over 1:1",
            "order_link@55:5 entry=x purchase_order=PO2",
            "  passed-over 6:1",
        ],
    );
    // Below the total stands more, and a name that only looks like one is data.
    check(
        "broker reference,po\nTotal,5\nTotal Wine,PO1\nTOTAL-5,PO2\n",
        &[
            "order_link@28:3 broker_reference=Total Wine purchase_order=PO1",
            "order_link@43:4 broker_reference=TOTAL-5 purchase_order=PO2",
            "  passed-over 2:1",
        ],
    );
    // Padded cells are no fault, and what stands below no name is told once.
    check(
        "entry,po,,\nx,1,,,,\ny,2,,note\nz,3,note,\n",
        &[
            "order_link@11:2 entry=x purchase_order=1",
            "order_link@19:3 entry=y purchase_order=2",
            "  unknown-field 3:6",
            "order_link@29:4 entry=z purchase_order=3",
        ],
    );
    // A row of notes.
    check("entry,po,colour\n,,red\n", &["  unknown-field 1:1", "  passed-over 2:1", "  empty 3:1"]);
}

fn wide(text: &str, is_big: bool) -> Vec<u8> {
    let bytes = |unit: u16| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
}

#[test]
fn tables_in_two_bytes_a_sign_are_read_with_their_own_places() {
    let text = "sep=;\r\nentry;po\r\nx;Caf\u{e9} \u{1f6a2}\r\ny;\"PO2\r\n";
    for is_big in [false, true] {
        let bytes = wide(text, is_big);
        let wanted = [
            "order_link@36:3 entry=x purchase_order=Café \u{1f6a2}",
            "order_link@58:4 entry=y purchase_order=\"PO2",
            "  bad-element 4:3",
        ];
        for step in [1, 4, 50, 1_000] {
            assert_eq!(read(&bytes, step), wanted, "in steps of {step}");
        }
        let mut torn = bytes[..bytes.len() - 1].to_vec();
        torn[38..40].copy_from_slice(if is_big { b"\xD8\x00" } else { b"\x00\xD8" });
        for step in [1, 4, 1_000] {
            let seen = read(&torn, step);
            assert!(seen.contains(&"  encoding 3:2".to_owned()), "{seen:?}");
            assert_eq!(seen.last().map(String::as_str), Some("  truncated 4:0"), "{seen:?}");
        }
    }
}

#[test]
fn bytes_of_windows_are_told_once() {
    let text = b"entry,po\nx,Caf\xE9\ny,\x80 5\n";
    for step in [1, 1_000] {
        assert_eq!(
            read(text, step),
            [
                "order_link@9:2 entry=x purchase_order=Café",
                "  encoding 2:6",
                "order_link@16:3 entry=y purchase_order=€ 5",
            ]
        );
    }
}
