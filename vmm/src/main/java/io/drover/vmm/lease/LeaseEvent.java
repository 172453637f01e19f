package io.drover.vmm.lease;

/** What happens to a lease. */
sealed interface LeaseEvent {
    /**
     * The agent says that its host owned the VM under {@code epoch} when it last knew for certain.
     *
     * @param untilBootNanos
     *            on CLOCK_BOOTTIME: how far that carries
     */
    record Renewed(long epoch, long untilBootNanos) implements LeaseEvent {}

    /**
     * From now on this process may run the guest under {@code epoch}: the hand-off of a migration has ended so.
     *
     * @param needed
     *            whether the guest runs only with a lease
     */
    record Raised(long epoch, boolean needed) implements LeaseEvent {}

    /** Somebody looks at the clock. */
    record Looked() implements LeaseEvent {}
}
