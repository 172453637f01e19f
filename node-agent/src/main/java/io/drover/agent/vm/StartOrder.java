package io.drover.agent.vm;

import com.google.protobuf.ByteString;
import io.drover.agent.disk.DiskOrder;
import io.drover.agent.disk.VmDisks;
import io.drover.agent.driver.GuestDevices;
import io.drover.agent.driver.MachineConsoles;
import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.MachineShare;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.files.FileStore;
import io.drover.agent.files.Sha256;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.net.HostNetworks;
import io.drover.agent.net.NicOrder;
import io.drover.agent.net.VmNics;
import io.drover.agent.refusal.RefusedException;
import io.drover.agent.share.ShareOrder;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.scheduler.capacity.Demand;
import java.nio.ByteBuffer;
import io.drover.vmm.client.VmmCpuModel;
import io.drover.vmm.client.VmmCpuidLeaf;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** A VM that is to be started, as a controller asks and as it is kept in the VM's folder. */
record StartOrder(StartVmRequest request, VmIdentity identity) {
    private static final int GENERATION_ID_BYTES = 16;

    /**
     * The plan of the machine with the files that it needs, held.
     *
     * @param files needed while the machine may start again
     * @param images needed as long as the VM's disks, which lie on them
     */
    record Prepared(MachinePlan plan, ShareOrder share, VmDisks disks, VmNics nics, List<FileStore.Hold> files,
            List<FileStore.Hold> images) {
        Prepared {
            files = List.copyOf(files);
            images = List.copyOf(images);
        }

        /** Lets go of the files. */
        void release() {
            files.forEach(FileStore.Hold::close);
            images.forEach(FileStore.Hold::close);
        }
    }

    /**
     * Reads a request.
     *
     * @throws IllegalArgumentException when it names no VM
     */
    static StartOrder of(StartVmRequest request) {
        return new StartOrder(request, new VmIdentity(request.getVm(), request.getUid(), request.getEpoch()));
    }

    /**
     * Holds the files and makes the plan. Nothing is held when it throws.
     *
     * @throws RefusedException FILE_MISSING, or BAD_REQUEST when there can be no such machine
     */
    Prepared prepare(FileStore store, VmFolder folder, HostNetworks networks) throws RefusedException {
        List<FileStore.Hold> files = new ArrayList<>();
        List<FileStore.Hold> images = new ArrayList<>();
        boolean prepared = false;
        try {
            for (Sha256 file : bootFiles()) {
                files.add(hold(store, file));
            }
            List<DiskOrder> disks = disks();
            for (Sha256 image : images(disks)) {
                images.add(hold(store, image));
            }
            Prepared result = prepared(store, folder, networks, disks, files, images);
            prepared = true;
            return result;
        } catch (IllegalArgumentException e) {
            throw Refusals.badRequest(request, e);
        } finally {
            if (!prepared) {
                files.forEach(FileStore.Hold::close);
                images.forEach(FileStore.Hold::close);
            }
        }
    }

    private static FileStore.Hold hold(FileStore store, Sha256 file) throws RefusedException {
        return store.hold(file).orElseThrow(() -> Refusals.fileMissing(file.hex()));
    }

    /**
     * As {@link #prepare}, for a VM that is here already: a file that somebody took away shows when it is read again.
     *
     * @throws IllegalArgumentException when there can be no such machine
     */
    Prepared prepareAgain(FileStore store, VmFolder folder, HostNetworks networks) {
        List<FileStore.Hold> files = new ArrayList<>();
        bootFiles().forEach(file -> store.hold(file).ifPresent(files::add));
        List<DiskOrder> disks = disks();
        List<FileStore.Hold> images = new ArrayList<>();
        images(disks).forEach(image -> store.hold(image).ifPresent(images::add));
        return prepared(store, folder, networks, disks, files, images);
    }

    private Prepared prepared(FileStore store, VmFolder folder, HostNetworks networks, List<DiskOrder> orders,
            List<FileStore.Hold> files,
            List<FileStore.Hold> images) {
        // Sums of demands must not overflow: the scheduler's limits hold here, too.
        ShareOrder share = ShareOrder.of(request.getResources());
        Demand demand = share.demand(request.getVcpus(), request.getMemoryBytes());
        Optional<Path> initramfs = initramfs().map(store::path);
        VmDisks disks = new VmDisks(identity.name(), folder, orders, store::path);
        VmNics nics = nics(networks);
        MachinePlan plan = new MachinePlan(identity, demand.vcpus(), demand.memoryBytes(),
                store.path(new Sha256(request.getKernelSha256())), initramfs, request.getCommandLine(),
                disks.forMachine(), nics.forMachine(), request.getVsock(),
                new MachineConsoles(request.getConsoles().getVirtio(), request.getConsoles().getPortsList()),
                cpuModel(), devices(), MachineShare.PLAIN, request.getLeaseNeeded());
        return new Prepared(plan, share, disks, nics, files, images);
    }

    private Optional<VmmCpuModel> cpuModel() {
        if (!request.hasCpuModel()) {
            return Optional.empty();
        }
        return Optional.of(new VmmCpuModel(request.getCpuModel().getName(), request.getCpuModel().getLeavesList()
                .stream().map(leaf -> new VmmCpuidLeaf(leaf.getFunction(), leaf.getIndex(), leaf.getEax(),
                        leaf.getEbx(), leaf.getEcx(), leaf.getEdx()))
                .toList()));
    }

    private GuestDevices devices() {
        Optional<GuestDevices.Watchdog> watchdog = switch (request.getWatchdog()) {
            case WATCHDOG_UNSPECIFIED -> Optional.empty();
            case WATCHDOG_RESET -> Optional.of(GuestDevices.Watchdog.RESET);
            case WATCHDOG_POWER_OFF -> Optional.of(GuestDevices.Watchdog.POWER_OFF);
            case UNRECOGNIZED -> throw new IllegalArgumentException(
                    "watchdog : " + request.getWatchdogValue() + " (expected: 0 to 2)");
        };
        return new GuestDevices(request.hasBalloon(), watchdog, generationId(), request.getMemoryTargetBytes());
    }

    private Optional<UUID> generationId() {
        ByteString id = request.getGenerationId();
        if (id.isEmpty()) {
            return Optional.empty();
        }
        if (id.size() != GENERATION_ID_BYTES) {
            throw new IllegalArgumentException("generation_id : " + id.size() + " bytes (expected: "
                    + GENERATION_ID_BYTES + ")");
        }
        ByteBuffer bytes = id.asReadOnlyByteBuffer();
        return Optional.of(new UUID(bytes.getLong(), bytes.getLong()));
    }

    private Optional<Sha256> initramfs() {
        return Optional.of(request.getInitramfsSha256()).filter(name -> !name.isEmpty()).map(Sha256::new);
    }

    private List<Sha256> bootFiles() {
        return Stream.concat(Stream.of(new Sha256(request.getKernelSha256())), initramfs().stream()).toList();
    }

    /** Its nics, to be released when nothing else of the VM is to stay. */
    VmNics nics(HostNetworks networks) {
        return new VmNics(identity, request.getNicsList().stream().map(NicOrder::of).toList(), networks);
    }

    private List<DiskOrder> disks() {
        return request.getDisksList().stream().map(DiskOrder::of).toList();
    }

    private static List<Sha256> images(List<DiskOrder> disks) {
        return disks.stream().map(DiskOrder::image).flatMap(Optional::stream).map(DiskOrder.Image::file).distinct()
                .toList();
    }
}
