package io.drover.cli;

/** What the command tells the shell. The numbers are a promise to scripts: docs/cli.md lists them. */
public enum ExitCode {
    OK(0), ERROR(1), CANNOT_BE_PLACED(2), CONFLICT(3), NOT_FOUND(4), DENIED(5), TIMED_OUT(6), PARTLY_DONE(7);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
