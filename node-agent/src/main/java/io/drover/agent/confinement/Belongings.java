package io.drover.agent.confinement;

import java.nio.file.Path;
import java.util.List;

/**
 * What the process of a machine is given besides its run folder and the programs in {@code /usr}. All else is not there
 * for it.
 *
 * @param readable files and folders, absolute
 * @param writable files, absolute, that belong to the agent; what reads and writes them is the group of the process
 * @param growing folders of such files, absolute: the process can enter them, and can neither list them nor make or remove
 *        files there; a file that is put there later, for its group to read and write, is there for it, too
 */
public record Belongings(List<Path> readable, List<Path> writable, List<Path> growing) {
    public Belongings {
        readable = List.copyOf(readable);
        writable = List.copyOf(writable);
        growing = List.copyOf(growing);
    }
}
