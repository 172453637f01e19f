package io.drover.controller.problem;

import java.time.Instant;
import java.util.List;

/** Why a request is not done: all that the API says no with. {@link ProblemStatus} has the code, reason and next step of each. */
public sealed interface Problem {
    /** All that is wrong with the request itself. */
    record Invalid(List<Violation> violations) implements Problem {
        public Invalid {
            violations = List.copyOf(violations);
        }
    }

    /**
     * One thing that is wrong with a request.
     *
     * @param field its path in the request, such as {@code vm.spec.vcpus}
     */
    record Violation(String field, String description) {}

    record NotFound(String resource) implements Problem {}

    record AlreadyExists(String resource, String nextStep) implements Problem {}

    /**
     * The request is right, but not now.
     *
     * @param reason UPPER_SNAKE
     */
    record NotNow(String reason, String resource, String message, String nextStep) implements Problem {}

    /** A VM cannot be moved: all that stands against it. */
    record CannotMigrate(String resource, List<Obstacle> obstacles) implements Problem {
        public CannotMigrate {
            obstacles = List.copyOf(obstacles);
        }
    }

    /**
     * One thing that stands against it.
     *
     * @param reason UPPER_SNAKE
     */
    record Obstacle(String reason, String message) {}

    record RequestIdReused(String requestId, String resource) implements Problem {}

    record RevisionTooOld(String revision) implements Problem {}

    /** ZooKeeper does not answer. */
    record StoreAway(Instant since) implements Problem {}

    /** The answer of ZooKeeper to a change was lost. */
    record OutcomeUnknown(String resource) implements Problem {}

    /** Others changed the resource each time that this request tried. */
    record Contended(String resource) implements Problem {}

    /** The host that has to answer does not. */
    record HostSilent(String resource, String host, String message) implements Problem {}

    /** The bytes that came are not those announced. */
    record Damaged(String resource, String message) implements Problem {}

    record DiskFull(String resource, String message) implements Problem {}

    /** The caller's certificate does not allow it. */
    record Denied(String message) implements Problem {}

    /**
     * A fault of this controller.
     *
     * @param incident also in its log
     */
    record Internal(String incident) implements Problem {}
}
