package io.drover.cli;

import java.util.Map;
import java.util.Optional;

/**
 * Why a command did not do what it was asked: what, why and what to do next, for a person; the exit code, and for programs
 * the reason and the metadata of the server's ErrorInfo.
 */
public final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;
    private final String what;
    private final String why;
    private final String nextStep;
    private final String reason;
    private final transient Map<String, String> metadata;

    public Failure(ExitCode exitCode, String what, String why, String nextStep) {
        this(exitCode, what, why, nextStep, exitCode.name(), Map.of());
    }

    /**
     * @param nextStep empty when there is nothing to advise
     * @param reason   UPPER_SNAKE, as in google.rpc.ErrorInfo or the name of the status code
     */
    public Failure(ExitCode exitCode, String what, String why, String nextStep, String reason,
            Map<String, String> metadata) {
        super(what + ": " + why, null, false, false);
        this.exitCode = exitCode;
        this.what = what;
        this.why = why;
        this.nextStep = nextStep;
        this.reason = reason;
        this.metadata = Map.copyOf(metadata);
    }

    public ExitCode exitCode() {
        return exitCode;
    }

    public String what() {
        return what;
    }

    public String why() {
        return why;
    }

    public Optional<String> nextStep() {
        return nextStep.isEmpty() ? Optional.empty() : Optional.of(nextStep);
    }

    public String reason() {
        return reason;
    }

    public Map<String, String> metadata() {
        return metadata;
    }
}
