package io.drover.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the lab keeps in its state folder; a sleeping process stands for QEMU. */
class LabTest {
    private static final HostSpec SPEC = new HostSpec("h1", 1, 2, 2048, List.of(7071), List.of());

    @TempDir
    private Path folder;

    private Process process;

    @BeforeEach
    void start() throws IOException {
        process = new ProcessBuilder("sleep", "600").start();
    }

    @AfterEach
    void end() {
        process.destroyForcibly();
    }

    private Lab lab() {
        return new Lab(folder.resolve("state"), folder.resolve("cache"), ignored -> {});
    }

    private void record(HostSpec spec) throws IOException {
        var ports = new TreeMap<Integer, Integer>();
        ports.put(1, 40001);
        ports.put(7071, 40002);
        new LabHost(HostFolder.create(folder.resolve("state").resolve(spec.name())), spec, "token", ports,
                ProcessIdentity.of(process.toHandle()), Duration.ofMillis(6543)).store();
    }

    @Test
    void anotherProcessFindsTheHost() throws IOException {
        record(SPEC);

        LabHost found = lab().host("h1");

        assertThat(found.localPort(7071)).hasValue(40002);
        assertThat(found.localPort(80)).isEmpty();
        assertThat(found.forwardedPorts()).containsExactlyEntriesOf(new TreeMap<>(Map.of(7071, 40002)));
        assertThat(found.commandPort()).isEqualTo(40001);
        assertThat(found.address()).isEqualTo("10.1.0.1");
        assertThat(found.token()).isEqualTo("token");
        assertThat(found.timeToShell()).isEqualTo(Duration.ofMillis(6543));
    }

    @Test
    void nobodyElseMayReadAHostsFolder() throws IOException {
        record(SPEC);

        assertThat(Files.getPosixFilePermissions(folder.resolve("state/h1")))
                .hasToString("[OWNER_READ, OWNER_WRITE, OWNER_EXECUTE]");
    }

    @Test
    void unknownHostIsRefusedWithThoseThatRun() throws IOException {
        assertThatThrownBy(() -> lab().host("h2")).isInstanceOf(LabException.class)
                .hasMessageContaining("drover lab up");
        record(SPEC);
        assertThatThrownBy(() -> lab().host("h2")).isInstanceOf(LabException.class).hasMessageContaining("running: h1");
    }

    @Test
    void downEndsWhatRunsAndForgetsIt() throws Exception {
        record(SPEC);

        assertThat(lab().down()).containsExactly("h1");

        assertThat(process.onExit().get(20, TimeUnit.SECONDS).isAlive()).isFalse();
        assertThat(lab().hosts()).isEmpty();
        assertThat(folder.resolve("state/h1")).doesNotExist();
        assertThat(lab().down()).isEmpty();
    }

    @Test
    void hostThatEndedByItselfIsNotListedAndItsFolderGoes() throws Exception {
        record(SPEC);
        process.destroyForcibly().waitFor();

        assertThat(lab().hosts()).isEmpty();
        assertThat(lab().down()).isEmpty();
        assertThat(folder.resolve("state/h1")).doesNotExist();
    }

    @Test
    void damagedRecordIsNoHost() throws Exception {
        record(SPEC);
        Files.writeString(folder.resolve("state/h1/host.properties"), "pid=x\n");

        assertThat(lab().hosts()).isEmpty();
    }

    @Test
    void hostThatTakesNoCommandsIsNamed() throws IOException {
        record(SPEC);

        assertThatThrownBy(() -> lab().host("h1").run(Duration.ofSeconds(20), "true")).isInstanceOf(LabException.class)
                .hasMessageContaining("h1");
    }

    @Test
    void tooLongSocketPathIsRefusedBeforeAnythingStarts() {
        Path deep = folder.resolve("x".repeat(100));

        assertThatThrownBy(() -> HostFolder.create(deep.resolve("h1"))).isInstanceOf(LabException.class)
                .hasMessageContaining("--state");
        assertThat(deep).doesNotExist();
    }

    @Test
    void interruptedUpLeavesNothing() throws Exception {
        HostFolder host = new HostFolder(folder.resolve("state").resolve("h1"));
        try (StartingHosts starting = new StartingHosts()) {
            assertThatThrownBy(() -> starting.start(host, made -> {
                Files.writeString(made.console(), "half");
                throw new LabException("as QEMU fails to start");
            })).isInstanceOf(LabException.class);
        }
        assertThat(host.path()).doesNotExist();
    }

    @Test
    void hostJoinsTheNetworkOverTheSocketOfAnother() {
        HostFolder first = new HostFolder(folder.resolve("h1"));

        assertThat(new QemuCommand(SPEC, first, Path.of("/k"), Optional.empty()).words())
                .contains("hubport,id=hosts,hubid=1", "hubport,id=nowhere,hubid=1")
                .noneMatch(word -> word.contains("uplink"));
        assertThat(new QemuCommand(SPEC, first, Path.of("/k"), Optional.of(first.wire(2))).words()).contains(
                "stream,id=uplink,server=off,addr.type=unix,addr.path=" + folder.resolve("h1/net-2"),
                "hubport,id=uplink-port,hubid=1,netdev=uplink");
    }

    @Test
    void hostIsAddedToALabThatRunsOnlyAndOnlyOnce() throws Exception {
        assertThatThrownBy(() -> lab().add(SPEC, Duration.ofSeconds(20))).isInstanceOf(LabException.class)
                .hasMessageContaining("drover lab up");
        record(SPEC);
        for (HostSpec same : List.of(new HostSpec("h1", 2, 1, 512, List.of(), List.of()),
                new HostSpec("h2", 1, 1, 512, List.of(), List.of()))) {
            assertThatThrownBy(() -> lab().add(same, Duration.ofSeconds(20))).isInstanceOf(LabException.class)
                    .hasMessageContaining(same.name() + ", number " + same.number() + " : runs already");
        }
        assertThat(folder.resolve("state/h2")).doesNotExist();
    }
}
