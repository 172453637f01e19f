package io.drover.agent.refusal;

import java.io.Serial;
import java.util.LinkedHashMap;
import java.util.Map;

/** The agent does not do what it was asked, says why, and what to do next. */
public final class RefusedException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final Reason reason;
    private final String resource;
    private final String nextStep;
    private final LinkedHashMap<String, String> metadata = new LinkedHashMap<>();

    /**
     * Refuses.
     *
     * @param resource what it is about: {@code vms/web-1}, {@code files/<sha256>}, {@code hosts/h1}
     * @param nextStep what the caller, or a person, can do
     */
    public RefusedException(Reason reason, String resource, String message, String nextStep) {
        super(message);
        this.reason = reason;
        this.resource = resource;
        this.nextStep = nextStep;
    }

    /** Adds a value for programs. */
    public RefusedException with(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /** Names what caused it, for the log. */
    public RefusedException causedBy(Throwable cause) {
        initCause(cause);
        return this;
    }

    public Reason reason() {
        return reason;
    }

    /** What is told to programs: "resource", "next_step" and what was added. */
    public Map<String, String> metadata() {
        Map<String, String> all = new LinkedHashMap<>(metadata);
        all.put("resource", resource);
        all.put("next_step", nextStep);
        return all;
    }
}
