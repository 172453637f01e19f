package io.drover.vmm.machine;

import java.io.IOException;

/** What is done with a machine that stands still. */
@FunctionalInterface
public interface StillTask {
    /**
     * On the machine's thread, which hears of nothing else meanwhile: should look at {@link StillMachine#isEnding} often.
     *
     * @throws IOException
     *             when it cannot be done: who asked for it is told why
     */
    void run(StillMachine machine) throws IOException;
}
