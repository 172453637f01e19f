package io.drover.controller.record;

/** The last part of the name of a VM. */
public record VmId(String value) implements RecordKey, Comparable<VmId> {
    public static final String COLLECTION = "vms";

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException when {@code value} breaks {@link IdSyntax}
     */
    public VmId {
        IdSyntax.require("VM", value);
    }

    @Override
    public String resourceName() {
        return COLLECTION + "/" + value;
    }

    @Override
    public int compareTo(VmId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
