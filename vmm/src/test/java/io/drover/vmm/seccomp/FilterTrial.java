package io.drover.vmm.seccomp;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/** A process that filters itself and then tells what it still can do, a line for each. */
final class FilterTrial {
    private interface Attempt {
        void make() throws IOException, InterruptedException;
    }

    private FilterTrial() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        VmmFilter.install(Boolean.parseBoolean(arguments[0]));
        Path folder = Path.of(arguments[1]);
        tell("file", () -> Files.writeString(folder.resolve("file"), "written"));
        tell("thread", () -> Thread.ofPlatform().start(() -> {}).join());
        tell("unix", () -> {
            try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                server.bind(UnixDomainSocketAddress.of(folder.resolve("socket")));
            }
        });
        tell("tcp", () -> new ServerSocket(0).close());
        tell("program", () -> new ProcessBuilder("true").start().waitFor());
        System.out.println("threads " + threads());
    }

    private static void tell(String what, Attempt attempt) throws InterruptedException {
        try {
            attempt.make();
            System.out.println(what + " yes");
        } catch (IOException e) {
            System.out.println(what + " no");
        }
    }

    /** What the kernel says of all threads (proc_pid_status(5)), those of the JVM's own included. */
    private static Set<String> threads() throws IOException {
        Set<String> said = new TreeSet<>();
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : threads) {
                Files.readAllLines(thread.resolve("status")).stream()
                        .filter(line -> line.startsWith("NoNewPrivs:") || line.startsWith("Seccomp:"))
                        .map(line -> line.replaceAll("\\s", "")).forEach(said::add);
            }
        }
        return said;
    }
}
