package io.drover.agent.driver.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.confinement.Belongings;
import io.drover.agent.confinement.Confinement;
import io.drover.agent.confinement.ConfinementChoice;
import io.drover.agent.confinement.Confinements;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.DetachedProcess;
import io.drover.agent.process.ProcessTable;
import io.drover.vmm.client.VmmCommand;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmSettings;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** passt confines itself, by namespaces, a root of its own and a filter: it must be able to within a VMM's sandbox. */
@Timeout(60)
final class ConfinedNetworkTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path temp;

    private static boolean isInstalled(String program) {
        return List.of("/usr/bin", "/bin", "/usr/local/bin").stream()
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    private static Confinement confinement(ConfinementChoice choice, Path data, VmmProgram program) throws Exception {
        try {
            return new Confinements(data, program.files(), List.of()).find(choice);
        } catch (IOException e) {
            assumeTrue(false, e.getMessage());
            throw e;
        }
    }

    @ParameterizedTest
    @EnumSource(ConfinementChoice.class)
    void userNetworkStartsAndEndsWithItsVmm(ConfinementChoice choice) throws Exception {
        Path device = Path.of("/dev/kvm");
        assumeTrue(Files.isReadable(device) && Files.isWritable(device), "no /dev/kvm that this user may open");
        assumeTrue(isInstalled("passt"), "passt is not installed");
        Path data = temp.toRealPath();
        VmFolder folder = new VmFolder(data.resolve("vms/uid"));
        folder.create();
        VmmProgram program = VmmProgram.installed();
        Confinement confinement = confinement(choice, data, program);
        KvmFiles files = new KvmFiles(folder);
        Path kernel = Files.write(data.resolve("kernel"), TinyGuest.withBanner("tiny guest").elf());
        new VmmSettings("vm", "uid", 1, 1, 16L << 20, kernel, Optional.empty(), "", KvmFiles.CONTROL_SOCKET,
                folder.consoleLog(), 0, files.exit(), false)
                .withNics(List.of(VmmNic.user("net", "52:54:00:00:00:01", List.of())))
                .write(files.settings());
        VmmCommand command = program.command(files.settings(), confinement.filtersCalls());
        List<Path> readable = new ArrayList<>(program.files());
        readable.addAll(List.of(files.settings(), kernel));

        DetachedProcess child = DetachedProcess.start(
                confinement.enclose(folder, new Belongings(readable, List.of(), List.of()), command.arguments()),
                command.environment(), folder.run(), folder.lock(), folder.vmmLog());
        try {
            await(folder.vmmLog(), "passt runs as process");
        } finally {
            assertThat(ProcessTable.endAll(files.settings().toString(), PATIENCE)).isTrue();
            child.identity().awaitEnd(PATIENCE);
        }
    }

    private static void await(Path log, String words) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!Files.readString(log).contains(words)) {
            assertThat(System.nanoTime()).as(() -> "the log says: " + contentOf(log)).isLessThan(deadline);
            Thread.sleep(10);
        }
    }

    private static String contentOf(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
