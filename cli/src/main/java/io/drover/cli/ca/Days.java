package io.drover.cli.ca;

import io.drover.cli.ExitCode;
import io.drover.cli.Failure;

/** How long certificates may be valid. */
final class Days {
    private static final int MOST = 36_500;

    private Days() {}

    static void check(int days) throws Failure {
        if (days < 1 || days > MOST) {
            throw new Failure(ExitCode.ERROR, "no certificate was made",
                    "--days " + days + " (expected: 1 to " + MOST + ")",
                    "give the days for which it is to be valid");
        }
    }
}
