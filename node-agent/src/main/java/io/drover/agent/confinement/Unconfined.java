package io.drover.agent.confinement;

import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.ProcessIdentity;
import java.io.IOException;
import java.util.List;
import java.util.Objects;

/**
 * Processes have the agent's own rights.
 *
 * @param why for people
 */
public record Unconfined(boolean filtersCalls, String why) implements Confinement {
    public Unconfined {
        Objects.requireNonNull(why);
    }

    @Override
    public String description() {
        return "VMMs have the agent's rights" + (filtersCalls ? ", their system calls are filtered" : "") + ": " + why;
    }

    @Override
    public int user(VmFolder folder) throws IOException {
        return ProcessIdentity.ownUser();
    }

    @Override
    public List<String> enclose(VmFolder folder, Belongings belongings, List<String> command) {
        return command;
    }
}
