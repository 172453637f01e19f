package io.drover.agent.lease;

import java.io.IOException;

/** What runs only while it is told that it may. */
@FunctionalInterface
public interface LeaseHolder {
    /**
     * The guest may run on until then.
     *
     * @param untilBootNanos on CLOCK_BOOTTIME
     * @throws IOException when it does not answer, or refuses
     */
    void renew(long untilBootNanos) throws IOException;
}
