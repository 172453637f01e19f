package io.drover.controller.record;

/** The last part of the name of a task. */
public record TaskId(String value) implements RecordKey, Comparable<TaskId> {
    public static final String COLLECTION = "tasks";

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException when {@code value} breaks {@link IdSyntax}
     */
    public TaskId {
        IdSyntax.require("task", value);
    }

    @Override
    public String resourceName() {
        return COLLECTION + "/" + value;
    }

    @Override
    public int compareTo(TaskId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
