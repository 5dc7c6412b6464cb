//! Lives of entries for the tests of clocks, a line an event.

use std::sync::LazyLock;

use chrono::NaiveDate;

use crate::entry::Entry;
use crate::grammar::Grammar;
use crate::ident::{BillOfLading, EntryNumber, NoticeId};
use crate::interpret::{Interpreter, NoticeIds, NoticeSink};
use crate::notice::{
    Amounts, AnsweredState, CBP, CargoStep, CustomsBill, Effect, EventTime, FactKind, Fields, FiledLine,
    FilingAction, HoldKind, Kind, Liquidation, LiquidationKind, MonthlyLine, Notice, ProtestStatus,
    StatementLine, StatementStatus, SummaryFiling, SummaryStatus, Token,
};
use crate::place::Severity;

pub(in crate::entry::clocks) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no date"))
}

/// The entry after these events, and its deadlines.
pub(in crate::entry::clocks) fn life(events: &[&str]) -> Entry {
    let notices: Vec<Notice> =
        events.iter().enumerate().flat_map(|(at, event)| said(at as u8, event)).collect();
    let number = EntryNumber::parse("9Z7-1000042-5").expect("an entry number");
    Entry::of(number, &notices)
}

/// The notices of one line: a word, a date, and `key=value` pairs.
pub(super) fn said(at: u8, event: &str) -> Vec<Notice> {
    let mut words = event.split(' ');
    let (verb, first) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let pairs: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
    let mut fields = Fields::new();
    let get = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let mut kind = Kind::ReleaseStatus;
    let date = first.parse::<NaiveDate>().ok();
    let amount = |name: &str| get(name).and_then(|value| value.parse().ok());
    let effect = match verb {
        "release" => Effect::Release { date },
        "entered" => {
            fields.push("entry_date", get("on").unwrap_or(first));
            Effect::Inform
        }
        "type" => {
            fields.push("entry_type", first);
            Effect::Inform
        }
        "arrived" => Effect::Cargo { step: CargoStep::Arrived },
        "in-bond" => Effect::Cargo { step: CargoStep::InBondAuthorized },
        "in-bond-arrived" => Effect::Cargo { step: CargoStep::InBondArrived },
        "on-file" => {
            kind = Kind::ReleaseResponse;
            Effect::FilingAccepted
        }
        "hold" | "clear" => {
            let what = match get("what") {
                Some("order") => HoldKind::GeneralOrder,
                Some("detained") => HoldKind::Detained,
                Some("seizure") => HoldKind::Seizure,
                _ => HoldKind::Hold,
            };
            let (agency, token) =
                (Token::new(get("agency").unwrap_or(CBP)), Token::new(get("code").unwrap_or("X")));
            if verb == "hold" {
                Effect::Hold { agency, code: token, what }
            } else {
                Effect::Clear { agency, codes: crate::notice::ClearedCodes::of([token]) }
            }
        }
        "cancelled" => Effect::Cancelled,
        "reversed" => Effect::ReleaseReversed { agency: Token::new(CBP), code: Token::new("99") },
        "sx-refused" => {
            kind = Kind::ReleaseResponse;
            Effect::FilingRejected
        }
        "ax" => {
            kind = Kind::SummaryResponse;
            match get("what") {
                Some("refused") => Effect::SummaryRejected,
                Some("deleted") => Effect::SummaryRemoved,
                _ => Effect::SummaryAccepted { version: None, warnings: false },
            }
        }
        "inactivated" => {
            kind = Kind::SummaryNotice;
            Effect::SummaryRemoved
        }
        "accepted" => Effect::SummaryAccepted { version: None, warnings: false },
        "rejected" => {
            kind = Kind::SummaryNotice;
            fields.push("reason", get("reason").unwrap_or("003"));
            Effect::SummaryRejected
        }
        "reverted" => {
            kind = Kind::SummaryNotice;
            Effect::CorrectionReverted
        }
        "filed" => {
            kind = Kind::SummaryFiled;
            Effect::SummaryFiled(SummaryFiling {
                filing: Token::new(format!("f{at}")),
                action: if get("delete").is_some() { FilingAction::Deleted } else { FilingAction::Filed },
                is_correction: get("psc").is_some(),
                payment_type: get("pay").map(Token::new),
                statement_date: get("print").map(day),
                statement_month: None,
                import_date: get("import").map(day),
                line_count: 1,
                entered_value: None,
                amounts: Amounts { duty: amount("duty"), antidumping: amount("ad"), ..Amounts::default() },
                other: None,
            })
        }
        "statement" => Effect::OnStatement(StatementLine {
            statement: Token::new("S1"),
            status: if get("final").is_some() {
                StatementStatus::Final
            } else {
                StatementStatus::Preliminary
            },
            print_date: date,
            payment_type: Some(Token::new(get("pay").unwrap_or("2"))),
            amount: None,
            is_due: true,
        }),
        "off-statement" => Effect::OffStatement { statement: Token::new("S1"), by: Token::new("ABI") },
        "monthly" => Effect::OnMonthlyStatement(MonthlyLine {
            statement: Token::new("S1"),
            monthly: Token::new("M1"),
            status: if get("final").is_some() {
                StatementStatus::Final
            } else {
                StatementStatus::Preliminary
            },
            print_date: date,
            due_date: get("due").map(day),
            presented: None,
            amount: None,
        }),
        "bill" => {
            kind = Kind::EntryStatus;
            Effect::CustomsBill(CustomsBill {
                number: Token::new(get("number").unwrap_or("B1")),
                date: get("dated").map(day),
                kind: Token::new(get("kind").unwrap_or("2")),
                status: Token::new("01"),
                total: None,
                paid: None,
                is_open: get("paid").is_none(),
            })
        }
        "protest" => {
            kind = Kind::EntryStatus;
            Effect::Protest(ProtestStatus {
                number: Token::new(get("number").unwrap_or("270426100001")),
                kind: Token::new(get("kind").unwrap_or("1")),
                status: Token::new(get("status").unwrap_or("OP")),
                decided: get("decided").map(day),
                has_summons: get("summons").is_some(),
            })
        }
        "answer" => {
            kind = Kind::EntryStatus;
            Effect::SummaryStatus(SummaryStatus {
                version: None,
                accepted_at: get("accepted").and_then(EventTime::parse),
                state: get("state").map(|_| AnsweredState::Accepted),
                state_date: date,
                release_date: None,
                collection: get("collection").map(Token::new),
                collection_date: get("collected").map(day),
                is_late: false,
                is_under_review: get("review").is_some(),
                is_protested: false,
                is_in_customs_control: get("control").is_some(),
                is_inactive: get("inactive").is_some(),
                is_suspended: get("suspended").is_some(),
                census: None,
                is_reconciled: get("reconciled").is_some(),
                is_reconciled_fta: get("reconciled_fta").is_some(),
            })
        }
        "scheduled" => {
            kind = Kind::EntryStatus;
            Effect::LiquidationScheduled { date: get("for").map(day) }
        }
        "liquidated" | "reliquidated" => {
            kind = match get("by") {
                Some("answer") => Kind::EntryStatus,
                Some("report") => Kind::AceReport,
                _ => Kind::Liquidation,
            };
            Effect::Liquidated(Liquidation {
                event: if verb == "liquidated" {
                    LiquidationKind::Liquidation
                } else {
                    LiquidationKind::Reliquidation
                },
                date: get("on").map(day).or(date),
                kind: Token::new("L"),
                reason: Token::new(""),
                paid: Amounts::default(),
                liquidated: Amounts::default(),
                interest: None,
                interest_unreadable: false,
            })
        }
        "extended" => {
            kind = Kind::Liquidation;
            let times = get("times").and_then(|times| times.parse().ok());
            Effect::Extended { times, reason: Token::new(get("reason").unwrap_or("49")), date }
        }
        "suspended" => {
            kind = Kind::Liquidation;
            Effect::Suspended { reason: Token::new("44"), date }
        }
        "redated" => Effect::ReleaseDate { date: get("to").map(day) },
        "lifted" => {
            kind = Kind::Liquidation;
            Effect::SuspensionLifted { date }
        }
        "tib" => Effect::TibExpires { date: get("until").map(day), extensions: None },
        "te" => {
            kind = Kind::TibResponse;
            Effect::TibRequest { closes: false }
        }
        "tx" => {
            kind = Kind::TibResponse;
            Effect::TibAnswer { is_accepted: get("refused").is_none() }
        }
        "tib-refused" => {
            kind = Kind::SummaryNotice;
            Effect::TibAnswer { is_accepted: false }
        }
        "tib-closed" => Effect::TibClosed,
        "fact" => return recorded(first, &pairs),
        other => panic!("`{other}` is no event"),
    };
    for name in ["live_entry", "recon_issue", "recon_trade_agreement", "document_1", "entry_type"] {
        if let Some(value) = get(name) {
            fields.push(name, value);
        }
    }
    let mut notices = Vec::new();
    let said_of_goods = [("origin", "origin_country"), ("hts", "hts_number"), ("case", "case_number")];
    if said_of_goods.iter().any(|(name, _)| get(name).is_some()) {
        let mut line = Fields::new();
        for (name, field) in said_of_goods {
            get(name)
                .into_iter()
                .flat_map(|value| value.split(','))
                .for_each(|value| line.push(field, value));
        }
        let amounts = Amounts { duty: Some(100.into()), ..Amounts::default() };
        let filed = FiledLine { filing: Token::new(format!("f{at}")), ordinal: 1, value: None, amounts };
        notices.push(notice(at + 100, kind, first, None, Effect::FiledLine(filed), line));
    }
    let bill = get("bill").and_then(|number| BillOfLading::from_parts(b"", number.as_bytes()));
    let code = get("code").map(Token::new);
    notices.push(Notice { bill, ..notice(at, kind, first, code, effect, fields) });
    notices
}

/// What becomes of a fact that somebody records.
fn recorded(fact: &str, pairs: &[(&str, &str)]) -> Vec<Notice> {
    static INTERPRETER: LazyLock<Interpreter> =
        LazyLock::new(|| Interpreter::new(Grammar::embedded()).expect("the embedded grammar is whole"));
    let definition = FactKind::parse(fact).unwrap_or_else(|| panic!("{fact}")).definition();
    let mut document = serde_json::Map::new();
    let (name, word) = match definition.kind() {
        Kind::Form => ("form", definition.code),
        _ => ("fact", definition.name),
    };
    document.insert("kind".to_owned(), definition.kind().as_str().into());
    document.insert(name.to_owned(), word.into());
    document.insert("entry".to_owned(), "9Z7-1000042-5".into());
    document.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
    let bytes = serde_json::to_vec(&document).expect("a document");
    let mut heard = Heard(Vec::new());
    crate::decode::decode(&bytes, INTERPRETER.grammar(), &mut |message: &crate::decode::Message<'_>| {
        assert!(message.findings.is_empty(), "{:?}", message.findings);
        let ids = NoticeIds::of(message);
        INTERPRETER.interpret(message, &mut Hearing { ids, heard: &mut heard });
    });
    assert_eq!(heard.0.len(), 1, "{fact} {pairs:?}");
    heard.0
}

struct Heard(Vec<Notice>);

struct Hearing<'h> {
    ids: NoticeIds,
    heard: &'h mut Heard,
}

impl NoticeSink for Hearing<'_> {
    fn notice(&mut self, notice: &crate::notice::NoticeRef<'_>) {
        self.heard.0.push(notice.to_notice(self.ids.id(notice.ordinal)));
    }

    fn finding(&mut self, finding: crate::place::Finding) {
        panic!("{finding:?}");
    }
}

pub(super) fn notice(
    at: u8,
    kind: Kind,
    date: &str,
    code: Option<Token>,
    effect: Effect,
    fields: Fields,
) -> Notice {
    Notice {
        id: NoticeId::from_bytes([at; 16]),
        kind,
        entry: EntryNumber::parse("9Z7-1000042-5"),
        bill: None,
        house_bill: None,
        container: None,
        code,
        table: None,
        meaning: None,
        severity: Severity::Info,
        at: EventTime::parse(date),
        effect,
        fields,
    }
}
