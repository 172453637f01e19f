package io.drover.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ProcessIdentityTest {
    private static final Duration GRACE = Duration.ofSeconds(20);

    private Process process;

    @BeforeEach
    void start() throws IOException {
        process = new ProcessBuilder("sleep", "600").start();
    }

    @AfterEach
    void end() {
        process.destroyForcibly();
    }

    @Test
    void survivesAFile() throws IOException {
        ProcessIdentity identity = ProcessIdentity.of(process.toHandle());
        Properties properties = new Properties();
        identity.putInto(properties);

        assertThat(ProcessIdentity.from(properties)).isEqualTo(identity);
    }

    @Test
    void runsUntilItHasBeenEnded() throws Exception {
        ProcessIdentity identity = ProcessIdentity.of(process.toHandle());
        assertThat(identity.isRunning()).isTrue();

        identity.end(GRACE);

        assertThat(identity.isRunning()).isFalse();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anotherProcessOfTheSamePidIsLeftAlone() throws Exception {
        ProcessIdentity now = ProcessIdentity.of(process.toHandle());
        ProcessIdentity earlier = new ProcessIdentity(now.pid(), now.startTicks() - 1, now.bootId());
        ProcessIdentity beforeTheBoot = new ProcessIdentity(now.pid(), now.startTicks(), "another");

        assertThat(earlier.isRunning()).isFalse();
        assertThat(beforeTheBoot.isRunning()).isFalse();
        earlier.end(GRACE);
        beforeTheBoot.end(GRACE);
        assertThat(process.isAlive()).isTrue();
    }

    @Test
    void whatDoesNotEndIsMadeTo() throws Exception {
        Process stubborn = new ProcessBuilder("sh", "-c", "trap '' TERM; echo; while :; do sleep 600; done").start();
        try {
            // Its line tells that the trap is set.
            assertThat(stubborn.getInputStream().read()).isEqualTo('\n');

            ProcessIdentity.of(stubborn.toHandle()).end(Duration.ofMillis(100));

            assertThat(stubborn.waitFor(20, TimeUnit.SECONDS)).isTrue();
        } finally {
            stubborn.descendants().forEach(ProcessHandle::destroyForcibly);
            stubborn.destroyForcibly();
        }
    }
}
