package io.drover.demo;

import java.util.Optional;

/** A step did not do what it said. */
public final class DemoFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final String nextStep;

    public DemoFailure(String why) {
        this(why, "");
    }

    DemoFailure(String why, String nextStep) {
        super(why);
        this.nextStep = nextStep;
    }

    Optional<String> nextStep() {
        return nextStep.isEmpty() ? Optional.empty() : Optional.of(nextStep);
    }
}
