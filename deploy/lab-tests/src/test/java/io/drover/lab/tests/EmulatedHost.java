package io.drover.lab.tests;

import io.drover.debian.DebianPackages;
import io.drover.lab.HostSpec;
import io.drover.lab.Lab;
import io.drover.lab.LabHost;
import io.drover.lab.Requirements;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives tests the one emulated host that all of them share, or a pair of it and a second one in its network. Each is booted for
 * the first that asks, and ended after the last; there are others if one dies.
 */
final class EmulatedHost implements ParameterResolver {
    /** Where the agent listens in a host. */
    static final int AGENT_PORT = 7071;

    private static final HostSpec FIRST = new HostSpec("h1", 1, 2, 7168, List.of(AGENT_PORT), List.of());
    private static final HostSpec SECOND = new HostSpec("h2", 2, 2, 4096, List.of(AGENT_PORT), List.of());
    private static final Duration BOOT = Duration.ofMinutes(5);

    /** Of a lab that runs already ({@code drover lab up --state}), for whoever writes a test; it is left as it is. */
    private static final Optional<Path> STATE = Optional.ofNullable(System.getProperty("drover.lab.state"))
            .map(Path::of);

    /** The running lab; closed by JUnit when all tests have run. */
    private static final class Running implements AutoCloseable {
        private final Lab lab;
        private final LabHost first;
        private final Path state;
        private Optional<LabHost> second = Optional.empty();

        private Running(Lab lab, LabHost first, Path state) {
            this.lab = lab;
            this.first = first;
            this.state = state;
        }

        static Running boot() {
            try {
                if (STATE.isPresent()) {
                    Lab lab = new Lab(STATE.get(), DebianPackages.defaultCache(), line -> {});
                    return new Running(lab, lab.host(FIRST.name()), STATE.get());
                }
                Path state = Files.createTempDirectory("drover-lab-");
                Lab lab = new Lab(state, DebianPackages.defaultCache(), line -> System.out.println("lab: " + line));
                return new Running(lab, booted(lab.up(List.of(FIRST), BOOT).getFirst()), state);
            } catch (IOException e) {
                throw new IllegalStateException("the lab does not come up: " + e.getMessage(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }

        private static LabHost booted(LabHost host) {
            System.out.printf("lab: %s's shell after %.1f s%n", host.name(), host.timeToShell().toMillis() / 1000.0);
            return host;
        }

        synchronized HostPair pair() {
            try {
                if (second.isEmpty()) {
                    second = Optional.of(
                            STATE.isPresent() ? lab.host(SECOND.name()) : booted(lab.add(SECOND, BOOT)));
                }
                return new HostPair(first, second.get());
            } catch (IOException e) {
                throw new IllegalStateException("there is no second host: " + e.getMessage(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
        }

        synchronized boolean isWhole() throws IOException {
            List<String> running = lab.hosts().stream().map(LabHost::name).toList();
            return running.contains(first.name())
                    && (second.isEmpty() || running.contains(second.get().name()));
        }

        @Override
        public void close() throws IOException {
            if (STATE.isPresent()) {
                return;
            }
            try {
                lab.down();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            Files.deleteIfExists(state.resolve("lock"));
            Files.delete(state);
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == LabHost.class || type == HostPair.class || type == Lab.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        List<String> missing = Requirements.missingPackages();
        Assumptions.assumeTrue(missing.isEmpty(), () -> "skipped: install the packages " + String.join(", ", missing));
        Running running = running(context);
        Class<?> type = parameter.getParameter().getType();
        if (type == Lab.class) {
            return running.lab;
        }
        return type == HostPair.class ? running.pair() : running.first;
    }

    private static Running running(ExtensionContext context) {
        ExtensionContext.Store store = context.getRoot()
                .getStore(ExtensionContext.Namespace.create(EmulatedHost.class));
        Running running = store.computeIfAbsent(Running.class, ignored -> Running.boot(), Running.class);
        try {
            if (running.isWhole()) {
                return running;
            }
            // One that died took the test with it that ran then, and is to take no other.
            System.out.println("lab: a host has died; the lab is started again");
            store.remove(Running.class);
            running.close();
        } catch (IOException e) {
            throw new IllegalStateException("the lab cannot be looked at: " + e.getMessage(), e);
        }
        return store.computeIfAbsent(Running.class, ignored -> Running.boot(), Running.class);
    }
}
