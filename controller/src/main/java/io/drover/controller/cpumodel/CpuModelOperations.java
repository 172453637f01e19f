package io.drover.controller.cpumodel;

import io.drover.controller.problem.Problem;
import io.drover.controller.problem.ProblemException;
import io.drover.controller.record.CpuModel;
import io.drover.controller.record.CpuModelId;
import io.drover.controller.record.Host;
import io.drover.controller.record.HostId;
import io.drover.controller.record.Versioned;
import io.drover.controller.record.Vm;
import io.drover.controller.store.Change;
import io.drover.controller.store.CommitException;
import io.drover.controller.store.Store;
import io.drover.scheduler.cpu.Cpu;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What users ask of CPU models. */
public final class CpuModelOperations {
    /** Of one model, so that its record stays small. */
    private static final int MAX_HOSTS = 64;

    private final Store store;
    private final Clock clock;

    public CpuModelOperations(Store store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    /**
     * Makes a model of what hosts have in common.
     *
     * @param named to be among them
     * @param selector all hosts with these labels are, too; empty: no others
     */
    CpuModel create(CpuModelId id, Set<HostId> named, Map<String, String> selector, String description,
            String requestId) throws ProblemException, InterruptedException {
        Optional<CpuModel> same = known(id, named, description, requestId);
        if (same.isPresent()) {
            return same.get();
        }
        List<Host> hosts = hosts(named, selector);
        CpuModel model = new CpuModel(id, common(id, hosts).movable(), hosts.stream().map(Host::id).toList(),
                description, clock.instant(), requestId);
        try {
            store.commitAndWait(List.of(new Change.Create(model)));
            return model;
        } catch (CommitException.Conflict e) {
            return known(id, named, description, requestId)
                    .orElseThrow(() -> new ProblemException(new Problem.Contended(id.resourceName()), e));
        } catch (CommitException e) {
            throw ProblemException.of(e, id.resourceName());
        }
    }

    /** The model that an earlier arrival of the same request made. */
    private Optional<CpuModel> known(CpuModelId id, Set<HostId> named, String description, String requestId)
            throws ProblemException {
        Optional<CpuModel> there = store.view().cpuModel(id).map(Versioned::value);
        if (there.isEmpty()) {
            return Optional.empty();
        }
        if (requestId.isEmpty() || !there.get().requestId().equals(requestId)) {
            throw new ProblemException(
                    new Problem.AlreadyExists(id.resourceName(), "choose another name, or delete it first"));
        }
        if (!there.get().hosts().containsAll(named) || !there.get().description().equals(description)) {
            throw new ProblemException(new Problem.RequestIdReused(requestId, id.resourceName()));
        }
        return there;
    }

    private List<Host> hosts(Set<HostId> named, Map<String, String> selector) throws ProblemException {
        Set<HostId> chosen = new TreeSet<>(named);
        if (!selector.isEmpty()) {
            store.view().hosts().values().stream().map(Versioned::value)
                    .filter(host -> host.labels().entrySet().containsAll(selector.entrySet())).map(Host::id)
                    .forEach(chosen::add);
        }
        if (chosen.isEmpty() || chosen.size() > MAX_HOSTS) {
            throw ProblemException.invalid(selector.isEmpty() ? "hosts" : "host_selector",
                    chosen.size() + " hosts (expected: 1 to " + MAX_HOSTS + ")");
        }
        List<Host> hosts = new ArrayList<>();
        for (HostId host : chosen) {
            hosts.add(store.view().host(host).orElseThrow(() -> ProblemException.notFound(host.resourceName()))
                    .value());
        }
        return hosts;
    }

    private static Cpu common(CpuModelId id, List<Host> hosts) throws ProblemException {
        Cpu common = cpu(hosts.getFirst());
        for (Host host : hosts.subList(1, hosts.size())) {
            common = switch (common.meet(cpu(host))) {
                case Cpu.Meeting.Common(Cpu cpu) -> cpu;
                case Cpu.Meeting.Apart(String why) -> throw new ProblemException(
                        new Problem.NotNow("CPUS_DIFFER", id.resourceName(),
                                host.id().resourceName() + " and the hosts before it have no CPU in common: " + why,
                                "make a CPU model for each kind of host"));
            };
        }
        return common;
    }

    private static Cpu cpu(Host host) throws ProblemException {
        return host.cpu().orElseThrow(() -> new ProblemException(new Problem.NotNow("NO_CPU",
                host.id().resourceName(),
                host.id().resourceName() + " tells of no CPU that it could show a guest, as it has no usable KVM",
                "leave it out, or see what `drover host get " + host.id() + "` says of its driver kvm")));
    }

    /** Models by name, after one name. */
    List<CpuModel> page(Optional<CpuModelId> after, int size) {
        var rest = after.isPresent() ? store.view().cpuModels().tailMap(after.get(), false) : store.view().cpuModels();
        return rest.values().stream().limit(size).map(Versioned::value).toList();
    }

    CpuModel get(CpuModelId id) throws ProblemException {
        return store.view().cpuModel(id).orElseThrow(() -> ProblemException.notFound(id.resourceName())).value();
    }

    /** The hosts that have all of it, by name. */
    List<HostId> hostsWith(CpuModel model) {
        return store.view().hosts().values().stream().map(Versioned::value)
                .filter(host -> host.cpu().isPresent() && host.cpu().get().has(model.cpu())).map(Host::id).toList();
    }

    void delete(CpuModelId id) throws ProblemException, InterruptedException {
        try {
            // A VM that was made through another controller just now counts too.
            store.refresh();
            Versioned<CpuModel> model = store.view().cpuModel(id)
                    .orElseThrow(() -> ProblemException.notFound(id.resourceName()));
            Optional<Vm> user = store.view().vms().values().stream().map(Versioned::value)
                    .filter(vm -> vm.spec().cpuModel().equals(Optional.of(id))).findFirst();
            if (user.isPresent()) {
                throw new ProblemException(new Problem.NotNow("CPU_MODEL_IN_USE", id.resourceName(),
                        id.resourceName() + " is used by " + user.get().id().resourceName(),
                        "delete the VMs that use it first"));
            }
            store.commitAndWait(List.of(new Change.Remove(id, model.version())));
        } catch (CommitException e) {
            throw ProblemException.of(e, id.resourceName());
        }
    }
}
