package io.drover.agent.cluster;

import java.io.Serial;

/** ZooKeeper did not answer: nothing is known, nothing may be decided. */
public final class ClusterAwayException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    ClusterAwayException(String message, Throwable cause) {
        super(message, cause);
    }
}
