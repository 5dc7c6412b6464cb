//! Effects of tests whose facts conditions do not look into: rules compare the fields of the notice.

use crate::ident::EntryNumber;
use crate::notice::{
    Amounts, CargoStep, CustomsBill, Effect, EventTime, FiledLine, FilingAction, MonthlyLine, ProtestStatus,
    StatementLine, StatementStatus, SummaryFiling, SummaryStatus, Token,
};

/// The effect of that word, about an invented statement, bill or filing; `None` when there is none.
pub(super) fn stated(word: &str, code: Token, at: EventTime) -> Option<Effect> {
    let test = Token::new("TEST");
    let (date, line) = (Some(at.date), Token::new(""));
    Some(match word {
        "summary_filed" => Effect::SummaryFiled(filing(test)),
        "filed_line" => {
            let amounts = Amounts::default();
            Effect::FiledLine(FiledLine { filing: test, ordinal: 1, value: None, amounts })
        }
        "census_warning" => Effect::CensusWarning { line, code },
        "census_resolved" => Effect::CensusResolved { line, code },
        "on_statement" => Effect::OnStatement(StatementLine {
            statement: test,
            status: StatementStatus::Preliminary,
            print_date: date,
            payment_type: None,
            amount: None,
            is_due: true,
        }),
        "off_statement" => Effect::OffStatement { statement: test, by: code },
        "on_monthly_statement" => Effect::OnMonthlyStatement(MonthlyLine {
            statement: test,
            monthly: test,
            status: StatementStatus::Preliminary,
            print_date: date,
            due_date: None,
            presented: None,
            amount: None,
        }),
        "summary_status" => Effect::SummaryStatus(answer(at)),
        "liquidation_scheduled" => Effect::LiquidationScheduled { date },
        "customs_bill" => Effect::CustomsBill(CustomsBill {
            number: test,
            date,
            kind: Token::new("2"),
            status: code,
            total: None,
            paid: None,
            is_open: true,
        }),
        "protest" => {
            let kind = Token::new("1");
            Effect::Protest(ProtestStatus {
                number: test,
                kind,
                status: code,
                decided: None,
                has_summons: false,
            })
        }
        "tib_request" => Effect::TibRequest { closes: false },
        "tib_answer" => Effect::TibAnswer { is_accepted: true },
        "tib_expires" => Effect::TibExpires { date, extensions: None },
        "arrived" => Effect::Cargo { step: CargoStep::Arrived },
        "in_bond_authorized" => Effect::Cargo { step: CargoStep::InBondAuthorized },
        "in_bond_arrived" => Effect::Cargo { step: CargoStep::InBondArrived },
        "in_bond_exported" => Effect::Cargo { step: CargoStep::InBondExported },
        "correction_reverted" => Effect::CorrectionReverted,
        "tib_closed" => Effect::TibClosed,
        "consolidated" => Effect::Consolidated { summary: EntryNumber::parse("TST00000010")?, filing: test },
        _ => return None,
    })
}

fn filing(filing: Token) -> SummaryFiling {
    SummaryFiling {
        filing,
        action: FilingAction::Filed,
        is_correction: false,
        payment_type: None,
        statement_date: None,
        statement_month: None,
        import_date: None,
        line_count: 1,
        entered_value: None,
        amounts: Amounts::default(),
        other: None,
    }
}

fn answer(at: EventTime) -> SummaryStatus {
    SummaryStatus {
        version: None,
        accepted_at: None,
        state: None,
        state_date: Some(at.date),
        release_date: None,
        collection: None,
        collection_date: None,
        is_late: false,
        is_under_review: false,
        is_protested: false,
        is_in_customs_control: false,
        is_inactive: false,
        is_suspended: false,
        census: None,
        is_reconciled: false,
        is_reconciled_fta: false,
    }
}
