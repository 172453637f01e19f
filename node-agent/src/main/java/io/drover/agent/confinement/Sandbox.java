package io.drover.agent.confinement;

import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.ProcessIdentity;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Processes in a file system, a list of processes, System V IPC and a host name of their own, by bwrap(1), which is in
 * Debian's package bubblewrap: it makes all this in some 4 ms, as root or, where users may make namespaces, as anybody.
 * It stays beside the process until its end, without a part in its life: if bwrap is killed, the process runs on.
 *
 * <p>
 * The network stays the host's: tap devices and passt are there. What the process may do with it is up to its filter.
 */
public final class Sandbox implements Confinement {
    /** The name by which it is found in the table of processes. */
    public static final String PROGRAM = "bwrap";
    /** What a JVM and passt find in /etc; those that are not there are left out. */
    private static final List<String> CONFIGURATION = List.of("/etc/ld.so.cache", "/etc/localtime", "/etc/resolv.conf");
    /** Either folders or links into /usr. */
    private static final List<String> PROGRAMS = List.of("/bin", "/sbin", "/lib", "/lib32", "/lib64");
    /** The only place where a process can write without leaving a file: passt builds its root there. */
    private static final long TEMPORARY_BYTES = 16L << 20;

    private static final String NOBODY = "65534";
    /** Of files: read and written by owner and group. */
    private static final int WRITABLE = 0660;
    /** Of folders: entered by the group, which whatever is put there gets, and changed by the owner alone. */
    private static final int ENTERED = 02710;

    private final Optional<VmUsers> users;
    private final Map<Path, Path> devices;
    private final List<Path> shared;
    private final List<String> system;
    private final String description;

    private Sandbox(Optional<VmUsers> users, Map<Path, Path> devices, List<Path> shared, String description)
            throws IOException {
        this.users = users;
        this.devices = devices;
        this.shared = List.copyOf(shared);
        this.system = system();
        this.description = description;
    }

    /** Each VM with a user of its own besides: for an agent that is root. */
    static Sandbox ofOwnUsers(Path data, List<Path> shared) throws IOException, InterruptedException {
        return new Sandbox(Optional.of(new VmUsers(data)), DeviceNodes.make(data), shared,
                "each VMM has a user, a file system and processes of its own, its system calls are filtered");
    }

    /**
     * As the agent's user.
     *
     * @param why no stronger one
     */
    static Sandbox ofNamespaces(List<Path> shared, String why) throws IOException {
        return new Sandbox(Optional.empty(), DeviceNodes.hosts(), shared,
                "each VMM has a file system and processes of its own, its system calls are filtered; it has the agent's user: "
                        + why);
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public boolean filtersCalls() {
        return true;
    }

    @Override
    public int user(VmFolder folder) throws IOException {
        return users.isPresent() ? users.get().of(folder) : ProcessIdentity.ownUser();
    }

    @Override
    public List<String> enclose(VmFolder folder, Belongings belongings, List<String> command) throws IOException {
        List<String> line = new ArrayList<>();
        line.add(PROGRAM);
        line.addAll(List.of("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1"));
        if (users.isEmpty()) {
            // Shown as nobody, whoever the agent is: passt, for one, takes different ways for root.
            line.addAll(List.of("--unshare-user", "--uid", NOBODY, "--gid", NOBODY));
        }
        line.addAll(system);
        devices.forEach((known, node) -> bind(line, "--dev-bind", node, known));
        for (Path path : shared) {
            bind(line, "--ro-bind", path, path);
        }
        for (Path path : belongings.readable()) {
            bind(line, "--ro-bind", path, path);
        }
        for (Path path : belongings.growing()) {
            if (Files.isDirectory(path)) {
                bind(line, "--bind", path, path);
            }
        }
        for (Path path : belongings.writable()) {
            bind(line, "--bind", path, path);
        }
        bind(line, "--bind", folder.run(), folder.run());
        line.addAll(List.of("--remount-ro", "/", "--chdir", folder.run().toString(), "--"));
        if (users.isPresent()) {
            int user = users.get().of(folder);
            hand(belongings, user);
            // Of the capabilities none is left, in no set.
            line.addAll(List.of("setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups", "--inh-caps=-all",
                    "--bounding-set=-all", "--no-new-privs"));
        }
        line.addAll(command);
        return line;
    }

    /** By its group: the files stay the agent's, which alone says who may use them. */
    private static void hand(Belongings belongings, int user) throws IOException {
        for (Path file : belongings.writable()) {
            share(file, user, WRITABLE);
        }
        for (Path folder : belongings.growing()) {
            if (!Files.isDirectory(folder)) {
                continue;
            }
            share(folder, user, ENTERED);
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    share(file, user, WRITABLE);
                }
            }
        }
    }

    private static void share(Path file, int group, int mode) throws IOException {
        Files.setAttribute(file, "unix:gid", group);
        Files.setAttribute(file, "unix:mode", mode);
    }

    /** With the folders above, which bwrap would keep from other users. */
    private static void bind(List<String> line, String how, Path from, Path to) {
        for (int names = 1; names < to.getNameCount(); names++) {
            line.addAll(List.of("--perms", "0755", "--dir", "/" + to.subpath(0, names)));
        }
        line.addAll(List.of(how, from.toString(), to.toString()));
    }

    /** What every process is given of the host. */
    private static List<String> system() throws IOException {
        List<String> line = new ArrayList<>(List.of("--ro-bind", "/usr", "/usr"));
        for (String name : PROGRAMS) {
            Path path = Path.of(name);
            if (Files.isSymbolicLink(path)) {
                line.addAll(List.of("--symlink", Files.readSymbolicLink(path).toString(), name));
            } else if (Files.isDirectory(path)) {
                line.addAll(List.of("--ro-bind", name, name));
            }
        }
        line.addAll(
                List.of("--proc", "/proc", "--dev", "/dev", "--size", Long.toString(TEMPORARY_BYTES), "--tmpfs", "/tmp",
                        "--perms", "0755", "--dir", "/etc"));
        for (String file : CONFIGURATION) {
            line.addAll(List.of("--ro-bind-try", file, file));
        }
        // Debian's JDKs keep their configuration there.
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(Path.of("/etc"), "java-*")) {
            for (Path folder : folders) {
                bind(line, "--ro-bind", folder, folder);
            }
        }
        return line;
    }
}
