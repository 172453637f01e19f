package io.drover.agent;

import java.io.Serial;
import java.util.List;

/** Options that cannot be used: all of them, each with what is wrong. */
final class BadConfigException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    BadConfigException(List<String> problems) {
        super(String.join("\n", problems));
    }
}
