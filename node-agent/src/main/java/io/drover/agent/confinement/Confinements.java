package io.drover.agent.confinement;

import io.drover.agent.folder.VmFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Finds out what confinement works on this host, by trying it. */
public final class Confinements {
    private static final String ROOT = "root";
    private static final long PATIENCE_SECONDS = 60;
    /** Reads what a VMM is given and opens /dev/kvm as it will; what fails goes to standard error. */
    private static final String TRIAL = "for file do [ -r \"$file\" ] || { echo \"cannot read $file\"; exit 1; }; done;"
            + " [ ! -e /dev/kvm ] || exec 3<>/dev/kvm";

    private final Path data;
    private final List<Path> program;
    private final List<Path> shared;

    /**
     * Those of one agent.
     *
     * @param data its folder, absolute, closed to others
     * @param program what a VMM runs from
     * @param shared folders that every VMM may read
     */
    public Confinements(Path data, List<Path> program, List<Path> shared) {
        this.data = data;
        this.program = List.copyOf(program);
        this.shared = List.copyOf(shared);
    }

    /**
     * Tries what is asked for.
     *
     * @throws IOException when it does not work here, and with {@link ConfinementChoice#AUTO} never for that
     */
    public Confinement find(ConfinementChoice choice) throws IOException, InterruptedException {
        if (choice == ConfinementChoice.NONE) {
            return new Unconfined(false, "the agent was told so");
        }
        String why = "the agent is not root";
        if (choice != ConfinementChoice.NAMESPACES && System.getProperty("user.name").equals(ROOT)) {
            try {
                return tried(Sandbox.ofOwnUsers(data, shared));
            } catch (IOException e) {
                why = e.getMessage();
            }
        } else if (choice == ConfinementChoice.NAMESPACES) {
            why = "the agent was told so";
        }
        if (choice == ConfinementChoice.OWN_USERS) {
            throw new IOException("--vmm-confinement own-users does not work on this host: " + why);
        }
        try {
            return tried(Sandbox.ofNamespaces(shared, why));
        } catch (IOException e) {
            if (choice == ConfinementChoice.NAMESPACES) {
                throw new IOException("--vmm-confinement namespaces does not work on this host: " + e.getMessage(), e);
            }
            return new Unconfined(true, e.getMessage());
        }
    }

    private Sandbox tried(Sandbox sandbox) throws IOException, InterruptedException {
        VmFolder folder = new VmFolder(Files.createDirectories(data.resolve("trial")).resolve("vm"));
        folder.create();
        try {
            List<String> trial = new ArrayList<>(List.of("/bin/sh", "-c", TRIAL, "trial"));
            program.forEach(file -> trial.add(file.toString()));
            Optional<String> failure = failure(
                    sandbox.enclose(folder, new Belongings(program, List.of(), List.of()), trial));
            if (failure.isPresent()) {
                throw new IOException(failure.get());
            }
            return sandbox;
        } finally {
            folder.delete();
        }
    }

    private static Optional<String> failure(List<String> command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).redirectInput(ProcessBuilder.Redirect.from(
                    Path.of("/dev/null").toFile())).start();
        } catch (IOException e) {
            throw new IOException(Sandbox.PROGRAM + " cannot be started: install the Debian package bubblewrap"
                    + " (apt-get install bubblewrap)", e);
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            return Optional.of("a process in a sandbox did not end within " + PATIENCE_SECONDS + " s");
        }
        return process.exitValue() == 0 ? Optional.empty()
                : Optional.of("a process in a sandbox failed: "
                        + said.lines().reduce((first, last) -> last).orElse("it said nothing"));
    }
}
