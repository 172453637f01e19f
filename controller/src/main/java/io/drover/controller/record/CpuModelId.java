package io.drover.controller.record;

/** The last part of the name of a CPU model. */
public record CpuModelId(String value) implements RecordKey, Comparable<CpuModelId> {
    public static final String COLLECTION = "cpuModels";

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException when {@code value} breaks {@link IdSyntax}
     */
    public CpuModelId {
        IdSyntax.require("CPU model", value);
    }

    @Override
    public String resourceName() {
        return COLLECTION + "/" + value;
    }

    @Override
    public int compareTo(CpuModelId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
