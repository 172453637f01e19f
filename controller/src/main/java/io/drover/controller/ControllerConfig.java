package io.drover.controller;

import io.drover.controller.agent.TlsFolder;
import io.drover.controller.record.IdSyntax;
import io.drover.scheduler.placement.Policy;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * All that a controller is told when it starts.
 *
 * @param zookeeper connect string of an ensemble; empty: ZooKeeper runs inside
 * @param zookeeperListen where the ZooKeeper inside listens
 * @param id of this controller among several; empty: one is made and kept in the data folder
 */
record ControllerConfig(InetSocketAddress listen, Path data, Optional<String> zookeeper,
        InetSocketAddress zookeeperListen,
        Optional<Path> readyFile, Optional<TlsFolder> tls, Optional<String> id, Policy policy) {
    /** Or everything that is wrong, all at once. */
    sealed interface Outcome {
        record Usable(ControllerConfig config) implements Outcome {}

        record Unusable(List<String> problems) implements Outcome {}
    }

    static Outcome read(Options options) {
        List<String> problems = new ArrayList<>();
        Optional<TlsFolder> tls = options.tlsDir().map(TlsFolder::new);
        tls.ifPresent(folder -> problems.addAll(folder.problems()));
        Optional<InetSocketAddress> listen = address("--listen", options.listen(), problems);
        Optional<InetSocketAddress> zookeeperListen = address("--zookeeper-listen", options.zookeeperListen(),
                problems);
        if (listen.isPresent() && !listen.get().getAddress().isLoopbackAddress() && tls.isEmpty()
                && !options.insecure()) {
            problems.add("--listen : " + options.listen()
                    + " is not a loopback address, and without TLS whoever reaches it may do "
                    + "anything (expected: --tls-dir, or --insecure if that is meant)");
        }
        if (options.zookeeper().isEmpty() && zookeeperListen.isPresent()
                && !zookeeperListen.get().getAddress().isLoopbackAddress() && !options.insecure()) {
            problems.add("--zookeeper-listen : " + options.zookeeperListen()
                    + " is not a loopback address, and the ZooKeeper inside "
                    + "has no TLS (expected: an ensemble of your own with --zookeeper, or --insecure if that is meant)");
        }
        options.zookeeper().filter(String::isBlank)
                .ifPresent(blank -> problems.add("--zookeeper : blank (expected: host:port,host:port,…)"));
        options.id().filter(id -> !IdSyntax.holds(id))
                .ifPresent(id -> problems.add("--id : " + id + " (expected: " + IdSyntax.RULE + ")"));
        Optional<Policy> policy = policy(options.placement(), problems);
        if (!problems.isEmpty()) {
            return new Outcome.Unusable(problems);
        }
        return new Outcome.Usable(new ControllerConfig(listen.orElseThrow(), options.data(), options.zookeeper(),
                zookeeperListen.orElseThrow(), options.readyFile(), tls, options.id(), policy.orElseThrow()));
    }

    /** As on the command line. */
    record Options(String listen, Path data, Optional<String> zookeeper, String zookeeperListen,
            Optional<Path> readyFile,
            Optional<Path> tlsDir, boolean insecure, Optional<String> id, String placement) {}

    private static Optional<InetSocketAddress> address(String option, String text, List<String> problems) {
        try {
            return Optional.of(ListenAddress.parse(text).socketAddress());
        } catch (IllegalArgumentException e) {
            problems.add(option + " : " + e.getMessage());
        } catch (UnknownHostException e) {
            problems.add(option + " : " + text + " (expected: a host that can be resolved): " + e.getMessage());
        }
        return Optional.empty();
    }

    private static Optional<Policy> policy(String text, List<String> problems) {
        for (Policy policy : Policy.values()) {
            if (policy.name().toLowerCase(Locale.ROOT).equals(text)) {
                return Optional.of(policy);
            }
        }
        problems.add("--placement : " + text + " (expected: pack or spread)");
        return Optional.empty();
    }
}
