//! One way on which letters leave: the mail server, or a webhook. Each has its own task, so that one that hangs holds up
//! no other, and its own pace.

use chrono::{DateTime, Utc};

use crate::email::{Courier, Mail, RenderError, Renderer};
use crate::outbox::{Alert, Letter, Outcome, Pace};
use crate::webhook::{Hook, HookCourier};

pub struct Channel {
    way: Way,
    pace: Pace,
}

enum Way {
    /// Takes every letter that is not one of `elsewhere`: what no webhook knows is refused there, visibly.
    Mail {
        courier: Box<dyn Courier>,
        elsewhere: Vec<String>,
    },
    Hook {
        courier: HookCourier,
        recipient: String,
    },
}

/// A letter as its channel sends it.
pub enum Written {
    Mail(Box<Mail>),
    Hook(Hook),
}

/// Which letters a channel takes, apart from the channel itself, so that another thread can ask.
#[derive(Clone, Debug)]
pub enum Takes {
    AllBut(Vec<String>),
    Only(String),
}

impl Takes {
    pub fn has(&self, letter: &Letter) -> bool {
        match self {
            Self::AllBut(elsewhere) => !elsewhere.iter().any(|recipient| **recipient == *letter.recipient),
            Self::Only(recipient) => **recipient == *letter.recipient,
        }
    }

    pub fn write(
        &self,
        letter: &Letter,
        alerts: &[Alert],
        renderer: &Renderer,
    ) -> Result<Written, RenderError> {
        match self {
            Self::AllBut(_) => renderer.render(letter, alerts).map(|mail| Written::Mail(Box::new(mail))),
            Self::Only(_) => {
                let (subject, text) = renderer.plain(letter, alerts)?;
                Ok(Written::Hook(Hook::of(letter, alerts, &subject, &text)))
            }
        }
    }
}

impl Channel {
    /// `elsewhere` are the recipients that other channels serve.
    pub fn mail(courier: Box<dyn Courier>, elsewhere: Vec<String>, pace: Pace) -> Self {
        Self { way: Way::Mail { courier, elsewhere }, pace }
    }

    pub fn hook(courier: HookCourier, pace: Pace) -> Self {
        let recipient = courier.settings().recipient();
        Self { way: Way::Hook { courier, recipient }, pace }
    }

    pub fn takes(&self) -> Takes {
        match &self.way {
            Way::Mail { elsewhere, .. } => Takes::AllBut(elsewhere.clone()),
            Way::Hook { recipient, .. } => Takes::Only(recipient.clone()),
        }
    }

    /// How many letters may leave now.
    pub fn free(&mut self, now: DateTime<Utc>) -> usize {
        self.pace.free(now)
    }

    /// When the next letter may leave, if not now.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        self.pace.next_at()
    }

    /// Tries each letter once, in order. The answer has one outcome for each that was tried; those behind them were not, for
    /// the batch took too long.
    pub async fn deliver(&mut self, written: Vec<Written>, now: DateTime<Utc>) -> Vec<Outcome> {
        let (mut mails, mut hooks) = (Vec::new(), Vec::new());
        for letter in written {
            match letter {
                Written::Mail(mail) => mails.push(*mail),
                Written::Hook(hook) => hooks.push(hook),
            }
        }
        let outcomes = match &mut self.way {
            Way::Mail { courier, .. } => courier.deliver(&mails).await,
            Way::Hook { courier, .. } => courier.deliver(&hooks, now).await,
        };
        self.pace.took(now, outcomes.len());
        outcomes
    }

    /// Ends what is kept open between batches.
    pub async fn close(&mut self) {
        if let Way::Mail { courier, .. } = &mut self.way {
            courier.close().await;
        }
    }
}
