package io.drover.cli.api;

/** Users say "web-1" where the API says "vms/web-1"; both are understood. */
public enum ResourceNames {
    VM("vms/"), HOST("hosts/"), IMAGE("images/"), CPU_MODEL("cpuModels/"), TASK("tasks/"), MIGRATION("migrations/");

    private final String prefix;

    ResourceNames(String prefix) {
        this.prefix = prefix;
    }

    /** The resource name for what a user typed. */
    public String full(String typed) {
        return typed.startsWith(prefix) ? typed : prefix + typed;
    }

    /** The part that users say. */
    public String id(String name) {
        return name.startsWith(prefix) ? name.substring(prefix.length()) : name;
    }
}
