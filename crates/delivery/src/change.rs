//! What the shell has to write.

use crate::record::DeliveryRecord;

/// Records for the subscription's lane. The [`Stream`](crate::Stream) that returned it counts on
/// them: if they cannot be written, the stream ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "the stream has moved on: what it returned has to be appended"]
pub struct Change {
    /// To append in this order, and to apply.
    pub append: Vec<DeliveryRecord>,
    /// Keys to write tombstones for (an empty value), in this order, once all of `append` was
    /// [taken](crate::Applied::Taken). What they hold is in later records. They can wait, and a
    /// crash before they are written costs nothing: the next opening names them again.
    pub forget: Vec<String>,
}

impl Change {
    /// Tells whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.append.is_empty() && self.forget.is_empty()
    }
}
