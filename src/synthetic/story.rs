//! What can happen in a life: the messages to come, each with what it says beyond the entry itself.

use chrono::{NaiveDate, NaiveDateTime};

/// A message to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Event {
    pub(super) at: NaiveDateTime,
    pub(super) what: What,
}

/// What a message says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// SX
    Filing { accepted: bool },
    /// SO
    Release(Release),
    /// 350 of the carrier; `named` when it names the entry and not only the bill.
    Carrier { code: &'static str, named: bool },
    /// AX
    Summary(Summary),
    /// UC
    Notice(Notice),
    /// NR, records N1 N2 N4
    Liquidation { again: bool, reason: &'static str, change_cents: i64 },
    /// NR, record N3
    Postponed { code: &'static str, times: u64 },
    /// 824
    Advice { verdict: &'static str },
    /// 997
    Receipt { accepted: bool },
    /// SE
    ReleaseFiling { again: bool },
    /// AE
    SummaryFiling(SummaryAction),
    /// CJ, CL, CW, CO
    Census(CensusStep),
    /// CQ
    CargoQuery,
    /// C1
    CargoAnswer(CargoAnswer),
    /// NS; `named` when it names the entry and not only the bill.
    BillNotice { code: &'static str, named: bool },
    /// EQ
    StatusQuery,
    /// ER
    StatusAnswer(StatusAnswer),
    /// TS, TE, TX
    Tib(TibStep),
    /// X0 and X1
    BatchRejected,
    /// 315
    OceanStatus { code: &'static str },
    /// 352
    GeneralOrder { code: &'static str },
    /// 353
    Arrival,
    /// 354
    OpenBill,
    /// 355
    ManifestAnswer { accepted: bool },
    /// 820
    Payment,
    /// 850
    Order,
    /// 856
    Shipment,
    /// 810
    Invoice,
    /// 999
    ImplementationReceipt { accepted: bool },
    /// TA1
    InterchangeReceipt { accepted: bool },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SummaryAction {
    /// As it will be rejected: a quantity is missing.
    Incomplete,
    Add,
    Replace,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CensusStep {
    Query,
    Answer { accepted: NaiveDate },
    Override,
    Result { taken: bool },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CargoAnswer {
    /// WO: what SO said.
    Entry,
    /// WR: the dispositions of the bills.
    Bills,
    /// WS: those of an air waybill.
    Air,
    /// WR0
    NotFound,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum StatusAnswer {
    NotFound,
    Open { accepted: NaiveDate, scheduled: Option<NaiveDate> },
    Liquidated { accepted: NaiveDate, day: NaiveDate, reason: &'static str, change_cents: i64 },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TibStep {
    Expires,
    Request,
    Answer { accepted: bool },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Release {
    OnFile,
    ManifestHold,
    ManifestHoldRemoved,
    ExamPending,
    DocumentsWanted,
    AgencyHold,
    AgencyMayProceed,
    Released,
    Suspended,
    Cancelled,
    UnknownCode,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Summary {
    Added,
    AddedWithCensusWarning,
    Replaced,
    Rejected,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Notice {
    Invoice,
    Package,
    Documents,
    Rejected,
    OtherFiler,
    Agency,
    Quota,
    Detained,
    DetentionCancelled,
    UnknownType,
}
