package io.drover.agent.driver.qemu;

import java.io.IOException;

/** QEMU answered a command with an error: asked again it would say the same. */
final class QmpRefusedException extends IOException {
    private static final long serialVersionUID = 1;

    QmpRefusedException(String description) {
        super(description);
    }
}
