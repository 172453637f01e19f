package io.drover.controller.vm;

import io.drover.controller.agent.Agent;
import io.drover.controller.agent.Answer;
import io.drover.controller.agent.HostLinks;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Owner;
import io.drover.controller.record.Vm;
import io.drover.controller.record.VmId;
import io.drover.controller.stream.Calls;
import io.drover.proto.v1.VmUsage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What VMs have used, asked of their hosts, of all hosts at once. */
public final class VmUsages {
    private final HostLinks links;

    /**
     * What the hosts told.
     *
     * @param unreachable hosts that did not, by resource name
     */
    record Report(List<VmUsage> usages, Collection<String> unreachable) {}

    public VmUsages(HostLinks links) {
        this.links = links;
    }

    /** In the order of {@code vms}; those that do not run are left out. */
    Report of(List<Vm> vms) throws ProblemException, InterruptedException {
        Map<HostId, List<Vm>> byHost = new TreeMap<>();
        for (Vm vm : vms) {
            vm.owner().map(Owner::host)
                    .ifPresent(host -> byHost.computeIfAbsent(host, first -> new ArrayList<>()).add(vm));
        }
        Map<String, VmUsage> byUid = new HashMap<>();
        Collection<String> unreachable = new TreeSet<>();
        Map<HostId, Future<Answer<List<io.drover.proto.agent.v1.VmUsage>>>> answers = new TreeMap<>();
        // The agents' deadlines bound how long its end waits.
        try (ExecutorService asking = Executors.newVirtualThreadPerTaskExecutor()) {
            byHost.forEach((host, there) -> answers.put(host, asking.submit(() -> ask(host, there))));
        }
        for (Map.Entry<HostId, Future<Answer<List<io.drover.proto.agent.v1.VmUsage>>>> each : answers.entrySet()) {
            HostId host = each.getKey();
            if (answer(each.getValue()) instanceof Answer.Done<List<io.drover.proto.agent.v1.VmUsage>>(var told)) {
                told.forEach(usage -> byUid.put(usage.getUid(), message(host, usage)));
            } else {
                unreachable.add(host.resourceName());
            }
        }
        return new Report(
                vms.stream().map(vm -> Optional.ofNullable(byUid.get(vm.uid()))).flatMap(Optional::stream).toList(),
                unreachable);
    }

    private Answer<List<io.drover.proto.agent.v1.VmUsage>> ask(HostId host, List<Vm> vms) throws InterruptedException {
        Optional<Agent> agent = links.agent(host).filter(there -> links.reach(host).ready());
        return agent.isPresent() ? agent.get().usage(vms.stream().map(Vm::uid).toList())
                : new Answer.None<>("not in reach");
    }

    private static <T> T answer(Future<T> answer) throws ProblemException, InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw new ProblemException(Calls.fault(e.getCause()), e);
        }
    }

    private static VmUsage message(HostId host, io.drover.proto.agent.v1.VmUsage usage) {
        VmUsage.Builder message = VmUsage.newBuilder().setVm(VmId.COLLECTION + "/" + usage.getVm())
                .setUid(usage.getUid()).setHost(host.resourceName()).setDriver(usage.getDriver()).setRun(usage.getRun())
                .setSampleTime(usage.getSampleTime()).setCpuTime(usage.getCpuTime()).setVcpus(usage.getVcpus())
                .setMemoryBytes(usage.getMemoryBytes()).setResidentMemoryBytes(usage.getResidentMemoryBytes());
        DeviceUsages.add(usage, message);
        return message.build();
    }
}
