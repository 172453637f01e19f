package io.drover.controller.record;

/**
 * The last part of the name of a migration. It is made from the name of the task that began it, so that each leads to the other
 * without a record of its own.
 */
public record MigrationId(String value) implements Comparable<MigrationId> {
    public static final String COLLECTION = "migrations";
    private static final String PREFIX = "m-";
    private static final String TASK_PREFIX = "t-";

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException when {@code value} breaks {@link IdSyntax}
     */
    public MigrationId {
        IdSyntax.require("migration", value);
    }

    /** The migration that a task waits for. */
    public static MigrationId of(TaskId task) {
        String id = task.value();
        return new MigrationId(PREFIX + (id.startsWith(TASK_PREFIX) ? id.substring(TASK_PREFIX.length()) : id));
    }

    /** The task that waits for it. */
    public TaskId task() {
        return new TaskId(TASK_PREFIX + (value.startsWith(PREFIX) ? value.substring(PREFIX.length()) : value));
    }

    public String resourceName() {
        return COLLECTION + "/" + value;
    }

    @Override
    public int compareTo(MigrationId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
