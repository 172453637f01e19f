package io.drover.agent.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.drover.agent.console.Console;
import io.drover.agent.folder.FolderWatch;
import io.drover.agent.folder.SavedState;
import io.drover.agent.folder.LogReader;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.process.ProcessTable;
import io.drover.agent.testing.Cluster;
import io.drover.agent.testing.ConsoleReader;
import io.drover.agent.testing.TestBridge;
import io.drover.vmm.client.DiskImages;
import io.drover.vmm.client.HostClock;
import io.drover.vmm.client.UserNetworks;
import io.drover.vmm.client.VmmDisk;
import io.drover.vmm.client.VmmCpuidEntry;
import io.drover.vmm.testing.TinyGuest;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What every driver must do, tried with a tiny guest. */
@Timeout(120)
abstract class DriverSuite {
    private static final String BANNER = "tiny guest here";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path temp;

    private final List<Machine> machines = new ArrayList<>();
    private FolderWatch watches;
    private VmFolder folder;
    private Driver driver;
    private Path kernel;

    /** The driver; an assumption fails, saying what is missing, where it cannot run. */
    abstract Driver driver(FolderWatch watches) throws Exception;

    @BeforeEach
    void prepare() throws Exception {
        watches = new FolderWatch();
        driver = driver(watches);
        // Longer than the address of a Unix socket may be.
        folder = new VmFolder(temp.toRealPath().resolve("a-long-name-".repeat(10)).resolve("uid-1"));
        folder.create();
        kernel = Files.write(temp.resolve("kernel"), TinyGuest.withBanner(BANNER).elf());
    }

    @AfterEach
    void endMachines() throws Exception {
        for (Machine machine : machines) {
            machine.kill();
            assertThat(machine.process().awaitEnd(PATIENCE)).isTrue();
            machine.close();
        }
        watches.close();
        assertThat(driver.processes(folder)).as("processes left behind").isEmpty();
    }

    FolderWatch watches() {
        return watches;
    }

    private MachinePlan plan() {
        return new MachinePlan(new VmIdentity("tiny", "uid-1", 1), 1, 16L << 20, kernel, Optional.empty(),
                "console=ttyS0");
    }

    private Machine spawn(Console console) throws Exception {
        return spawn(plan(), console);
    }

    private Machine spawn(MachinePlan plan, Console console) throws Exception {
        driver.check(plan);
        Machine machine = driver.spawn(plan, folder, console);
        machines.add(machine);
        return machine;
    }

    private static MachineEnd end(Machine machine) throws Exception {
        return machine.end().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Starts the guest and waits until it says so. */
    private Machine running(Console console, ConsoleReader reader) throws Exception {
        Machine machine = spawn(console);
        reader.await(BANNER + "\r\n");
        return machine;
    }

    @Test
    void guestIsSeenFromItsFirstByteAndHearsWhatIsTyped() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            reader.type("hello there");
            reader.await("hello there");

            assertThat(machine.process().isAlive()).isTrue();
            assertThat(driver.processes(folder)).containsExactly(machine.process());
        }
    }

    @Test
    void guestIsSavedAndGoesOnInAnotherProcess() throws Exception {
        assumeTrue(driver instanceof SavingDriver, "driver " + driver.name() + " saves no guests");
        SavedState saved = new SavedState(folder);
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            machine.saving().orElseThrow().save(saved.written(), progress -> {});
            machine.kill();
            assertThat(end(machine)).isEqualTo(new MachineEnd.Killed());
        }
        saved.keep(1);
        assertThat(saved.kept()).hasValue(1);

        Console another = new Console();
        try (ConsoleReader reader = new ConsoleReader(another)) {
            driver.check(plan());
            Machine machine = ((SavingDriver) driver).spawnSaved(plan(), folder, another, saved.of(1));
            machines.add(machine);
            saved.clear();
            machine.saving().orElseThrow().goOn();
            reader.type("still there");
            assertThat(reader.await("still there")).doesNotContain(BANNER);
        }
        assertThat(saved.kept()).isEmpty();
    }

    @Test
    void socketsAndPortsAreInTheRunFolder() throws Exception {
        MachinePlan plain = plan();
        MachineConsoles consoles = new MachineConsoles(false, List.of("org.qemu.guest_agent.0", "other"));
        MachinePlan sockets = new MachinePlan(plain.identity(), plain.vcpus(), plain.memoryBytes(), plain.kernel(),
                plain.initramfs(), plain.commandLine(), List.of(), List.of(), true, consoles,
                Optional.empty(), GuestDevices.NONE);
        MachinePlan ports = new MachinePlan(plain.identity(), plain.vcpus(), plain.memoryBytes(), plain.kernel(),
                plain.initramfs(), plain.commandLine(), List.of(), List.of(), false, consoles,
                Optional.empty(), GuestDevices.NONE);
        boolean vsock = driver.name().equals("kvm");
        if (!vsock) {
            assertThatThrownBy(() -> driver.check(sockets)).isInstanceOf(UnsupportedPlanException.class)
                    .hasMessage("the driver qemu has no vsock");
        }
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = spawn(vsock ? sockets : ports, console);
            reader.await(BANNER + "\r\n");
            assertThat(folder.run().resolve("port-org.qemu.guest_agent.0")).exists();
            assertThat(folder.run().resolve("port-other")).exists();
            MachineCounters counters = machine.counters();
            assertThat(counters.consolePorts()).extracting(MachineCounters.PortCounters::name)
                    .containsExactlyElementsOf(vsock ? consoles.ports() : List.of());
            assertThat(counters.vsock()).isEqualTo(
                    vsock ? Optional.of(new MachineCounters.VsockCounters(0, 0, 0, 0, 0, 0)) : Optional.empty());
            assertThat(Files.exists(folder.run().resolve("vsock"))).isEqualTo(vsock);
        }
    }

    @Test
    void vcpusArePinnedAndMemoryIsThereBeforeTheGuestRuns() throws Exception {
        MachineShare share = new MachineShare(MachineShare.SMALL_PAGE_BYTES, true, List.of(0), List.of(0), List.of(),
                List.of("taskset", "--cpu-list", "0"));
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = spawn(plan().withShare(share), console);
            reader.await(BANNER + "\r\n");
            assertThat(driver.processes(folder)).containsExactly(machine.process());
            Path process = Path.of("/proc", Long.toString(machine.process().pid()));
            assertThat(Files.readString(process.resolve("status"))).containsPattern("Cpus_allowed_list:\\s*0\n");
            assertThat(Files.readString(process.resolve("numa_maps"))).as("memory of a node").contains("bind:0");
        }
    }

    @Test
    void guestThatRebootsCanBeShownTheCpuThatItWasShown() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine first = running(console, reader);
            List<VmmCpuidEntry> shown = first.cpuid();
            assertThat(shown.isEmpty()).as("of QEMU it is not known").isEqualTo(driver.name().equals("qemu"));
            reader.type(TinyGuest.REBOOT);
            assertThat(end(first)).isEqualTo(new MachineEnd.Rebooted());
            first.close();

            MachineShare same = new MachineShare(MachineShare.SMALL_PAGE_BYTES, false, List.of(), List.of(), shown,
                    List.of());
            assertThat(spawn(plan().withShare(same), console).cpuid()).isEqualTo(shown);
        }
    }

    @Test
    void guestThatNeedsALeaseRunsOnlyWhileItHasOneOrIsRefused() throws Exception {
        MachinePlan plain = plan();
        MachinePlan leased = new MachinePlan(plain.identity(), plain.vcpus(), plain.memoryBytes(), plain.kernel(),
                plain.initramfs(), plain.commandLine(), List.of(), List.of(), false, MachineConsoles.NONE,
                Optional.empty(), GuestDevices.NONE, MachineShare.PLAIN, true);
        if (!driver.name().equals("kvm")) {
            assertThatThrownBy(() -> driver.check(leased)).isInstanceOf(UnsupportedPlanException.class)
                    .hasMessage("the driver qemu has no leases, which HA policies need");
            return;
        }
        driver.check(leased);
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = spawn(leased, console);
            assertThatThrownBy(() -> machine.renewLease(HostClock.bootNanos() - 1)).hasMessageContaining("over since");
            assertThat(reader.text()).isEmpty();
            machine.renewLease(HostClock.bootNanos() + Duration.ofMinutes(1).toNanos());
            reader.await(BANNER + "\r\n");
        }
    }

    private MachinePlan withDisks(MachineDisk... disks) {
        MachinePlan plain = plan();
        return new MachinePlan(plain.identity(), plain.vcpus(), plain.memoryBytes(), plain.kernel(), plain.initramfs(),
                plain.commandLine(), List.of(disks), List.of());
    }

    @Test
    void balloonWatchdogAndGenerationIdAreThereAndTheGuestRuns() throws Exception {
        MachinePlan plain = plan();
        MachinePlan plan = new MachinePlan(plain.identity(), plain.vcpus(), plain.memoryBytes(), plain.kernel(),
                plain.initramfs(), plain.commandLine(), List.of(), List.of(), false, MachineConsoles.NONE,
                Optional.empty(), new GuestDevices(true, Optional.of(GuestDevices.Watchdog.RESET),
                        Optional.of(new UUID(1, 2))));
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = spawn(plan, console);
            reader.await(BANNER + "\r\n");
            // The tiny guest has no driver for any of them. QEMU does not count what its watchdog does, or what it gave back.
            boolean kvm = driver.name().equals("kvm");
            MachineCounters counters = machine.counters();
            assertThat(counters.balloon()).contains(new MachineCounters.BalloonCounters(plan.memoryBytes(),
                    plan.memoryBytes(), kvm ? OptionalLong.of(0) : OptionalLong.empty(),
                    kvm ? OptionalLong.of(0) : OptionalLong.empty(), Optional.empty()));
            assertThat(counters.watchdog())
                    .isEqualTo(kvm ? Optional.of(new MachineCounters.WatchdogCounters(false, 0)) : Optional.empty());
            assertThat(counters.rngBytes()).isEqualTo(kvm ? OptionalLong.of(0) : OptionalLong.empty());
            machine.pressPowerButton();
            assertThat(end(machine)).isEqualTo(new MachineEnd.PoweredOff());
        }
    }

    @Test
    void disksAreOpenedAsTheyWereAskedAndTheGuestRuns() throws Exception {
        Path base = Files.write(temp.resolve("base"), new byte[1 << 20]).toRealPath();
        Path root = temp.toRealPath().resolve("root.qcow2");
        DiskImages.create(root, 2 << 20, Optional.of(new VmmDisk.File(base, VmmDisk.Format.RAW)));
        Path data = temp.toRealPath().resolve("data.qcow2");
        DiskImages.create(data, 1 << 20, Optional.empty());
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = spawn(withDisks(
                    new MachineDisk("root", root,
                            Optional.of(new MachineDisk.Backing(base, MachineDisk.Format.RAW)), false, "root", false),
                    new MachineDisk("data", data, Optional.empty(), true, "S-1", true)), console);
            reader.await(BANNER + "\r\n");

            Map<Path, Boolean> open = openFiles(machine.process());
            assertThat(open).containsEntry(root, true).containsEntry(base, false).containsEntry(data, false);
            // The tiny guest knows no disks.
            assertThat(machine.counters().disks()).containsExactly(
                    new MachineCounters.DiskCounters("root", 0, 0, 0, 0, 0, 0, 0),
                    new MachineCounters.DiskCounters("data", 0, 0, 0, 0, 0, 0, 0));
            machine.pressPowerButton();
            assertThat(end(machine)).isEqualTo(new MachineEnd.PoweredOff());
            assertThatThrownBy(machine::counters).isInstanceOf(IOException.class);
        }
    }

    /** The files that a process has open, and whether it may write to them (proc(5), fd and fdinfo). */
    private static Map<Path, Boolean> openFiles(ProcessIdentity process) throws IOException {
        Map<Path, Boolean> open = new HashMap<>();
        Path proc = Path.of("/proc", Long.toString(process.pid()));
        try (DirectoryStream<Path> handles = Files.newDirectoryStream(proc.resolve("fd"))) {
            for (Path handle : handles) {
                Path target;
                String info;
                try {
                    target = Files.readSymbolicLink(handle);
                    info = Files.readString(proc.resolve("fdinfo").resolve(handle.getFileName()));
                } catch (NoSuchFileException closedMeanwhile) {
                    continue;
                }
                String flags = info.lines().filter(line -> line.startsWith("flags:")).findFirst().orElseThrow();
                // The lowest octal digit is the access mode: 0 is O_RDONLY.
                open.merge(target, flags.charAt(flags.length() - 1) % 4 != 0, Boolean::logicalOr);
            }
        }
        return open;
    }

    @Test
    void diskThatCannotBeOpenedKeepsTheGuestFromRunningAndIsNamed() {
        Path gone = temp.resolve("gone.qcow2");
        assertThatThrownBy(() -> spawn(
                withDisks(new MachineDisk("root", gone, Optional.empty(), false, "root", false)), new Console()))
                .hasMessageContaining("gone.qcow2");
    }

    private MachinePlan withNics(MachineNic... nics) {
        MachinePlan plain = plan();
        return new MachinePlan(plain.identity(), plain.vcpus(), plain.memoryBytes(), plain.kernel(), plain.initramfs(),
                plain.commandLine(), List.of(), List.of(nics));
    }

    private static MachineNic nic(MachineNic.Network network, int queuePairs) {
        return new MachineNic("a-name-as-long-as-names-of-nics-may-be-and-not-one-character-mo", "52:54:00:12:34:56",
                network, 1500, queuePairs, MachineNic.Rate.ANY, MachineNic.Rate.ANY);
    }

    @Test
    void userNetworkListensAtThePortsThatItForwardsAndEndsWithTheMachine() throws Exception {
        assumeTrue(Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(bin -> Files.isExecutable(Path.of(bin, UserNetworks.PROGRAM))),
                "install the Debian package passt");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = spawn(withNics(nic(new MachineNic.Network.User(List.of(
                    new MachineNic.Forward(MachineNic.Protocol.TCP, "127.0.0.1", port, 80))), 1)), console);
            reader.await(BANNER + "\r\n");
            Cluster.await("the forwarded port", () -> {
                try (Socket visitor = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    return visitor.isConnected();
                } catch (ConnectException notYet) {
                    return false;
                }
            });
            machine.process().kill();
            end(machine);
            Cluster.await("the end of passt", () -> ProcessTable.withArgument(UserNetworks.mark("uid-1")).isEmpty());
        }
    }

    @Test
    void tapIsOpenedWithAsManyQueuesAsThereArePairs() throws Exception {
        String tap = "dvs" + ProcessHandle.current().pid();
        Optional<TestBridge> bridge = TestBridge.make();
        assumeTrue(bridge.isPresent(), "this process may not make tap devices: run as root");
        bridge.get().close();
        for (int pairs : List.of(1, 3)) {
            TestBridge.ip(pairs == 1 ? new String[] {"tuntap", "add", "dev", tap, "mode", "tap"}
                    : new String[] {"tuntap", "add", "dev", tap, "mode", "tap", "multi_queue"});
            Console console = new Console();
            try (ConsoleReader reader = new ConsoleReader(console)) {
                TestBridge.ip("link", "set", "dev", tap, "up");
                Machine machine = spawn(withNics(nic(new MachineNic.Network.Tap(tap), pairs)), console);
                reader.await(BANNER + "\r\n");
                assertThat(TestBridge.fact(tap, "carrier")).isEqualTo("1");
                // The host says something to a device that comes up, such as its IPv6 address, or nothing.
                MachineCounters.NicCounters nic = machine.counters().nics().getFirst();
                assertThat(nic.name()).startsWith("a-name-as-long");
                assertThat(nic.sentFrames()).isZero();
                reader.type(TinyGuest.POWER_OFF);
                assertThat(end(machine)).isEqualTo(new MachineEnd.PoweredOff());
            } finally {
                TestBridge.ip("link", "delete", tap);
            }
        }
    }

    @Test
    void powerButtonStopsAGuestThatListens() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            machine.pressPowerButton();

            assertThat(end(machine)).isEqualTo(new MachineEnd.PoweredOff());
            assertThat(machine.process().isAlive()).isFalse();
        }
    }

    @Test
    void guestThatIgnoresThePowerButtonRunsOnUntilKilled() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            reader.type(TinyGuest.TOGGLE_BUTTON);
            reader.await(TinyGuest.IGNORING);
            machine.pressPowerButton();
            reader.type("still here");
            reader.await("still here");
            machine.kill();

            assertThat(end(machine)).isEqualTo(new MachineEnd.Killed());
        }
    }

    @Test
    void guestThatSpinsIsKilled() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            reader.type(TinyGuest.SPIN);
            machine.pressPowerButton();
            machine.kill();

            assertThat(end(machine)).isEqualTo(new MachineEnd.Killed());
        }
    }

    @Test
    void powerOffByTheGuestIsTold() throws Exception {
        assertThat(endAfter(TinyGuest.POWER_OFF)).isEqualTo(new MachineEnd.PoweredOff());
    }

    @Test
    void rebootByTheGuestIsToldAndTheMachineStartsAgain() throws Exception {
        assertThat(endAfter(TinyGuest.REBOOT)).isEqualTo(new MachineEnd.Rebooted());

        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            running(console, reader);
        }
    }

    @Test
    void panicIsTold() throws Exception {
        assertThat(endAfter(TinyGuest.PANIC)).isInstanceOfSatisfying(MachineEnd.Panicked.class,
                end -> assertThat(end.message()).contains("pvpanic"));
    }

    @Test
    void tripleFaultIsAPanic() throws Exception {
        assertThat(endAfter(TinyGuest.TRIPLE_FAULT)).isInstanceOfSatisfying(MachineEnd.Panicked.class,
                end -> assertThat(end.message()).contains("triple fault"));
    }

    private MachineEnd endAfter(String command) throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            reader.type(command);
            return end(machine);
        }
    }

    @Test
    void processKilledFromOutsideIsAFailureThatNamesTheSignal() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            machine.process().kill();

            assertThat(end(machine)).isInstanceOfSatisfying(MachineEnd.Failed.class,
                    end -> assertThat(end.message()).contains("SIGKILL"));
        }
    }

    @Test
    void processTerminatedFromOutsideIsAFailure() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            assertThat(ProcessHandle.of(machine.process().pid()).orElseThrow().destroy()).isTrue();

            assertThat(end(machine)).isInstanceOf(MachineEnd.Failed.class);
        }
    }

    @Test
    void everySessionSeesAndTypesAndLaterOnesGetTheScrollback() throws Exception {
        Console console = new Console();
        try (ConsoleReader first = new ConsoleReader(console)) {
            running(console, first);
            first.type("from the first");
            first.await("from the first");
            try (ConsoleReader second = new ConsoleReader(console)) {
                second.await(BANNER);
                second.await("from the first");
                second.type(" and the second");
                second.await(" and the second");
            }
            first.await(" and the second");
        }
    }

    @Test
    void burstComesWholeAndTheLogHasItToo() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            reader.type(TinyGuest.BURST);
            reader.await(TinyGuest.burst());
            reader.type(TinyGuest.POWER_OFF);
            end(machine);

            assertThat(reader.lost()).isZero();
            assertThat(new String(LogReader.tail(folder.consoleLog(), 1 << 20), StandardCharsets.ISO_8859_1))
                    .contains(TinyGuest.burst());
        }
    }

    @Test
    void machineIsAdoptedWithItsScrollbackWhereverItWasLeft() throws Exception {
        Console before = new Console();
        Machine left;
        try (ConsoleReader reader = new ConsoleReader(before)) {
            left = running(before, reader);
            reader.type("typed before");
            reader.await("typed before");
        }
        left.close();

        Console after = new Console();
        assertThat(driver.adopt(plan(), folder, after)).isInstanceOfSatisfying(Adoption.Adopted.class, adoption -> {
            machines.add(adoption.machine());
            assertThat(adoption.machine().process()).isEqualTo(left.process());
        });
        try (ConsoleReader reader = new ConsoleReader(after)) {
            assertThat(reader.await("typed before")).containsOnlyOnce(BANNER);
            reader.type(" and after");
            reader.await(" and after");
            machines.getLast().pressPowerButton();
            assertThat(end(machines.getLast())).isEqualTo(new MachineEnd.PoweredOff());
        }
    }

    @Test
    void endThatNobodySawIsToldToWhoeverAdopts() throws Exception {
        Console console = new Console();
        Machine left;
        try (ConsoleReader reader = new ConsoleReader(console)) {
            left = running(console, reader);
            reader.type(TinyGuest.REBOOT);
            reader.await("r\r\n");
            left.close();
        }
        assertThat(left.process().awaitEnd(PATIENCE)).isTrue();

        assertThat(driver.adopt(plan(), folder, new Console()))
                .isEqualTo(new Adoption.Ended(new MachineEnd.Rebooted()));
    }

    @Test
    void nothingIsAdoptedWhereNothingWasSpawned() throws Exception {
        assertThat(driver.adopt(plan(), folder, new Console())).isEqualTo(new Adoption.NoTrace());
    }

    @Test
    void secondProcessForAFolderIsRefused() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);

            assertThatThrownBy(() -> driver.spawn(plan(), folder, new Console())).isInstanceOf(IOException.class)
                    .hasMessageContaining("lock");
            assertThat(driver.processes(folder)).containsExactly(machine.process());
        }
    }

    @Test
    void kernelThatIsNoneIsRefused() throws Exception {
        Files.writeString(kernel, "no kernel at all");

        assertThatThrownBy(() -> {
            driver.check(plan());
            machines.add(driver.spawn(plan(), folder, new Console()));
        }).isInstanceOf(UnbootableException.class).hasMessageContaining("kernel");
    }

    @Test
    void kernelThatIsCutOffIsRefused() throws Exception {
        byte[] whole = TinyGuest.withBanner(BANNER).elf();
        Files.write(kernel, Arrays.copyOf(whole, whole.length - 100));

        assertThatThrownBy(() -> {
            driver.check(plan());
            machines.add(driver.spawn(plan(), folder, new Console()));
        }).isInstanceOf(UnbootableException.class).hasMessageContaining("kernel");
    }

    @Test
    void pidUsedAgainByAnotherProcessIsNotTakenForTheMachine() throws Exception {
        Console console = new Console();
        try (ConsoleReader reader = new ConsoleReader(console)) {
            Machine machine = running(console, reader);
            ProcessIdentity later = new ProcessIdentity(machine.process().pid(), machine.process().startTicks() + 1);

            assertThat(later.isAlive()).isFalse();
            later.kill();
            reader.type("alive");
            reader.await("alive");
        }
    }
}
