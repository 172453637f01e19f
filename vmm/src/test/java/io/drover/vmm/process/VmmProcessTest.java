package io.drover.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.drover.vmm.accelerator.CodeGuest;
import io.drover.vmm.client.VmmBalloonStatus;
import io.drover.vmm.client.VmmClient;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmDiskStatus;
import io.drover.vmm.client.VmmEnd;
import io.drover.vmm.client.VmmEnd.Cause;
import io.drover.vmm.client.VmmNic;
import io.drover.vmm.client.VmmRefusedException;
import io.drover.vmm.client.VmmStatus;
import io.drover.vmm.client.VmmWatchdogStatus;
import io.drover.vmm.testing.DiskGuest;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole VMM processes on this machine's KVM. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VmmProcessTest {
    @TempDir
    private Path folder;

    private VmmRig rig;

    @BeforeEach
    void prepare() throws IOException {
        CodeGuest.openOrSkip().close();
        rig = new VmmRig(folder);
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.close();
        }
    }

    @Test
    void balloonIsAskedAndItsStateTold() throws Exception {
        VmmClient client = rig.memoryDevices().start().connectAndAwaitBanner();
        VmmBalloonStatus before = client.status().balloon().orElseThrow();
        assertThat(before.targetBytes()).isEqualTo(4 << 20);
        assertThat(before.residentBytes()).isBetween(4096L, 4L << 20);
        assertThat(client.status().watchdog()).contains(new VmmWatchdogStatus(Optional.empty(), 0));

        client.setMemoryTarget(3 << 20);
        assertThat(client.status().balloon().orElseThrow().targetBytes()).isEqualTo(3 << 20);
        assertThatThrownBy(() -> client.setMemoryTarget(5 << 20)).isInstanceOf(VmmRefusedException.class)
                .hasMessageContaining("memory target : 5242880 bytes");
        type(client, TinyGuest.POWER_OFF);
        assertThat(rig.awaitEnd().cause()).isEqualTo(Cause.GUEST_POWERED_OFF);
    }

    @Test
    void targetOfAVmWithoutABalloonIsRefused() throws Exception {
        VmmClient client = rig.start().connectAndAwaitBanner();
        assertThat(client.status().balloon()).isEmpty();
        assertThatThrownBy(() -> client.setMemoryTarget(3 << 20)).isInstanceOf(VmmRefusedException.class)
                .hasMessageContaining("no balloon");
        client.stop();
    }

    @Test
    void guestTalksAndPowersOff() throws Exception {
        VmmClient client = rig.start().connectAndAwaitBanner();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(rig.socket()))).isEqualTo("rw-------");

        type(client, "some words\n");
        rig.awaitConsole("some words\r\n");
        VmmStatus status = client.status();
        assertThat(status.state()).isEqualTo(VmmStatus.State.RUNNING);
        assertThat(status.pid()).isEqualTo(rig.process().pid());
        assertThat(status.exits()).isPositive();
        assertThat(status.firstInstruction()).hasValueSatisfying(time -> assertThat(time).isPositive());

        type(client, TinyGuest.POWER_OFF);
        assertThat(rig.nextEvent()).isEqualTo("RUNNING");
        assertThat(rig.nextEvent()).isEqualTo("ENDED");
        assertThat(rig.nextEvent()).isEqualTo("GUEST_POWERED_OFF");
        assertThat(rig.nextEvent()).isEqualTo("disconnected");
        VmmEnd end = rig.awaitEnd();
        assertThat(end.cause()).isEqualTo(Cause.GUEST_POWERED_OFF);
        assertThat(end.epoch()).isEqualTo(VmmRig.EPOCH);
        assertThat(folder.resolve("console.log")).content().contains(VmmRig.BANNER, "some words");
        assertThat(rig.socket()).doesNotExist();
    }

    @Test
    void guestWithPciDevicesIsNoOther() throws Exception {
        Path disk = Files.write(folder.resolve("disk"), new byte[4096]);
        VmmClient client = rig.disks(VmmDisk.raw(disk, "serial")).start().connectAndAwaitBanner();
        assertThat(client.status().disks()).containsExactly(
                new VmmDiskStatus("disk0", 0, 0, 0, 0, 0, 0, 0, 4096, false));
        type(client, TinyGuest.POWER_OFF);
        assertThat(rig.awaitEnd().cause()).isEqualTo(Cause.GUEST_POWERED_OFF);
    }

    @Test
    void diskComesAndIsTakenAwayAgain() throws Exception {
        Path file = Files.write(folder.resolve("disk"), new byte[4096]);
        VmmDisk disk = VmmDisk.raw(file, "serial").withId("d2");
        VmmClient client = rig.hotPlug().start().connectAndAwaitBanner();
        client.attachDisk(disk);
        client.attachDisk(disk);
        assertThat(client.status().disks()).containsExactly(
                new VmmDiskStatus("d2", 0, 0, 0, 0, 0, 0, 0, 4096, false));
        refused("CONFLICT", () -> client.attachDisk(disk.withRate(new VmmDisk.Rate(0, 5))));
        refused("HOST_FAILED", () -> client.attachDisk(disk.withId("d3")));
        refused("HOST_FAILED", () -> client.attachDisk(VmmDisk.raw(folder.resolve("missing"), "").withId("d3")));
        refused("BAD_REQUEST", () -> client.attachDisk(disk.withId("no name")));
        refused("BAD_REQUEST", () -> client.resizeDisk("d2", 512));
        refused("UNSUPPORTED", () -> client.attachNic(VmmNic.user("n2", "52:54:00:00:00:02", List.of())));
        refused("FAILED", () -> client.resizeDisk("d3", 8192));
        client.resizeDisk("d2", 8192);
        client.resizeDisk("d2", 8192);
        assertThat(Files.size(file)).isEqualTo(8192);

        VmmDisk.Rate rate = new VmmDisk.Rate(1 << 20, 5);
        client.limitDisk("d2", rate);
        client.limitDisk("d2", rate);
        client.attachDisk(disk.withRate(rate));
        refused("CONFLICT", () -> client.attachDisk(disk));
        refused("BAD_REQUEST", () -> client.limitDisk("d2", new VmmDisk.Rate(-1, 0)));
        refused("FAILED", () -> client.limitDisk("d3", rate));
        client.limitDisk("d2", VmmDisk.Rate.ANY);

        client.detach("d2", false);
        assertThat(client.status().disks()).as("this guest never answers").containsExactly(
                new VmmDiskStatus("d2", 0, 0, 0, 0, 0, 0, 0, 8192, true));
        client.attachDisk(disk);
        assertThat(client.status().disks().getFirst().leaving()).isFalse();

        client.detach("d2", true);
        long until = System.nanoTime() + VmmRig.LONG.toNanos();
        while (!client.status().disks().isEmpty()) {
            assertThat(System.nanoTime()).as(rig.log()).isLessThan(until);
        }
        client.detach("d2", true);
        client.attachDisk(disk.withId("d3"));
        type(client, TinyGuest.POWER_OFF);
        assertThat(rig.awaitEnd().cause()).isEqualTo(Cause.GUEST_POWERED_OFF);
    }

    @Test
    void limitsHoldAtOnceForAGuestThatIsBusyAndForOneThatWaits() throws Exception {
        int places = 16;
        Path file = Files.write(folder.resolve("disk"), new byte[places * DiskGuest.PLACE_BYTES]);
        VmmDisk disk = VmmDisk.raw(file, "serial").withId("d1");
        VmmClient client = rig.memoryBytes(4 << 20).hotPlug().disks(disk.withRate(new VmmDisk.Rate(0, 1)))
                .kernel(Files.write(folder.resolve("guest"), DiskGuest.elf(places))).start().connect();
        awaitRequests(client, 1);
        // At one a second it would take a quarter of an hour.
        client.limitDisk("d1", VmmDisk.Rate.ANY);
        awaitRequests(client, 1000);

        client.limitDisk("d1", new VmmDisk.Rate(0, 1));
        long limited = System.nanoTime();
        long before = requests(client);
        long after = before;
        for (int look = 0; look < 200; look++) {
            after = requests(client);
        }
        long seconds = (System.nanoTime() - limited) / 1_000_000_000;
        assertThat(after - before).as("a burst of one, and one that was under way").isBetween(0L, seconds + 3);
    }

    private static long requests(VmmClient client) throws Exception {
        VmmDiskStatus disk = client.status().disks().getFirst();
        return disk.reads() + disk.writes();
    }

    private void awaitRequests(VmmClient client, long count) throws Exception {
        long until = System.nanoTime() + VmmRig.LONG.toNanos();
        while (requests(client) < count) {
            assertThat(System.nanoTime()).as(rig.log()).isLessThan(until);
        }
    }

    @Test
    void machineWithoutHotPlugSaysSo() throws Exception {
        VmmClient client = rig.start().connectAndAwaitBanner();
        refused("UNSUPPORTED", () -> client.attachDisk(VmmDisk.raw(folder.resolve("disk"), "").withId("d2")));
        refused("UNSUPPORTED", () -> client.detach("d2", false));
        refused("UNSUPPORTED", () -> client.limitDisk("d2", VmmDisk.Rate.ANY));
    }

    private interface Call {
        void run() throws Exception;
    }

    private static void refused(String reason, Call call) {
        assertThatThrownBy(call::run).isInstanceOfSatisfying(VmmRefusedException.class,
                refused -> assertThat(refused.reason()).as(refused.getMessage()).isEqualTo(reason));
    }

    @Test
    void diskThatCannotBeOpenedIsNamed() throws Exception {
        rig.disks(VmmDisk.raw(folder.resolve("missing"), "serial")).start();
        VmmEnd end = rig.awaitEnd();
        assertThat(end.cause()).isEqualTo(Cause.HOST_FAILED);
        assertThat(end.message()).contains("missing", "ENOENT");
    }

    @ParameterizedTest
    @CsvSource({"REBOOT, GUEST_REBOOTED", "PANIC, GUEST_PANICKED", "TRIPLE_FAULT, GUEST_PANICKED"})
    void endsFromWithinAreToldApart(String command, Cause cause) throws Exception {
        VmmClient client = rig.start().connectAndAwaitBanner();
        type(client, (String) TinyGuest.class.getField(command).get(null));
        VmmEnd end = rig.awaitEnd();
        assertThat(end.cause()).as(end.message()).isEqualTo(cause);
    }

    @ParameterizedTest
    @ValueSource(strings = {TinyGuest.HALT, TinyGuest.SPIN, "x"})
    void stopEndsAnyGuest(String command) throws Exception {
        VmmClient client = rig.vcpus(4).start().connectAndAwaitBanner();
        type(client, command);
        client.stop();
        assertThat(rig.awaitEnd().cause()).isEqualTo(Cause.KILLED);
    }

    @Test
    void terminationIsAStop() throws Exception {
        rig.start().connectAndAwaitBanner();
        rig.process().destroy();
        assertThat(rig.awaitEnd().cause()).isEqualTo(Cause.KILLED);
    }

    @Test
    void killedProcessLeavesNoExitFile() throws Exception {
        rig.start().connectAndAwaitBanner();
        rig.process().destroyForcibly().waitFor();
        assertThat(VmmEnd.read(rig.exitFile())).isEmpty();
        assertThat(rig.nextEvent()).isEqualTo("RUNNING");
        assertThat(rig.nextEvent()).isEqualTo("disconnected");
    }

    @Test
    void guestStartsPausedAndRunsUnderItsEpochOnly() throws Exception {
        VmmClient client = rig.startPaused().start().connect();
        assertThatThrownBy(() -> client.resume(VmmRig.EPOCH + 1)).isInstanceOfSatisfying(VmmRefusedException.class,
                refused -> assertThat(refused.reason()).isEqualTo("WRONG_EPOCH"));
        assertThat(client.status()).satisfies(status -> assertThat(status.exits()).isZero())
                .satisfies(status -> assertThat(status.firstInstruction()).isEmpty());
        client.resume(VmmRig.EPOCH);
        rig.connectAndAwaitBanner();
    }

    @Test
    void pausedGuestAnswersAfterItIsResumed() throws Exception {
        VmmClient client = rig.vcpus(2).start().connectAndAwaitBanner();
        client.pause();
        assertThat(client.status().state()).isEqualTo(VmmStatus.State.PAUSED);
        long exits = client.status().exits();
        type(client, "held back\n");
        assertThat(client.status().exits()).isEqualTo(exits);
        assertThat(rig.console()).doesNotContain("held back");
        client.resume(VmmRig.EPOCH);
        rig.awaitConsole("held back\r\n");
        client.pause();
        client.stop();
        assertThat(rig.awaitEnd().cause()).isEqualTo(Cause.KILLED);
    }

    @Test
    void powerButtonIsTheGuestsToHeed() throws Exception {
        VmmClient client = rig.start().connectAndAwaitBanner();
        type(client, TinyGuest.TOGGLE_BUTTON);
        rig.awaitConsole(TinyGuest.IGNORING);
        client.powerButton();
        type(client, "still here\n");
        rig.awaitConsole("still here\r\n");
        type(client, TinyGuest.TOGGLE_BUTTON);
        rig.awaitConsole(TinyGuest.HEEDING);
        client.powerButton();
        assertThat(rig.awaitEnd().cause()).isEqualTo(Cause.GUEST_POWERED_OFF);
    }

    @Test
    void consoleSurvivesWhoeverIsAttached() throws Exception {
        VmmClient first = rig.start().connectAndAwaitBanner();
        type(first, "typed by the first\n");
        rig.awaitConsole("typed by the first\r\n");
        first.close();

        ConsoleText scrollback = new ConsoleText();
        VmmClient second = rig.connect();
        second.attachConsole(false, scrollback);
        type(second, "and the second\n");
        scrollback.await("and the second\r\n", VmmRig.LONG);
        assertThat(scrollback.text()).startsWith(VmmRig.BANNER).contains("typed by the first");
    }

    @Test
    void unreadableKernelIsAStartThatFailed() throws Exception {
        assertStartFails(rig.kernel(folder.resolve("missing")), "missing : cannot be read: no such file");
    }

    @Test
    void kernelOfNonsenseIsAStartThatFailed() throws Exception {
        Path nonsense = Files.writeString(folder.resolve("nonsense"), "not a kernel at all".repeat(1000));
        assertStartFails(rig.kernel(nonsense), "not a kernel");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -4096, 4097 << 10 | 1})
    void memoryThatCannotBeIsAStartThatFailed(long bytes) throws Exception {
        assertStartFails(rig.memoryBytes(bytes), "memory : " + bytes + " bytes (expected: at ");
    }

    @Test
    void memoryThatThisHostDoesNotHaveIsTheHostsFault() throws Exception {
        VmmEnd end = rig.memoryBytes(1L << 50).start().awaitEnd();
        assertThat(end.cause()).isEqualTo(Cause.HOST_FAILED);
        assertThat(end.message()).contains("memory : " + (1L << 50) + " bytes (expected: at most ");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 65})
    void vcpusThatCannotBeAreAStartThatFailed(int count) throws Exception {
        assertStartFails(rig.vcpus(count), "vcpus : " + count + " (expected: 1 to 64)");
    }

    private static void assertStartFails(VmmRig rig, String message) throws Exception {
        VmmEnd end = rig.start().awaitEnd();
        assertThat(end.cause()).isEqualTo(Cause.START_FAILED);
        assertThat(end.message()).contains(message);
        assertThat(rig.log()).doesNotContain("\n    at ");
    }

    private static void type(VmmClient client, String text) throws Exception {
        client.consoleInput(text.getBytes(StandardCharsets.US_ASCII));
    }
}
