package io.drover.demo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How the programs of a cloud are started: the words of a command. */
public interface Programs {
    /**
     * The command for one program, which must become that program and not start it: its process is the one that is watched.
     *
     * @param program "controller" or "agent"
     */
    List<String> command(String program, List<String> arguments);

    /** Those of an installation, by its launcher. */
    static Programs installedIn(Path home) {
        return (program, arguments) -> {
            List<String> command = new ArrayList<>(List.of(home.resolve("bin").resolve("drover").toString(), program));
            command.addAll(arguments);
            return command;
        };
    }
}
