//! A full disk, in the words that people are told.

use crate::outbox::TroubleBrief;

pub(super) fn disk_full(free_bytes: u64) -> TroubleBrief {
    TroubleBrief {
        subject: "state folder".into(),
        code: "disk-full".into(),
        message: format!(
            "Only {} MB are free below the state folder; no file is taken until there is room.",
            free_bytes >> 20
        ),
        advice: "Make room on the disk of the state folder. The files stay in their drops and are taken by \
                 themselves afterwards."
            .to_owned(),
        file: None,
        place: None,
    }
}
