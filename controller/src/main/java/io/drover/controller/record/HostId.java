package io.drover.controller.record;

/** The last part of the name of a host. */
public record HostId(String value) implements RecordKey, Comparable<HostId> {
    public static final String COLLECTION = "hosts";

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException when {@code value} breaks {@link IdSyntax}
     */
    public HostId {
        IdSyntax.require("host", value);
    }

    @Override
    public String resourceName() {
        return COLLECTION + "/" + value;
    }

    @Override
    public int compareTo(HostId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
