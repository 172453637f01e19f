package io.drover.vmm.client;

import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.DiskConfig;
import io.drover.proto.vmm.v1.NicConfig;
import io.drover.proto.vmm.v1.RestoreConfig;
import io.drover.proto.vmm.v1.VmmConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What one VMM process is started with: the contents of its {@code vmm.pb}. Values are checked by the VMM when it starts, which
 * ends with START_FAILED and the reason when it cannot use them.
 *
 * @param vm
 *            the VM's name
 * @param uid
 *            of the VM: never used again for another of the same name
 * @param epoch
 *            of the ownership under which this process may run the guest
 * @param vcpus
 *            1 to 64
 * @param memoryBytes
 *            whole pages of 4096 bytes
 * @param kernel
 *            a bzImage or an ELF vmlinux
 * @param commandLine
 *            the kernel's; may be empty
 * @param controlSocket
 *            created by the VMM; at most 107 bytes long
 * @param consoleLog
 *            appended to; rotated to {@code <name>.1}
 * @param consoleLogMaxBytes
 *            at which it is rotated; 0 or less: 16 MiB
 * @param exitFile
 *            where the VMM leaves how it ended, see {@link VmmEnd#read}
 * @param startPaused
 *            wait for {@link VmmClient#resume} before the first guest instruction
 * @param disks
 *            in the order in which the guest finds them
 * @param rng
 *            whether the guest has a source of entropy
 * @param nics
 *            in the order in which the guest finds them
 * @param console
 *            a virtio console device beside the serial port, if there is to be one
 * @param vsock
 *            sockets between the guest and the host, if it has them
 * @param balloon
 *            if there is to be one
 * @param watchdog
 *            what it does, if there is to be one
 * @param generationId
 *            if the guest is to be told one: the same as long as it goes on from where it was, another after it was restored or
 *            cloned
 * @param hotPlug
 *            whether disks and nics may come, and those that are there may go, while the guest runs
 * @param cpuModel
 *            what the guest's CPUs are; empty: all that the host offers
 * @param share
 *            what of the host it is given
 * @param restore
 *            a file of {@link VmmClient#save} to go on from instead of booting; all but files, sockets and networks of the host
 *            must be as it was then
 * @param incoming
 *            whether nothing is booted, as the guest comes from another VMM; all but what is the host's own must be as there
 * @param leaseNeeded
 *            whether the guest runs only while {@link VmmClient#renewLease} carries it
 */
public record VmmSettings(String vm, String uid, long epoch, int vcpus, long memoryBytes, Path kernel,
        Optional<Path> initramfs, String commandLine, Path controlSocket, Path consoleLog, long consoleLogMaxBytes,
        Path exitFile, boolean startPaused, List<VmmDisk> disks, boolean rng,
        List<VmmNic> nics, Optional<VmmConsole> console, Optional<VmmVsock> vsock, Optional<VmmBalloon> balloon,
        Optional<VmmWatchdog> watchdog, Optional<UUID> generationId, boolean hotPlug,
        Optional<VmmCpuModel> cpuModel, VmmShare share, Optional<Path> restore,
        boolean incoming, boolean leaseNeeded) {
    /** The newest format that this code writes and reads. */
    public static final int FORMAT = 9;
    /** What a VMM reads that receives no guest from another. */
    private static final int FORMAT_WITHOUT_MIGRATION = 8;
    /** What a VMM reads that knows no leases. */
    private static final int FORMAT_WITHOUT_LEASES = 7;
    /** What a VMM reads that can only boot a guest. */
    private static final int FORMAT_WITHOUT_RESTORE = 6;
    /** What a VMM reads that knows nothing of the host's pages and CPUs, nor of what a guest was shown before. */
    private static final int FORMAT_WITH_CPU_MODEL = 4;
    /** What a VMM reads that knows no CPU models. */
    private static final int FORMAT_WITHOUT_CPU_MODEL = 3;
    /** What a VMM that knows no PCI devices reads. */
    private static final int FORMAT_WITHOUT_DEVICES = 1;
    /** What a VMM reads that knows no PCI devices but disks without limits, nics and a source of entropy, all of which stay. */
    private static final int FORMAT_WITH_FIRST_DEVICES = 2;
    private static final int UUID_BYTES = 16;

    public VmmSettings {
        Objects.requireNonNull(vm, "vm");
        Objects.requireNonNull(uid, "uid");
        Objects.requireNonNull(kernel, "kernel");
        Objects.requireNonNull(initramfs, "initramfs");
        Objects.requireNonNull(commandLine, "commandLine");
        Objects.requireNonNull(controlSocket, "controlSocket");
        Objects.requireNonNull(consoleLog, "consoleLog");
        Objects.requireNonNull(exitFile, "exitFile");
        disks = List.copyOf(disks);
        nics = List.copyOf(nics);
        Objects.requireNonNull(console, "console");
        Objects.requireNonNull(vsock, "vsock");
        Objects.requireNonNull(balloon, "balloon");
        Objects.requireNonNull(cpuModel, "cpuModel");
        Objects.requireNonNull(watchdog, "watchdog");
        Objects.requireNonNull(generationId, "generationId");
        Objects.requireNonNull(share, "share");
        Objects.requireNonNull(restore, "restore");
    }

    /** Without disks, nics and a source of entropy. */
    public VmmSettings(String vm, String uid, long epoch, int vcpus, long memoryBytes, Path kernel,
            Optional<Path> initramfs, String commandLine, Path controlSocket, Path consoleLog,
            long consoleLogMaxBytes, Path exitFile, boolean startPaused) {
        this(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket, consoleLog,
                consoleLogMaxBytes, exitFile, startPaused, List.of(), false, List.of(), Optional.empty(),
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), false,
                Optional.empty(), VmmShare.PLAIN, Optional.empty(), false, false);
    }

    /** The same with other disks, and with or without a source of entropy. */
    public VmmSettings withDevices(List<VmmDisk> newDisks, boolean newRng) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, newDisks, newRng, nics, console, vsock,
                balloon, watchdog, generationId, hotPlug, cpuModel, share, restore, incoming, leaseNeeded);
    }

    /** The same with other nics. */
    public VmmSettings withNics(List<VmmNic> newNics) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, newNics, console, vsock, balloon,
                watchdog, generationId, hotPlug, cpuModel, share, restore, incoming, leaseNeeded);
    }

    /** The same with a virtio console device. */
    public VmmSettings withConsole(VmmConsole newConsole) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, Optional.of(newConsole), vsock,
                balloon, watchdog, generationId, hotPlug, cpuModel, share, restore, incoming, leaseNeeded);
    }

    /** The same with a socket device. */
    public VmmSettings withVsock(VmmVsock newVsock) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, Optional.of(newVsock),
                balloon, watchdog, generationId, hotPlug, cpuModel, share, restore, incoming, leaseNeeded);
    }

    /** The same with another balloon. */
    public VmmSettings withBalloon(VmmBalloon newBalloon) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, vsock,
                Optional.of(newBalloon), watchdog, generationId, hotPlug, cpuModel, share, restore, incoming,
                leaseNeeded);
    }

    /** The same with another watchdog. */
    public VmmSettings withWatchdog(VmmWatchdog newWatchdog) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, vsock, balloon,
                Optional.of(newWatchdog), generationId, hotPlug, cpuModel, share, restore, incoming, leaseNeeded);
    }

    /** The same with another generation id. */
    public VmmSettings withGenerationId(UUID newGenerationId) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, vsock, balloon,
                watchdog, Optional.of(newGenerationId), hotPlug, cpuModel, share, restore, incoming, leaseNeeded);
    }

    /** The same with devices that come and go while the guest runs. */
    public VmmSettings withHotPlug() {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, vsock, balloon,
                watchdog, generationId, true, cpuModel, share, restore, incoming, leaseNeeded);
    }

    /** The same with these CPUs. */
    public VmmSettings withCpuModel(VmmCpuModel model) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, vsock, balloon,
                watchdog, generationId, hotPlug, Optional.of(model), share, restore, incoming, leaseNeeded);
    }

    /** The same with another share of the host. */
    public VmmSettings withShare(VmmShare newShare) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, vsock, balloon,
                watchdog, generationId, hotPlug, cpuModel, newShare, restore, incoming, leaseNeeded);
    }

    /** The same, going on from a file of {@link VmmClient#save}. */
    public VmmSettings withRestore(Path file) {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, vsock, balloon,
                watchdog, generationId, hotPlug, cpuModel, share, Optional.of(file), incoming, leaseNeeded);
    }

    /** The same, for a guest that comes from another VMM: see {@link VmmClient#receiveMigration}. */
    public VmmSettings withIncoming() {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, vsock, balloon,
                watchdog, generationId, hotPlug, cpuModel, share, restore, true, leaseNeeded);
    }

    /** The same for a guest that runs only while it holds a lease. */
    public VmmSettings withLeaseNeeded() {
        return new VmmSettings(vm, uid, epoch, vcpus, memoryBytes, kernel, initramfs, commandLine, controlSocket,
                consoleLog, consoleLogMaxBytes, exitFile, startPaused, disks, rng, nics, console, vsock, balloon,
                watchdog, generationId, hotPlug, cpuModel, share, restore, incoming, true);
    }

    /** Writes the file whole or not at all. Relative paths are written as they are and mean the VMM's working directory. */
    public void write(Path file) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        Files.write(temporary, toProto().toByteArray());
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IOException
     *             when it cannot be read, is not a configuration, or is of a newer format than this code's
     */
    public static VmmSettings read(Path file) throws IOException {
        VmmConfig config = VmmConfig.parseFrom(Files.readAllBytes(file));
        if (config.getFormat() < FORMAT_WITHOUT_DEVICES || config.getFormat() > FORMAT) {
            throw new IOException(file + " format : " + config.getFormat() + " (expected: " + FORMAT_WITHOUT_DEVICES
                    + " to " + FORMAT + "; start the VMM of the release that wrote it)");
        }
        List<VmmDisk> disks = new ArrayList<>();
        for (DiskConfig disk : config.getDisksList()) {
            disks.add(VmmDisk.of(disk));
        }
        List<VmmNic> nics = new ArrayList<>();
        for (NicConfig nic : config.getNicsList()) {
            nics.add(VmmNic.of(nic));
        }
        return new VmmSettings(config.getVm(), config.getUid(), config.getEpoch(), config.getVcpus(),
                config.getMemoryBytes(), Path.of(config.getKernelPath()),
                config.getInitramfsPath().isEmpty() ? Optional.empty()
                        : Optional.of(Path.of(config.getInitramfsPath())),
                config.getCommandLine(), Path.of(config.getControlSocketPath()), Path.of(config.getConsoleLogPath()),
                config.getConsoleLogMaxBytes(), Path.of(config.getExitPath()), config.getStartPaused(), disks,
                config.getRng(), nics,
                config.hasConsole() ? Optional.of(VmmConsole.of(config.getConsole())) : Optional.empty(),
                config.hasVsock() ? Optional.of(VmmVsock.of(config.getVsock())) : Optional.empty(),
                config.hasBalloon() ? Optional.of(VmmBalloon.of(config.getBalloon())) : Optional.empty(),
                config.hasWatchdog() ? Optional.of(VmmWatchdog.of(config.getWatchdog())) : Optional.empty(),
                config.getGenerationId().isEmpty() ? Optional.empty()
                        : Optional.of(uuid(file, config.getGenerationId())),
                config.getHotPlug(),
                config.hasCpuModel() ? Optional.of(VmmCpuModel.of(config.getCpuModel())) : Optional.empty(),
                VmmShare.of(config),
                config.hasRestore() ? Optional.of(Path.of(config.getRestore().getPath())) : Optional.empty(),
                config.getIncoming(), config.getLeaseNeeded());
    }

    private VmmConfig toProto() {
        VmmConfig.Builder config = VmmConfig.newBuilder()
                .setFormat(format())
                .setVm(vm)
                .setUid(uid)
                .setEpoch(epoch)
                .setVcpus(vcpus)
                .setMemoryBytes(memoryBytes)
                .setKernelPath(kernel.toString())
                .setInitramfsPath(initramfs.isPresent() ? initramfs.get().toString() : "")
                .setCommandLine(commandLine)
                .setControlSocketPath(controlSocket.toString())
                .setConsoleLogPath(consoleLog.toString())
                .setConsoleLogMaxBytes(consoleLogMaxBytes)
                .setExitPath(exitFile.toString())
                .setStartPaused(startPaused)
                .setRng(rng)
                .setHotPlug(hotPlug)
                .setIncoming(incoming)
                .setLeaseNeeded(leaseNeeded);
        for (VmmDisk disk : disks) {
            config.addDisks(disk.toProto());
        }
        for (VmmNic nic : nics) {
            config.addNics(nic.toProto());
        }
        if (console.isPresent()) {
            config.setConsole(console.get().toProto());
        }
        if (vsock.isPresent()) {
            config.setVsock(vsock.get().toProto());
        }
        if (balloon.isPresent()) {
            config.setBalloon(balloon.get().toProto());
        }
        if (cpuModel.isPresent()) {
            config.setCpuModel(cpuModel.get().toProto());
        }
        if (restore.isPresent()) {
            config.setRestore(RestoreConfig.newBuilder().setPath(restore.get().toString()));
        }
        if (watchdog.isPresent()) {
            config.setWatchdog(watchdog.get().toProto());
        }
        if (generationId.isPresent()) {
            config.setGenerationId(bytes(generationId.get()));
        }
        share.addTo(config);
        return config.build();
    }

    private static UUID uuid(Path file, ByteString bytes) throws IOException {
        if (bytes.size() != UUID_BYTES) {
            throw new IOException(file + " generation id : " + bytes.size() + " bytes (expected: " + UUID_BYTES + ")");
        }
        ByteBuffer buffer = bytes.asReadOnlyByteBuffer();
        return new UUID(buffer.getLong(), buffer.getLong());
    }

    private static ByteString bytes(UUID id) {
        return ByteString.copyFrom(ByteBuffer.allocate(UUID_BYTES).putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits()).flip());
    }

    /** The oldest that has all of it; one that knows no generation id runs the guest as well without. */
    private int format() {
        if (incoming) {
            return FORMAT;
        }
        if (leaseNeeded) {
            return FORMAT_WITHOUT_MIGRATION;
        }
        if (restore.isPresent()) {
            return FORMAT_WITHOUT_LEASES;
        }
        if (!share.equals(VmmShare.PLAIN)) {
            return FORMAT_WITHOUT_RESTORE;
        }
        if (cpuModel.isPresent()) {
            return FORMAT_WITH_CPU_MODEL;
        }
        if (console.isPresent() || vsock.isPresent() || balloon.isPresent() || watchdog.isPresent() || hotPlug
                || disks.stream().anyMatch(disk -> !disk.rate().equals(VmmDisk.Rate.ANY))) {
            return FORMAT_WITHOUT_CPU_MODEL;
        }
        return disks.isEmpty() && !rng && nics.isEmpty() ? FORMAT_WITHOUT_DEVICES : FORMAT_WITH_FIRST_DEVICES;
    }
}
