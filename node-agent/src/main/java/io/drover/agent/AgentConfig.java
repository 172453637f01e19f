package io.drover.agent;

import io.drover.agent.confinement.ConfinementChoice;
import io.drover.agent.host.CpuList;
import io.drover.agent.lease.LeaseTiming;
import io.drover.scheduler.capacity.Overcommit;
import io.drover.scheduler.host.HostId;
import io.drover.vmm.client.MigrationPorts;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * How an agent is to run.
 *
 * @param timing of the session in ZooKeeper and of what depends on it
 * @param listen resolved; port 0 takes a free one
 * @param advertise host:port that controllers are told; empty: where it listens
 * @param migrationPorts at which guests of other hosts come in
 * @param metricsListen where Prometheus is served, resolved; empty: nowhere
 * @param reservedBytes of the host's memory, kept from VMs
 * @param imageBytes beyond which unused images are removed
 * @param drivers the names of those to offer
 * @param slowKvm whether a /dev/kvm that only emulates will do
 * @param bridges the names of those to offer; empty: all
 * @param qemu a program's name, or its file
 * @param confinement of VMMs
 * @param dedicatedCpus of the host, for VMs that have CPUs to themselves
 * @param cgroup below which VMs have cgroups of their own; empty: wherever that can be
 * @param tlsFolder empty: plain text
 */
record AgentConfig(HostId host, String zookeeper, LeaseTiming timing, Path data, InetSocketAddress listen,
        Optional<String> advertise, MigrationPorts migrationPorts, Optional<InetSocketAddress> metricsListen,
        Map<String, String> labels,
        Overcommit overcommit, long reservedBytes,
        long imageBytes,
        Set<String> drivers, boolean slowKvm, Set<String> bridges, String qemu, ConfinementChoice confinement,
        NavigableSet<Integer> dedicatedCpus, Optional<Path> cgroup,
        Optional<Path> readyFile,
        Optional<Path> tlsFolder) {
    static final Set<String> DRIVERS = Set.of("kvm", "qemu");
    private static final Pattern LABEL = Pattern.compile("[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?");
    private static final int MAX_RECORD_LABELS = 16;

    AgentConfig {
        labels = Map.copyOf(labels);
        drivers = Set.copyOf(drivers);
        bridges = Set.copyOf(bridges);
    }

    /**
     * Checks what was typed.
     *
     * @throws BadConfigException with every problem
     */
    static AgentConfig of(AgentOptions options) throws BadConfigException {
        Checker checker = new Checker();
        Optional<HostId> host = checker.required("--host", options.host)
                .flatMap(name -> checker.valid("--host", name, HostId::new));
        Optional<String> zookeeper = checker.required("--zookeeper", options.zookeeper);
        Optional<Path> data = checker.required("--data", options.data).map(Path::of);
        Optional<LeaseTiming> timing = checker.timing(options);
        Optional<InetSocketAddress> listen = checker.address("--listen", options.listen);
        options.advertise.ifPresent(address -> checker.hostAndPort("--advertise", address));
        Optional<Path> tls = options.tlsFolder.map(Path::of);
        listen.ifPresent(address -> checker.exposure("--listen", address, tls, options.insecure));
        if (listen.isPresent() && listen.get().getAddress().isAnyLocalAddress()) {
            checker.callable(options);
        }
        Optional<MigrationPorts> migrationPorts = checker.valid("--migration-ports", options.migrationPorts,
                MigrationPorts::parse);
        Optional<InetSocketAddress> metrics = options.metricsListen
                .flatMap(text -> checker.address("--metrics-listen", text));
        metrics.ifPresent(address -> checker.exposure("--metrics-listen", address, tls, options.insecure));
        tls.ifPresent(checker::tlsFolder);
        checker.labels(options.labels);
        Optional<Double> vcpus = checker.number("--vcpu-overcommit", options.vcpuOvercommit, 0.01, 100);
        Optional<Double> memory = checker.number("--memory-overcommit", options.memoryOvercommit, 0.01, 100);
        Optional<Long> reserved = checker.size("--reserve-memory", options.reserveMemory);
        Optional<Long> images = checker.size("--image-space", options.imageSpace);
        checker.drivers(options.drivers);
        Optional<ConfinementChoice> confinement = checker.confinement(options.vmmConfinement);
        Optional<NavigableSet<Integer>> dedicated = checker.valid("--dedicated-cpus", options.dedicatedCpus,
                CpuList::parse);
        checker.end();
        return new AgentConfig(host.orElseThrow(), zookeeper.orElseThrow(),
                timing.orElseThrow(), data.orElseThrow(), listen.orElseThrow(),
                options.advertise, migrationPorts.orElseThrow(), metrics, options.labels,
                new Overcommit(vcpus.orElseThrow(), memory.orElseThrow()),
                reserved.orElseThrow(),
                images.orElseThrow(), options.drivers.isEmpty() ? DRIVERS : new TreeSet<>(options.drivers),
                options.slowKvm,
                Set.copyOf(options.bridges), options.qemu, confinement.orElseThrow(),
                dedicated.orElseThrow(), options.cgroup.map(Path::of),
                options.readyFile.map(Path::of), tls);
    }

    /** Gathers problems. */
    private static final class Checker {
        private final List<String> problems = new ArrayList<>();

        Optional<String> required(String option, Optional<String> value) {
            if (value.filter(text -> !text.isBlank()).isEmpty()) {
                problems.add(option + " is missing");
                return Optional.empty();
            }
            return value;
        }

        <T> Optional<T> valid(String option, String text, Function<String, T> made) {
            try {
                return Optional.of(made.apply(text));
            } catch (IllegalArgumentException e) {
                problems.add(option + ": " + e.getMessage());
                return Optional.empty();
            }
        }

        Optional<Double> number(String option, String text, double min, double max) {
            try {
                double number = Double.parseDouble(text);
                if (number >= min && number <= max) {
                    return Optional.of(number);
                }
            } catch (NumberFormatException expected) {
                // Told below, as a number out of range is.
            }
            problems.add(option + " : " + text + " (expected: a number from " + min + " to " + max + ")");
            return Optional.empty();
        }

        Optional<Duration> seconds(String option, String text, double min, double max) {
            return number(option, text, min, max).map(seconds -> Duration.ofMillis(Math.round(seconds * 1000)));
        }

        Optional<LeaseTiming> timing(AgentOptions options) {
            Optional<Duration> session = seconds("--zookeeper-session", options.zookeeperSession, 2, 300);
            Optional<Duration> lease = seconds("--lease", options.lease, 1, 300);
            Optional<Duration> tick = seconds("--zookeeper-tick", options.zookeeperTick, 0.1, 60);
            Optional<Double> syncLimit = number("--zookeeper-sync-limit", options.zookeeperSyncLimit, 1, 1000);
            Optional<Duration> drift = seconds("--clock-drift", options.clockDrift, 0, 60);
            Optional<Duration> wait = options.takeoverWait
                    .flatMap(text -> seconds("--takeover-wait", text, 0, 86_400));
            if (session.isEmpty() || lease.isEmpty() || tick.isEmpty() || syncLimit.isEmpty() || drift.isEmpty()
                    || (wait.isEmpty() && options.takeoverWait.isPresent())) {
                return Optional.empty();
            }
            int ticks = (int) Math.ceil(syncLimit.get());
            LeaseTiming timing = wait.isPresent()
                    ? new LeaseTiming(session.get(), lease.get(), tick.get(), ticks, drift.get(), wait.get())
                    : LeaseTiming.withShortestWait(session.get(), lease.get(), tick.get(), ticks, drift.get());
            problems.addAll(timing.problems());
            return Optional.of(timing);
        }

        Optional<Long> size(String option, String text) {
            Optional<Long> bytes = ByteSize.parse(text);
            if (bytes.isEmpty()) {
                problems.add(option + " : " + text + " (expected: a size such as 512M, 2G, or bytes)");
            }
            return bytes;
        }

        Optional<String[]> hostAndPort(String option, String text) {
            int colon = text.lastIndexOf(':');
            boolean wellFormed = colon > 0 && text.substring(colon + 1).matches("\\d{1,5}")
                    && Integer.parseInt(text.substring(colon + 1)) <= 65_535;
            if (!wellFormed) {
                problems.add(option + " : " + text + " (expected: HOST:PORT, with a port up to 65535)");
                return Optional.empty();
            }
            return Optional.of(new String[] {text.substring(0, colon), text.substring(colon + 1)});
        }

        Optional<InetSocketAddress> address(String option, String text) {
            return hostAndPort(option, text).flatMap(parts -> {
                try {
                    return Optional
                            .of(new InetSocketAddress(InetAddress.getByName(parts[0]), Integer.parseInt(parts[1])));
                } catch (UnknownHostException e) {
                    problems.add(option + " : " + text + " (expected: an address of this machine; " + parts[0]
                            + " is not known)");
                    return Optional.empty();
                }
            });
        }

        void exposure(String option, InetSocketAddress address, Optional<Path> tls, boolean insecure) {
            if (!address.getAddress().isLoopbackAddress() && tls.isEmpty() && !insecure) {
                problems.add(option + " : " + address.getHostString() + ":" + address.getPort()
                        + " is reachable from other machines without protection: give --tls-dir,"
                        + " or --insecure if you mean it");
            }
        }

        void callable(AgentOptions options) {
            if (options.advertise.isEmpty()) {
                problems.add("--listen : " + options.listen
                        + " is no address that controllers could call: give --advertise");
            }
        }

        void tlsFolder(Path folder) {
            for (String name : List.of("ca.pem", "cert.pem", "key.pem")) {
                if (!Files.isReadable(folder.resolve(name))) {
                    problems.add("--tls-dir : " + folder + " has no readable " + name);
                }
            }
        }

        void labels(Map<String, String> labels) {
            labels.forEach((key, value) -> {
                if (!LABEL.matcher(key).matches() || !LABEL.matcher(value).matches()) {
                    problems.add("--label : " + key + "=" + value
                            + " (expected: key and value of 1 to 63 letters, digits, '.', '_', '/' and '-')");
                }
            });
            if (labels.size() > MAX_RECORD_LABELS) {
                problems.add("--label : " + labels.size() + " labels (expected: at most " + MAX_RECORD_LABELS + ")");
            }
        }

        void drivers(List<String> names) {
            for (String name : names) {
                if (!DRIVERS.contains(name)) {
                    problems.add("--driver : " + name + " (expected: kvm or qemu)");
                }
            }
        }

        Optional<ConfinementChoice> confinement(String text) {
            Optional<ConfinementChoice> choice = ConfinementChoice.of(text);
            if (choice.isEmpty()) {
                problems.add("--vmm-confinement : " + text + " (expected: auto, own-users, namespaces or none)");
            }
            return choice;
        }

        void end() throws BadConfigException {
            if (!problems.isEmpty()) {
                throw new BadConfigException(problems);
            }
        }
    }
}
