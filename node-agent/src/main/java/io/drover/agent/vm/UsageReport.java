package io.drover.agent.vm;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.drover.agent.driver.Machine;
import io.drover.agent.driver.MachineCounters;
import io.drover.agent.driver.VmIdentity;
import io.drover.agent.process.ProcessIdentity;
import io.drover.agent.process.ProcessUsage;
import io.drover.proto.agent.v1.VmUsage;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What VMs have used: of the host, as the kernel accounts for their processes, and with their devices, as those tell. */
final class UsageReport {
    private static final Logger log = LoggerFactory.getLogger(UsageReport.class);
    /** A process that hangs must not keep the others from being told of. */
    private static final long PATIENCE_MILLIS = 2_000;

    private record Running(Vm vm, Machine machine) {}

    private UsageReport() {}

    /** Asks all at once. What has ended by then is left out. */
    static List<VmUsage> of(Collection<Vm> vms) throws InterruptedException {
        List<Running> running = new ArrayList<>();
        for (Vm vm : vms) {
            vm.machine().ifPresent(machine -> running.add(new Running(vm, machine)));
        }
        List<Future<MachineCounters>> answers = counters(running);
        List<VmUsage> usages = new ArrayList<>();
        for (int index = 0; index < running.size(); index++) {
            Running each = running.get(index);
            try {
                usages.add(usage(each, answer(each, answers.get(index))));
            } catch (IOException e) {
                log.debug("VM {}: ended while it was looked at", each.vm().plan().identity(), e);
            }
        }
        return usages;
    }

    private static List<Future<MachineCounters>> counters(List<Running> running) throws InterruptedException {
        ExecutorService asking = Executors.newVirtualThreadPerTaskExecutor();
        try {
            return asking.invokeAll(running.stream().map(each -> counting(each.machine())).toList(), PATIENCE_MILLIS,
                    TimeUnit.MILLISECONDS);
        } finally {
            asking.shutdownNow();
        }
    }

    private static Callable<MachineCounters> counting(Machine machine) {
        return machine::counters;
    }

    private static Optional<MachineCounters> answer(Running running, Future<MachineCounters> answer)
            throws InterruptedException {
        try {
            return Optional.of(answer.get());
        } catch (CancellationException expected) {
            log.warn("VM {}: its process (pid {}) has not told of its devices within {} ms",
                    running.vm().plan().identity(), running.machine().process().pid(), PATIENCE_MILLIS);
        } catch (ExecutionException e) {
            log.debug("VM {}: its process does not tell of its devices", running.vm().plan().identity(), e.getCause());
        }
        return Optional.empty();
    }

    private static VmUsage usage(Running running, Optional<MachineCounters> counters) throws IOException {
        ProcessIdentity process = running.machine().process();
        ProcessUsage used = ProcessUsage.of(process);
        Instant now = Instant.now();
        VmIdentity identity = running.vm().plan().identity();
        VmUsage.Builder usage = VmUsage.newBuilder().setVm(identity.name()).setUid(identity.uid())
                .setEpoch(identity.epoch()).setDriver(running.vm().driver())
                .setRun(process.pid() + "-" + process.startTicks())
                .setSampleTime(Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano()))
                .setCpuTime(Duration.newBuilder().setSeconds(used.cpuTime().toSeconds())
                        .setNanos(used.cpuTime().toNanosPart()))
                .setVcpus(running.vm().plan().vcpus()).setMemoryBytes(running.vm().plan().memoryBytes())
                .setResidentMemoryBytes(used.residentBytes());
        counters.ifPresent(known -> DeviceUsage.add(known, usage));
        return usage.build();
    }
}
