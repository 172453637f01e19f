package io.drover.controller.store;

/** The bytes of a record cannot be obeyed: written by a newer program, or damaged. */
final class UnreadableRecordException extends Exception {
    UnreadableRecordException(String message) {
        super(message);
    }

    UnreadableRecordException(String message, Throwable cause) {
        super(message, cause);
    }
}
