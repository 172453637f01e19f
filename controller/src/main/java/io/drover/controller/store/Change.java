package io.drover.controller.store;

import io.drover.controller.record.HostId;
import io.drover.controller.record.RecordKey;
import io.drover.controller.record.StoredRecord;

/** One part of a transaction: it happens only if the store has what it says it has. */
public sealed interface Change {
    RecordKey key();

    /** There must be no record of that name. */
    record Create(StoredRecord record) implements Change {
        @Override
        public RecordKey key() {
            return record.id();
        }
    }

    /** The record must have {@code version}. */
    record Put(StoredRecord record, int version) implements Change {
        @Override
        public RecordKey key() {
            return record.id();
        }
    }

    /** The record must have {@code version}. */
    record Remove(RecordKey key, int version) implements Change {}

    /** Changes nothing; the host must have no session. */
    record NoSession(HostId host) implements Change {
        @Override
        public RecordKey key() {
            return host;
        }
    }

    /** Changes nothing; the record must have {@code version}. */
    record Check(RecordKey key, int version) implements Change {}
}
