package io.drover.controller.problem;

import io.drover.controller.store.CommitException;
import java.util.List;

/** A request is not done. */
public final class ProblemException extends Exception {
    private final transient Problem problem;

    public ProblemException(Problem problem) {
        super(problem.toString());
        this.problem = problem;
    }

    public ProblemException(Problem problem, Throwable cause) {
        super(problem.toString(), cause);
        this.problem = problem;
    }

    public static ProblemException invalid(String field, String description) {
        return new ProblemException(new Problem.Invalid(List.of(new Problem.Violation(field, description))));
    }

    public static ProblemException notFound(String resource) {
        return new ProblemException(new Problem.NotFound(resource));
    }

    /** What the failure of a commit means for the request that wanted it. */
    public static ProblemException of(CommitException failure, String resource) {
        return new ProblemException(switch (failure) {
            case CommitException.Conflict conflict -> new Problem.Contended(conflict.key().resourceName());
            case CommitException.Away away -> new Problem.StoreAway(away.since());
            case CommitException.Unknown unknown -> new Problem.OutcomeUnknown(resource);
            default -> new Problem.OutcomeUnknown(resource);
        }, failure);
    }

    public Problem problem() {
        return problem;
    }
}
