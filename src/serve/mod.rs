//! What is known, for whoever asks: the commands today, over the daemon's local socket or in the same process.
//!
//! There is one set of questions, [`Request`], and one function that answers them, [`api::answer`]. With a daemon
//! running, a question travels over its Unix socket ([`socket`], [`client`]); without one, the command opens the store
//! and calls the same function. Answers are bounded: lists come in pages, and a page says where the next one begins.

mod alerts;
mod answers;
pub mod api;
pub mod client;
mod connections;
mod deadlines;
mod declared;
mod entries;
mod entry;
mod explain;
mod findings;
pub mod http;
mod mask;
mod page;
mod pathways;
mod places;
mod quarantine;
mod recorded;
mod request;
pub mod socket;
mod target;
mod unheard;

pub use alerts::{AlertRow, LetterRow, TOLD_MAX, ToldEvent, ToldRow};
pub use api::{Action, ApiError, Backend, Fault, FaultCode, FeedRow, HashAnswer, StatusAnswer, TroubleRow};
pub use deadlines::{DeadlineRow, Window};
pub use declared::{
    AnswerView, CensusView, CustomsBillView, LineView, ProtestView, StatementView, TariffView, TibView,
};
pub use entries::{EntryRow, NextDeadline};
pub use entry::{
    AmountsView, DeadlineView, EntryFinding, EntryView, HoldView, LiquidationView, ReferencesView,
    SummaryView, TimelineRow, entry_view,
};
pub use explain::{ExplainView, Explained, FactView, SourceView, explain_view};
pub use mask::masked;
pub use page::{PAGE_DEFAULT, PAGE_MAX, Page};
pub use pathways::PathwaysView;
pub use quarantine::{QuarantineRow, QuarantinedFile, ReceivedFile};
pub use request::{AlertFilter, EntryFilter, LetterState, Request, StatusWord};
pub use target::{TargetSet, TargetWish};
pub use unheard::UnheardView;
