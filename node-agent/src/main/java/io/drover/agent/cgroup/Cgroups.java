package io.drover.agent.cgroup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cgroups of an agent's VMs (cgroup v2): one for each, below one folder that is the agent's. They outlive the agent, as
 * their processes do. Safe for all threads.
 */
public final class Cgroups {
    private static final Logger log = LoggerFactory.getLogger(Cgroups.class);
    private static final List<String> CONTROLLERS = List.of("cpu", "memory", "pids");
    private static final String PREFIX = "vm-";
    private static final String PROCESSES = "cgroup.procs";
    private static final String CONTROL = "cgroup.subtree_control";

    private final Path folder;

    private Cgroups(Path folder) {
        this.folder = folder;
    }

    /** What was found on a host. */
    public sealed interface Found {
        /** For people. */
        String message();

        record Usable(Cgroups cgroups) implements Found {
            @Override
            public String message() {
                return cgroups.folder.toString();
            }
        }

        /**
         * There can be none.
         *
         * @param message why, and what to do
         */
        record Unusable(String message) implements Found {}
    }

    /**
     * Tries it.
     *
     * @param asked the folder below which an operator wants them; empty: as the agent's own cgroup has it
     * @param name of the folder that is made where the agent is in no cgroup but the root
     */
    public static Found find(Optional<Path> asked, String name) {
        try {
            Path folder = asked.isPresent() ? asked.get() : CgroupTree.read().folderFor(name);
            return new Found.Usable(take(folder));
        } catch (IOException e) {
            return new Found.Unusable(e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }

    /**
     * Makes a folder one for cgroups of VMs.
     *
     * @throws IOException when it cannot be, for people
     */
    static Cgroups take(Path folder) throws IOException {
        try {
            makeFolder(folder);
            delegate(folder);
            Path trial = folder.resolve(PREFIX + "trial");
            makeFolder(trial);
            try {
                Files.delete(trial);
            } catch (DirectoryNotEmptyException e) {
                log.debug("{} is not the kernel's", trial, e);
            }
            return new Cgroups(folder);
        } catch (IOException e) {
            if (e instanceof java.nio.file.FileSystemException failure) {
                throw new IOException("the cgroup " + folder + " cannot be used: " + failure + " (expected: one that"
                        + " is the agent's, by systemd's Delegate=yes and DelegateSubgroup=agent, or by --cgroup)", e);
            }
            throw e;
        }
    }

    private static void makeFolder(Path folder) throws IOException {
        try {
            Files.createDirectory(folder);
        } catch (FileAlreadyExistsException expected) {
            log.debug("{} is there", folder);
        }
    }

    /** In one piece, as the kernel wants it. */
    private static void write(Path file, String text) throws IOException {
        Files.write(file, text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Has the children of a cgroup have the controllers that bound VMs. */
    static void delegate(Path folder) throws IOException {
        String controllers = Files.readString(folder.resolve("cgroup.controllers")).strip();
        if (!Set.of(controllers.split(" ", -1)).containsAll(CONTROLLERS)) {
            throw new IOException("the cgroup " + folder + " has the controllers \"" + controllers
                    + "\" (expected: cpu, memory and pids)");
        }
        write(folder.resolve(CONTROL), "+cpu +memory +pids");
    }

    /**
     * Makes a VM's cgroup, or sets it anew: what it counted before is forgotten, unless something is in it still.
     *
     * @return what starts a command in it: the command follows, and keeps the process's id
     */
    public List<String> enter(String uid, CgroupSettings settings) throws IOException {
        Path own = folder.resolve(PREFIX + uid);
        remove(own);
        makeFolder(own);
        for (Map.Entry<String, String> file : settings.files().entrySet()) {
            write(own.resolve(file.getKey()), file.getValue());
        }
        // Before anything else happens, so that all that it takes, and whatever it starts, is in there.
        return List.of("sh", "-c", "echo 0 >\"$0\" && exec \"$@\"", own.resolve(PROCESSES).toString());
    }

    /** Removes those of VMs that are not among these, and that no process is in. */
    public void removeAllBut(Set<String> uids) {
        for (Path own : owned()) {
            if (!uids.contains(own.getFileName().toString().substring(PREFIX.length()))) {
                remove(own);
            }
        }
    }

    private static void remove(Path own) {
        try {
            Files.delete(own);
        } catch (NoSuchFileException expected) {
            log.debug("{} is gone already", own);
        } catch (IOException e) {
            // Its last process is on its way out: next time.
            log.debug("{} stays for now", own, e);
        }
    }

    /**
     * Whether the kernel has killed what was in a VM's cgroup, all of it, as it wanted more memory than it may have.
     *
     * @return for people; empty when it has not, or that cannot be told any more
     */
    public Optional<String> outOfMemory(String uid) {
        Path own = folder.resolve(PREFIX + uid);
        try {
            // Documentation/admin-guide/cgroup-v2.rst: "oom_kill" counts processes of this cgroup that any OOM killer has killed,
            // "oom" how often its own bound was in the way.
            boolean killed = events(own).anyMatch(line -> line.startsWith("oom_kill ") && !line.endsWith(" 0"));
            if (!killed) {
                return Optional.empty();
            }
            boolean bound = events(own).anyMatch(line -> line.startsWith("oom ") && !line.endsWith(" 0"));
            return Optional.of(bound
                    ? "out of memory: its processes wanted more than they may have together, "
                            + Files.readString(own.resolve("memory.max")).strip() + " bytes (memory.max of its cgroup)"
                    : "out of memory: this host had none left");
        } catch (IOException e) {
            log.debug("{} does not tell", own, e);
            return Optional.empty();
        }
    }

    private static Stream<String> events(Path own) throws IOException {
        return Files.readAllLines(own.resolve("memory.events")).stream();
    }

    /** Removes the folder, if nothing is in it: it was only tried. */
    public void removeIfEmpty() {
        if (owned().isEmpty() && folder.getFileName().toString().startsWith("drover-")) {
            try {
                Files.deleteIfExists(folder);
            } catch (IOException e) {
                log.debug("{} stays", folder, e);
            }
        }
    }

    private List<Path> owned() {
        List<Path> owned = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, PREFIX + "*")) {
            found.forEach(owned::add);
        } catch (IOException e) {
            log.warn("the cgroups in {} cannot be listed", folder, e);
        }
        return owned;
    }

    /** The VMs that have one, by uid. */
    Set<String> uids() {
        Set<String> uids = new HashSet<>();
        owned().forEach(own -> uids.add(own.getFileName().toString().substring(PREFIX.length())));
        return uids;
    }
}
