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
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives tests the one emulated host that all of them share: booted for the first, ended after the last. */
final class EmulatedHost implements ParameterResolver {
    /** Where the agent listens in the host. */
    static final int AGENT_PORT = 7071;

    private static final Duration BOOT = Duration.ofMinutes(5);

    /** The running lab; closed by JUnit when all tests have run. */
    private record Running(Lab lab, LabHost host, Path state) implements AutoCloseable {
        static Running boot() {
            try {
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
        Running running = context.getRoot().getStore(ExtensionContext.Namespace.create(EmulatedHost.class))
                .computeIfAbsent(Running.class, ignored -> Running.boot(), Running.class);
        return parameter.getParameter().getType() == Lab.class ? running.lab() : running.host();
    }
}
