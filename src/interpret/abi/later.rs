//! Dates and amounts that are written out when somebody reads the notice.

use super::sheet::{Form, Signed, signed};
use super::text::Text;
use crate::decode::abi::moment;
use crate::grammar::abi::Format;
use crate::notice::{Value, Write};

/// How a field is written; `None` when it stands as it was sent.
pub fn write(form: Form) -> Option<Write> {
    match form {
        Form::Text | Form::Stamp => None,
        Form::Date(Format::Yymmdd) => Some(yymmdd),
        Form::Date(_) => Some(mmddyy),
        Form::Amount(decimals) => AMOUNTS.get(decimals as usize).copied(),
    }
}

/// An amount whose minus stands in another record.
pub fn negative(decimals: u32) -> Option<Write> {
    NEGATIVES.get(decimals as usize).copied()
}

/// By the number of implied decimals.
const AMOUNTS: [Write; 7] =
    [amount::<0>, amount::<1>, amount::<2>, amount::<3>, amount::<4>, amount::<5>, amount::<6>];
const NEGATIVES: [Write; 7] =
    [minus::<0>, minus::<1>, minus::<2>, minus::<3>, minus::<4>, minus::<5>, minus::<6>];

fn mmddyy(sent: &[u8]) -> Option<Value<'_>> {
    date(sent, Format::Mmddyy)
}

fn yymmdd(sent: &[u8]) -> Option<Value<'_>> {
    date(sent, Format::Yymmdd)
}

fn date(sent: &[u8], format: Format) -> Option<Value<'_>> {
    match moment::date(sent, format) {
        Ok(day) => day.map(|day| made(sent, |text| text.date(day))),
        Err(_) => Some(Value::Sent(sent)),
    }
}

fn amount<const DECIMALS: u32>(sent: &[u8]) -> Option<Value<'_>> {
    Some(signed(sent).map_or(Value::Sent(sent), |amount| made(sent, |text| text.amount(amount, DECIMALS))))
}

fn minus<const DECIMALS: u32>(sent: &[u8]) -> Option<Value<'_>> {
    let Some(amount) = signed(sent) else { return Some(Value::Sent(sent)) };
    let is_negative = !amount.is_negative && amount.digits.iter().any(|digit| *digit != b'0');
    Some(made(sent, |text| text.amount(Signed { is_negative, ..amount }, DECIMALS)))
}

/// What is longer than any value of the formats stands as it was sent.
fn made(sent: &[u8], write: impl FnOnce(&mut Text)) -> Value<'_> {
    let mut text = Text::new();
    write(&mut text);
    text.close();
    let written = text.written();
    let end = written.ends.first().map_or(0, |end| *end as usize);
    written.text.get(..end).and_then(|bytes| bytes.try_into().ok()).map_or(Value::Sent(sent), Value::Made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_a_sheet_writes_them() {
        let date = Form::Date(Format::Mmddyy);
        for (form, sent, wanted) in [
            (date, "070921", Some("2021-07-09")),
            (date, "000000", None),
            (date, "133021", Some("133021")),
            (date, "0709", Some("0709")),
            (Form::Date(Format::Yymmdd), "210709", Some("2021-07-09")),
            (Form::Amount(2), "00000327000", Some("3270.00")),
            (Form::Amount(2), "-123", Some("-1.23")),
            (Form::Amount(0), "00000028", Some("28")),
            (Form::Amount(4), "0000012345", Some("1.2345")),
            (Form::Amount(2), "12A", Some("12A")),
            (Form::Amount(6), "123456789012345678", Some("123456789012.345678")),
        ] {
            let write = write(form).expect("a form of its own");
            let value = write(sent.as_bytes());
            assert_eq!(value.as_deref(), wanted.map(str::as_bytes), "{form:?} {sent}");
        }
        assert!(write(Form::Text).is_none());
    }

    #[test]
    fn a_sign_of_another_record_turns_the_amount() {
        let write = negative(2).expect("cents");
        for (sent, wanted) in
            [("000009870", "-98.70"), ("-9870", "98.70"), ("000000000", "0.00"), ("98 0", "98 0")]
        {
            assert_eq!(write(sent.as_bytes()).as_deref(), Some(wanted.as_bytes()), "{sent}");
        }
    }
}
