package io.drover.controller.store;

import io.drover.controller.record.RecordKey;
import java.time.Instant;

/** A transaction did not happen, or nobody knows. */
public sealed class CommitException extends Exception {
    private CommitException(String message, Throwable cause) {
        super(message, cause);
    }

    /** It did not happen: somebody else changed, made or removed this record first. */
    public static final class Conflict extends CommitException {
        private final transient RecordKey key;
        private final boolean exists;

        Conflict(RecordKey key, boolean exists, Throwable cause) {
            super(key.resourceName() + " was changed by somebody else", cause);
            this.key = key;
            this.exists = exists;
        }

        public RecordKey key() {
            return key;
        }

        /** True when a record was to be created and is there already. */
        public boolean exists() {
            return exists;
        }
    }

    /** It did not happen: ZooKeeper does not answer. */
    public static final class Away extends CommitException {
        private final Instant since;

        Away(Instant since, Throwable cause) {
            super("ZooKeeper has not answered since " + since, cause);
            this.since = since;
        }

        public Instant since() {
            return since;
        }
    }

    /** The connection broke before the answer came: it may have happened. The records will tell, once they can be read again. */
    public static final class Unknown extends CommitException {
        Unknown(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
