package io.drover.lab;

import io.drover.debian.DebianPackages;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drover lab}: emulated hosts with a real /dev/kvm, to try a cloud on a machine that has none. */
@Command(name = "drover lab", mixinStandardHelpOptions = true, scope = CommandLine.ScopeType.INHERIT, subcommands = {
        Main.Up.class, Main.Run.class, Main.Ssh.class, Main.Status.class, Main.Down.class},
        description = {
                "Emulated hosts on this machine, each with a real /dev/kvm."})
public final class Main {
    private static final int FAILED = 1;

    private Main() {}

    public static void main(String[] arguments) {
        CommandLine line = new CommandLine(new Main());
        line.setExecutionExceptionHandler((exception, command, result) -> {
            if (exception instanceof IOException || exception instanceof IllegalArgumentException) {
                System.err.println("drover lab: " + exception.getMessage());
                return FAILED;
            }
            throw exception;
        });
        // What follows the host in `lab run` belongs to the command, whatever it looks like.
        line.getSubcommands().get("run").setStopAtPositional(true);
        System.exit(arguments.length == 0 ? usage(line) : line.execute(arguments));
    }

    private static int usage(CommandLine line) {
        line.usage(System.err);
        return line.getCommandSpec().exitCodeOnInvalidInput();
    }

    /** Where the lab is. */
    static final class Place {
        @Option(names = "--state", paramLabel = "FOLDER", description = "Where running hosts are recorded (by default"
                + " ~/.local/state/drover/lab).")
        private Path state = Lab.defaultState();

        @Option(names = "--cache", paramLabel = "FOLDER", description = "Where Debian packages are kept (by default"
                + " ~/.cache/drover/debian).")
        private Path cache = DebianPackages.defaultCache();

        Lab lab() {
            return new Lab(state, cache, System.err::println);
        }
    }

    @Command(name = "up", description = "Starts emulated hosts h1, h2, … and waits until they run commands.")
    static final class Up implements Callable<Integer> {
        @Mixin
        private Place place;

        @Option(names = "--hosts", defaultValue = "1", description = "How many (${DEFAULT-VALUE}).")
        private int hosts;

        @Option(names = "--cpus", defaultValue = "2", description = "Emulated CPUs of each (${DEFAULT-VALUE}).")
        private int cpus;

        @Option(names = "--memory", defaultValue = "3G", description = "Memory of each, such as 2G (${DEFAULT-VALUE}).")
        private String memory;

        @Option(names = "--forward", paramLabel = "PORT", description = {
                "A TCP port of each host that gets a port on this machine's loopback; 'status' shows which (7071)."})
        private List<Integer> forward = List.of(7071);

        @Option(names = "--share", paramLabel = "FOLDER", description = {
                "A folder of this machine that the hosts may write to, under the same path."})
        private List<Path> share = List.of();

        @Option(names = "--timeout", paramLabel = "SECONDS", defaultValue = "180", description = {
                "How long a host may take to start (${DEFAULT-VALUE})."})
        private int timeoutSeconds;

        @Override
        public Integer call() throws IOException, InterruptedException {
            List<HostSpec> specs = new ArrayList<>();
            for (int number = 1; number <= hosts; number++) {
                specs.add(new HostSpec("h" + number, number, cpus, MemorySize.parseMebibytes(memory), forward,
                        share.stream().map(folder -> folder.toAbsolutePath().normalize()).toList()));
            }
            for (LabHost host : place.lab().up(specs, Duration.ofSeconds(timeoutSeconds))) {
                System.out.println(describe(host));
            }
            return 0;
        }
    }

    @Command(name = "run",
            description = "Runs a command in a host, with its streams and its exit code; 255 when the host fails.")
    static final class Run implements Callable<Integer> {
        private static final int HOST_FAILED = 255;

        @Mixin
        private Place place;

        @Option(names = "--refresh",
                description = "First let the host forget what it remembers of this machine's files, so that"
                        + " it sees files that have changed since it looked at them.")
        private boolean refresh;

        @Parameters(index = "0", paramLabel = "HOST")
        private String host;

        @Parameters(index = "1..*", arity = "1..*", paramLabel = "COMMAND")
        private List<String> words = List.of();

        @Override
        public Integer call() throws InterruptedException {
            try {
                LabHost found = place.lab().host(host);
                if (refresh) {
                    found.refresh();
                }
                List<String> command = words.getFirst().equals("--") ? words.subList(1, words.size()) : words;
                ShellScript script = ShellScript.of(command).in(System.getProperty("user.dir"));
                return found.run(script, System.in, System.out, System.err);
            } catch (IOException e) {
                System.err.println("drover lab: " + e.getMessage());
                return HOST_FAILED;
            }
        }
    }

    @Command(name = "ssh",
            description = "Opens a shell in a host. No SSH is involved: nothing listens but on the loopback, to"
                    + " whoever can read the lab's state folder.")
    static final class Ssh implements Callable<Integer> {
        @Mixin
        private Place place;

        @Parameters(index = "0", paramLabel = "HOST", defaultValue = "h1", description = "${DEFAULT-VALUE}")
        private String host;

        @Override
        public Integer call() throws IOException, InterruptedException {
            LabHost found = place.lab().host(host);
            try (LocalTerminal terminal = LocalTerminal.raw()) {
                int[] size = terminal.size();
                ShellScript shell = ShellScript
                        .terminal(size[0], size[1], System.getenv().getOrDefault("TERM", "vt100"))
                        .in(System.getProperty("user.dir"));
                return found.run(shell, System.in, System.out, System.err);
            }
        }
    }

    @Command(name = "status", description = "Shows the hosts that run.")
    static final class Status implements Callable<Integer> {
        @Mixin
        private Place place;

        @Override
        public Integer call() throws IOException {
            List<LabHost> hosts = place.lab().hosts();
            if (hosts.isEmpty()) {
                System.err.println("no emulated host runs; start some with 'drover lab up'");
            }
            for (LabHost host : hosts) {
                System.out.println(describe(host));
            }
            return 0;
        }
    }

    @Command(name = "down", description = "Ends the hosts; nothing in them is kept.")
    static final class Down implements Callable<Integer> {
        @Mixin
        private Place place;

        @Override
        public Integer call() throws IOException, InterruptedException {
            List<String> ended = place.lab().down();
            System.err.println(ended.isEmpty() ? "no emulated host ran" : "ended " + String.join(", ", ended));
            return 0;
        }
    }

    private static String describe(LabHost host) {
        String ports = host.forwardedPorts().entrySet().stream()
                .map(entry -> "127.0.0.1:" + entry.getValue() + " -> " + entry.getKey())
                .collect(Collectors.joining(", "));
        String shell = host.timeToShell().isZero() ? "starting"
                : "shell after %.1f s".formatted(host.timeToShell().toMillis() / 1000.0);
        return "%s  %d CPUs, %d MiB, %s, ports %s, pid %d, console %s".formatted(host.name(), host.cpus(),
                host.memoryMebibytes(), shell,
                ports.isEmpty() ? "none" : ports, host.pid(), host.console());
    }
}
