//! `[[webhook]]`: programs that get letters as signed HTTP requests.

use std::collections::BTreeMap;

use super::check_text as is;
use super::raw::{RawConfig, RawWebhook, list};
use super::resolve::{Resolver, SecretKeys};
use super::settings::WebhookSettings;
use crate::webhook::HookUrl;

pub(super) fn webhooks(raw: &RawConfig, resolver: &mut Resolver<'_>) -> Vec<WebhookSettings> {
    let mut seen = BTreeMap::new();
    list(&raw.webhook).iter().filter_map(|hook| one_webhook(hook, &mut seen, resolver)).collect()
}

fn one_webhook(
    raw: &RawWebhook,
    seen: &mut BTreeMap<String, String>,
    resolver: &mut Resolver<'_>,
) -> Option<WebhookSettings> {
    let name = resolver.name(&raw.name, "webhook", &raw.span, seen);
    let called =
        raw.name.given().map_or("the webhook".to_owned(), |name| format!("webhook `{}`", name.get_ref()));
    resolver.require(&raw.url, "url", &called, &raw.span);
    let message = |text: &str| {
        format!("`{text}` is no address of a webhook (example: https://pager.example.com/hooks/customs)")
    };
    let url = resolver.checked(&raw.url, |text| HookUrl::parse(text).is_some(), message);
    let url = url.and_then(|url| HookUrl::parse(&url));
    if let (Some(url), Some(text)) = (&url, raw.url.given())
        && !url.is_https()
        && !is::is_loopback(url.host())
    {
        let message = format!("{url} would carry letters in plain text: use https");
        resolver.faults.add(text.span(), message);
    }
    let secret = resolver.secret(&SecretKeys {
        name: "secret",
        inline: &raw.secret,
        file: &raw.secret_file,
        env: &raw.secret_env,
        credential: &raw.secret_credential,
    });
    let is_given = [&raw.secret, &raw.secret_file, &raw.secret_env, &raw.secret_credential]
        .iter()
        .any(|field| !field.is_absent());
    if secret.is_none() && !is_given {
        let message = format!(
            "{called} has no secret to sign with: set `secret_file`, `secret_env` or `secret_credential`"
        );
        resolver.faults.add(raw.span.clone(), message);
    }
    let ca_file = resolver.optional_path("ca_file", &raw.ca_file);
    let timeout = resolver.duration("timeout", &raw.timeout, "10s", ("1s", "2m"));
    let per_minute = resolver.per_minute(&raw.per_minute);
    Some(WebhookSettings { name: name?, url: url?, secret: secret?, ca_file, timeout, per_minute })
}

/// The webhooks that are written, the faulty ones too: a team that names one is not wrong because its address is.
pub(super) fn written(raw: &RawConfig) -> Vec<String> {
    let names = list(&raw.webhook).iter().filter_map(|hook| hook.name.given());
    names.map(|name| name.get_ref().clone()).collect()
}
