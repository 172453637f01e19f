package io.drover.lab;

/** A command that ran in an emulated host to its end, and what it printed. */
public record CommandResult(int exitCode, String output, String errors) {
    public boolean succeeded() {
        return exitCode == 0;
    }
}
