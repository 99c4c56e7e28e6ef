//! What deleting needs of the store: looking through a partition in steps, and giving space back.

use bytes::Bytes;
use fjall::AbstractTree;

use super::{Store, StoreError};
use crate::{
    Record,
    embedded::{
        codec,
        keys::{FIRST_DATA_TOPIC, PartitionId, key},
    },
};

/// How much one step looks through.
const STEP_RECORDS: usize = 1_024;
const STEP_BYTES: usize = 4 * 1024 * 1024;

/// The keyspaces of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::embedded) enum Space {
    /// The hub's own topics.
    State,
    /// The datasets.
    Data,
}

impl Space {
    pub(in crate::embedded) const ALL: [Self; 2] = [Self::State, Self::Data];

    /// Returns where a partition's records are.
    pub(in crate::embedded) fn of(at: PartitionId) -> Self {
        if at.topic < FIRST_DATA_TOPIC { Self::State } else { Self::Data }
    }
}

impl Store {
    /// Shows records of `from..end` to `look` in order, until it says no or the step is full.
    /// Returns where the next step goes on: `end` if nothing is left.
    pub(in crate::embedded) fn step(
        &self,
        at: PartitionId,
        from: u64,
        end: u64,
        mut look: impl FnMut(u64, &Record) -> bool,
    ) -> Result<u64, StoreError> {
        let (mut records, mut bytes) = (0, 0);
        for guard in self.records(at).range(key(at, from)..key(at, end)) {
            let (offset, stored) = Self::item(guard)?;
            if records == STEP_RECORDS || bytes >= STEP_BYTES {
                return Ok(offset);
            }
            (records, bytes) = (records + 1, bytes + Bytes::len(&stored));
            let record = codec::decode(&stored)
                .map_err(|error| StoreError::Damaged(format!("at {offset}: {error}")))?;
            if !look(offset, &record) {
                return Ok(offset + 1);
            }
        }
        Ok(end)
    }

    /// Drops the tables that hold nothing but records of a partition below `start`. What shares a
    /// table with others goes when the store rewrites that table.
    pub(in crate::embedded) fn free(&self, at: PartitionId, start: u64) -> Result<(), StoreError> {
        let range = key(at, 0)..key(at, start);
        self.records(at).tree.drop_range(range).map_err(fjall::Error::from)?;
        Ok(())
    }

    /// Lets go of tables that nobody reads any more: the store does it when a memtable is sealed.
    pub(in crate::embedded) fn release(&self) -> Result<(), StoreError> {
        self.meta.rotate_memtable()?;
        Ok(())
    }

    /// Returns the bytes of a keyspace's tables.
    pub(in crate::embedded) fn disk_space(&self, space: Space) -> u64 {
        self.space(space).disk_space()
    }

    /// Begins to move a keyspace's memory into tables.
    pub(in crate::embedded) fn seal(&self, space: Space) -> Result<(), StoreError> {
        self.space(space).rotate_memtable()?;
        Ok(())
    }

    /// Says whether all that was sealed stands in tables.
    pub(in crate::embedded) fn is_flushed(&self, space: Space) -> bool {
        self.space(space).tree.sealed_memtable_count() == 0
    }

    /// Rewrites a keyspace's tables without what was deleted. Appends go on meanwhile.
    pub(in crate::embedded) fn rewrite(&self, space: Space) -> Result<(), StoreError> {
        self.space(space).major_compact()?;
        self.release()
    }

    fn space(&self, space: Space) -> &fjall::Keyspace {
        match space {
            Space::State => &self.state,
            Space::Data => &self.data,
        }
    }
}
