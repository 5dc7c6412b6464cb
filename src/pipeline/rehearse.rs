//! An occasion that nobody had: told by the same gate, agenda and digests as one that came with a file or with the clock.

use chrono::NaiveDate;

use super::letters::Sorted;
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
        let raised = Raised::new(alert, telling.delivery, telling.notify);
        let mut sorted = morning_of.map_or_else(Sorted::default, Sorted::of_morning);
        self.tell_with(group, moment, vec![raised], &mut sorted)?;
        self.post_all(group, moment, sorted)
    }
}
