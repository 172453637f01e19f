package io.drover.scheduler.capacity;

/** The answer of {@link HostCapacity#fits}. */
public sealed interface Fit {
    Fit FITS = new Fits();

    /**
     * How much a host lacks of one dimension; 0 when what is free suffices. {@link HostCapacity#fits} and the scan
     * over all hosts, which may make no objects, both rest on it.
     *
     * @param free below 0 where more is reserved than the host has
     * @param asked above 0
     */
    static long lacking(long free, long asked) {
        if (asked <= free) {
            return 0;
        }
        long lacking = asked - free;
        return lacking > 0 ? lacking : Long.MAX_VALUE;
    }

    /** Every dimension suffices. */
    record Fits() implements Fit {}

    /**
     * A dimension does not suffice; those after it were not looked at.
     *
     * @param free below 0 where more is reserved than the host has
     * @param asked by the VM, more than {@code free}
     */
    record Lacks(Dimension dimension, long free, long asked) implements Fit {
        public Lacks {
            if (Fit.lacking(free, asked) == 0) {
                throw new IllegalArgumentException(
                        "asked : " + asked + " (expected: more than the " + free + " that are free)");
            }
        }

        /** Above 0. */
        public long lacking() {
            return Fit.lacking(free, asked);
        }

        /** For people, such as {@code lacks 512 MiB of memory (1.5 GiB free, 2 GiB asked)}. */
        public String text() {
            String have = free < 0 ? dimension.number(-free) + " promised too much" : dimension.number(free) + " free";
            return "lacks " + dimension.text(lacking()) + " (" + have + ", " + dimension.number(asked) + " asked)";
        }
    }
}
