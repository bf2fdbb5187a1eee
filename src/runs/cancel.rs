//! Asking a run to stop, and telling those who watch over it.

use super::Runs;
use crate::auth::audit::Entry;
use crate::model::{Cause, RunId};

/// The reason of what an admin has cancelled.
const BY_ADMIN: &str = "cancelled_by_admin";

impl Runs {
    /// Asks a run, or one of its variations, to stop.
    pub async fn cancel(&self, run: RunId, index: Option<u8>) -> anyhow::Result<()> {
        self.ask_to_stop(run, index, None).await
    }

    /// The same for a whole run, for an admin: whose run it is, is told so, and the audit log with this entry
    /// if there was something left to stop.
    pub async fn cancel_by_admin(&self, run: RunId, entry: Entry) -> anyhow::Result<()> {
        let cause = Cause::new(BY_ADMIN, "an admin of this server has cancelled the run");
        self.ask_to_stop(run, None, Some((cause, entry))).await
    }

    async fn ask_to_stop(
        &self,
        run: RunId,
        index: Option<u8>,
        by_admin: Option<(Cause, Entry)>,
    ) -> anyhow::Result<()> {
        let runs = self.clone();
        let cancel = async move {
            runs.db.request_cancel(run, index, by_admin).await?;
            runs.pass_cancel(run, index);
            runs.queue.notify_one();
            anyhow::Ok(())
        };
        self.lifecycle.spawn("cancel", cancel).await?
    }

    /// Tells the supervisors of a cancel that is stored.
    pub(super) fn pass_cancel(&self, run: RunId, index: Option<u8>) {
        for (key, handle) in self.handles().iter() {
            if key.run == run && index.is_none_or(|index| index == key.index) {
                handle.cancel.cancel();
            }
        }
    }
}
