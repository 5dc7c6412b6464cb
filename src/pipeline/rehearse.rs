//! An occasion that nobody had: told by the same gate, agenda and digests as one that came with a file or with the clock.

use chrono::NaiveDate;

use super::raise::Raised;
use super::{Group, Moment, Pipeline, View};
use crate::outbox::Alert;
use crate::rules::Telling;

impl Pipeline {
    /// Tells people of an invented alert. For the workbench, which says when the mails of a rule go out: whatever becomes of a real
    /// alert becomes of this one. Letters about the day `morning_of` wait for its morning, as reminders do.
    pub fn rehearse<V: View>(
        &self,
        group: &mut Group<'_, V>,
        moment: Moment,
        alert: Alert,
        telling: &Telling<'_>,
        morning_of: Option<NaiveDate>,
    ) -> Result<(), V::Error> {
        let entry = alert.entry.as_ref().map(|entry| entry.number);
        let raised = Raised::new(alert, telling.delivery, telling.notify);
        self.tell(group, moment, entry, vec![raised], morning_of)?;
        Ok(())
    }
}
