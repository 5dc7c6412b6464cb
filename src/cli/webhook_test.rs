//! `alerts test-webhook`: does a webhook take our letters?

use super::context::Context;
use super::exit::{Exit, Failure, Outcome};
use super::output::{Paint, Ui, answer};
use crate::daemon::assemble;
use crate::diagnostic::hint;
use crate::outbox::Outcome as Answer;
use crate::webhook::{Hook, HookCourier};
use crate::words::chain;

#[derive(serde::Serialize)]
struct Report<'a> {
    webhook: &'a str,
    url: String,
    ok: bool,
    answer: &'a str,
}

/// Sends one signed letter past outbox and journal: it tells of nothing that happened, and is not tried again.
pub fn run(name: &str, context: &Context, ui: &Ui) -> Outcome {
    let Some(hook) = context.config.webhooks.iter().find(|hook| *hook.name == *name) else {
        let known = context.config.webhooks.iter().map(|hook| &*hook.name);
        return Err(Failure::usage(format!(
            "there is no webhook `{name}` ({})",
            hint(name, "defined", known)
        )));
    };
    let settings = assemble::hook_settings(hook).map_err(|error| Failure::usage(chain(&error)))?;
    let (recipient, url) = (settings.recipient(), settings.url.to_string());
    let mut courier = HookCourier::new(settings).map_err(|error| Failure::usage(chain(&error)))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::unreadable)?;
    let now = context.clock.now();
    let sample = Hook::sample(&recipient, now);
    let mut answers = runtime.block_on(courier.deliver(&[sample], now));
    let (ok, said) = match answers.pop() {
        Some(Answer::Accepted { response }) => (true, response),
        Some(Answer::Refused { error } | Answer::Unanswered { error } | Answer::Rejected { error }) => {
            (false, error)
        }
        None => (false, "it was not tried".into()),
    };
    let report = Report { webhook: name, url, ok, answer: &said };
    let print = |out: &mut super::output::Out| {
        use std::io::Write;
        let mark = if ok { "ok  ".to_owned() } else { ui.paint(Paint::Red, "FAIL") };
        writeln!(out, "{mark}  webhook {name} ({}): {said}", report.url)
    };
    answer(ui, &report, print, if ok { Exit::Fine } else { Exit::NotFine })
}
