package io.drover.agent.driver;

import io.drover.agent.console.Console;
import io.drover.agent.folder.VmFolder;
import java.io.IOException;
import java.nio.file.Path;

/** A driver whose guests can be saved, and go on in another process: each of its machines has a {@link Machine#saving}. */
public interface SavingDriver extends MigratingDriver {
    /**
     * As {@link #spawn}, of a machine whose guest is to go on from a file, which is not needed any more when this returns.
     * The guest is paused until {@link MachineSaving#goOn}.
     *
     * @throws UnbootableException when the process refused the plan, or the file for it
     */
    Machine spawnSaved(MachinePlan plan, VmFolder folder, Console console, Path saved)
            throws UnbootableException, IOException, InterruptedException;
}
