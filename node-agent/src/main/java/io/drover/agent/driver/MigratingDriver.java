package io.drover.agent.driver;

import io.drover.agent.console.Console;
import io.drover.agent.folder.VmFolder;
import java.io.IOException;

/** A driver whose guests move between hosts while they run: each of its machines has a {@link Machine#migration}. */
public interface MigratingDriver extends Driver {
    /** As {@link #spawn}, of a machine without a guest, for one that is received. */
    Machine spawnIncoming(MachinePlan plan, VmFolder folder, Console console)
            throws UnbootableException, IOException, InterruptedException;

    /** As {@link #adopt}, but the guest, if there is one, stays as it is: paused if it is paused. */
    Adoption adoptAsItIs(MachinePlan plan, VmFolder folder, Console console) throws IOException, InterruptedException;
}
