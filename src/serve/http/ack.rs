//! The page behind the link of a mail. Looking at it changes nothing, however often a scanner does; only the form does, with a name, a reason
//! and a day.

use std::fmt::Write;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use tokio::time::timeout;

use super::Pages;
use crate::outbox::{Acknowledgement, Alert, Course, Letter, LetterKey, TicketError};
use crate::serve::alerts::what;
use crate::serve::mask::masked;
use crate::serve::{Action, ApiError, Backend};

/// A form is short.
const BODY_BYTES_MAX: usize = 8 << 10;

/// How long the form may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// Alerts of a letter that the page tells one by one; it says how many more there are.
const SHOWN: usize = 200;

/// What the form sends. Absent fields are blank, so that the page can say what is missing.
#[derive(Default)]
struct Form {
    name: String,
    reason: String,
    until: String,
}

/// What the page is about.
struct Matter {
    letter: Letter,
    alerts: Vec<(Alert, Course)>,
}

impl Matter {
    /// What still asks for somebody.
    fn open(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().filter(|(_, course)| course.over_at.is_none()).map(|(alert, _)| alert)
    }

    /// Since when nobody has to do anything about any of it.
    fn over_since(&self) -> Option<DateTime<Utc>> {
        let ends: Option<Vec<DateTime<Utc>>> = self.alerts.iter().map(|(_, course)| course.over_at).collect();
        ends?.into_iter().max()
    }
}

/// `GET`: what the letter told, and the form. Changes nothing.
pub(super) async fn show(State(pages): State<Pages>, Path(ticket): Path<String>) -> Response {
    let letter = match checked(&pages, &ticket) {
        Ok(letter) => letter,
        Err(refusal) => return *refusal,
    };
    with_store(pages, move |backend| {
        let matter = matter(backend, &letter)?;
        Ok(page(&matter, &Form::default(), None))
    })
    .await
}

/// `POST`: somebody takes care of the letter's alerts.
pub(super) async fn take(
    State(pages): State<Pages>,
    Path(ticket): Path<String>,
    request: Request,
) -> Response {
    let letter = match checked(&pages, &ticket) {
        Ok(letter) => letter,
        Err(refusal) => return *refusal,
    };
    let Ok(Ok(body)) = timeout(ARRIVAL, to_bytes(request.into_body(), BODY_BYTES_MAX)).await else {
        return said(StatusCode::BAD_REQUEST, "The form did not arrive whole. Go back and send it again.");
    };
    let form = read_form(&body).unwrap_or_default();
    with_store(pages, move |backend| {
        let matter = matter(backend, &letter)?;
        if matter.over_since().is_some() {
            return Ok((StatusCode::CONFLICT, page(&matter, &form, None)).into_response());
        }
        let Ok(until) = form.until.trim().parse::<NaiveDate>() else {
            let fault = "Say until which day you take care of it, as 2026-03-09.";
            return Ok((StatusCode::BAD_REQUEST, page(&matter, &form, Some(fault))).into_response());
        };
        let said = Acknowledgement {
            alerts: matter.open().map(|alert| alert.key.clone()).collect(),
            by: form.name.clone(),
            reason: form.reason.clone(),
            until,
            letter: Some(letter),
        };
        match backend.act(Action::Acknowledge { said }) {
            Ok(()) => Ok(thanks(&form.name, until)),
            Err(ApiError::BadRequest(fault)) => {
                let fault = format!("{fault}.");
                Ok((StatusCode::BAD_REQUEST, page(&matter, &form, Some(&fault))).into_response())
            }
            Err(error) => Err(error),
        }
    })
    .await
}

/// A form's body reads as the query of an address does. Browsers encode what no address may hold; scripts may forget to. Of a name
/// that comes several times, the last value that says something counts.
fn read_form(body: &[u8]) -> Option<Form> {
    let mut query = String::with_capacity(body.len() + 2);
    query.push_str("/?");
    for &byte in body {
        // What parts a form, is encoded already, or stands for itself in every address (RFC 3986, section 2.3).
        if byte.is_ascii_alphanumeric() || b"=&+%-._~".contains(&byte) {
            query.push(char::from(byte));
        } else {
            let _ = write!(query, "%{byte:02X}");
        }
    }
    let uri: Uri = query.parse().ok()?;
    let Query(fields) = Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
    let mut form = Form::default();
    for (name, value) in fields {
        let field = match &*name {
            "name" => &mut form.name,
            "reason" => &mut form.reason,
            "until" => &mut form.until,
            _ => continue,
        };
        if !value.trim().is_empty() {
            *field = value;
        }
    }
    Some(form)
}

fn checked(pages: &Pages, ticket: &str) -> Result<LetterKey, Box<Response>> {
    let checked = match &pages.tickets {
        Some(tickets) => tickets.check(ticket, pages.clock.now()),
        None => Err(TicketError::Forged),
    };
    checked.map_err(|error| {
        let status = match error {
            TicketError::Forged => StatusCode::NOT_FOUND,
            TicketError::Expired { .. } => StatusCode::GONE,
        };
        let text = format!("This does not work: {error}. The command `entrywatch alerts ack` does the same.");
        Box::new(said(status, &text))
    })
}

/// Answers on a thread that may block; so many at once, the others wait.
async fn with_store(
    pages: Pages,
    answer: impl FnOnce(&dyn Backend) -> Result<Response, ApiError> + Send + 'static,
) -> Response {
    let turn = match pages.answers.turn().await {
        Ok(turn) => turn,
        Err(busy) => {
            return said(StatusCode::SERVICE_UNAVAILABLE, &format!("This does not work now: {busy}."));
        }
    };
    let backend = pages.backend;
    let answered = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        answer(&*backend)
    });
    match answered.await {
        Ok(Ok(response)) => response,
        Ok(Err(ApiError::NotFound(text))) => said(StatusCode::NOT_FOUND, &text),
        Ok(Err(error)) => {
            tracing::error!(%error, "A page could not be answered.");
            said(
                StatusCode::INTERNAL_SERVER_ERROR,
                "This failed; the log of the service says why. Nothing was changed.",
            )
        }
        Err(error) => {
            tracing::error!(%error, "A page broke.");
            said(StatusCode::INTERNAL_SERVER_ERROR, "This failed; the log of the service says why.")
        }
    }
}

fn matter(backend: &dyn Backend, key: &LetterKey) -> Result<Matter, ApiError> {
    let store = backend.store();
    let letter = store.letter(key)?;
    let letter =
        letter.ok_or_else(|| ApiError::NotFound("The letter of this link is no longer known.".to_owned()))?;
    let mut alerts = Vec::with_capacity(letter.alerts.len());
    for key in &letter.alerts {
        if let Some(alert) = store.alert(key)? {
            alerts.push((alert, store.course(key)?.unwrap_or_default()));
        }
    }
    Ok(Matter { letter, alerts })
}

fn page(matter: &Matter, form: &Form, fault: Option<&str>) -> Response {
    let mut body = String::new();
    let count = matter.alerts.len();
    let heading = match (count, matter.over_since()) {
        (1, Some(_)) => "This alert is over".to_owned(),
        (_, Some(_)) => format!("{count} alerts are over"),
        (1, None) => "Take care of this alert".to_owned(),
        (_, None) => format!("Take care of {count} alerts"),
    };
    let _ = write!(body, "<h1>{}</h1><ul>", text(&heading));
    for (alert, course) in matter.alerts.iter().take(SHOWN) {
        let entry = alert.entry.as_ref().map(|entry| format!("{} ", entry.number)).unwrap_or_default();
        let state = match course.state() {
            "open" => String::new(),
            state => format!(" ({state})"),
        };
        let line = format!("{entry}{}: {}{state}", alert.title, masked(&what(&alert.cause)));
        let _ = write!(body, "<li>{}</li>", text(&line));
    }
    body.push_str("</ul>");
    if count > SHOWN {
        let _ = write!(body, "<p>And {} more, all of the letter {}.</p>", count - SHOWN, matter.letter.key);
    }
    let used = matter.alerts.iter().find(|(_, course)| course.answered.contains(&matter.letter.key));
    match (used, matter.over_since()) {
        (_, Some(since)) => {
            let since = since.format("%Y-%m-%d %H:%M");
            let _ = write!(
                body,
                "<p><strong>It is over since {since} UTC. Nobody has to take care of it, and nothing was changed.</strong></p>"
            );
        }
        (Some((_, course)), None) => {
            let by = course.ack.as_ref().map(|ack| format!(" by {} until {}", ack.by, ack.until));
            let sentence = format!("This link was used{}. It works once.", by.unwrap_or_default());
            let _ = write!(body, "<p><strong>{}</strong></p>", text(&sentence));
        }
        (None, None) => body.push_str(&form_text(form, fault)),
    }
    html("Acknowledge", &body)
}

fn form_text(form: &Form, fault: Option<&str>) -> String {
    let fault = fault.map(|fault| format!("<p role=\"alert\"><strong>{}</strong></p>", text(fault)));
    let field = |name: &str, label: &str, kind: &str, value: &str| {
        format!(
            "<p><label for=\"{name}\">{label}</label><br><input id=\"{name}\" name=\"{name}\" type=\"{kind}\" required maxlength=\"300\" value=\"{}\"></p>",
            text(value)
        )
    };
    format!(
        "{}<form method=\"post\">{}{}{}<p><button type=\"submit\">I take care of it</button></p></form>\
         <p>Until that day nothing more is said about it. Reminders of a legal deadline come again as it nears, whatever you choose.</p>",
        fault.unwrap_or_default(),
        field("name", "Your name", "text", &form.name),
        field("reason", "What you do about it", "text", &form.reason),
        field("until", "Until (day)", "date", &form.until),
    )
}

fn thanks(name: &str, until: NaiveDate) -> Response {
    let sentence = format!("Thank you, {}. It is yours until {until}.", name.trim());
    html("Acknowledged", &format!("<h1>Acknowledged</h1><p>{}</p>", text(&sentence)))
}

fn said(status: StatusCode, sentence: &str) -> Response {
    (status, html("entrywatch", &format!("<p>{}</p>", text(sentence)))).into_response()
}

fn html(title: &str, body: &str) -> Response {
    const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
                         input{font:inherit;width:100%;max-width:24rem;padding:.3rem}button{font:inherit;padding:.4rem 1rem}";
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{}</title><style>{STYLE}</style></head><body>{body}</body></html>\n",
        text(title)
    ))
    .into_response()
}

/// Foreign text as HTML shows it: never a tag, never the end of an attribute.
fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c if c.is_control() => shown.push(' '),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_what_is_missing_is_blank() {
        let form = read_form(b"name=Jo+A.&reason=called%20%26%20asked&until=2026-03-09").expect("a form");
        assert_eq!((&*form.name, &*form.reason, &*form.until), ("Jo A.", "called & asked", "2026-03-09"));
        assert_eq!(read_form(b"").expect("nothing is a form").name, "");
        assert_eq!(read_form(b"name=%FF").map(|form| form.reason), Some(String::new()));
        let form = read_form("name=Zoé&reason=a b#c?\n&until=2026-03-09".as_bytes()).expect("a form");
        assert_eq!((&*form.name, &*form.reason, &*form.until), ("Zoé", "a b#c?\n", "2026-03-09"));
        let form = read_form(b"name=Jo&reason=asked \"CBP\" <now> {a|b}^`\\ 100% [x]&until=2026-03-09")
            .expect("a form");
        assert_eq!((&*form.name, &*form.until), ("Jo", "2026-03-09"));
        assert_eq!(&*form.reason, "asked \"CBP\" <now> {a|b}^`\\ 100% [x]");
        let form = read_form(b"until=2026-03-08&name=Jo&name=&until=2026-03-09&other=x").expect("a form");
        assert_eq!((&*form.name, &*form.reason, &*form.until), ("Jo", "", "2026-03-09"));
    }

    #[test]
    fn foreign_text_is_never_markup() {
        assert_eq!(text("<b a=\"1\" b='2'>&\n"), "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp; ");
    }
}
