package io.drover.vmm.lease;

/** What became of a new epoch. */
public sealed interface Rise {
    /** It is the one under which the guest may run. */
    record Done() implements Rise {}

    /** It is older than what this process runs under, or has heard of; nothing has changed. */
    record WrongEpoch(String why) implements Rise {}
}
