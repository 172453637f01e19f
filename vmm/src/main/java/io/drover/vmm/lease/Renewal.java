package io.drover.vmm.lease;

/** What became of a renewal. */
public sealed interface Renewal {
    /** The guest may run, as it could before. */
    record Extended() implements Renewal {}

    /** The guest may run, and could not before. */
    record Regained() implements Renewal {}

    /** Of another epoch than this process's: nothing was renewed, and after a higher one nothing will be. */
    record WrongEpoch(String why) implements Renewal {}

    record Refused(String why) implements Renewal {}
}
