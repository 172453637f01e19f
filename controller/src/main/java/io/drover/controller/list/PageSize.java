package io.drover.controller.list;

import io.drover.controller.problem.ProblemException;

/** How many items a page holds. */
public final class PageSize {
    private static final int DEFAULT = 100;
    private static final int MAX = 1_000;

    private PageSize() {}

    public static int of(int asked) throws ProblemException {
        if (asked < 0 || asked > MAX) {
            throw ProblemException.invalid("page_size", asked + " (expected: 0 to " + MAX + ")");
        }
        return asked == 0 ? DEFAULT : asked;
    }
}
