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
 * Gives tests the one emulated host that all of them share: booted for the first, ended after the last, and another if it dies.
 */
final class EmulatedHost implements ParameterResolver {
    /** Where the agent listens in the host. */
    static final int AGENT_PORT = 7071;

    private static final Duration BOOT = Duration.ofMinutes(5);

    /** Of a lab that runs already ({@code drover lab up --state}), for whoever writes a test; it is left as it is. */
    private static final Optional<Path> STATE = Optional.ofNullable(System.getProperty("drover.lab.state"))
            .map(Path::of);

    /** The running lab; closed by JUnit when all tests have run. */
    private record Running(Lab lab, LabHost host, Path state) implements AutoCloseable {
        static Running boot() {
            try {
                if (STATE.isPresent()) {
                    Lab lab = new Lab(STATE.get(), DebianPackages.defaultCache(), line -> {});
                    return new Running(lab, lab.host("h1"), STATE.get());
                }
                Path state = Files.createTempDirectory("drover-lab-");
                Lab lab = new Lab(state, DebianPackages.defaultCache(), line -> System.out.println("lab: " + line));
                LabHost host = lab.up(List.of(new HostSpec("h1", 1, 2, 7168, List.of(AGENT_PORT), List.of())), BOOT)
                        .getFirst();
                System.out.printf("lab: the host's shell after %.1f s%n", host.timeToShell().toMillis() / 1000.0);
                return new Running(lab, host, state);
            } catch (IOException e) {
                throw new IllegalStateException("the lab does not come up: " + e.getMessage(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted", e);
            }
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
        return type == LabHost.class || type == Lab.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        List<String> missing = Requirements.missingPackages();
        Assumptions.assumeTrue(missing.isEmpty(), () -> "skipped: install the packages " + String.join(", ", missing));
        Running running = running(context);
        return parameter.getParameter().getType() == Lab.class ? running.lab() : running.host();
    }

    private static Running running(ExtensionContext context) {
        ExtensionContext.Store store = context.getRoot()
                .getStore(ExtensionContext.Namespace.create(EmulatedHost.class));
        Running running = store.computeIfAbsent(Running.class, ignored -> Running.boot(), Running.class);
        try {
            if (!running.lab().hosts().isEmpty()) {
                return running;
            }
            // One that died took the test with it that ran then, and is to take no other.
            System.out.println("lab: the host has died; another is started");
            store.remove(Running.class);
            running.close();
        } catch (IOException e) {
            throw new IllegalStateException("the lab cannot be looked at: " + e.getMessage(), e);
        }
        return store.computeIfAbsent(Running.class, ignored -> Running.boot(), Running.class);
    }
}
