package io.drover.controller.agent;

/** What came of asking an agent. */
public sealed interface Answer<T> {
    record Done<T>(T value) implements Answer<T> {}

    /** The agent decided: it has not done it and will not. */
    record Refused<T>(Why why, String message) implements Answer<T> {}

    /** Nobody knows whether the agent has done it, or it was not the right agent. Only the same host can tell. */
    record None<T>(String message) implements Answer<T> {}

    /** Why an agent refused. */
    enum Why {
        /** The record names another owner or epoch, as the agent sees it. */
        NOT_OWNER,
        /** The host was told to stop the VM before it ran, and will not run it under this epoch. */
        EPOCH_SPENT,
        /** The host failed; it has not done it, but might the next time. */
        HOST_FAILED,
        /** The host does not have room, or a driver, or something else that another host may have. */
        HOST_CANNOT,
        /** The record, as the agent sees it, has no such migration that is being prepared for this host. */
        NO_SUCH_MIGRATION,
        /** The host does not have what was saved of the guest (any more), and will not run it under this epoch. */
        SAVED_STATE_MISSING,
        /** A file has to be put on the host first. */
        FILE_MISSING,
        /** The kernel or the rest of the request is wrong: no host would take it. */
        BAD_REQUEST,
        /** The host knows no such VM. */
        NOT_THERE
    }
}
