package io.drover.agent.vm;

import io.drover.agent.driver.MachinePlan;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.files.FileStore;
import io.drover.agent.files.Sha256;
import io.drover.agent.refusal.RefusedException;
import io.drover.proto.agent.v1.StartVmRequest;
import io.drover.scheduler.capacity.Demand;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** A VM that is to be started, as a controller asks and as it is kept in the VM's folder. */
record StartOrder(StartVmRequest request, VmIdentity identity) {
    /** The plan of the machine with the files that it needs, held. */
    record Prepared(MachinePlan plan, List<FileStore.Hold> files) {
        Prepared {
            files = List.copyOf(files);
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
    Prepared prepare(FileStore store) throws RefusedException {
        List<FileStore.Hold> holds = new ArrayList<>();
        try {
            for (String sha256 : files()) {
                holds.add(store.hold(new Sha256(sha256)).orElseThrow(() -> Refusals.fileMissing(sha256)));
            }
            return prepared(holds, sha256 -> store.path(new Sha256(sha256)));
        } catch (IllegalArgumentException e) {
            holds.forEach(FileStore.Hold::close);
            throw Refusals.badRequest(request, e);
        } catch (RefusedException e) {
            holds.forEach(FileStore.Hold::close);
            throw e;
        }
    }

    /**
     * As {@link #prepare}, for a VM that is here already: a file that somebody took away shows when it is read again.
     *
     * @throws IllegalArgumentException when there can be no such machine
     */
    Prepared prepareAgain(FileStore store) {
        List<FileStore.Hold> holds = new ArrayList<>();
        for (String sha256 : files()) {
            store.hold(new Sha256(sha256)).ifPresent(holds::add);
        }
        return prepared(holds, sha256 -> store.path(new Sha256(sha256)));
    }

    private Prepared prepared(List<FileStore.Hold> holds, Function<String, Path> paths) {
        // Sums of demands must not overflow: the scheduler's limits hold here, too.
        Demand demand = new Demand(request.getVcpus(), request.getMemoryBytes());
        Optional<Path> initramfs = Optional.of(request.getInitramfsSha256()).filter(name -> !name.isEmpty()).map(paths);
        return new Prepared(
                new MachinePlan(identity, demand.vcpus(), demand.memoryBytes(), paths.apply(request.getKernelSha256()),
                        initramfs, request.getCommandLine()),
                holds);
    }

    private List<String> files() {
        return request.getInitramfsSha256().isEmpty() ? List.of(request.getKernelSha256())
                : List.of(request.getKernelSha256(), request.getInitramfsSha256());
    }
}
